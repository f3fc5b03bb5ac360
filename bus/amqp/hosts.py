"""The nodes of a broker: AMQP_URL names one or several, ``amqp://user@one,two:5673/%2F``."""

import random
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import pika

from bus.amqp import tls

HEARTBEAT_SECONDS = 20
# A node that is gone without a word is noticed by the kernel, long before heartbeats are missed.
TCP_OPTIONS: Mapping[str, int] = {
    "TCP_USER_TIMEOUT": 5000,
    "TCP_KEEPIDLE": 3,
    "TCP_KEEPINTVL": 1,
    "TCP_KEEPCNT": 3,
}
SOCKET_SETTINGS = {getattr(socket, name): value for name, value in TCP_OPTIONS.items()}
# Of one node, and of each of several.
CONNECT_SECONDS, EACH_SECONDS = 10.0, 2.0


class Hosts:
    """Whose turn it is: processes begin at nodes chosen by chance, and then go round."""

    def __init__(self, url: str) -> None:
        self._urls = each_host(url)
        self._turn = random.randrange(len(self._urls))  # noqa: S311 - spreads load, no secret

    def __len__(self) -> int:
        return len(self._urls)

    @property
    def seconds(self) -> float:
        """How long one of them may take to let us in."""
        return CONNECT_SECONDS if len(self) == 1 else EACH_SECONDS

    def in_turn(self) -> list[str]:
        """All addresses, the one whose turn it is first; the next time another begins."""
        turn, self._turn = self._turn, (self._turn + 1) % len(self)
        return [*self._urls[turn:], *self._urls[:turn]]

    def parameters(self, name: str) -> pika.URLParameters:
        """Where and how pika connects now; ``name`` is how the connection is called there."""
        parameters = tls.parameters_of(self.in_turn()[0])
        parameters.heartbeat = HEARTBEAT_SECONDS
        parameters.client_properties = {"connection_name": name}
        parameters.tcp_options = dict(TCP_OPTIONS)
        # It gives up by itself before we do, so that no connection is opened that nobody keeps.
        parameters.socket_timeout = parameters.stack_timeout = self.seconds
        return parameters


def each_host(url: str) -> list[str]:
    """The address of each node that a URL names, in its order.

    >>> each_host("amqp://mirab.ops:pw@one:5673,two/%2F")
    ['amqp://mirab.ops:pw@one:5673/%2F', 'amqp://mirab.ops:pw@two/%2F']
    """
    parts = urlsplit(url)
    account, at, names = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{account}{at}{name}").geturl() for name in names.split(",")]
