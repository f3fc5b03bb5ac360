"""Holidays as iCalendar files name them: what they would change, what a colleague decides; what a
change of the calendar would move; and our own holidays for everybody.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.message import message
from bus.messages.values import BlockOf, Code, Day, Instant, Tick
from contracts.ticketing.calendar import CalendarRow, LookedVersion, WithdrawRow
from contracts.ticketing.requests import internal_act, internal_read

# A file of the holidays of three years has some dozen kilobytes; of one mebibyte none is.
FILE_MOST = 1024 * 1024
SOURCE_KINDS = ("file", "address")
PROPOSAL_KINDS = ("new", "changed", "gone")
# Why an entry of a file is no holiday of ours, and why an address was not read.
FAULTS = (
    "unreadable",
    "no_day",
    "not_all_day",
    "end_before_start",
    "too_long",
    "rule",
    "dates",
    "too_many",
)
# So many holidays of a file lie in the years that we look at.
MOST_HOLIDAYS = 400
SourceName = Annotated[str, Text(100)]
HolidayKey = Annotated[str, Text(300)]
Keys = Annotated[tuple[HolidayKey, ...], validate.Length(min=1, max=MOST_HOLIDAYS)]


@message
class DueMove:
    """A promise of a ticket that would be due at another moment."""

    code: Annotated[str, Text(10)]
    clock: Annotated[str, Text(40)]
    clock_fa: Annotated[str, Text(100)]
    was: Instant
    due: Annotated[Instant | None, "None: by this calendar it never comes due"]


@message
class DayMove:
    """Days that would be other ones: what holds of them now, and what would."""

    days_fa: Annotated[str, Text(200)]
    before_fa: Annotated[str, Text(500)]
    after_fa: Annotated[str, Text(500)]


@message
class CalendarEffect:
    """What a change of the calendar would move; nothing is changed by asking."""

    days: Annotated[tuple[BlockOf[DayMove], ...], "At most 14 lines"]
    days_count: Annotated[int, "Days that would be other ones, in the next 400"]
    tickets: Annotated[int, "Open tickets that were looked at, those due first"]
    not_looked: Annotated[int, "Open tickets beyond these"]
    earlier: Annotated[int, "Tickets of which a promise would be due earlier"]
    later: Annotated[int, "Tickets of which a promise would be due later"]
    moves: Annotated[tuple[BlockOf[DueMove], ...], "Of tickets that the colleague may read"]
    visits: Annotated[int, "Booked visits at times at which the office would be closed"]


@message
class HolidayFault:
    """An entry of a file that is no holiday of ours, and why."""

    title: Annotated[str, Text(200, least=0)]
    code: Annotated[str, Choice(FAULTS)]


@message
class HolidayProposal:
    """A holiday as its file has it, beside the row of the calendar that it would change."""

    key: HolidayKey
    kind: Annotated[str, Choice(PROPOSAL_KINDS)]
    from_day: Day
    to_day: Day
    title: Annotated[str, Text(200)]
    estimated: bool
    revision: Annotated[str, Text(60, least=0)]
    row: Annotated[int | None, "The row that would be withdrawn"]
    was_from: Day | None
    was_to: Day | None
    was_title: Annotated[str, Text(200, least=0)]
    was_estimated: bool


@message
class HolidaySource:
    """A file or an address of holidays, what was last read of it, and what it would change."""

    origin: SourceName
    kind: Annotated[str, Choice(SOURCE_KINDS)]
    name: Annotated[str, Text(200, least=0), "What the file calls itself"]
    revision: Annotated[int, "Raised when what was read is another content"]
    read_at: Annotated[Instant | None, "When it was last read; what was read then still stands"]
    read_by: Annotated[str, Text(64, least=0)]
    problem: Annotated[str, Text(40, least=0), "Why it could not be read since; empty: it could"]
    tried_at: Instant | None
    holidays: Annotated[int, "Of the file, from today on"]
    on_record: Annotated[int, "Of these the calendar has so many already"]
    set_aside: int
    outside: Annotated[int, "Entries that lie in the past, or more than three years ahead"]
    proposals: tuple[BlockOf[HolidayProposal], ...]
    faults: tuple[BlockOf[HolidayFault], ...]


@message
class AskHolidaySources:
    """No fields."""


@message
class HolidaySources:
    version: int
    sources: tuple[BlockOf[HolidaySource], ...]


@message
class ReadHolidays:
    """A file of holidays that a colleague has; it changes nothing of the calendar."""

    origin: SourceName
    file: Annotated[str, Prose(FILE_MOST), "The text of the file"]


@message
class HolidaysRead:
    origin: SourceName
    revision: int
    holidays: int
    proposals: int


@message
class AcceptHolidays:
    """Bring holidays of a file into the calendar as it proposes; ``revision`` is the one that was
    looked at.
    """

    origin: SourceName
    revision: Annotated[int, whole(1, 2**53)]
    keys: Keys
    decree: Annotated[str, Text(300), "Number and date of the decree"]
    confirmed: Annotated[Tick, "A closure of more than 30 days in a row is meant"] = False
    looked_version: LookedVersion | None = None


@message
class SetHolidaysAside:
    """Proposals that are not followed; they come back if the file says something else."""

    origin: SourceName
    revision: Annotated[int, whole(1, 2**53)]
    keys: Keys
    reason: Annotated[str, Text(300)]


@message
class HolidaysDecided:
    version: int
    decided: int


@message
class AskPublicHolidays:
    county: Code | None = None


@message
class PublicHoliday:
    """A closed day of our offices; ``cancelled``: it was announced and is not any more."""

    id: int
    from_day: Day
    to_day: Day
    title: Annotated[str, Text(200, least=0)]
    estimated: bool
    cancelled: bool
    changed_at: Instant


@message
class PublicHolidays:
    holidays: tuple[BlockOf[PublicHoliday], ...]
    known_until: Annotated[Day | None, "The last day whose holidays are on record"]


HOLIDAY_SOURCES = internal_read(
    "holiday_sources", AskHolidaySources, HolidaySources, "Desk: files of holidays, and proposals."
)
READ_HOLIDAYS = internal_act(
    "read_holidays", ReadHolidays, HolidaysRead, "Desk: read a file of holidays."
)
ACCEPT_HOLIDAYS = internal_act(
    "accept_holidays", AcceptHolidays, HolidaysDecided, "Desk: bring holidays into the calendar."
)
SET_HOLIDAYS_ASIDE = internal_act(
    "set_holidays_aside", SetHolidaysAside, HolidaysDecided, "Desk: do not follow proposals."
)
PREVIEW_ROW = internal_read(
    "preview_row", CalendarRow, CalendarEffect, "Desk: what a new row of the calendar would move."
)
PREVIEW_WITHDRAWAL = internal_read(
    "preview_withdrawal", WithdrawRow, CalendarEffect, "Desk: what a row's withdrawal would move."
)
PREVIEW_HOLIDAYS = internal_read(
    "preview_holidays", AcceptHolidays, CalendarEffect, "Desk: what holidays would move."
)
PUBLIC_HOLIDAYS = internal_read(
    "public_holidays", AskPublicHolidays, PublicHolidays, "The holidays of our offices."
)
