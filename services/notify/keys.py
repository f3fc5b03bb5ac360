"""What personal data is hashed and sealed with: all of it comes from one secret, by purpose."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from bus.sealing import Seal, derived
from bus.signatures.keys import base64url

PURPOSE = "mirab.notify."
ID_LETTERS, MAC_LETTERS = 22, 22


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
        return base64url(self._mac(purpose, text))

    def link(self, purpose: str, id_: UUID) -> str:
        """The key of a link to what an ID names, 44 letters; nobody guesses it from the ID."""
        return base64url(id_.bytes) + self.mac(purpose, id_.hex)[:MAC_LETTERS]

    def linked(self, purpose: str, token: str) -> UUID | None:
        """The ID of a key; None if it was not made by this secret for this purpose."""
        try:
            id_ = UUID(bytes=base64.urlsafe_b64decode(token[:ID_LETTERS] + "=="))
        except ValueError:
            return None
        genuine = hmac.compare_digest(self.link(purpose, id_).encode(), token.encode())
        return id_ if genuine else None

    def hashed(self, purpose: str, *parts: str) -> bytes:
        """What is kept of a secret that only its owner knows."""
        return self._mac(purpose, "\0".join(parts))

    def seal(self, text: str) -> str:
        """The text, readable with ``open`` only."""
        return self._seal.close(text)

    def open(self, sealed: str) -> str | None:
        """What was sealed; None if it was not sealed by this secret."""
        return self._seal.open(sealed)

    @property
    def _seal(self) -> Seal:
        return Seal(self.secret, f"{PURPOSE}seal")

    def _mac(self, purpose: str, text: str) -> bytes:
        key = derived(self.secret, f"{PURPOSE}{purpose}")
        return hmac.new(key, text.encode(), hashlib.sha256).digest()
