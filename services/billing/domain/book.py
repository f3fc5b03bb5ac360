"""The book of the treasury: issuer, services, units of money, VAT, roundings, as dated rows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bus.errors import RuleBroken
from services.billing.domain.bill_ids import Encoder, encoder

Row = Mapping[str, Any]
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Book:
    """One version of the book; every rule that has dates is asked with a day (in Iran)."""

    version: int
    told: Mapping[str, Any]

    @property
    def issuer(self) -> Row:
        """Name, company digits of bill IDs, Sheba, legal ID."""
        row: Row = self.told["issuer"]
        return row

    def service(self, code: str) -> Row:
        """A chargeable service. RuleBroken ``tariff.service_unknown``."""
        for row in self.told["services"]:
            if row["code"] == code:
                found: Row = row
                return found
        known = ", ".join(row["code"] for row in self.told["services"])
        raise RuleBroken(
            f"There is no such service; use one of: {known}.", code="tariff.service_unknown"
        )

    def rials_of(self, unit: str, day: dt.date) -> int:
        """How many rials one unit of money is. RuleBroken ``money.not_in_force``: a new unit counts
        only from the day on that a row of the book names (redenomination law of 1404).
        """
        rows = [row for row in self.told["money"] if row["code"] == unit]
        row = _in_force(rows, day)
        if row is None:
            raise RuleBroken(
                f"{unit} is no unit of money on {day}: no row of the book puts it in force.",
                code="money.not_in_force",
            )
        return int(row["rials"])

    def vat(self, vat_class: str, day: dt.date) -> int:
        """The rate of value added tax in hundredths of a percent; 0 for what is exempt or zero.

        Source: the VAT act's rate, which each budget law may change.
        """
        if vat_class != "taxable":
            return 0
        row = _in_force(self.told["vat"], day)
        if row is None:
            raise RuleBroken(f"The book has no rate of VAT for {day}.", code="vat.missing")
        return int(row["basis_points"])

    def round(self, rials: int, day: dt.date) -> tuple[int, Row]:
        """The sum of a bill as it is asked for, and the rule; applied once a bill, to its sum."""
        rule = _in_force(self.told["rounding"], day)
        if rule is None:
            raise RuleBroken(f"The book has no rounding for {day}.", code="rounding.missing")
        step, half = int(rule["to_rials"]), int(rule["to_rials"]) // 2
        ways = {"up": -(-rials // step), "down": rials // step, "nearest": (rials + half) // step}
        return ways[rule["way"]] * step, rule

    def encoder(self, day: dt.date) -> Encoder:
        """How amounts stand in payment IDs on ``day``."""
        return encoder(list(self.told["encoders"]), day)

    def season(self, month: int) -> str:
        """The season of a Jalali month, 1 to 12."""
        for row in self.told["seasons"]:
            if month in row["months"]:
                return str(row["code"])
        return "*"


def _in_force(rows: Sequence[Row], day: dt.date) -> Row | None:
    good = [row for row in rows if row["from"] <= day and (not row["to"] or day <= row["to"])]
    return max(good, key=lambda row: row["from"], default=None)


def half_up(amount: Fraction) -> int:
    """Whole rials; a half goes up."""
    return int((amount + HALF) // 1)
