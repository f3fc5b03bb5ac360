"""Certificates of callers, as the proxy before this face tells them (RFC 8705, section 6.5)."""

import hashlib
import ssl
from urllib.parse import unquote

from starlette.requests import Request

from bus.keys import base64url
from bus.settings import Settings
from gateway.edge import FROM_EDGE

LONGEST = 16 * 1024


class Certificates:
    """Reads the header that CLIENT_CERT_HEADER names, from proxies that TRUSTED_PROXIES names.

    Without CLIENT_CERT_HEADER no request has a certificate.
    """

    def __init__(self, settings: Settings) -> None:
        self._header = (settings.get("CLIENT_CERT_HEADER") or "").lower()

    @property
    def told(self) -> bool:
        """True if certificates can come here at all."""
        return bool(self._header)

    def thumbprint(self, request: Request) -> str | None:
        """SHA-256 of the caller's certificate as base64url, or None if it has none."""
        if not self._header or not request.scope.get(FROM_EDGE, False):
            return None
        told = request.headers.getlist(self._header)
        if len(told) != 1 or len(told[0]) > LONGEST:
            return None
        try:
            der = ssl.PEM_cert_to_DER_cert(unquote(told[0]))
        except ValueError:
            return None
        return base64url(hashlib.sha256(der).digest())
