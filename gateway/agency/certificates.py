"""Certificates of callers, as the proxy before this face tells them (RFC 8705, section 6.5)."""

import hashlib
import ipaddress
import ssl
from urllib.parse import unquote

from starlette.requests import Request

from bus.keys import base64url
from bus.settings import Settings

LONGEST = 16 * 1024


class Certificates:
    """Reads the header that CLIENT_CERT_HEADER names, from proxies that TRUSTED_PROXIES names.

    Without CLIENT_CERT_HEADER no request has a certificate.
    """

    def __init__(self, settings: Settings) -> None:
        self._header = (settings.get("CLIENT_CERT_HEADER") or "").lower()
        told = settings.text("TRUSTED_PROXIES", "127.0.0.1") if self._header else ""
        # "*", which uvicorn takes for its own headers, would let anybody be anybody here.
        self._proxies = [
            ipaddress.ip_network(name.strip()) for name in told.split(",") if name.strip(" *")
        ]

    @property
    def told(self) -> bool:
        """True if certificates can come here at all."""
        return bool(self._header)

    def thumbprint(self, request: Request) -> str | None:
        """SHA-256 of the caller's certificate as base64url, or None if it has none."""
        if not self._header or not self._trusted(request):
            return None
        told = request.headers.getlist(self._header)
        if len(told) != 1 or len(told[0]) > LONGEST:
            return None
        try:
            der = ssl.PEM_cert_to_DER_cert(unquote(told[0]))
        except ValueError:
            return None
        return base64url(hashlib.sha256(der).digest())

    def _trusted(self, request: Request) -> bool:
        try:
            address = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        return any(address in network for network in self._proxies)
