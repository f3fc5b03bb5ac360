"""The states of a proposal to change the register, and the acts that lead from one to another."""

from typing import Literal

from bus.transitions import Transitions

ProposalState = Literal["DRAFT", "APPROVED", "REFUSED", "WITHDRAWN"]
ProposalAct = Literal["approve", "refuse", "withdraw"]

TRANSITIONS: Transitions[ProposalState, ProposalAct] = Transitions(
    code="change.move",
    refusal="This proposal is {state}; read it again.",
    table={
        ("DRAFT", "approve"): "APPROVED",
        ("DRAFT", "refuse"): "REFUSED",
        ("DRAFT", "withdraw"): "WITHDRAWN",
    },
    details=("state",),
)
