"""The reverse proxy before a face: which peers are believed about the address of a caller."""

import ipaddress
import time
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bus.process import log
from bus.settings import MissingSettings, Settings
from gateway.http.address import Address, is_loopback

LOCAL = "127.0.0.1"
FROM_EDGE = "mirab.from_edge"
TOLD_BY_EDGES = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
WARN_SECONDS = 60.0
# The shortest prefix that is believed, by version of IP: a whole 10.0.0.0/8 or fc00::/7 at most.
WIDEST = {4: 8, 6: 7}
_log = log.get("edge")


class Proxies(NamedTuple):
    """The peers that are believed: single addresses and networks."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    @classmethod
    def of(cls, settings: Settings) -> "Proxies":
        """Read TRUSTED_PROXIES; MissingSettings if it names nobody in particular."""
        words = settings.text("TRUSTED_PROXIES", LOCAL).split(",")
        return cls(tuple(_network(word.strip()) for word in words if word.strip()))

    def believes(self, peer: str) -> bool:
        """Return True if this peer is believed about its callers."""
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.networks)


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(word)
        if network.prefixlen >= WIDEST[network.version]:
            return network
    except ValueError:
        pass
    # A proxy that stands for everybody could claim any address.
    raise MissingSettings(
        f"TRUSTED_PROXIES must name addresses or networks, like 172.30.64.2, not {word!r}."
    )


def require_believed(settings: Settings, address: Address | None) -> None:
    """MissingSettings if an edge stands before this face that it would not believe.

    No face speaks TLS itself: behind an https address there is an edge. Without TRUSTED_PROXIES
    only one on this very machine is believed, which cannot be it if others reach the port.
    """
    behind = address is not None and address.scheme == "https"
    host = settings.text("HOST", LOCAL)
    if behind and settings.get("TRUSTED_PROXIES") is None and not is_loopback(host):
        raise MissingSettings(
            f"{address} is served by an edge that ends TLS, and this face believes none on other "
            "machines: every caller would be one address, and no network of a grant would hold. "
            "Set TRUSTED_PROXIES to the edge's address or network."
        )


class BehindEdge:
    """Gives the app the caller's own address where a trusted proxy forwards it.

    ``mirab.from_edge`` in the scope says whether the peer is trusted, for its other headers too
    (certificates). A peer that forwards without being trusted is logged once a minute.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._proxies, self._silent_until = proxies, 0.0
        believed = [str(network) for network in proxies.networks]
        self._app: ASGIApp = ProxyHeadersMiddleware(app, believed)  # type: ignore[arg-type, assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            peer = (scope.get("client") or ("",))[0]
            scope[FROM_EDGE] = self._proxies.believes(peer)
            if not scope[FROM_EDGE]:
                self._warn(scope, peer)
        await self._app(scope, receive, send)

    def _warn(self, scope: Scope, peer: str) -> None:
        now = time.monotonic()
        forwarded = any(name in TOLD_BY_EDGES for name, _ in scope["headers"])
        if forwarded and now >= self._silent_until:
            self._silent_until = now + WARN_SECONDS
            _log.warning("edge_not_believed", peer=peer, setting="TRUSTED_PROXIES")
