"""Encryption of stored texts, with keys derived from one secret by purpose."""

import base64
import functools

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@functools.lru_cache(64)  # deriving one costs as much as many hashes with it
def derived(secret: str, purpose: str) -> bytes:
    """The 32 bytes of a purpose such as ``mirab.notify.seal`` (RFC 5869); no two have the same."""
    hkdf = HKDF(SHA256(), length=32, salt=None, info=purpose.encode())
    return hkdf.derive(secret.encode())


@functools.lru_cache(8)
def _fernet(secret: str, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived(secret, purpose)))


class Seal:
    """Encrypts texts with the key of one purpose, so that a stolen database cannot be read."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._fernet = _fernet(secret, purpose)

    def close(self, text: str) -> str:
        """Encrypt a text."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str, seconds: int | None = None) -> str | None:
        """Decrypt a text; None if it was not encrypted with this secret for this purpose, or longer
        than ``seconds`` ago.
        """
        try:
            return self._fernet.decrypt(sealed.encode(), ttl=seconds).decode()
        except InvalidToken:
            return None
