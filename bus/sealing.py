"""What is kept sealed, and the keys for that: all of them come from one secret, by purpose."""

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
    """Seals texts with the key of one purpose; whoever steals the database cannot read them."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._fernet = _fernet(secret, purpose)

    def close(self, text: str) -> str:
        """The text, readable with ``open`` only."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """What was sealed; None if it was not sealed by this secret for this purpose."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None
