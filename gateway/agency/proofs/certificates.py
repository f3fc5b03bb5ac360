"""Certificates of callers, as the proxy before this face passes them on (RFC 8705, 6.5)."""

import hashlib
import ssl
from functools import lru_cache
from urllib.parse import unquote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate
from starlette.requests import Request

from bus.settings import Settings
from bus.signatures.key_strength import require_strong_ed25519, require_strong_rsa
from bus.signatures.keys import base64url
from gateway.http.edge import FROM_EDGE

LONGEST = 16 * 1024
EC_BITS = 256


@lru_cache(maxsize=1024)
def _proves(der: bytes) -> bool:
    """True if its key is strong: anybody can compute a weak one and pass for the agency."""
    try:
        key = load_der_x509_certificate(der).public_key()
        if isinstance(key, RSAPublicKey):
            numbers = key.public_numbers()
            require_strong_rsa(numbers.n, numbers.e)
        elif isinstance(key, Ed25519PublicKey):
            require_strong_ed25519(key.public_bytes_raw())
        else:
            return isinstance(key, EllipticCurvePublicKey) and key.key_size >= EC_BITS
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


class Certificates:
    """Read the header that CLIENT_CERT_HEADER names, from proxies that TRUSTED_PROXIES names.

    Without CLIENT_CERT_HEADER no request has a certificate.
    """

    def __init__(self, settings: Settings) -> None:
        self._header = (settings.get("CLIENT_CERT_HEADER") or "").lower()

    @property
    def enabled(self) -> bool:
        """True if certificates can come here at all."""
        return bool(self._header)

    def thumbprint(self, request: Request) -> str | None:
        """SHA-256 of the caller's certificate as base64url, or None if it has none."""
        if not self._header or not request.scope.get(FROM_EDGE, False):
            return None
        values = request.headers.getlist(self._header)
        if len(values) != 1 or len(values[0]) > LONGEST:
            return None
        try:
            der = ssl.PEM_cert_to_DER_cert(unquote(values[0]))
        except ValueError:
            return None
        return base64url(hashlib.sha256(der).digest()) if _proves(der) else None
