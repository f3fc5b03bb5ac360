"""The stays of a ticket in units: how much of the office's time it lay where; pure.

A stay begins when a ticket comes to a unit: it is registered there, handed over, or worked on again
after its end. It ends when another unit gets the ticket, or the ticket ends. What a unit hands on
and gets back is a new stay, with a number that says so.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.ticketing.domain import clock, promises
from services.ticketing.domain.calendar import Calendar
from services.ticketing.domain.moves import ENDED, State
from services.ticketing.domain.promises import PART, Clock, Span
from services.ticketing.domain.ticket import Entry, Ticket, fold, pauses


@dataclass(frozen=True, slots=True)
class Stay:
    """From when to when (UTC; None: it still lies there); ``minutes`` are the unit's part by the
    book of the day on which it came, ``number`` how often the unit has had it by then.
    """

    unit: str
    start: dt.datetime
    minutes: int | None
    number: int
    end: dt.datetime | None = None
    handed_on: bool = False


@dataclass(frozen=True, slots=True)
class JudgedStay:
    """A stay with the open time that counted, and its clock; None without a part of the unit."""

    stay: Stay
    counted: dt.timedelta
    clock: Clock | None


def begins(before: Ticket, after: Ticket) -> bool:
    """Tell whether an act, which made ``after`` of ``before``, brings the ticket to a unit."""
    return after.unit != before.unit or (before.state in ENDED and after.state not in ENDED)


def ends(before: Ticket, after: Ticket) -> bool:
    """Tell whether an act takes the ticket from the unit in which it lay, or ends it there."""
    moved = before.unit not in ("", after.unit)
    return before.state not in ENDED and (moved or after.state in ENDED)


def stays(entries: Sequence[Entry]) -> list[Stay]:
    """List the stays of a ticket in their order."""
    listed: list[Stay] = []
    had: Counter[str] = Counter()
    ticket = Ticket()
    for entry in entries:
        before, ticket = ticket, ticket.after(entry)
        if ends(before, ticket):
            handed_on = ticket.state not in ENDED
            listed[-1] = replace(listed[-1], end=entry.at, handed_on=handed_on)
        if begins(before, ticket):
            had[ticket.unit] += 1
            minutes = entry.data.get("part")
            listed.append(Stay(ticket.unit, entry.at, minutes, had[ticket.unit]))
    return listed


def judged(
    entries: Sequence[Entry], calendar: Calendar, county: str, now: dt.datetime
) -> list[JudgedStay]:
    """Every stay as it stands at ``now``; nothing counts while the ticket waits for somebody
    outside, as with promises.
    """
    stood, state = pauses(entries), fold(entries).state

    def judge(stay: Stay) -> JudgedStay:
        counted = clock.open_time(stay.start, stay.end or now, calendar, county, stood)
        return JudgedStay(stay, counted, _clock(stay, stood, state, calendar, county, now))

    return [judge(stay) for stay in stays(entries)]


def part_clock(
    entries: Sequence[Entry], calendar: Calendar, county: str, now: dt.datetime
) -> Clock | None:
    """The clock of the unit in which the ticket lies; None without one, and after the end."""
    last = stays(entries)[-1]
    if last.end is not None or last.minutes is None:
        return None
    return _clock(last, pauses(entries), fold(entries).state, calendar, county, now)


def _clock(  # noqa: PLR0913 - all that a clock depends on
    stay: Stay,
    stood: Sequence[clock.Pause],
    state: State,
    calendar: Calendar,
    county: str,
    now: dt.datetime,
) -> Clock | None:
    if stay.minutes is None:
        return None
    span = Span(minutes=stay.minutes)
    return promises.judged(PART, span, stay.start, stay.end, stood, calendar, county, now, state)
