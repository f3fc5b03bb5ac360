"""The book of notices: quiet hours, caps, prices, patience; what changes by day is a dated row."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from iran.persian import tehran_day
from services.notify.domain.provider_choice import BreakerLimits
from services.notify.domain.provider_weights import WeightLimits

Measure = Literal["uptime", "announced", "elsewhere"]


class Dated(Protocol):
    """A row that is in force from a day to a day, both included; ``to`` None: without an end."""

    @property
    def from_(self) -> dt.date:
        """The first day."""

    @property
    def to(self) -> dt.date | None:
        """The last day."""


DatedRow = TypeVar("DatedRow", bound=Dated)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A window of the day (clocks of Tehran) in which messages of these lanes wait; a window whose
    end is before its begin reaches over midnight.
    """

    from_: dt.date
    to: dt.date | None
    lanes: Sequence[str]
    channels: Sequence[str]
    begins: dt.time
    ends: dt.time


@dataclass(frozen=True, slots=True)
class Price:
    """What one part of an SMS costs, in rials."""

    from_: dt.date
    to: dt.date | None
    encoding: str
    rials: int


@dataclass(frozen=True, slots=True)
class Cap:
    """How many messages one receiver gets in a lane; ``refuses`` what is over, or delays it."""

    an_hour: int
    a_day: int
    refuses: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """How a lane is treated: the caps of a receiver, and how long a due message is tried."""

    cap: Cap
    give_up: dt.timedelta


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what.

    ``lease``: a hand-over reserved so long ago and not recorded is of a killed process. ``sure``:
    between two answers of a provider that it has no such message. ``unclear``: a hand-over whose
    outcome cannot be found out ends then; ``find``: one that could be, for a provider forgets.
    ``retry``, ``retry_most``: the first pause after all have refused, and the longest. ``poll``,
    ``poll_most``: the same between two polls of a message's state. ``untold``: after that a state
    is reported no more.
    """

    lease: dt.timedelta
    sure: dt.timedelta
    unclear: dt.timedelta
    find: dt.timedelta
    retry: dt.timedelta
    retry_most: dt.timedelta
    poll: dt.timedelta
    poll_most: dt.timedelta
    untold: dt.timedelta


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the system that can be up or down."""

    code: str
    fa: str
    en: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A clause of the service level agreement, and what proves that it is kept."""

    from_: dt.date
    to: dt.date | None
    code: str
    clause: str
    fa: str
    en: str
    how_fa: str
    how_en: str
    measure: Measure
    components: Sequence[str]
    target: int | None
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Who sends: the organisation's names and addresses."""

    fa: str
    en: str
    phone: str
    email: str
    address_fa: str
    address_en: str
    portal: str | None = None

    def name(self, language: str) -> str:
        """The organisation's name in a language."""
        return self.fa if language == "fa" else self.en


@dataclass(frozen=True)
class Book:
    """One version of the book.

    ``retention``: how long after its end a message keeps its receiver and its contents.
    ``announce_before``: how long before its begin a maintenance must be announced to be no outage.
    ``least_minutes``: how many minutes must be measured for an uptime.
    """

    version: int
    contact: Contact
    quiet_hours: Sequence[QuietHours]
    prices: Sequence[Price]
    lanes: Mapping[str, Lane]
    breaker: BreakerLimits
    patience: Patience
    sms_most_parts: int
    retention: dt.timedelta
    announce_before: dt.timedelta
    banner_hours: int
    least_minutes: int
    components: Sequence[Component]
    promises: Sequence[Promise]
    weights: WeightLimits = field(default_factory=WeightLimits)

    def cap(self, lane: str) -> Cap:
        """The caps of a lane, per receiver and channel."""
        return self.lanes[lane].cap

    def give_up(self, lane: str) -> dt.timedelta:
        """How long after it was due a message is tried."""
        return self.lanes[lane].give_up

    def quiet(self, lane: str, channel: str, moment: dt.datetime) -> list[tuple[dt.time, dt.time]]:
        """The windows of the day in which such a message waits."""
        return [
            (row.begins, row.ends)
            for row in in_force(self.quiet_hours, tehran_day(moment))
            if lane in row.lanes and channel in row.channels
        ]

    def part_rials(self, encoding: str, moment: dt.datetime) -> int | None:
        """What one part of an SMS costs in rials; None if no row has a price."""
        rows = in_force(self.prices, tehran_day(moment))
        rows = [row for row in rows if row.encoding == encoding]
        return max(rows, key=lambda row: row.from_).rials if rows else None

    def sender(self, language: str) -> dict[str, str]:
        """What a template of ours says of the sender: its legal name, and the portal's address."""
        return {
            "company": self.contact.name(language),
            "portal": self.contact.portal or self.contact.email.rpartition("@")[2],
        }


def in_force(rows: Sequence[DatedRow], day: dt.date) -> list[DatedRow]:
    """The rows that are in force on a day."""
    return [row for row in rows if row.from_ <= day and (not row.to or day <= row.to)]
