"""Rates and replays: how much an agency may ask, and that no signature is taken twice."""

import time
from collections import deque

from bus.errors import SignatureError, TooMany
from bus.signing import Verified
from gateway.agency.register import Agency


class RateLimits:
    """A token bucket an agency: ``requests`` at once, filled again over ``seconds``."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, agency: Agency) -> dict[str, str]:
        """Takes one request; the RateLimit fields (draft-ietf-httpapi-ratelimit-headers).

        TooMany if the bucket is empty; its details tell the seconds to wait.
        """
        now = time.monotonic()
        rate = agency.requests / agency.seconds
        level, at = self._buckets.get(agency.code, (float(agency.requests), now))
        level = min(agency.requests, level + (now - at) * rate)
        if level < 1:
            wait = max(1, round((1 - level) / rate))
            error = TooMany(
                f"Your agency may ask {agency.requests} times in {agency.seconds} s; wait "
                f"{wait} s, "
                "or send many keys as one batch.",
                retry_after=wait,
            )
            error.headers = self._fields(agency, 0, wait)  # type: ignore[attr-defined]
            raise error
        self._buckets[agency.code] = (level - 1, now)
        return self._fields(agency, int(level - 1), round((agency.requests - level + 1) / rate))

    @staticmethod
    def _fields(agency: Agency, left: int, full_in: int) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"agency";q={agency.requests};w={agency.seconds}',
            "RateLimit": f'"agency";r={left};t={full_in}',
        }


class Nonces:
    """The nonces of signatures that are still in force.

    They are kept in memory: whatever was signed before this process started could have been seen
    by the one before it, and is refused, so that a restart opens no replay.
    """

    def __init__(self, started: float | None = None) -> None:
        self._started = int(time.time() if started is None else started)
        self._seen: set[tuple[str, str]] = set()
        self._ends: deque[tuple[float, tuple[str, str]]] = deque()

    def check(self, verified: Verified) -> None:
        """SignatureError if the nonce was used, or the request signed before the start."""
        if verified.created < self._started:
            raise SignatureError(
                "signature.before_start",
                "This face was started after you signed; sign the request again.",
            )
        if (verified.keyid, verified.nonce) in self._seen:
            raise SignatureError(
                "signature.replayed",
                "This nonce was used before; sign each request with a fresh one.",
            )

    def note(self, verified: Verified) -> None:
        """Remembers the nonce for as long as a signature with it could be taken."""
        now = time.time()
        while self._ends and self._ends[0][0] < now:
            self._seen.discard(self._ends.popleft()[1])
        key = (verified.keyid, verified.nonce)
        self._seen.add(key)
        # A signature lives 300 s at most; kept in the order of arrival, that long is enough.
        self._ends.append((now + 360, key))
