"""The Standard Webhooks (standardwebhooks.com, version 1): secrets, signatures, patience; pure."""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = 32
TOO_MANY, SERVER_ERROR = 429, 500
# The pauses after the first, second, ... failure; three days in all.
PAUSES = tuple(dt.timedelta(seconds=s) for s in (5, 300, 1800)) + tuple(
    dt.timedelta(hours=h) for h in (2, 5, 10, 14, 20, 24)
)
# Notify tries again every five minutes, five times.
NOTIFY_PAUSES = (dt.timedelta(minutes=5),) * 5
OLD_SECRET = dt.timedelta(hours=24)
DISABLE_AFTER = dt.timedelta(days=5)
LONGEST_REST = dt.timedelta(minutes=5)
LONGEST_RETRY_AFTER = dt.timedelta(days=1)


def text_of(prefix: str, raw: bytes) -> str:
    """A key as its owner gets it: ``whsec_`` and base64."""
    return prefix + base64.b64encode(raw).decode()


def raw_of(text: str) -> bytes:
    """The bytes of a key that has a prefix."""
    return base64.b64decode(text.split("_", 1)[1])


def key_pair(seed: bytes) -> tuple[str, str]:
    """The private and the public key that 32 random bytes make."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return text_of(PRIVATE, seed), text_of(PUBLIC, private.public_key().public_bytes_raw())


def signature(
    id_: str, at: dt.datetime, body: bytes, *, secrets: Sequence[str], private: str
) -> str:
    """The header webhook-signature: one ``v1`` a secret (HMAC-SHA256), newest first, then ``v1a``
    (Ed25519). What is signed is ``id.timestamp.body``, the timestamp in whole unix seconds.
    """
    content = f"{id_}.{int(at.timestamp())}.".encode() + body
    marks = [
        "v1," + base64.b64encode(hmac.new(raw_of(s), content, hashlib.sha256).digest()).decode()
        for s in secrets
    ]
    signer = Ed25519PrivateKey.from_private_bytes(raw_of(private))
    return " ".join([*marks, "v1a," + base64.b64encode(signer.sign(content)).decode()])


def headers(
    id_: str, at: dt.datetime, body: bytes, *, secrets: Sequence[str], private: str
) -> dict[str, str]:
    """The three headers of a delivery."""
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature(id_, at, body, secrets=secrets, private=private),
    }


def next_try(
    tries: int, now: dt.datetime, pauses: Sequence[dt.timedelta] = PAUSES
) -> dt.datetime | None:
    """When to try again after so many tries have failed; None: never."""
    return now + pauses[tries - 1] if tries <= len(pauses) else None


def notify_next_try(tries: int, now: dt.datetime, status: int | None) -> dt.datetime | None:
    """The same as Notify does it: what is refused by another status than 429 and those from 500
    on is not tried again.
    """
    is_final = status is not None and status != TOO_MANY and status < SERVER_ERROR
    return None if is_final else next_try(tries, now, NOTIFY_PAUSES)


def rest(failures: int, now: dt.datetime) -> dt.datetime:
    """Until when an endpoint is left alone that has failed so many times in a row: what waits for
    it does not use up its tries one after the other.
    """
    pause: dt.timedelta = PAUSES[0] * 2 ** min(failures - 1, 10)
    return now + min(pause, LONGEST_REST)


def retry_after(header: str | None, now: dt.datetime) -> dt.datetime | None:
    """The moment that a header Retry-After names (seconds or a date), a day off at the most."""
    header = (header or "").strip()
    if header.isascii() and header.isdigit():
        pause = dt.timedelta(seconds=min(int(header[:9]), 10**9))
        return now + min(pause, LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(now, min(moment, now + LONGEST_RETRY_AFTER))
