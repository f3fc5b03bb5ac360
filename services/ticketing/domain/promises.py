"""The clocks of a ticket: what was promised, when it is due, and how it stands; pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from iran.persian import tehran_day
from services.ticketing.domain import clock
from services.ticketing.domain.calendar import Calendar
from services.ticketing.domain.moves import WORK, State
from services.ticketing.domain.ticket import Entry, fold, is_word_of_unit, pauses

NAMES = ("first_response", "next_update", "solution")
# No promise: the clock of a unit for its own part of the work (see stays.py).
PART = "part"


@dataclass(frozen=True, slots=True)
class Span:
    """How long a promise is: business ``minutes``, or calendar ``days`` (a legal period)."""

    minutes: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised for a category from a day on, and by which document."""

    spans: dict[str, Span]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """How one promise stands on one ticket; moments in UTC."""

    name: str
    state: str
    start: dt.datetime
    due: dt.datetime | None
    met_at: dt.datetime | None
    left: dt.timedelta | None
    paused: dt.timedelta
    lines_fa: tuple[str, ...]
    lines_en: tuple[str, ...]
    beyond: dt.date | None = None  # the calendar's last known day, if it is due after that
    # How much is left, or how long it is late, in days and hours of the office.
    office_fa: str = ""
    office_en: str = ""

    @property
    def runs(self) -> bool:
        return self.state in ("RUNNING", "MISSED")

    def is_late(self, now: dt.datetime) -> bool:
        """True if it was met after its due time, or is not met and the time has passed; also of a
        ticket joined with another, whose clock nobody watches.
        """
        return self.due is not None and (self.met_at or now) > self.due


def clocks(
    entries: Sequence[Entry], promise: Promise, calendar: Calendar, county: str, now: dt.datetime
) -> list[Clock]:
    """Every promise of the ticket as it stands at ``now``: a pure function of what it is given."""
    stood, state = pauses(entries), fold(entries).state
    standing = []
    for name, (start, met_at) in _courses(entries).items():
        span = promise.spans.get(name)
        if span is not None:
            standing.append(judged(name, span, start, met_at, stood, calendar, county, now, state))
    return standing


def _courses(
    entries: Sequence[Entry],
) -> dict[str, tuple[dt.datetime, dt.datetime | None]]:
    """When each promise began and when it was met: (start, met_at or None)."""
    registered = entries[0].at
    first = next((entry.at for entry in entries if is_word_of_unit(entry)), None)
    started, ended, update = registered, None, first
    waiting = False
    for entry in entries[1:]:
        if entry.act in ("reopen", "take_up"):
            started, ended, update, waiting = entry.at, None, entry.at, False
        elif entry.act in ("answer", "close", "withdraw"):
            # An answer to which nobody objected is closed weeks later: it was there all along.
            ended = ended or entry.at
        elif is_word_of_unit(entry):
            update, waiting = entry.at, False
        elif entry.act == "write" and update is not None and not waiting:
            # Who writes is owed an answer from the first unanswered message on.
            update, waiting = entry.at, True
    if first is None:
        # Ended without a word of ours (withdrawn): the promise ends with the ticket.
        first = ended
    courses = {"first_response": (registered, first), "solution": (started, ended)}
    if update is not None and ended is None:
        courses["next_update"] = (update, None)
    return {name: courses[name] for name in NAMES if name in courses}


def judged(  # noqa: PLR0913 - all that a promise depends on
    name: str,
    span: Span,
    start: dt.datetime,
    met_at: dt.datetime | None,
    stood: Sequence[clock.Pause],
    calendar: Calendar,
    county: str,
    now: dt.datetime,
    ticket: State,
) -> Clock:
    """One clock, from its start until it was met, at ``now``; ``ticket`` is the ticket's state."""
    # A pause after the promise was met has nothing to do with it.
    own = [pause for pause in stood if met_at is None or pause.start < met_at]
    try:
        due = end_of(span, start, calendar, county, own)
        state = _state(due, met_at, now, ticket)
    except clock.NoWorkingTime:
        due, state = _NO_END, "MET" if met_at is not None else "UNKNOWN"
    paused = sum(
        ((p.end or now) - max(p.start, start) for p in stood if (p.end or now) > start),
        dt.timedelta(),
    )
    left = due.left if due.at is None else due.at - now
    office = ("", "")
    if state in ("RUNNING", "PAUSED", "MISSED"):
        office = _office_time(due, now, calendar, county)
    return Clock(
        name,
        state,
        start,
        due.at,
        met_at,
        left if met_at is None and due is not _NO_END else None,
        paused,
        due.lines_fa,
        due.lines_en,
        due.beyond,
        *office,
    )


def _office_time(
    due: clock.Due, now: dt.datetime, calendar: Calendar, county: str
) -> tuple[str, str]:
    """What is left of a promise, or how late it is, in days and hours of the office."""
    between = due.left
    if due.at is not None:
        between = clock.open_time(min(now, due.at), max(now, due.at), calendar, county)
    return clock.office_time(between, clock.office_day(tehran_day(now), calendar, county))


# The result where the calendar opens too seldom: the ticket is worked on, its due time unknown.
_NO_END = clock.Due(
    None,
    dt.timedelta(),
    ("سررسید قابل محاسبه نیست؛ تقویم در حال اصلاح است و سررسید پس از آن اعلام می‌شود.",),
    ("No due time can be computed: the calendar opens too seldom. It follows with a mended one.",),
)


def end_of(
    span: Span,
    start: dt.datetime,
    calendar: Calendar,
    county: str,
    stood: Sequence[clock.Pause] = (),
) -> clock.Due:
    """When a promise that began at ``start`` is due. Raises clock.NoWorkingTime."""
    if span.days:
        return clock.legal(start, span.days, calendar, county)
    return clock.business(start, dt.timedelta(minutes=span.minutes), calendar, county, stood)


def _state(due: clock.Due, met_at: dt.datetime | None, now: dt.datetime, ticket: str) -> str:
    if met_at is not None:
        return "MET" if due.at is None or met_at <= due.at else "LATE"
    if ticket not in WORK:
        return "ENDED"
    if due.at is None:
        return "PAUSED"
    return "MISSED" if now > due.at else "RUNNING"


def next_due(clocks_now: Sequence[Clock]) -> Clock | None:
    """The running promise that is due first."""
    return min(
        (running for running in clocks_now if running.runs and running.due is not None),
        key=lambda running: (running.due, NAMES.index(running.name)),
        default=None,
    )
