"""Months and days of the desk's calendar: when offices are open, who comes, times to be opened."""

from typing import Annotated

from bus.messages.fields import Choice, Text
from bus.messages.message import PERSONAL, message
from bus.messages.values import Block, BlockOf, Code, Day, Instant
from contracts.ticketing.calendar import AddSlots
from contracts.ticketing.citizens import STATES
from contracts.ticketing.requests import internal_read


@message
class AskDays:
    """From the first day to the last, at most 62 of them; of a county, or of the whole province."""

    from_day: Day
    to_day: Day
    county: Code | None = None


@message
class CalendarDay:
    """A day: open between two times of Tehran, or closed and why; how many may come and do."""

    day: Day
    open: bool
    opens: Annotated[str | None, Text(5)]
    closes: Annotated[str | None, Text(5)]
    reason_fa: Annotated[str, "Why it is closed or opened; empty on an ordinary day"]
    known: Annotated[bool, "False after the last day whose holidays are on record"]
    places: Annotated[int, "How many visits there is room for, of all offices"]
    taken: int


@message
class CalendarDays:
    days: tuple[BlockOf[CalendarDay], ...]
    offices: tuple[Block, ...]
    counties: tuple[Block, ...]


@message
class AskDay:
    day: Day


@message
class Visitor:
    """Who comes; of another unit's ticket only the unit is told."""

    unit: Block
    code: Annotated[str | None, Text(10)]
    subject: Annotated[str | None, Text(200, personal=True)]
    name: Annotated[str | None, Text(200, personal=True)]
    state: Annotated[str | None, Choice(STATES)]


@message
class VisitSlot:
    office: Code
    starts_at: Instant
    ends_at: Instant
    capacity: int
    taken: int
    visitors: Annotated[tuple[BlockOf[Visitor], ...], PERSONAL]


@message
class VisitDay:
    """The visits of a day in their order."""

    day: CalendarDay
    slots: Annotated[tuple[BlockOf[VisitSlot], ...], PERSONAL]
    offices: tuple[Block, ...]


@message
class ClosedDay:
    day: Day
    reason_fa: str


@message
class SlotPlan:
    """What ADD_SLOTS would open: on which days so many times, and which days it would leave out."""

    days: tuple[Day, ...]
    slots: int
    places: int
    present: Annotated[int, "Of these so many begin when another one does, and stay as they are"]
    closed: tuple[BlockOf[ClosedDay], ...]
    outside: Annotated[tuple[Day, ...], "Days on which the office is closed for a part of it"]


CALENDAR_DAYS = internal_read(
    "calendar_days", AskDays, CalendarDays, "Desk: days of the calendar, with their visits."
)
VISITS_OF_DAY = internal_read("visits_of_day", AskDay, VisitDay, "Desk: the visits of a day.")
PREVIEW_SLOTS = internal_read(
    "preview_slots", AddSlots, SlotPlan, "Desk: which times for visits would be opened."
)
