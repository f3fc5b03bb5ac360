"""A bill's life: issued, then paid, waived, voided or expired; never edited."""

import datetime as dt
from typing import NamedTuple

from bus.errors import RuleBroken

STATES = ("ISSUED", "PAID", "WAIVED", "VOID", "EXPIRED")
# (state, act) → state. What is wrong is voided and issued anew (domain facts, section 9).
MOVES = {
    ("NEW", "issue"): "ISSUED",
    ("NEW", "issue_zero"): "PAID",
    ("ISSUED", "pay"): "PAID",
    ("ISSUED", "waive"): "WAIVED",
    ("ISSUED", "void"): "VOID",
    ("ISSUED", "expire"): "EXPIRED",
    ("ISSUED", "remind"): "ISSUED",
    ("PAID", "refund"): "PAID",
}


class Due(NamedTuple):
    """Until when a bill is to be paid, and when it ends by itself (None: it stays a debt)."""

    due_on: dt.date
    expires_on: dt.date | None


def moved(state: str, act: str) -> str:
    """The state after an act. RuleBroken ``bill.move`` if the bill cannot take it."""
    to = MOVES.get((state, act))
    if to is None:
        raise RuleBroken(
            f"A bill that is {state} cannot take: {act}. Read it again.",
            code="bill.move",
            state=state,
            act=act,
        )
    return to


def due(issued_on: dt.date, due_days: int, expire_days: int | None) -> Due:
    """The last day to pay, and the day after which an unpaid bill is no more."""
    return Due(
        issued_on + dt.timedelta(days=due_days),
        None if expire_days is None else issued_on + dt.timedelta(days=expire_days),
    )


def overdue(state: str, due_on: dt.date, today: dt.date) -> bool:
    """True for a bill that should have been paid by now; its last day counts in full."""
    return state == "ISSUED" and today > due_on
