"""Time stamps of heads, by an authority of time (RFC 3161 over HTTP, section 3.4)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from bus.evidence.errors import EvidenceError
from bus.evidence.stamps import LONGEST_STAMP, check_stamp, question
from bus.foreign.http_call import NoAnswer, exchange

SECONDS = 15.0
SKEW = dt.timedelta(minutes=5)
OK = 200
HEADERS = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
}


@dataclass(frozen=True, slots=True)
class Authority:
    """Where an authority of time is asked, and the roots by which its stamps are believed."""

    url: str
    roots: Sequence[x509.Certificate]
    seconds: float = SECONDS


def fetch_stamp(authority: Authority, text: str, now: dt.datetime) -> bytes:
    """A stamp of a head's text, verified: the DER of a TimeStampResp.

    NoAnswer if none comes in time; EvidenceError if what comes is no stamp of this text, is not the
    answer to this question, is of another authority, or is not of this moment.
    """
    query = question(text)
    status, body = exchange(
        "POST",
        authority.url,
        timeout=authority.seconds,
        limit=LONGEST_STAMP,
        data=query.der,
        headers=HEADERS,
    )
    if status != OK:
        raise NoAnswer(f"status {status}")
    moment = check_stamp(body, text, authority.roots, nonce=query.nonce)
    if abs(moment - now) > SKEW:
        raise EvidenceError(
            f"The authority of time says {moment:%Y-%m-%dT%H:%M:%SZ}; our clock differs by more "
            "than five minutes. Look at both clocks.",
            code="evidence.stamp_time",
        )
    return body
