"""A bill's life: issued, then paid, waived, voided or expired; never edited."""

import datetime as dt
from typing import Literal, NamedTuple

from bus.transitions import Transitions

BillState = Literal["NEW", "ISSUED", "PAID", "WAIVED", "VOID", "EXPIRED"]
BillAct = Literal["issue", "issue_zero", "pay", "waive", "void", "expire", "remind", "refund"]
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
        ("PAID", "refund"): "PAID",
    },
)


class Due(NamedTuple):
    """Until when a bill is to be paid, and when it ends by itself (None: it stays a debt)."""

    due_on: dt.date
    expires_on: dt.date | None


def due(issued_on: dt.date, due_days: int, expire_days: int | None) -> Due:
    """Reckon the last day to pay, and the day after which an unpaid bill ends."""
    return Due(
        issued_on + dt.timedelta(days=due_days),
        None if expire_days is None else issued_on + dt.timedelta(days=expire_days),
    )


def overdue(state: BillState, due_on: dt.date, today: dt.date) -> bool:
    """Tell whether a bill should have been paid by now; its last day counts in full."""
    return state == "ISSUED" and today > due_on
