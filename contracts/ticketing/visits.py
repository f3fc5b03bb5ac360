"""Months and days of the desk's calendar: when offices are open, who comes, times to be opened;
and tickets that a colleague takes along to a visit, where there is no connection.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Checked, Choice, Prose, Text
from bus.messages.message import ABSENT, OPTIONAL, PERSONAL, message
from bus.messages.values import Block, BlockOf, Code, Day, Instant, Tick, Uuid
from contracts.ticketing.accounts import OfSession
from contracts.ticketing.calendar import AddSlots
from contracts.ticketing.citizens import STATES
from contracts.ticketing.requests import internal_read
from people import tracking

# So many tickets are taken along at once, each with so much of its text.
ALONG_MOST, ALONG_TEXT_MOST = 30, 4000


@message
class AskDays:
    """From the first day to the last, at most 62 of them; of a county, or of the whole province."""

    from_day: Day
    to_day: Day
    county: Code | None = None


@message
class DayTime:
    """An opening time of a day, by the clocks of Tehran."""

    opens: Annotated[str, Text(5)]
    closes: Annotated[str, Text(5)]


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
    times: Annotated[tuple[BlockOf[DayTime], ...], "Its opening times in their order", OPTIONAL] = (
        ABSENT
    )


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
    breaks: Annotated[
        tuple[Day, ...], "Days on which times are left out between two opening times", OPTIONAL
    ] = ABSENT


@message
class TakeAlong(OfSession):
    """Tickets for a visit. ``persons``: with name and mobile, where the way is to the citizen."""

    codes: Annotated[
        tuple[Annotated[str, Checked(40, tracking.parse)], ...],
        validate.Length(min=1, max=ALONG_MOST),
    ]
    persons: Tick = False


@message
class TicketAlong:
    """The least of a ticket that a way to its place asks for."""

    code: Annotated[str, Text(10)]
    version: int
    category: Block
    county: Block | None
    state_fa: Annotated[str, Text(200)]
    text: Annotated[str, Prose(ALONG_TEXT_MOST, personal=True)]
    location: Annotated[Block | None, PERSONAL]
    appointment: Block | None
    words: Annotated[tuple[Block, ...], PERSONAL, "The last notes, and words of the citizen"]
    name: Annotated[str | None, Text(200, personal=True)]
    mobile: Annotated[str | None, Text(20, personal=True)]
    visit: Annotated[bool, "A visit is booked, whose result can be noted"]


@message
class Along:
    """What was taken along, by whom, and until when it may stay on the device."""

    take: Uuid
    username: Annotated[str, Text(60)]
    until: Instant
    tickets: Annotated[tuple[BlockOf[TicketAlong], ...], PERSONAL]
    left_out: Annotated[tuple[Annotated[str, Text(10)], ...], "Not there, or another unit's"]


@message
class OneTake:
    take: Uuid


@message
class AlongStanding:
    """Whether what was taken along may stay on its device, and which of its tickets."""

    stands: bool
    codes: tuple[Annotated[str, Text(10)], ...]


@message
class AskTakes:
    """No fields."""


@message
class Take:
    """Who took which tickets along when; ``stands``: until then the device may show them."""

    username: Annotated[str, Text(60)]
    at: Instant
    until: Instant
    codes: tuple[Annotated[str, Text(10)], ...]
    persons: bool
    stands: bool


@message
class Takes:
    takes: tuple[BlockOf[Take], ...]


CALENDAR_DAYS = internal_read(
    "calendar_days", AskDays, CalendarDays, "Desk: days of the calendar, with their visits."
)
VISITS_OF_DAY = internal_read("visits_of_day", AskDay, VisitDay, "Desk: the visits of a day.")
PREVIEW_SLOTS = internal_read(
    "preview_slots", AddSlots, SlotPlan, "Desk: which times for visits would be opened."
)
TAKE_ALONG = internal_read(
    "take_along", TakeAlong, Along, "Desk: tickets for a visit without a connection; each is noted."
)
ALONG_STANDING = internal_read(
    "along_standing", OneTake, AlongStanding, "Desk: what of a device's tickets may stay there."
)
LIST_TAKES = internal_read("list_takes", AskTakes, Takes, "Desk: who took which tickets along.")
