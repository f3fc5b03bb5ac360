"""Bill ID and payment ID (شناسه قبض و شناسه پرداخت), as every bank in Iran takes them."""

import datetime as dt
from typing import NamedTuple

from bus.errors import RuleBroken

WATER = 1
WIDTH = 13
SHORTEST = 6
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


class Pair(NamedTuple):
    """The parts of a bill ID and a payment ID; the amount is in the encoder's units."""

    file: int
    company: int
    service: int
    units: int
    year_digit: int
    period: int


def digit(text: str) -> int:
    """Reckon the check digit of a row of digits: weights 2 to 7 from the right, modulo 11.

    >>> digit("205032760461")
    3
    """
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(text)))
    rest = total % 11
    return 0 if rest < 2 else 11 - rest  # noqa: PLR2004 - the rule's own number


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


def read(bill: str, payment: str) -> Pair | None:
    """Read both IDs; None if a check digit is wrong or they belong to other bills.

    Zeros on the left, as they stand on paper, are dropped first.

    >>> read("2050327604613", "0001070189").units
    10
    """
    bill, payment = bill.lstrip("0"), payment.lstrip("0")
    for text in (bill, payment):
        if not (text.isascii() and text.isdigit() and SHORTEST <= len(text) <= WIDTH):
            return None
    good = (
        digit(bill[:-1]) == int(bill[-1])
        and digit(payment[:-2]) == int(payment[-2])
        and digit(bill + payment[:-1]) == int(payment[-1])
    )
    if not good:
        return None
    return Pair(
        file=int(bill[:-5]),
        company=int(bill[-5:-2]),
        service=int(bill[-2]),
        units=int(payment[:-5]),
        year_digit=int(payment[-5]),
        period=int(payment[-4:-2]),
    )


def barcode(bill: str, payment: str) -> str:
    """Make the 26 digits of a bill's barcode: both IDs with zeros on the left."""
    return bill.zfill(WIDTH) + payment.zfill(WIDTH)
