"""Bill ID and payment ID (شناسه قبض و شناسه پرداخت), as every bank in Iran takes them."""

import datetime as dt
from typing import NamedTuple

from bus.errors import RuleBroken
from iran.bill_ids import WIDTH, digit

WATER = 1
MOST_FILE = 99_999_999


class Encoder(NamedTuple):
    """How amounts stand in a payment ID from a day on: units of ``rials``, at most ``digits``.

    The redenomination law changes both, so they are a dated row and no constants.
    """

    from_: dt.date
    rials: int
    digits: int

    @property
    def most(self) -> int:
        """The largest amount that a payment ID can hold, in rials."""
        most: int = 10**self.digits - 1
        return most * self.rials


def bill_id(file: int, company: int) -> str:
    """Make the bill ID of a water bill. Raises ValueError if a part has too many digits.

    >>> bill_id(10002345, 461)
    '1000234546116'
    """
    if not (0 < file <= MOST_FILE and 0 < company < 1000):  # noqa: PLR2004 - three digits
        raise ValueError(f"no bill ID holds file {file} of company {company}")
    body = f"{file}{company:03}{WATER}"
    return f"{body}{digit(body)}"


def payment_id(
    bill: str, rials: int, day: dt.date, jalali: tuple[int, int], encoder: Encoder
) -> str:
    """Make the payment ID of ``rials`` for a bill of the Jalali (year, period).

    Raises RuleBroken ``bill.amount`` if the amount is no multiple of the unit or does not fit.
    """
    if day < encoder.from_:
        raise ValueError(f"the encoder of {encoder.from_} is not in force on {day}")
    if rials <= 0 or rials % encoder.rials or rials > encoder.most:
        raise RuleBroken(
            f"A bill is a multiple of {encoder.rials} rials and at most {encoder.most}; "
            "issue several bills, or let the rounding rule round it.",
            code="bill.amount",
            rials=rials,
        )
    year, period = jalali
    body = f"{rials // encoder.rials}{year % 10}{period:02}"
    first = f"{body}{digit(body)}"
    return f"{first}{digit(bill + first)}"


def barcode(bill: str, payment: str) -> str:
    """Make the 26 digits of a bill's barcode: both IDs with zeros on the left."""
    return bill.zfill(WIDTH) + payment.zfill(WIDTH)
