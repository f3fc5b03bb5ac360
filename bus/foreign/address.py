"""Where a URL that an agency names may lead: to nothing of ours, our host or our cloud; pure.

Who may name a URL that we call could else make us call what only we can reach (SSRF).
"""

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from bus.errors import FieldError, RuleBroken

PORTS = (443, 8443)
# Not private by any register, and yet inside: the wire server of a cloud; relays of 6to4.
INSIDE = tuple(map(ipaddress.IPv4Network, ("168.63.129.16/32", "192.88.99.0/24", "192.0.0.0/24")))
# Of IPv6 only what is given out for the open net, without what carries an IPv4 address in itself
# (6to4, Teredo and others of 2001::/23) and without examples.
OPEN = ipaddress.IPv6Network("2000::/3")
NOT_OPEN = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)


class Place(NamedTuple):
    """A URL taken apart: ``host`` in ASCII, ``path`` with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The URL as it is called, and nothing else than what was checked."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def place(url: str, *, sandbox: bool = False) -> Place:
    """The URL taken apart. RuleBroken ``callback.url`` says what is wrong with ``url``.

    The sandbox takes http and every port too: its agencies listen on the same machine.
    """
    if not url.isprintable() or not url.isascii() or set(url) & set(" \\"):
        raise _wrong("characters", "Write the URL in ASCII, without blanks and backslashes.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("url", "This is no URL.") from None
    if parts.scheme != "https" and not (sandbox and parts.scheme == "http"):
        raise _wrong("scheme", "The URL must begin with https://.")
    if parts.username is not None or parts.password is not None or not host or "%" in host:
        raise _wrong("host", "Between // and the path only a host and a port may stand.")
    if "#" in url:
        raise _wrong("fragment", "A fragment (#) is not sent to anybody; leave it out.")
    port = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
    if port not in PORTS and not (sandbox and port):
        raise _wrong("port", "The port must be 443 or 8443.")
    if is_address(host) and not allowed(host, sandbox=sandbox):
        raise _wrong("address", "This address is not one of the open internet.")
    return Place(
        parts.scheme, host, port, (parts.path or "/") + (f"?{parts.query}" * bool(parts.query))
    )


def is_address(host: str) -> bool:
    """True if the host is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def allowed(address: str, *, sandbox: bool = False) -> bool:
    """True if call-backs may go to this IP address; the sandbox has loopback, and nothing else of
    what is private.

    >>> allowed("10.0.0.1"), allowed("::ffff:127.0.0.1"), allowed("185.55.224.1")
    (False, False, True)
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return allowed(str(ip.ipv4_mapped), sandbox=sandbox)
        if ip.is_loopback:
            return sandbox
        return ip in OPEN and not ip.scope_id and not any(ip in net for net in NOT_OPEN)
    if ip.is_loopback:
        return sandbox
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in INSIDE)


def _wrong(code: str, reason: str) -> RuleBroken:
    return RuleBroken(reason, code="callback.url", fields=[FieldError("url", code, reason)])
