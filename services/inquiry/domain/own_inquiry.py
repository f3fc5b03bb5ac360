"""The states of a person's own inquiry, and what ends each.

CHARGING: it was asked, and the Command ``billing.charge.v1`` is on its way or was refused. An event
of its bill ends this state, mostly ``billing.bill_issued.v1``. Where none comes for sixty days
(``own_unfinished`` of people/retention.toml) the inquiry is given up: it is ENDED, and who asked is
forgotten, unless a legal hold keeps it.

UNPAID: there is a bill. Only an event ends this state: ``bill_paid`` or
``bill_ended`` (waived, void or expired). Billing has a clock for the bill; there is none here.

ANSWERED: the answer was given. Nothing ends this state.

ENDED: the bill ended unpaid, or there never was one. A new bill of the treasury ends this state, or
a late payment, as long as the person's ID is kept (``own_ids`` of people/retention.toml, 30 days).
After that nothing does: a bill that comes then is not shown, and one that is paid then is counted
among the worries (``waits_for_refund`` of backlog.py), for the treasury owes the money.

One may stay CHARGING: where billing refuses to charge it (no tariff for its day, say), the Command
lies among the dead letters until somebody settles the reason and sends it again (a replay,
docs/operate.md). ``backlog.py`` counts it as ``waits_for_bill`` after an hour.
"""

from collections.abc import Mapping
from typing import Literal

OwnState = Literal["CHARGING", "UNPAID", "ANSWERED", "ENDED"]
# What billing announces of the bill; "give_up" is the clock of an inquiry that never had one.
OwnAct = Literal["bill", "settle", "end", "give_up"]

SETTLED, BILL_ENDED = ("PAID", "WAIVED"), ("VOID", "EXPIRED")

_AFTER: Mapping[OwnAct, OwnState] = {
    "bill": "UNPAID",
    "settle": "ANSWERED",
    "end": "ENDED",
    "give_up": "ENDED",
}


def act_of(bill_state: str) -> OwnAct:
    """The act that a bill's state means for its inquiry."""
    if bill_state in SETTLED:
        return "settle"
    return "end" if bill_state in BILL_ENDED else "bill"


def following(state: OwnState, act: OwnAct, *, is_forgotten: bool = False) -> OwnState | None:
    """The state after an act; None if it changes nothing. Where who asked ``is_forgotten``, nobody
    can be answered: a bill or a payment that comes then leaves it ENDED.

    No Transitions of bus/transitions.py, which refuses: an event that comes late is passed over.

    >>> following("CHARGING", "bill"), following("ANSWERED", "end")
    ('UNPAID', None)
    """
    if state == "ANSWERED":
        return None
    return "ENDED" if is_forgotten else _AFTER[act]
