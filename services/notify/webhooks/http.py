"""One POST to an agency's address, as bus/foreign/pinned.py calls what strangers name."""

import socket
from collections.abc import Mapping
from typing import NamedTuple

from bus.errors import Unavailable
from bus.foreign.address import Place
from bus.foreign.pinned import SECONDS, NotReached, PinnedClient, Resolve
from bus.process.called import calling


class Answer(NamedTuple):
    """What is read of an answer; never its body."""

    status: int
    retry_after: str | None


class Client(NamedTuple):
    """How endpoints are called: ``sandbox`` lets loopback through, ``ca_file`` names other
    certificates to trust than the usual ones.
    """

    sandbox: bool = False
    ca_file: str | None = None
    seconds: float = SECONDS
    resolve: Resolve = socket.getaddrinfo

    def post(self, to: Place, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post, following no redirect and using no proxy. Unavailable ``callback.*``: there is no
        answer; whether the other side got the body is not known then.
        """
        client = PinnedClient(*self)
        with calling("callback", "agencies"):
            try:
                answer = client.send("POST", to, body=body, headers=headers)
            except NotReached as error:
                raise Unavailable(error.reason, code=f"callback.{error.code}") from None
        return Answer(answer.status, answer.headers.get("Retry-After"))
