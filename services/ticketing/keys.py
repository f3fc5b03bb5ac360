"""What opens a ticket: the secret that was shown once, and the keys of links in e-mails."""

import hashlib
import hmac
from dataclasses import dataclass

from bus.sealing import Seal
from bus.signatures.keys import base64url

LINK_LENGTH = 22


@dataclass(frozen=True, slots=True)
class Keys:
    """Hashes secrets and makes link keys, both with the service's own secret (a pepper): who
    steals the database alone can neither check a guess nor make a link.
    """

    pepper: str

    def secret_hash(self, code: str, secret: str) -> bytes:
        """What is kept of a secret. It has 66 bits, so a fast hash is enough."""
        return self._mac("secret", code, secret)

    def link(self, code: str, generation: int) -> str:
        """The key of the link in letters about a ticket, 22 letters (128 bits)."""
        mac = self._mac("link", code, str(generation))
        return base64url(mac[:16])

    def alert(self, alert: str) -> str:
        """What follows the id of an alert in its key, 22 letters (128 bits)."""
        return base64url(self._mac("alert", alert)[:16])

    def receiver(self, channel: str, address: str) -> bytes:
        """By what a receiver is counted, without keeping who it is."""
        return self._mac("receiver", channel, address)

    def person(self, kind: str, value: str | None) -> bytes | None:
        """By what a person's tickets are found; ``kind`` is mobile or national_id. None of None."""
        return self._mac("person", kind, value) if value else None

    def follow_up(self, number: str) -> bytes:
        """What is kept of the number that opens a question weeks after the end (53 bits)."""
        return self._mac("follow_up", number)

    def percentile(self, ticket: int) -> int:
        """Where a ticket lies from 0 to 99, the same at all times: a share is those below it."""
        return int.from_bytes(self._mac("follow_up_share", str(ticket))[:8]) % 100

    @property
    def drafts(self) -> Seal:
        """What seals the texts that colleagues have not sent yet."""
        return Seal(self.pepper, "mirab.ticketing.draft")

    @property
    def exports(self) -> Seal:
        """What seals whom an export or erasure is about, and what was handed out."""
        return Seal(self.pepper, "mirab.ticketing.export")

    def opens(self, code: str, proof: str, secret_hash: bytes, generation: int) -> bool:
        """True if ``proof`` is the secret or the link key; always takes the same steps."""
        by_secret = hmac.compare_digest(self.secret_hash(code, proof), secret_hash)
        by_link = hmac.compare_digest(self.link(code, generation).encode(), proof.encode())
        return by_secret | by_link

    def _mac(self, *parts: str) -> bytes:
        return hmac.new(self.pepper.encode(), "\0".join(parts).encode(), hashlib.sha256).digest()


def is_link(proof: str) -> bool:
    """True if it has the form of a link key, which nobody guesses and nothing locks."""
    return len(proof) == LINK_LENGTH and not proof.isdigit()
