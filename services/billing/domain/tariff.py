"""Tariff rows: which one counts for a request, and which two may not stand side by side."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ANY = "*"
UNITS = {
    "each": ("فقره", "piece"),
    "m3": ("متر مکعب", "m³"),
    "page": ("برگ", "page"),
    "rial": ("ریال", "rial"),
}
TariffState = Literal["DRAFT", "APPROVED", "WITHDRAWN"]


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
    def classes(self) -> tuple[str, ...]:
        """The classes that the row is for; no two approved rows of one begin on the same day."""
        return (self.service, self.agency_class, self.use, self.area_class, self.season)

    def known_at(self, moment: dt.datetime) -> bool:
        """Tell whether the row was approved, and not withdrawn, at that moment."""
        return (
            self.approved_at is not None
            and self.approved_at <= moment
            and (self.withdrawn_at is None or self.withdrawn_at > moment)
        )


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a request, and its day (in Iran), for which a row is sought."""

    service: str
    agency_class: str
    use: str
    area_class: str
    season: str
    on: dt.date


def pick(rows: Iterable[Tariff], request: Classes, known_at: dt.datetime) -> Tariff | None:
    """Choose the row for a request, by its day and by what was known at a moment.

    Of several the most specific one counts: first by agency, then use, area, season; of equal ones
    the one that began last (domain facts, section 9). None if no row fits.
    """
    fitting = [row for row in rows if _fits(row, request) and row.known_at(known_at)]
    return max(fitting, key=lambda row: (_specific(row), row.from_day, row.id), default=None)


def _fits(row: Tariff, request: Classes) -> bool:
    pairs = (
        (row.agency_class, request.agency_class),
        (row.use, request.use),
        (row.area_class, request.area_class),
        (row.season, request.season),
    )
    return (
        row.service == request.service
        and all(value in (ANY, wanted) for value, wanted in pairs)
        and row.from_day <= request.on
        and (row.to_day is None or request.on <= row.to_day)
    )


def _specific(row: Tariff) -> tuple[bool, ...]:
    return tuple(part != ANY for part in row.classes[1:])
