"""RFC 3161 time stamps over heads: that a head existed when an authority of time says it did.

A stamp is the DER of the authority's TimeStampResp, over the SHA-256 of a head's text (the note
without its signatures, so that later co-signatures leave it true).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from bus.evidence.errors import EvidenceError, unreadable

LONGEST_STAMP = 64_000  # bytes


@dataclass(frozen=True, slots=True)
class Question:
    """What an authority is asked: the DER of a TimeStampReq, and its nonce."""

    der: bytes
    nonce: int


def question(text: str) -> Question:
    """A fresh question about a head's text."""
    builder = TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    if request.nonce is None:
        raise ValueError("the question has no nonce")
    return Question(request.as_bytes(), request.nonce)


def check_stamp(
    stamp: bytes,
    text: str,
    authorities: Sequence[x509.Certificate],
    *,
    nonce: int | None = None,
) -> datetime:
    """When an authority of time saw this text, in UTC; its certificate was valid at that moment.

    ``authorities`` are the roots that are trusted; with a ``nonce`` the stamp must be the answer
    to that question. EvidenceError says what does not hold.
    """
    response = _parsed(stamp)
    builder = VerifierBuilder(roots=list(authorities), nonce=nonce)
    try:
        moment = response.tst_info.gen_time
        builder.build().verify(response, hashlib.sha256(text.encode()).digest())
    except (VerificationError, ValueError) as error:
        raise EvidenceError(
            f"The time stamp does not hold ({str(error)[:200]}): it is of another text, of another "
            "authority than those that are trusted, or its certificate was not valid then.",
            code="evidence.stamp",
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_authorities(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file; EvidenceError if there is none."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise unreadable("The file of authorities of time holds no certificate (PEM).") from None


def _parsed(stamp: bytes) -> TimeStampResponse:
    if len(stamp) > LONGEST_STAMP:
        raise unreadable(f"A time stamp has up to {LONGEST_STAMP} bytes.")
    try:
        return decode_timestamp_response(stamp)
    except ValueError:
        raise unreadable("This is no answer of an authority of time (RFC 3161).") from None
