"""Rate limits: how often an agency may ask."""

import time

from bus.errors import TooMany
from members.documents import Agency


class RateLimits:
    """A token bucket an agency: ``requests`` at once, filled again over ``seconds``.

    Each of several ``faces``, to which a balancer deals out requests, gives its share: all together
    never more than the whole.
    """

    def __init__(self, faces: int = 1) -> None:
        self._faces = faces
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, agency: Agency) -> dict[str, str]:
        """Count one request; the RateLimit headers (draft-ietf-httpapi-ratelimit-headers).

        TooMany ``limit.reached`` if the bucket is empty; its details tell the seconds to wait.
        """
        now = time.monotonic()
        rate = agency.requests / agency.seconds / self._faces
        level = self._level(agency, now)
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
        full_in = round((self._most(agency) - level + 1) / rate)
        return self._fields(agency, int((level - 1) * self._faces), full_in)

    def has_room(self, agency: Agency) -> bool:
        """True if ``take``, called next, will count a request."""
        return self._level(agency, time.monotonic()) >= 1

    def _level(self, agency: Agency, now: float) -> float:
        most = self._most(agency)
        level, at = self._buckets.get(agency.code, (most, now))
        return min(most, level + (now - at) * agency.requests / agency.seconds / self._faces)

    def _most(self, agency: Agency) -> float:
        """One at least: a share below it would let nobody in."""
        return max(1.0, agency.requests / self._faces)

    @staticmethod
    def _fields(agency: Agency, left: int, full_in: int) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"agency";q={agency.requests};w={agency.seconds}',
            "RateLimit": f'"agency";r={left};t={full_in}',
        }
