"""Check digits of bill ID and payment ID (شناسه قبض و شناسه پرداخت), as every bank reads them."""

from typing import NamedTuple

WIDTH = 13
SHORTEST = 6


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


def is_bill_id(text: str) -> bool:
    """Tell whether these digits are a bill ID, by length and check digit.

    >>> is_bill_id("1000234546116"), is_bill_id("1000234546117")
    (True, False)
    """
    text = text.lstrip("0")
    return _is_row_of_digits(text) and digit(text[:-1]) == int(text[-1])


def _is_row_of_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and SHORTEST <= len(text) <= WIDTH


def read(bill: str, payment: str) -> Pair | None:
    """Read both IDs; None if a check digit is wrong or they belong to other bills.

    Zeros on the left, as they stand on paper, are dropped first.

    >>> read("2050327604613", "0001070189").units
    10
    """
    bill, payment = bill.lstrip("0"), payment.lstrip("0")
    good = (
        is_bill_id(bill)
        and _is_row_of_digits(payment)
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


def of_barcode(digits: str) -> tuple[str, str]:
    """Return bill ID and payment ID of the 26 digits of a bill's barcode.

    >>> of_barcode("10002345461160000175050929")
    ('1000234546116', '175050929')
    """
    return digits[:WIDTH].lstrip("0"), digits[WIDTH:].lstrip("0")
