"""How often a service may call: a bucket for each of its kinds of key, as Notify has it."""

import math
import time

from gateway.notify.errors import refused

SECONDS = 60
MOST_AT_ONCE = 1000


class Buckets:
    """Buckets of tokens, filled again evenly over a minute; they hold a third of it at once."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, service: str, kind: str, a_minute: int) -> None:
        """Takes one token. Refused RateLimitError if there is none."""
        now, rate = time.monotonic(), a_minute / SECONDS
        most = min(math.ceil(a_minute / 3) + 1, MOST_AT_ONCE)
        level, at = self._buckets.get((service, kind), (float(most), now))
        level = min(most, level + (now - at) * rate)
        if level < 1:
            raise refused(
                429,
                "RateLimitError",
                f"Exceeded rate limit for key type {kind.upper()} of {a_minute} requests per "
                f"{SECONDS} seconds",
                Retry_After=str(math.ceil((1 - level) / rate)),
            )
        self._buckets[service, kind] = (level - 1, now)
