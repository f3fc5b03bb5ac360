"""What personal data is hashed and sealed with: all of it comes from one secret, by purpose."""

import base64
import functools
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True)
class Keys:
    """Who steals the database alone can neither try numbers against a hash nor read what is
    sealed. Each purpose has a key of its own (RFC 5869), so that no hash serves for another.
    """

    secret: str = field(repr=False)

    def receiver(self, channel: str, address: str) -> bytes:
        """The hash by which a receiver's address is known: same address and channel, same hash."""
        return self._mac("receiver", f"{channel}\0{address}")

    def mac(self, purpose: str, text: str) -> str:
        """A proof of 43 letters that this text came from here, for links; compare it with
        `hmac.compare_digest`.
        """
        return base64.urlsafe_b64encode(self._mac(purpose, text)).decode().rstrip("=")

    def hashed(self, purpose: str, *parts: str) -> bytes:
        """What is kept of a secret that only its owner knows."""
        return self._mac(purpose, "\0".join(parts))

    def seal(self, text: str) -> str:
        """The text, readable with ``open`` only."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """What was sealed; None if it was not sealed by this secret."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    @cached_property
    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._derived("seal")))

    def _mac(self, purpose: str, text: str) -> bytes:
        return hmac.new(self._derived(purpose), text.encode(), hashlib.sha256).digest()

    def _derived(self, purpose: str) -> bytes:
        return _derived(self.secret, purpose)


@functools.lru_cache(64)  # a message needs several, and each costs as much as all its hashes
def _derived(secret: str, purpose: str) -> bytes:
    info = f"mirab.notify.{purpose}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret.encode())
