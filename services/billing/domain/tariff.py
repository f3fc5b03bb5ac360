"""Tariff rows: which one counts for a request, and which may not stand beside another."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

ANY = "*"
VAT_CLASSES = ("taxable", "exempt", "zero")
UNITS = {
    "each": ("فقره", "piece"),
    "m3": ("متر مکعب", "m³"),
    "page": ("برگ", "page"),
    "rial": ("ریال", "rial"),
}
STATES = ("DRAFT", "APPROVED", "WITHDRAWN")


@dataclass(frozen=True, slots=True)
class Tariff:
    """A row of the tariff: ``amount`` in ``money`` units for each ``unit`` of the service.

    ``agency_class``, ``use``, ``area_class`` and ``season`` are ``*`` where they do not matter.
    A row is never edited once approved; a later ``from_day`` takes its place.
    """

    id: int
    service: str
    agency_class: str
    use: str
    area_class: str
    season: str
    unit: str
    amount: int
    money: str
    vat_class: str
    from_day: dt.date
    to_day: dt.date | None
    decree: str
    approved_at: dt.datetime | None = None
    withdrawn_at: dt.datetime | None = None

    @property
    def place(self) -> tuple[str, ...]:
        """What the row is for; two approved rows of one place may not begin on one day."""
        return (self.service, self.agency_class, self.use, self.area_class, self.season)

    def known_at(self, moment: dt.datetime) -> bool:
        """True if the row was approved, and not withdrawn, at that moment."""
        return (
            self.approved_at is not None
            and self.approved_at <= moment
            and (self.withdrawn_at is None or self.withdrawn_at > moment)
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """For what a tariff is sought: classes, and the day of the request (in Iran)."""

    service: str
    agency_class: str
    use: str
    area_class: str
    season: str
    on: dt.date


def pick(rows: Iterable[Tariff], asked: Asked, known_at: dt.datetime) -> Tariff | None:
    """The row for what is asked, by the day of the request and what was known at a moment.

    Of several the one that says more counts: first by who asks, then use, area, season; of equal
    ones the one that began last (domain facts, section 9). None if there is none.
    """
    fits = [row for row in rows if _fits(row, asked) and row.known_at(known_at)]
    return max(fits, key=lambda row: (_says(row), row.from_day, row.id), default=None)


def _fits(row: Tariff, asked: Asked) -> bool:
    pairs = (
        (row.agency_class, asked.agency_class),
        (row.use, asked.use),
        (row.area_class, asked.area_class),
        (row.season, asked.season),
    )
    return (
        row.service == asked.service
        and all(told in (ANY, wanted) for told, wanted in pairs)
        and row.from_day <= asked.on
        and (row.to_day is None or asked.on <= row.to_day)
    )


def _says(row: Tariff) -> tuple[bool, ...]:
    return tuple(part != ANY for part in row.place[1:])
