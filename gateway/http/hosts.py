"""The names by which a face is reached; a request for any other name is refused.

A page of another site can make a browser reach our address under a name of its own (DNS
rebinding). Its requests then look like our own pages' to the browser; only Host gives them away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import Request

from bus.settings import MissingSettings, Settings
from gateway.http.problems import HttpError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Hosts:
    """Host names in lower case, and networks whose addresses may stand in Host."""

    names: frozenset[str]
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, settings: Settings, addresses: Iterable[str | None] = ()) -> "Hosts":
        """Collect loopback, the hosts of the face's own ``addresses``, and ALLOWED_HOSTS: names and
        networks such as 10.0.0.0/8, separated by blanks.
        """
        listed = (settings.get("ALLOWED_HOSTS") or "").split()
        own = (urlsplit(address).hostname for address in addresses if address)
        names = {*LOOPBACK, *filter(None, own), *(bare(n) for n in listed if "/" not in n)}
        return cls(frozenset(names), tuple(network(n) for n in listed if "/" in n))

    def check(self, request: Request) -> None:
        """HttpError ``http.host`` unless every Host of the request is a name of this face."""
        for host in request.headers.getlist("host"):
            if not self.knows(bare(host)):
                raise HttpError(
                    "http.host", "This service is not reached by that name; use its own address."
                )

    def knows(self, name: str) -> bool:
        """Return True if the name, without its port, is a name of this face."""
        if name in self.names:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return any(address in network for network in self.networks)


def network(text: str) -> Network:
    """Parse a network of ALLOWED_HOSTS or METRICS_NETWORKS; MissingSettings if it is invalid."""
    try:
        return ip_network(text)
    except ValueError:
        raise MissingSettings(f"{text!r} is no network; write it like 10.0.0.0/8.") from None


def bare(host: str) -> str:
    """Return the name in a Host header without port, brackets and the dot of the root.

    >>> bare("Water.Example.ir.:443"), bare("[::1]:8002")
    ('water.example.ir', '::1')
    """
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    return (name if port.isdecimal() and name else host).rstrip(".")
