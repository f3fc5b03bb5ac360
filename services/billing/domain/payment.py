"""An attempt to pay at a bank's gateway: its states, and what a verified sum means."""

from typing import Literal

from bus.transitions import Transitions

PaymentState = Literal[
    "CREATED", "TOKENED", "REDIRECTED", "RETURNED", "VERIFYING", "VERIFIED", "SETTLED", "FAILED",
    "CANCELLED", "EXPIRED", "REVERSING", "REVERSED", "UNKNOWN",
]  # fmt: skip
PaymentAct = Literal[
    "create", "token", "redirect", "return", "cancel", "expire", "verify", "verified", "decline",
    "lose", "settle", "reverse", "reversed", "keep",
]  # fmt: skip
Outcome = Literal["paid", "suspended", "given_back"]
# Domain facts, section 10. What a browser says leads only to RETURNED and CANCELLED; only the
# bank's own answer leads to VERIFIED.
TRANSITIONS: Transitions[PaymentState, PaymentAct] = Transitions(
    code="payment.move",
    refusal="A payment that is {state} cannot take: {act}.",
    table={
        ("CREATED", "token"): "TOKENED",
        ("CREATED", "decline"): "FAILED",
        ("CREATED", "expire"): "EXPIRED",
        ("TOKENED", "redirect"): "REDIRECTED",
        ("TOKENED", "return"): "RETURNED",
        ("TOKENED", "expire"): "EXPIRED",
        ("REDIRECTED", "return"): "RETURNED",
        ("REDIRECTED", "cancel"): "CANCELLED",
        ("REDIRECTED", "verify"): "VERIFYING",
        ("REDIRECTED", "expire"): "EXPIRED",
        # A cancel may be said by anybody's browser; the bank's return of a payment still counts.
        ("CANCELLED", "return"): "RETURNED",
        ("CANCELLED", "verify"): "VERIFYING",
        ("EXPIRED", "return"): "RETURNED",
        ("RETURNED", "verify"): "VERIFYING",
        ("VERIFYING", "verified"): "VERIFIED",
        ("VERIFYING", "decline"): "FAILED",
        ("VERIFYING", "lose"): "UNKNOWN",
        ("UNKNOWN", "verify"): "VERIFYING",
        ("VERIFYING", "verify"): "VERIFYING",
        ("VERIFIED", "settle"): "SETTLED",
        ("VERIFIED", "decline"): "FAILED",
        ("VERIFIED", "reverse"): "REVERSING",
        ("REVERSING", "reversed"): "REVERSED",
        ("REVERSING", "keep"): "SETTLED",
    },
)
# Nothing more will happen to these by themselves; all others are swept until they end.
ENDED: frozenset[PaymentState] = frozenset(
    {"SETTLED", "FAILED", "CANCELLED", "EXPIRED", "REVERSED"}
)
# While an attempt is one of these, money may be on its way: no second attempt is begun.
MONEY_MAY_BE_TAKEN: frozenset[PaymentState] = frozenset(
    {"RETURNED", "VERIFYING", "UNKNOWN", "VERIFIED", "REVERSING"}
)


def mismatch(asked: tuple[int, int], told: tuple[int | None, int | None]) -> str | None:
    """What differs between (order, amount) as asked and as verified; None if all agrees.

    What a bank does not tell (None) is bound by its token.
    """
    for name, ours, theirs in zip(("order", "amount"), asked, told, strict=True):
        if theirs is not None and theirs != ours:
            return name
    return None
