"""The book of the treasury: issuer, services, units of money, VAT, roundings, as dated rows."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from bus.errors import RuleBroken
from services.billing.domain.bill_ids import Encoder
from services.billing.domain.money import Rials


@dataclass(frozen=True, slots=True)
class DatedRow:
    """A row that holds from its first day to its last (None: without an end), both counted."""

    from_: dt.date
    to: dt.date | None


Dated = TypeVar("Dated", bound=DatedRow)


@dataclass(frozen=True, slots=True)
class MoneyUnit(DatedRow):
    """A unit of money, worth so many rials."""

    code: str
    rials: Rials


@dataclass(frozen=True, slots=True)
class VatRate(DatedRow):
    """The rate of value added tax in hundredths of a percent."""

    basis_points: int


@dataclass(frozen=True, slots=True)
class Rounding(DatedRow):
    """How the sum of a bill is rounded, and the sentence about it."""

    to_rials: Rials
    way: Literal["up", "down", "nearest"]
    fa: str
    en: str


@dataclass(frozen=True, slots=True)
class EncoderRow(DatedRow):
    """How amounts stand in a payment ID; see ``bill_ids.Encoder``."""

    rials: Rials
    digits: int


@dataclass(frozen=True, slots=True)
class Season:
    """A season of the tariff, as Jalali months from 1 to 12."""

    code: str
    months: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues the bills; ``company`` is its three digits in bill IDs."""

    name_fa: str
    name_en: str
    legal_id: str
    address_fa: str
    address_en: str
    phone: str
    sheba: str
    company: int


@dataclass(frozen=True, slots=True)
class Service:
    """A chargeable service, the article by which it is owed, and the days of its bills."""

    code: str
    fa: str
    en: str
    law: str
    law_fa: str
    law_en: str
    due_days: int
    expire_days: int | None
    remind_days: int
    of_register: bool
    reminders: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True)
class PspName:
    """The names of a bank's gateway, and the ``marks`` by which entries of the treasury's account
    name it (the number of a terminal, a name).
    """

    code: str
    fa: str
    en: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """When banks settle to the treasury's account: so many working days after a file's day.

    ``weekend`` as date.weekday() counts; ``bills_marks`` name the banks' money of bills.
    """

    settle_days: int = 2
    weekend: tuple[int, ...] = (3, 4)
    holidays: frozenset[dt.date] = frozenset()
    bills_marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """One version of the book; every rule that has dates is asked with a day (in Iran)."""

    version: int
    issuer: Issuer
    money: tuple[MoneyUnit, ...]
    vat: tuple[VatRate, ...]
    rounding: tuple[Rounding, ...]
    encoders: tuple[EncoderRow, ...]
    seasons: tuple[Season, ...]
    services: tuple[Service, ...]
    psps: tuple[PspName, ...]
    account: Account = Account()
    least_reminded: Rials = 0

    def service(self, code: str) -> Service:
        """Find a chargeable service. Raises RuleBroken ``tariff.service_unknown``."""
        for service in self.services:
            if service.code == code:
                return service
        codes = ", ".join(service.code for service in self.services)
        raise RuleBroken(
            f"There is no such service; use one of: {codes}.", code="tariff.service_unknown"
        )

    def rials_of(self, unit: str, day: dt.date) -> Rials:
        """Tell how many rials one unit of money is. Raises RuleBroken ``money.not_in_force``: a
        new unit counts only from the day that a row of the book names (redenomination law of 1404).
        """
        row = _in_force((row for row in self.money if row.code == unit), day)
        if row is None:
            raise RuleBroken(
                f"{unit} is no unit of money on {day}: no row of the book puts it in force.",
                code="money.not_in_force",
            )
        return row.rials

    def vat_rate(self, vat_class: str, day: dt.date) -> int:
        """Tell the rate of value added tax in hundredths of a percent; 0 for what is exempt or
        zero. Raises RuleBroken ``vat.missing``.

        Source: the VAT act's rate, which each budget law may change.
        """
        if vat_class != "taxable":
            return 0
        row = _in_force(self.vat, day)
        if row is None:
            raise RuleBroken(f"The book has no rate of VAT for {day}.", code="vat.missing")
        return row.basis_points

    def round(self, rials: Rials, day: dt.date) -> tuple[Rials, Rounding]:
        """Round the sum of a bill by the rule of the day; applied once a bill, to its sum.

        Raises RuleBroken ``rounding.missing``.
        """
        rule = _in_force(self.rounding, day)
        if rule is None:
            raise RuleBroken(f"The book has no rounding for {day}.", code="rounding.missing")
        step, half = rule.to_rials, rule.to_rials // 2
        ways = {"up": -(-rials // step), "down": rials // step, "nearest": (rials + half) // step}
        return ways[rule.way] * step, rule

    def encoder(self, day: dt.date) -> Encoder:
        """The encoder of payment IDs that is in force on ``day``."""
        row = max((r for r in self.encoders if r.from_ <= day), key=lambda r: r.from_)
        return Encoder(row.from_, row.rials, row.digits)

    def season(self, month: int) -> str:
        """The season of a Jalali month, 1 to 12; ``*`` if the book names none."""
        return next((row.code for row in self.seasons if month in row.months), "*")

    def psp_name(self, code: str) -> PspName:
        """The names of a bank's gateway; its code where the book names none."""
        return next((row for row in self.psps if row.code == code), PspName(code, code, code))


def _in_force(rows: Iterable[Dated], day: dt.date) -> Dated | None:
    good = [row for row in rows if row.from_ <= day and (row.to is None or day <= row.to)]
    return max(good, key=lambda row: row.from_, default=None)
