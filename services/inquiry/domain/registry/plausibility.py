"""Limits of what a row of an export can say, and doubts about what it hardly can."""

import datetime as dt
from functools import lru_cache
from typing import NamedTuple

from iran.persian import FIRST_YEAR, Malformed, jalali, parse_jalali
from services.inquiry.domain.records import Decree, Licence, SourceRecord, Violation
from services.inquiry.domain.registry.cells import Cells, day, number, whole
from services.inquiry.domain.registry.columns import CASE, DRILLED, RENEWAL

# A leap year has 366 days.
HOURS_OF_A_YEAR = 366 * 24
# The deepest water wells of the country reach some hundred metres; oil is sought below this.
DEEPEST_METRES = 2_000
# Licences run for some years, and decrees extend them by a year or two. The law names no limit, so
# that what lies beyond is only a doubt.
FAR_YEARS, FAR_EXTENSION_YEARS = 30, 5
AHEAD = dt.timedelta(days=366)
DAYS_OF_A_YEAR = 365.2425
# By the Act on unlicensed wells (1389) only wells drilled by the end of 1385 have a case.
LAST_YEAR_OF_CASES = 1385
TO_ABSTRACT = {"EXPL", "EXPL_PROV", "OPT_USE"}


@lru_cache(maxsize=8)
def dates_of(today: dt.date) -> "Dates":
    """The one reader of a day: cells that it has read before are known by it."""
    return Dates(today)


class Dates(NamedTuple):
    """Reads dates against the day of the import: only an expiry may lie ahead."""

    today: dt.date

    def past(self, value: str) -> str:
        """Read a Jalali day as ISO; Malformed ``date.future`` if it has not come yet."""
        date = day(value)
        if date > self.today.isoformat():
            raise Malformed("date.future", "This day has not come yet.")
        return date

    def near(self, value: str) -> str:
        """Read the day from which an order or an offence counts.

        Malformed ``date.future`` if it is over a year away: an order is given for a day soon, and a
        mistyped year must not hide it.
        """
        date = day(value)
        if date > (self.today + AHEAD).isoformat():
            raise Malformed("date.future", "This day is more than a year away.")
        return date

    def year_past(self, value: str) -> int:
        """Read a Jalali year that has begun; Malformed ``drilled_year.range`` if it has not."""
        year = whole(value)
        if not FIRST_YEAR <= year <= self.year:
            raise Malformed(
                "drilled_year.range", "It is a Jalali year of four digits that has begun."
            )
        return year

    @property
    def year(self) -> int:
        """The Jalali year of today."""
        return int(jalali(self.today)[:4])


def hours(value: str) -> float | int:
    """Read hours in a year; Malformed ``hours.range`` beyond the 8,784 of a leap year."""
    read = number(value)
    if read > HOURS_OF_A_YEAR:
        raise Malformed("hours.range", f"A year has at most {HOURS_OF_A_YEAR} hours.")
    return read


def depth(value: str) -> float | int:
    """Read the depth of a well in metres; Malformed ``depth.range`` beyond any water well."""
    read = number(value)
    if read > DEEPEST_METRES:
        raise Malformed("depth.range", f"No water well is deeper than {DEEPEST_METRES} metres.")
    return read


def doubts_of_source(cells: Cells, record: SourceRecord, dates: Dates) -> None:
    """Warn of what can hardly be beside the other cells of the row."""
    licence, drilled = record["licence"], record["drilled_year"]
    if licence:
        _doubts_of_licence(cells, licence, record, dates)
    for order in record["orders"]:
        if order["on"] > dates.today.isoformat():
            cells.warn("تاریخ دستور", "order.ahead", "The order counts from a day to come.")
        if licence and order["on"] < (licence["issued_on"] or ""):
            cells.warn(
                "تاریخ دستور", "order.before_licence", "The order is older than the licence."
            )
        if drilled and order["on"] < _first_day(drilled):
            cells.warn("تاریخ دستور", "order.before_drilling", "The well was drilled later.")
    if record["unlicensed_case"] == "open" and drilled and drilled > LAST_YEAR_OF_CASES:
        cells.warn(
            CASE, "case.drilled_later", "The Act of 1389 is for wells drilled by the end of 1385."
        )


def _doubts_of_licence(cells: Cells, licence: Licence, record: SourceRecord, dates: Dates) -> None:
    drilled, issued = record["drilled_year"], licence["issued_on"] or ""
    if _years(dates.today.isoformat(), licence["expires_on"] or "") > FAR_YEARS:
        cells.warn("تاریخ انقضا", "licence.far_expiry", f"It is over {FAR_YEARS} years ahead.")
    renewal = licence["renewal_requested_on"]
    if renewal and renewal < issued:
        cells.warn(RENEWAL, "renewal.before_licence", "The request is older than the licence.")
    if record["unlicensed_case"] == "open":
        cells.warn(CASE, "case.licensed", "A licensed source needs no case under the 1389 Act.")
    if drilled and licence["kind"] in TO_ABSTRACT and issued < _first_day(drilled):
        cells.warn(DRILLED, "drilled_year.after_licence", "A licence to take water is older.")


def doubts_of_violation(cells: Cells, record: Violation, dates: Dates) -> None:
    """Warn of an offence that counts from a day to come."""
    if record["found_on"] > dates.today.isoformat():
        cells.warn("تاریخ کشف", "violation.ahead", "It was found on a day that has not come yet.")


def doubts_of_decree(cells: Cells, record: Decree) -> None:
    """Warn of a decree that extends by more than decrees do."""
    if _years(record["expiry_to"], record["extended_to"]) > FAR_EXTENSION_YEARS:
        cells.warn(
            "تمدید تا", "decree.far", f"It extends by more than {FAR_EXTENSION_YEARS} years."
        )


def _years(earlier: str, later: str) -> float:
    return (dt.date.fromisoformat(later) - dt.date.fromisoformat(earlier)).days / DAYS_OF_A_YEAR


def _first_day(year: int) -> str:
    return parse_jalali(f"{year}/01/01").isoformat()
