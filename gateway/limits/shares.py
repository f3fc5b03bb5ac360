"""What strangers may ask of something dear: all together, and each address a share of that."""

import time
from dataclasses import dataclass, field

from bus.errors import TooMany
from gateway.limits.guesses import neighbourhood

MOST_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, and so many at once after a pause."""

    a_second: float
    at_once: float


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float

    def refill(self, rate: Rate, now: float) -> None:
        self.level = min(rate.at_once, self.level + (now - self.at) * rate.a_second)
        self.at = now


@dataclass(slots=True)
class Shares:
    """A bucket for all and one for each address (of IPv6 for its /64): who floods uses up his own
    share, and the rest is there for others.
    """

    of_all: Rate
    of_one: Rate
    _all: _Bucket | None = None
    _ones: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, address: str, now: float | None = None) -> None:
        """Count one; TooMany ``limit.strangers`` if the address or all together ask too often.

        ``now`` is a reading of the monotonic clock.
        """
        now = time.monotonic() if now is None else now
        name = neighbourhood(address)
        if name not in self._ones and len(self._ones) >= MOST_ADDRESSES:
            self._ones.clear()  # memory is bounded; what all may ask still holds
        own = self._ones.setdefault(name, _Bucket(self.of_one.at_once, now))
        everybody = self._all = self._all or _Bucket(self.of_all.at_once, now)
        own.refill(self.of_one, now)
        everybody.refill(self.of_all, now)
        if min(own.level, everybody.level) < 1:
            raise TooMany(
                "The log is read too often just now; ask again in a second.",
                code="limit.strangers",
                retry_after="1",
            )
        own.level -= 1
        everybody.level -= 1
