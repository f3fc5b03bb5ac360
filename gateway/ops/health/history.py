"""The last day as this face has current it: a sample each minute, and each change of a check.

It lies in the memory of the face, so that it needs neither broker nor database and is there when
these are not; it begins with the face, says so, and a minute without a sample is a gap. Two faces
measure the same, each from its own beginning. Prometheus keeps the long memory.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from bus.process.monitor import Status
from gateway.ops.health.checks import Check
from gateway.ops.health.traffic import Traffic, Watcher

MINUTE = 60.0
DAY_MINUTES = 24 * 60
MOST_CHANGES = 1000


class Sample(NamedTuple):
    """One minute; what nobody answered is None. ``asked`` and ``failed`` count answers of faces."""

    at: dt.datetime
    status: Status
    asked: float | None = None
    failed: float | None = None
    p95: float | None = None
    outbox: float | None = None
    dead: int | None = None
    late: float | None = None
    waiting: int | None = None


class Since(NamedTuple):
    """The status of a check, and since when it has it."""

    status: Status
    at: dt.datetime


class Change(NamedTuple):
    """A check that changed: it failed, warned, or was well again after ``lasted``."""

    at: dt.datetime
    name: str
    status: Status
    code: str
    lasted: dt.timedelta


def never(_: str) -> bool:
    """Nothing is unknown."""
    return False


class History:
    """A day of samples by minute, and of changes, the newest last."""

    def __init__(self) -> None:
        self.began: dt.datetime | None = None
        self.since: dict[str, Since] = {}
        self._samples = deque[Sample](maxlen=DAY_MINUTES)
        self._changes = deque[Change](maxlen=MOST_CHANGES)

    def note(
        self, checks: Iterable[Check], at: dt.datetime, unknown: Callable[[str], bool] = never
    ) -> None:
        """Note a survey: each check whose status is another than before.

        A concern is there or it is not: one that is missing now has ended, unless it is
        ``unknown`` because nobody answered.
        """
        current = dict[str, Check]()
        for check in checks:
            current[check.name] = check
            before = self.since.get(check.name)
            status = check.finding.status
            if before is None or before.status is not status:
                self.since[check.name] = Since(status, at)
                if before or (self.began and status is not Status.PASS):
                    lasted = at - before.at if before else dt.timedelta()
                    self._changes.append(Change(at, check.name, status, check.finding.code, lasted))
        self.began = self.began or at
        for name in [n for n in self.since if ":" in n and n not in current and not unknown(n)]:
            ended = self.since.pop(name)
            alert = name.partition(":")[2]
            self._changes.append(Change(at, name, Status.PASS, alert, at - ended.at))

    def add(self, sample: Sample) -> None:
        """Keep the sample of a minute."""
        self._samples.append(sample)

    def changes(self, now: dt.datetime) -> list[Change]:
        """Return the changes of the last day, the newest first."""
        first = now - dt.timedelta(days=1)
        return [change for change in reversed(self._changes) if change.at >= first]

    def minutes(self, now: dt.datetime, count: int) -> list[Sample | None]:
        """Return the last ``count`` minutes, the newest last; None for one without a sample."""
        by_minute = {sample.at.replace(second=0, microsecond=0): sample for sample in self._samples}
        last = now.replace(second=0, microsecond=0)
        return [by_minute.get(last - dt.timedelta(minutes=n)) for n in reversed(range(count))]


class Sampler:
    """Takes a sample each minute; ``look`` gives what a survey finds, without traffic."""

    def __init__(
        self, history: History, watcher: Watcher, look: Callable[[], Awaitable[Sample]]
    ) -> None:
        self._history, self._watcher, self._look = history, watcher, look

    async def run(self) -> None:
        """Sample at each full minute, for ever."""
        await self._watcher.look()
        while True:
            now = dt.datetime.now(dt.UTC)
            await asyncio.sleep(MINUTE - now.second - now.microsecond / 1_000_000)
            await self.take(now.replace(second=0, microsecond=0) + dt.timedelta(seconds=MINUTE))

    async def take(self, minute: dt.datetime) -> None:
        """Take one sample now, as that of ``minute``: a survey of a moment before is kept, and
        would count for the minute before.
        """
        sample, traffic = await asyncio.gather(self._look(), self._watcher.look())
        self._history.add(with_traffic(sample._replace(at=minute), traffic))


def with_traffic(sample: Sample, traffic: Traffic | None) -> Sample:
    """Return the sample with what the faces answered in its minute."""
    if traffic is None:
        return sample
    return sample._replace(
        asked=traffic.answered / MINUTE, failed=traffic.share_failed, p95=traffic.quantile()
    )
