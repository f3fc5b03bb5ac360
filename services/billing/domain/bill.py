"""A bill's life: issued, then paid, waived, voided or expired; never edited."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bus.transitions import Transitions
from services.billing.domain.book import Book
from services.billing.domain.money import Rials

BillState = Literal["NEW", "ISSUED", "PAID", "WAIVED", "VOID", "EXPIRED"]
BillAct = Literal[
    "issue", "issue_zero", "pay", "waive", "void", "expire", "remind", "refund", "hold", "resume"
]
# Which reminder of its last day a bill has had.
Reminded = Literal["", "near", "overdue"]
# What is wrong is voided and issued anew (domain facts, section 9). NEW is before the first record.
TRANSITIONS: Transitions[BillState, BillAct] = Transitions(
    code="bill.move",
    refusal="A bill that is {state} cannot take: {act}. Read it again.",
    table={
        ("NEW", "issue"): "ISSUED",
        ("NEW", "issue_zero"): "PAID",
        ("ISSUED", "pay"): "PAID",
        ("ISSUED", "waive"): "WAIVED",
        ("ISSUED", "void"): "VOID",
        ("ISSUED", "expire"): "EXPIRED",
        ("ISSUED", "remind"): "ISSUED",
        ("ISSUED", "hold"): "ISSUED",
        ("ISSUED", "resume"): "ISSUED",
        ("PAID", "refund"): "PAID",
    },
)
# A source whose bills are all in one of these can be charged again.
ENDED: tuple[BillState, ...] = ("VOID", "EXPIRED")
# reason → (Persian, English)
REASONS = {
    "agency_exempt": ("معافیت دستگاه", "exempt agency"),
    "welfare": ("مددجوی نهادهای حمایتی", "welfare"),
    "disaster": ("حادثه یا بلای طبیعی", "disaster"),
    "error": ("اشتباه صدور", "mistake"),
    "other": ("دیگر", "other"),
}


@dataclass(frozen=True, slots=True)
class Waiver:
    """The part of a bill, in percent, that a decree lets its payer off."""

    reason: str
    reason_fa: str
    reason_en: str
    decree: str
    percent: int

    @classmethod
    def of(cls, reason: str, decree: str, percent: int) -> "Waiver":
        """A waiver with the names of its reason, a key of REASONS."""
        return cls(reason, *REASONS[reason], decree, percent)


class Due(NamedTuple):
    """Until when a bill is to be paid, and when it ends by itself (None: it stays a debt)."""

    due_on: dt.date
    expires_on: dt.date | None


class Division(NamedTuple):
    """A sum divided into what is left to pay and what is waived, in rials."""

    left: Rials
    waived: Rials


def due(issued_on: dt.date, due_days: int, expire_days: int | None) -> Due:
    """Reckon the last day to pay, and the day after which an unpaid bill ends."""
    return Due(
        issued_on + dt.timedelta(days=due_days),
        None if expire_days is None else issued_on + dt.timedelta(days=expire_days),
    )


def overdue(state: BillState, due_on: dt.date, today: dt.date) -> bool:
    """Tell whether a bill should have been paid by now; its last day counts in full."""
    return state == "ISSUED" and today > due_on


def after_waiver(book: Book, gross: Rials, waiver: Waiver | None, day: dt.date) -> Division:
    """Divide a sum by a waiver. What is left is rounded as every bill is, so that a payment ID
    can hold it, but never to more than the whole.
    """
    if waiver is None or not waiver.percent:
        return Division(gross, 0)
    left, _ = book.round(gross * (100 - waiver.percent) // 100, day)
    left = min(left, gross)
    return Division(left, gross - left)
