"""Heads of requests: one version, one host, one framing.

A parser is lenient where servers and proxies may differ, and two that differ can be made to see two
different requests (RFC 9112, section 11.2). These checks are those that the parser leaves out.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.http.problems import HttpError

Headers = Sequence[tuple[bytes, bytes]]

VERSIONS = ("1.0", "1.1")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
AUTHORITY = re.compile(rb"(?:([A-Za-z0-9._~-]+)|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{0,5}))?")
ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
MOST_PORT = 65_535


class Target(NamedTuple):
    """The address of a request: a path with its query, and a host if it names one itself."""

    origin: bytes
    authority: bytes | None = None


def check_head(method: str, version: str, headers: Headers) -> None:
    """HttpError if this head can be read in two ways, or asks for what HTTP/1.1 here is not."""
    if version not in VERSIONS:
        raise HttpError("http.version", f"This is a server of HTTP/1.1; HTTP/{version} is not.")
    if method not in METHODS:
        raise HttpError("http.method_unknown", "No address here knows this method.")
    _check_host(version, _values(headers, b"host"))
    _check_framing(version, _values(headers, b"transfer-encoding"))
    expected = _values(headers, b"expect")
    if version == "1.1" and expected and [v.lower() for v in expected] != [b"100-continue"]:
        raise HttpError("http.expectation", "Of what may be expected only 100-continue is known.")


def target_of(method: str, target: bytes) -> Target:
    """Reads the target of a request line (RFC 9112, section 3.2); HttpError if it is none."""
    if target == b"*" and method == "OPTIONS":
        return Target(b"/")
    if b"#" in target:
        raise HttpError("http.target", "An address is sent without its fragment (#…).")
    if target.startswith(b"/"):
        return Target(target)
    absolute = ABSOLUTE.fullmatch(target)
    if absolute is None or not is_authority(absolute[1]):
        raise HttpError("http.target", "Send a path that begins with /, or a whole http address.")
    rest = absolute[2]
    return Target(rest if rest.startswith(b"/") else b"/" + rest, absolute[1])


def is_authority(text: bytes) -> bool:
    """True for a host, or an address of IPv4 or IPv6, with or without a port."""
    match = AUTHORITY.fullmatch(text)
    if match is None or int(match[3] or 0) > MOST_PORT:
        return False
    if match[2] is None:
        return True
    try:
        ipaddress.IPv6Address(match[2].decode("ascii"))
    except ValueError:
        return False
    return True


def _check_host(version: str, hosts: list[bytes]) -> None:
    """RFC 9112, section 3.2; who asks by HTTP/1.0 may leave it out."""
    if len(hosts) > 1:
        raise HttpError("http.host_header", "Host stands twice; send it once.")
    if not hosts and version == "1.1":
        raise HttpError("http.host_header", "Send Host with the name that you ask.")
    if hosts and not is_authority(hosts[0]):
        raise HttpError("http.host_header", "Host is no name or address with or without a port.")


def _check_framing(version: str, codings: list[bytes]) -> None:
    """RFC 9112, sections 6.1 and 6.3; the parser refuses a length beside a coding itself."""
    if codings and version != "1.1":
        raise HttpError("http.framing", "Transfer-Encoding is for HTTP/1.1 alone.")
    if codings and [coding.lower() for coding in codings] != [b"chunked"]:
        raise HttpError("http.coding", "Of Transfer-Encoding only chunked is known here.")


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value.strip(b" \t") for header, value in headers if header == name]
