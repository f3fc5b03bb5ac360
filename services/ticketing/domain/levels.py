"""Levels of escalation that act: when each is reached, and which were reached already; pure.

A level lies so many minutes of the office before or after the due time of a clock and does one
thing. It acts once for each course of its clock: from the registration, and anew when work begins
again after an end. A unit's own time begins with every hand-over; its levels still act once for
each course of the ticket, so that no two units hand a ticket to and fro.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from iran.persian import tehran_day
from services.ticketing.domain import clock as office
from services.ticketing.domain.calendar import Calendar
from services.ticketing.domain.promises import PART, Clock
from services.ticketing.domain.ticket import Entry

LevelAct: TypeAlias = Literal["tell_owner", "tell_role", "hand_over", "raise_priority", "note"]
ACTIONS: tuple[LevelAct, ...] = ("tell_owner", "tell_role", "hand_over", "raise_priority", "note")
# Of one clock and one kind of ticket.
LEVELS_MOST = 5
BEGIN_AGAIN = frozenset({"register", "reopen", "take_up"})


@dataclass(frozen=True, slots=True)
class Level:
    """A level: ``minutes`` of the office from the due time of ``clock`` (negative: before).

    ``unit``, ``category`` and ``priority`` say of which tickets it is; None: of all.
    """

    code: str
    clock: str
    minutes: int
    action: LevelAct
    unit: str | None = None
    category: str | None = None
    priority: int | None = None
    role: str = ""
    to_unit: str = ""
    to_colleague: str = ""
    text: str = ""

    def is_for(self, unit: str, category: str, priority: int) -> bool:
        """True for a ticket of that unit, category and priority."""
        return (
            self.unit in (None, unit)
            and self.category in (None, category)
            and self.priority in (None, priority)
        )


def reached_at(
    level: Level, due: dt.datetime, calendar: Calendar, county: str
) -> dt.datetime | None:
    """When a level of a due time is reached (UTC); None if the calendar opens too seldom."""
    if level.minutes < 0:
        return _before(due, dt.timedelta(minutes=-level.minutes), calendar, county)
    if not level.minutes:
        return due
    try:
        return office.business(due, dt.timedelta(minutes=level.minutes), calendar, county).at
    except office.NoWorkingTime:
        return None


def _before(
    due: dt.datetime, length: dt.timedelta, calendar: Calendar, county: str
) -> dt.datetime | None:
    """The moment after which ``length`` of open time is left until ``due``."""
    day = tehran_day(due)
    for _ in range(office.FARTHEST_DAYS):
        today = calendar.day(day, county)
        if today.opens is not None and today.closes is not None and today.opens < due:
            close = min(today.closes, due)
            if close - today.opens >= length:
                return close - length
            length -= close - today.opens
        day -= dt.timedelta(days=1)
    return None


def course_of(clock: Clock, entries: Iterable[Entry]) -> dt.datetime:
    """When the course of a clock began in which a level acts once: of a unit's own time that of the
    ticket, of a promise its own.
    """
    if clock.name != PART:
        return clock.start
    return max(entry.at for entry in entries if entry.act in BEGIN_AGAIN)


def had(entries: Iterable[Entry], level: Level, since: str) -> Entry | None:
    """The entry with which a level acted, or was passed over, in a course; None if it has not."""
    return next(
        (
            entry
            for entry in entries
            if entry.act == "escalate"
            and entry.data.get("code") == level.code
            and entry.data.get("since") == since
        ),
        None,
    )


def of_ticket(
    levels: Iterable[Level], clock: str, unit: str, category: str, priority: int
) -> list[Level]:
    """The levels of a clock for a ticket, in the order in which they are reached."""
    fitting = (
        level for level in levels if level.clock == clock and level.is_for(unit, category, priority)
    )
    return sorted(fitting, key=lambda level: (level.minutes, level.code))


def too_many(levels: Sequence[Level]) -> list[str]:
    """The codes of levels beyond the most for one clock and one kind of ticket."""
    counts: dict[tuple[object, ...], int] = {}
    beyond = []
    for level in levels:
        key = (level.clock, level.unit, level.category, level.priority)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] > LEVELS_MOST:
            beyond.append(level.code)
    return beyond
