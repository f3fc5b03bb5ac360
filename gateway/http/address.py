"""The address of a face as its callers know it: configured, never taken from a request."""

import ipaddress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from bus.settings import MissingSettings, Settings


class Address(NamedTuple):
    """Scheme and authority: `https` and `agency.example.ir`, or `http` and `127.0.0.1:8001`."""

    scheme: str
    authority: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def own_address(settings: Settings, name: str) -> Address:
    """Return the address in the setting ``name``; MissingSettings says what to set.

    Signatures, seals, tokens and links are valid for this address alone. If a face took it from the
    request, it would accept a signature made for another installation (RFC 9110, section 7.4).
    """
    value = settings.get(name)
    if value is None:
        raise MissingSettings(
            f"Set {name} to the scheme and host by which callers reach this face, for instance "
            f"{name}=https://mirab.example.ir (.env.example tells more)."
        )
    address = parse(name, value)
    if value.strip().rstrip("/").count("/") > len("//"):
        raise MissingSettings(f"{name} must end with the host, like {address}, not {value!r}.")
    return address


def sandbox_address(settings: Settings, name: str, port: int) -> Address:
    """Return the same; in the sandbox, without the setting, the address the face listens on."""
    host = settings.text("HOST", "127.0.0.1")
    if settings.get(name) or settings.text("SANDBOX", "0") != "1" or not is_loopback(host):
        return own_address(settings, name)
    authority = f"[{host}]" if ":" in host else host
    return Address("http", f"{authority}:{settings.whole('PORT', port)}")


def parse(name: str, value: str) -> Address:
    """Parse the scheme and host of an address; MissingSettings if it is invalid.

    >>> str(parse("PORTAL_URL", "https://Water.example.ir:443/"))
    'https://water.example.ir'
    """
    try:
        parts = urlsplit(value.strip())
        default = {"https": 443, "http": 80}[parts.scheme]
        if parts.username is None and parts.hostname and not parts.query and not parts.fragment:
            return Address(parts.scheme, _authority(parts, default))
    except (ValueError, KeyError):
        pass
    raise MissingSettings(f"{name} must be like https://mirab.example.ir, not {value!r}.")


def _authority(parts: SplitResult, default: int) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, default) else f"{host}:{parts.port}"


def is_loopback(host: str) -> bool:
    """Return True for a host that only this machine reaches."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
