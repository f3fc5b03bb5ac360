"""An attempt to pay at a bank's gateway: its states, and the check of a verified sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bus.transitions import Transitions
from services.billing.domain.money import Rials

PaymentState = Literal[
    "CREATED",
    "TOKENED",
    "REDIRECTED",
    "RETURNED",
    "VERIFYING",
    "VERIFIED",
    "SETTLED",
    "FAILED",
    "CANCELLED",
    "EXPIRED",
    "REVERSING",
    "REVERSED",
    "UNKNOWN",
]
PaymentAct = Literal[
    "create",
    "token",
    "redirect",
    "return",
    "cancel",
    "expire",
    "verify",
    "verified",
    "decline",
    "lose",
    "settle",
    "reverse",
    "reversed",
    "keep",
]
# Where the money of an attempt ended.
Outcome = Literal["paid", "suspended", "given_back"]
ExceptionKind = Literal[
    "amount_differs",
    "paid_twice",
    "bill_ended",
    "bill_unknown",
    "reversed_by_bank",
    "not_in_file",
    "not_in_ledger",
    "ref_reused",
    "account_unknown",
    "account_twice",
    "account_surplus",
    "account_short",
    "account_missing",
    "account_debit",
]
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
# Nothing more happens to these by itself; all others are swept until they end.
ENDED: frozenset[PaymentState] = frozenset(
    {"SETTLED", "FAILED", "CANCELLED", "EXPIRED", "REVERSED"}
)
# While an attempt is one of these, money may be on its way: no second attempt is begun.
MONEY_MAY_BE_TAKEN: frozenset[PaymentState] = frozenset(
    {"RETURNED", "VERIFYING", "UNKNOWN", "VERIFIED", "REVERSING"}
)
# The payer is to go to the bank, or may be there.
AT_THE_BANK: frozenset[PaymentState] = frozenset({"CREATED", "TOKENED", "REDIRECTED"})


@dataclass(frozen=True, slots=True)
class PayerRedirect:
    """Where the payer's browser goes to pay, as an attempt keeps it."""

    method: Literal["GET", "POST"]
    url: str
    fields: Mapping[str, str]


class Sum(NamedTuple):
    """The number of an order and its amount in rials; None where a bank does not say it."""

    order_id: int | None
    amount: Rials | None


def agrees(expected: Sum, verified: Sum) -> bool:
    """Tell whether a verified sum is the expected one; a token binds what a bank does not say."""
    pairs = zip(expected, verified, strict=True)
    return all(theirs is None or theirs == ours for ours, theirs in pairs)
