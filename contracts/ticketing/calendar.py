"""Forms of the desk's calendar: its rows, times for visits, figures of a span of days."""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Choice, Text, whole
from bus.messages.message import ABSENT, OPTIONAL, Meta, message
from bus.messages.values import Block, BlockOf, Code, Day, Instant, Tick
from contracts.ticketing.citizens import ClockView

CALENDAR_KINDS = ("hours", "weekend", "closure", "opening")
CALENDAR_STATUS = ("estimated", "confirmed")
# Six opening times of each day of the week.
MOST_TIMES = 42
WEEKDAYS = ("sat", "sun", "mon", "tue", "wed", "thu", "fri")


@message
class AddSlots:
    """Times for visits at an office, one after the other: on a day, or up to ``to_day`` on each
    day that is open; with ``weekdays`` only on these.
    """

    office: Code
    day: Day
    opens: Annotated[str, Text(5), Meta(example="08:00")]
    closes: Annotated[str, Text(5), Meta(example="12:00")]
    minutes: Annotated[int, whole(5, 480)]
    capacity: Annotated[int, whole(1, 100)]
    to_day: Day | None = None
    weekdays: tuple[Annotated[str, Choice(WEEKDAYS)], ...] = ()


@message
class Slots:
    slots: tuple[Block, ...]


@message
class OpenTime:
    """An opening time, and the days of the week that have it; without ``weekdays`` all have it."""

    weekdays: tuple[Annotated[str, Choice(WEEKDAYS)], ...] = ()
    opens: Annotated[str, Text(5), Meta(example="07:30")]
    closes: Annotated[str, Text(5), Meta(example="12:00")]


@message
class AskCalendar:
    from_day: Day | None = None


@message
class KeptRow:
    """A row as it stands in the calendar."""

    id: int
    kind: Annotated[str, Choice(CALENDAR_KINDS)]
    counties: tuple[Code, ...]
    from_day: Day
    to_day: Day | None
    opens: str | None
    closes: str | None
    weekdays: tuple[str, ...]
    status: Annotated[str, Choice(CALENDAR_STATUS)]
    title: str
    source: str
    entered_by: str
    times: Annotated[
        tuple[BlockOf[OpenTime], ...],
        "Opening times by day of the week; empty: opens and closes on all days alike",
        OPTIONAL,
    ] = ABSENT
    file_source: Annotated[str | None, "The iCalendar that the row came from", OPTIONAL] = ABSENT
    file_revision: Annotated[str | None, "Which revision of its holiday", OPTIONAL] = ABSENT


@message
class OpenSlot:
    """A time for visits, and how many of its places are taken."""

    slot: int
    office: Code
    starts_at: Instant
    ends_at: Instant
    capacity: int
    taken: int


@message
class CalendarRows:
    version: int
    known_until: Annotated[Day | None, "The last day whose holidays are on record", OPTIONAL] = (
        ABSENT
    )
    rows: tuple[BlockOf[KeptRow], ...]
    counties: tuple[Block, ...]
    offices: tuple[Block, ...]
    slots: tuple[BlockOf[OpenSlot], ...]


# The version of the calendar that somebody looked at before this act; refused if it is old.
LookedVersion = Annotated[int, whole(0, 2**53)]


@message
class CalendarRow:
    """A dated row of the calendar: office hours, weekend, a closed day or an opened one."""

    kind: Annotated[str, Choice(CALENDAR_KINDS)]
    counties: Annotated[tuple[Code, ...], "Empty: all counties"] = ()
    from_day: Day
    to_day: Day | None = None
    opens: Annotated[str | None, Text(5)] = None
    closes: Annotated[str | None, Text(5)] = None
    weekdays: tuple[Annotated[str, Choice(WEEKDAYS)], ...] = ()
    status: Annotated[str, Choice(CALENDAR_STATUS)] = "confirmed"
    title: Annotated[str, Text(200)]
    source: Annotated[str, Text(300), "Number and date of the decree"]
    times: Annotated[
        tuple[OpenTime, ...],
        validate.Length(max=MOST_TIMES),
        "Opening times by day of the week, instead of opens and closes; of an opened day its own",
    ] = ()
    confirmed: Annotated[Tick, "A closure of more than 30 days in a row is meant"] = False
    looked_version: LookedVersion | None = None


@message
class WithdrawRow:
    row: Annotated[int, whole(1, 2**53)]
    source: Annotated[str, Text(300)]
    looked_version: LookedVersion | None = None


@message
class Changed:
    version: int
    row: int


@message
class StayInUnit:
    """How long a ticket lay in a unit, in time of the office; ``number``: its how-manieth there.

    ``clock`` is the unit's own time, as the book had it when the ticket came; None without one.
    """

    unit: Block
    since: Instant
    until: Annotated[Instant | None, "None: it lies there"]
    number: int
    handed_on: bool
    counted_minutes: int
    counted_fa: Annotated[str, Text(200)]
    part_minutes: int | None
    clock: ClockView | None


@message
class AskReport:
    from_day: Day | None = None
    to_day: Day | None = None


@message
class Report:
    """By unit and by clause of the agreement, uncut; for the staff."""

    from_day: Annotated[str, Text(10)]
    to_day: Annotated[str, Text(10)]
    units: tuple[Block, ...]
    clauses: tuple[Block, ...]
    days: Annotated[
        tuple[Block, ...] | None, "Registered and answered on each day (Tehran)", OPTIONAL
    ] = None
    categories: Annotated[tuple[Block, ...] | None, "As units, without ratings", OPTIONAL] = None
    counties: Annotated[tuple[Block, ...] | None, "As units, without ratings", OPTIONAL] = None
    channels: Annotated[tuple[Block, ...] | None, "Registered by way of entry", OPTIONAL] = None
    parts: Annotated[
        tuple[Block, ...] | None,
        "Stays of tickets in units that ended, by unit and Jalali month: how many were within the "
        "unit's own time (a head's own unit, a supervisor's all)",
        OPTIONAL,
    ] = None
    follow_ups: Annotated[
        tuple[Block, ...] | None,
        "What citizens said weeks after the end, by unit and by Jalali month of the question",
        OPTIONAL,
    ] = None
    levels: Annotated[
        tuple[Block, ...] | None,
        "What levels of escalation did, by unit, clock, number and act (a head's own unit, a "
        "supervisor's all)",
        OPTIONAL,
    ] = None
