"""The book of the desk: units, categories, routes, promises, offices, as one versioned document.

It is written as TOML files (deploy/desk) and kept as JSON; services.ticketing.books checks and
imports it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from services.ticketing.domain.levels import Level as ActingLevel
from services.ticketing.domain.prepared import PreparedText
from services.ticketing.domain.promises import NAMES, PART, Promise, Span

# The document as JSON. Any: services.ticketing.books has checked its members by their schemas.
Document: TypeAlias = Mapping[str, Any]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Area:
    """A box of degrees (WGS84) around where the company works, and what people call it."""

    fa: str
    en: str
    south: float
    north: float
    west: float
    east: float

    def holds(self, lat: float, long: float) -> bool:
        return self.south <= lat <= self.north and self.west <= long <= self.east


@dataclass(frozen=True, slots=True)
class Named:
    """An item with a code and its names in Persian and English."""

    code: str
    fa: str
    en: str

    def name(self, language: str) -> str:
        return self.fa if language == "fa" else self.en


@dataclass(frozen=True, slots=True)
class County(Named):
    """A county, and where its seat lies (degrees, WGS84), for the map."""

    lat: float | None = None
    long: float | None = None


@dataclass(frozen=True, slots=True)
class Unit(Named):
    """A unit: citizens write to ``email``; its people read ``mailbox`` (default: ``email``).

    ``part_hours`` of the office is what it has for a ticket from when it comes there. Whether it is
    mended is asked ``follow_up_days`` after the end, of ``follow_up_percent`` of its tickets.
    """

    email: str
    head_email: str | None = None
    mailbox: str | None = None
    mail_category: str | None = None
    phone: str = ""
    part_hours: float | None = None
    follow_up_days: int | None = None
    follow_up_percent: int | None = None

    @property
    def part_minutes(self) -> int | None:
        """Its own time for a ticket; None if it has no clock."""
        return None if self.part_hours is None else round(self.part_hours * 60)

    @property
    def host(self) -> str:
        """The domain of its e-mail address."""
        return self.email.rpartition("@")[2]

    @property
    def staff_address(self) -> str:
        """Where its people read."""
        return self.mailbox or self.email


@dataclass(frozen=True, slots=True)
class Category(Named):
    """What a ticket is about; ``open311`` holds the members of an Open311 service.

    ``follow_up_days`` goes before those of the unit.
    """

    kinds: tuple[str, ...]
    unit: str
    group_fa: str = ""
    group_en: str = ""
    hint_fa: str = ""
    hint_en: str = ""
    open311: Document | None = None
    follow_up_days: int | None = None


@dataclass(frozen=True, slots=True)
class Office(Named):
    """Where citizens come to a visit."""

    address_fa: str
    address_en: str

    def address(self, language: str) -> str:
        return self.address_fa if language == "fa" else self.address_en


@dataclass(frozen=True, slots=True)
class Level:
    """A level of escalation: minutes from the due time of a clock (negative: before), and whom."""

    clock: str
    minutes_from_due: int
    role: str


# What the head of a unit hears of its own time where the book has no level for it.
PART_LEVELS = (Level(PART, -120, "unit_head"), Level(PART, 0, "unit_head"))


@dataclass(frozen=True)
class Book:
    """The document, with its items by their codes."""

    document: Document

    @cached_property
    def units(self) -> dict[str, Unit]:
        return self._by_code(Unit, "units")

    @cached_property
    def categories(self) -> dict[str, Category]:
        return self._by_code(Category, "categories")

    @cached_property
    def counties(self) -> dict[str, County]:
        return self._by_code(County, "counties")

    @cached_property
    def area(self) -> Area | None:
        """None if the book does not say where the company works."""
        area = self.document.get("area")
        return Area(**area) if area else None

    @cached_property
    def offices(self) -> dict[str, Office]:
        return self._by_code(Office, "offices")

    @cached_property
    def canned(self) -> dict[str, PreparedText]:
        return self._by_code(PreparedText, "canned")

    @property
    def after_answer_days(self) -> int:
        """Calendar days after which an answer without objection ends the ticket."""
        return int(self.document["closing"]["after_answer_days"])

    @property
    def remind_days(self) -> int:
        """Calendar days after which a citizen is reminded of an answer that is waited for."""
        return int(self.document["closing"]["remind_applicant_days"])

    @property
    def silence_days(self) -> int:
        """Calendar days after which a ticket that waits for its applicant is closed."""
        return int(self.document["closing"]["silence_days"])

    @cached_property
    def acting_levels(self) -> list[ActingLevel]:
        """The levels of escalation that act; a book of before has none."""
        return [_item(ActingLevel, row) for row in self.document.get("levels", ())]

    @cached_property
    def levels(self) -> list[Level]:
        """The levels of escalation; those of a unit's own time are there in any case."""
        levels = [_item(Level, row) for row in self.document["escalation"]]
        of_part = () if any(level.clock == PART for level in levels) else PART_LEVELS
        return [*levels, *of_part]

    def unit_of(self, category: str, county: str) -> str:
        """Return the code of the unit that works on it: by route, else the category's own."""
        for route in self.document["routes"]:
            if route["category"] == category and route["county"] == county:
                return str(route["unit"])
        return self.categories[category].unit

    def promise(self, category: str, kind: str, on: dt.date) -> Promise:
        """Return the promise by the most special row in force on the day of registration."""
        rows = [
            row
            for row in self.document["promises"]
            if row.get("category", "*") in ("*", category)
            and row.get("kind", "*") in ("*", kind)
            and dt.date.fromisoformat(row["from"]) <= on
        ]
        if not rows:
            return Promise({})
        best = max(rows, key=_weight)
        spans = {name: span_of(best[name]) for name in NAMES if name in best}
        return Promise(spans, str(best.get("source", "")))

    def has_parts(self, of: str | None) -> bool:
        """True if a unit has a time of its own, or any of them (None)."""
        return any(unit.part_minutes for unit in self.units.values() if of in (None, unit.code))

    @property
    def spans(self) -> list[Span]:
        """Every promise that the book has ever made, and each unit's own time."""
        promised = [
            span_of(row[name]) for row in self.document["promises"] for name in NAMES if name in row
        ]
        parts = (unit.part_minutes for unit in self.units.values())
        return [*promised, *(Span(minutes=minutes) for minutes in parts if minutes)]

    def role_address(self, role: str, unit: str) -> str:
        """Return the e-mail address of whoever holds a role."""
        if role == "unit_head":
            return self.units[unit].head_email or self.units[unit].email
        return str(self.document["roles"][role])

    def _by_code(self, kind: type[Item], name: str) -> dict[str, Item]:
        return {row["code"]: _item(kind, row) for row in self.document[name]}


def _item(kind: type[Item], row: Document) -> Item:
    """Build an item; members that the class does not name are of later versions."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass each
    return kind(**{name: value for name, value in row.items() if name in names})


def _weight(row: Document) -> tuple[bool, bool, str]:
    return (row.get("kind", "*") != "*", row.get("category", "*") != "*", row["from"])


def span_of(row: Document) -> Span:
    """A promise as the book writes it: hours of the office, or days of the calendar."""
    return Span(minutes=round(float(row.get("hours", 0)) * 60), days=int(row.get("days", 0)))
