"""The book of the desk: units, categories, routes, promises, offices, as one versioned document.

It is written as TOML files (deploy/desk) and kept as JSON; services.ticketing.books
checks and imports it.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.ticketing.domain.promises import NAMES, Promise, Span


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


@dataclass(frozen=True)
class Book:
    """The document, with what is looked up in it."""

    document: dict[str, Any]

    @cached_property
    def units(self) -> dict[str, dict[str, Any]]:
        return {each["code"]: each for each in self.document["units"]}

    @cached_property
    def categories(self) -> dict[str, dict[str, Any]]:
        return {each["code"]: each for each in self.document["categories"]}

    @cached_property
    def counties(self) -> dict[str, dict[str, Any]]:
        return {each["code"]: each for each in self.document["counties"]}

    @cached_property
    def area(self) -> Area | None:
        """None if the book does not say where the company works."""
        area = self.document.get("area")
        return Area(**area) if area else None

    @cached_property
    def offices(self) -> dict[str, dict[str, Any]]:
        return {each["code"]: each for each in self.document["offices"]}

    @cached_property
    def canned(self) -> dict[str, dict[str, Any]]:
        return {each["code"]: each for each in self.document["canned"]}

    @property
    def after_answer_days(self) -> int:
        """Calendar days after which an answer without objection ends the ticket."""
        return int(self.document["closing"]["after_answer_days"])

    @property
    def remind_days(self) -> int:
        return int(self.document["closing"]["remind_applicant_days"])

    @property
    def silence_days(self) -> int:
        """Calendar days after which a ticket that waits for its applicant is closed."""
        return int(self.document["closing"]["silence_days"])

    @property
    def levels(self) -> list[dict[str, Any]]:
        """Escalation: clock, minutes from due (negative: before), role."""
        return list(self.document["escalation"])

    def unit_of(self, category: str, county: str) -> str:
        """Which unit works on it: the route for the county, else the category's own unit."""
        for route in self.document["routes"]:
            if route["category"] == category and route["county"] == county:
                return str(route["unit"])
        return str(self.categories[category]["unit"])

    def promise(self, category: str, kind: str, on: dt.date) -> Promise:
        """What is promised: the most special row in force on the day of registration."""
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

    @property
    def spans(self) -> list[Span]:
        """Every promise that the book has ever made."""
        return [
            span_of(row[name]) for row in self.document["promises"] for name in NAMES if name in row
        ]

    def role_address(self, role: str, unit: str) -> str:
        """The e-mail of who holds a role."""
        if role == "unit_head":
            return str(self.units[unit].get("head_email") or self.units[unit]["email"])
        return str(self.document["roles"][role])


def _weight(row: dict[str, Any]) -> tuple[bool, bool, str]:
    return (row.get("kind", "*") != "*", row.get("category", "*") != "*", row["from"])


def span_of(told: dict[str, Any]) -> Span:
    """A promise as the book writes it: hours of the office, or days of the calendar."""
    return Span(minutes=round(float(told.get("hours", 0)) * 60), days=int(told.get("days", 0)))
