"""What kind of code somebody has typed, by its form and its check digits; pure."""

import re
from typing import NamedTuple

from iran import bill_ids
from iran.persian import Malformed, fold_code, ungrouped_code
from people import tracking

# The end of the address of a link in our e-mails: the code, and a key of 22 letters.
LINK = re.compile(r"([0-9]{10})([A-Za-z0-9_-]{22})")
_LINK_IN_TEXT = re.compile(r"/l/([0-9]{10}[A-Za-z0-9_-]{22})\b")
_QUESTION_IN_TEXT = re.compile(r"/contact/follow-up/([0-9]{16})\b")
# A code of an answer to an inquiry: Q names it, V proves it (services/inquiry/domain/codes.py).
_OF_ANSWER = re.compile(r"[QV]-?[2-9A-Z-]{12,30}", re.IGNORECASE)
BARCODE = 2 * bill_ids.WIDTH


class Lead(NamedTuple):
    """Where a code leads: the address, or (``proof``) the door that tries code and secret."""

    address: str = ""
    proof: bool = False


class Fault(NamedTuple):
    """What is wrong: the field, and the code of its sentence."""

    field: str
    text: str


def lead_of(code: str, secret: str) -> Lead | list[Fault]:
    """Tell what was typed: a code with its secret, both IDs of a bill, the 26 digits of its
    barcode, a link of ours, the number of a question weeks after the end, or the code of an answer;
    else what is wrong with it.

    >>> lead_of("۱۰۰۰۲۳۴۵۴۶۱۱۶", "175050929").address
    '/bills/1000234546116/175050929'
    >>> lead_of("10002345461160000175050929", "").address
    '/bills/1000234546116/175050929'
    >>> lead_of("۱۲۳۴ ۵۶۷۸ ۹۰۱۲ ۳۴۵۶", "").address
    '/contact/follow-up/1234567890123456'
    >>> lead_of("1000234546116", "")
    [Fault(field='secret', text='bill.payment_id')]
    >>> lead_of("5720000002", "1234")
    [Fault(field='code', text='tracking_code.check_digit')]
    """
    if link := _LINK_IN_TEXT.search(fold_code(code)):
        return Lead(f"/l/{link[1]}")
    if number := _question_number(code):
        return Lead(f"/contact/follow-up/{number}")
    if _OF_ANSWER.fullmatch(fold_code(code)):
        return Lead(f"/v1/verify/{fold_code(code).upper()}")
    digits, second = ungrouped_code(code), ungrouped_code(secret)
    if digits.isascii() and digits.isdigit() and len(digits) == BARCODE:
        return _of_bill(*bill_ids.of_barcode(digits))
    if bill_ids.read(digits, second):
        return _of_bill(digits, second)
    return _of_tracking(digits, second)


def _question_number(code: str) -> str | None:
    """The number of a question, alone or in its link; None if it is something else."""
    link = _QUESTION_IN_TEXT.search(fold_code(code))
    try:
        return tracking.parse_follow_up(link[1] if link else code)
    except Malformed:
        return None


def _of_bill(bill: str, payment: str) -> Lead | list[Fault]:
    if bill_ids.read(bill, payment) is None:
        return [Fault("code", "bill.not_found")]
    return Lead(f"/bills/{bill.lstrip('0')}/{payment.lstrip('0')}")


def _of_tracking(digits: str, second: str) -> Lead | list[Fault]:
    wrong = _tracking_fault(digits)
    if wrong and bill_ids.is_bill_id(digits):
        return [Fault("secret", "bill.payment_id")]
    faults = [wrong] if wrong else []
    if not second:
        faults.append(Fault("secret", "required"))
    return faults or Lead(proof=True)


def _tracking_fault(digits: str) -> Fault | None:
    if not digits:
        return Fault("code", "required")
    try:
        tracking.parse(digits)
    except Malformed as error:
        return Fault("code", error.code)
    return None
