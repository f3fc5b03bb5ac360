"""What an approver decided, told to the editor who proposed it."""

from typing import NamedTuple

from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from services.notify.context import Context


class Proposal(NamedTuple):
    """What was proposed: its matter, its number there, by whom, and what people call it."""

    matter: str
    number: str
    proposer: str
    name: str = ""


def tell(
    context: Context,
    proposal: Proposal,
    decider: str,
    *,
    accepted: bool,
    reason: str | None = None,
) -> None:
    """Tell the proposer, by the desk."""
    outcome = TellProposer(
        proposer=proposal.proposer,
        decider=decider,
        matter=proposal.matter,
        number=proposal.number,
        name=proposal.name,
        accepted=accepted,
        why=reason,
    )
    context.tx.send(TELL_PROPOSER, outcome)
