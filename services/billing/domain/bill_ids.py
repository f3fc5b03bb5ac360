"""Bill ID and payment ID (شناسه قبض و شناسه پرداخت), as every bank in Iran takes them."""

import datetime as dt
from typing import Any, NamedTuple

from bus.errors import RuleBroken

WATER = 1
WIDTH = 13
SHORTEST = 6
MOST_FILE = 99_999_999


class Encoder(NamedTuple):
    """How amounts stand in a payment ID, from a day on: units of ``rials``, at most ``digits``.

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
    """What a bill ID and a payment ID say; the amount is in the encoder's units."""

    file: int
    company: int
    service: int
    units: int
    year_digit: int
    period: int


def digit(text: str) -> int:
    """The check digit of a row of digits: weights 2 to 7 from the right, modulo 11.

    >>> digit("205032760461")
    3
    """
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(text)))
    rest = total % 11
    return 0 if rest < 2 else 11 - rest  # noqa: PLR2004 - the rule's own number


def bill_id(file: int, company: int) -> str:
    """The bill ID of a water bill; ValueError if a part has too many digits.

    >>> bill_id(10002345, 461)
    '1000234546116'
    """
    if not (0 < file <= MOST_FILE and 0 < company < 1000):  # noqa: PLR2004 - three digits
        raise ValueError(f"no bill ID holds file {file} of company {company}")
    body = f"{file}{company:03}{WATER}"
    return f"{body}{digit(body)}"


def payment_id(bill: str, rials: int, day: dt.date, jalali: tuple[int, int], how: Encoder) -> str:
    """The payment ID of ``rials`` for a bill of the Jalali (year, period).

    RuleBroken ``bill.amount`` if the amount is no multiple of the unit or does not fit.
    """
    if day < how.from_:
        raise ValueError(f"the encoder of {how.from_} is not in force on {day}")
    if rials <= 0 or rials % how.rials or rials > how.most:
        raise RuleBroken(
            f"A bill is a multiple of {how.rials} rials and at most {how.most}; "
            "issue several bills, or let the rounding rule round it.",
            code="bill.amount",
            rials=rials,
        )
    year, period = jalali
    body = f"{rials // how.rials}{year % 10}{period:02}"
    first = f"{body}{digit(body)}"
    return f"{first}{digit(bill + first)}"


def read(bill: str, payment: str) -> Pair | None:
    """What the two IDs say together; None if a check digit is wrong or they belong to other bills.

    Zeros on the left, as they stand on paper, are dropped first.

    >>> read("2050327604613", "0001070189").units
    10
    """
    bill, payment = bill.lstrip("0"), payment.lstrip("0")
    for each in (bill, payment):
        if not (each.isascii() and each.isdigit() and SHORTEST <= len(each) <= WIDTH):
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
    """The 26 digits of a bill's barcode: both IDs with zeros on the left."""
    return bill.zfill(WIDTH) + payment.zfill(WIDTH)


def encoder(rows: list[dict[str, Any]], day: dt.date) -> Encoder:
    """The encoder that is in force on ``day``."""
    good = [Encoder(row["from"], row["rials"], row["digits"]) for row in rows if row["from"] <= day]
    return max(good, key=lambda each: each.from_)
