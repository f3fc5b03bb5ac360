"""An attempt to pay at a bank's gateway: its states, and what a verified sum means."""

from bus.errors import RuleBroken

# (state, act) → state; domain facts, section 10. A browser's word moves nothing but RETURNED and
# CANCELLED; only the bank's own answer makes VERIFIED.
MOVES = {
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
}
STATES = tuple(dict.fromkeys(["CREATED", *MOVES.values()]))
# Nothing more will happen to these by themselves; all others are swept until they end.
ENDED = frozenset({"SETTLED", "FAILED", "CANCELLED", "EXPIRED", "REVERSED"})
# While an attempt is one of these, money may be on its way: no second attempt is begun.
MONEY_MAY_BE_TAKEN = frozenset({"RETURNED", "VERIFYING", "UNKNOWN", "VERIFIED", "REVERSING"})


def moved(state: str, act: str) -> str:
    """The state after an act. RuleBroken ``payment.move`` for any move that is not in the table."""
    to = MOVES.get((state, act))
    if to is None:
        raise RuleBroken(
            f"A payment that is {state} cannot take: {act}.",
            code="payment.move",
            state=state,
            act=act,
        )
    return to


def mismatch(asked: tuple[int, int], told: tuple[int | None, int | None]) -> str | None:
    """What differs between (order, amount) as asked and as verified; None if all agrees.

    What a bank does not tell (None) is bound by its token.
    """
    for name, ours, theirs in zip(("order", "amount"), asked, told, strict=True):
        if theirs is not None and theirs != ours:
            return name
    return None
