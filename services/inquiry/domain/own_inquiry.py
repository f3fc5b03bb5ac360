"""The states of a person's own inquiry, and what ends each.

CHARGING: it was asked, and the Command ``billing.charge.v1`` is on its way or was refused. Only an
event of its bill ends this state, mostly ``billing.bill_issued.v1``.

UNPAID: there is a bill. Only an event ends this state: ``bill_paid`` or
``bill_ended`` (waived, void or expired). Billing has a clock for the bill; there is none here.

ANSWERED: the answer was given. Nothing ends this state.

ENDED: the bill ended unpaid. A new bill of the treasury ends this state, or a late payment, which
is answered as long as the person's ID is kept (``own_ids`` of people/retention.toml, 30 days).

No clock moves an inquiry, so that one may stay CHARGING: where billing refuses to charge it (no
tariff for its day, say), the Command lies among the dead letters until somebody settles the reason
and sends it again (a replay, docs/operate.md). ``backlog.py`` counts it as ``waits_for_bill`` after
an hour.
"""

from collections.abc import Mapping
from typing import Literal

OwnState = Literal["CHARGING", "UNPAID", "ANSWERED", "ENDED"]
# What billing announces of the bill; ``settle_forgotten`` is a payment after the ID was emptied.
OwnAct = Literal["bill", "settle", "settle_forgotten", "end"]

SETTLED, BILL_ENDED = ("PAID", "WAIVED"), ("VOID", "EXPIRED")

_AFTER: Mapping[OwnAct, OwnState] = {
    "bill": "UNPAID",
    "settle": "ANSWERED",
    "settle_forgotten": "ENDED",
    "end": "ENDED",
}


def act_of(bill_state: str, *, is_forgotten: bool) -> OwnAct:
    """The act that a bill's state means for its inquiry."""
    if bill_state in SETTLED:
        return "settle_forgotten" if is_forgotten else "settle"
    return "end" if bill_state in BILL_ENDED else "bill"


def following(state: OwnState, act: OwnAct) -> OwnState | None:
    """The state after an act; None if it changes nothing.

    No Transitions of bus/transitions.py, which refuses: an event that comes late is passed over.

    >>> following("CHARGING", "bill"), following("ANSWERED", "end")
    ('UNPAID', None)
    """
    return None if state == "ANSWERED" else _AFTER[act]
