"""The book of proofs that were taken, for agency faces that share no folder.

Their owner is the team of services/agencies.
"""

from typing import Annotated

from bus.messages.fields import Pattern, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import message

LONGEST = 7200


@message
class TakeProof:
    """``mark`` is a hash of kind, key and nonce; ``seconds`` is how long it is remembered."""

    mark: Annotated[str, Text(32), Pattern("^[0-9a-f]{32}$", "format|Give 32 hexadecimal digits.")]
    seconds: Annotated[int, whole(1, LONGEST)]


@message
class ProofTaken:
    """``first`` is false if another message took the same mark before."""

    first: bool


# The inbox need not remember it: a message that comes again is the one that took its mark.
TAKE_PROOF = Request(
    "agencies.take_proof.v1",
    TakeProof,
    "Takes a proof for used, so that no other face accepts it.",
    reply=ProofTaken,
    effect=False,
    agency=False,
    deadline=5.0,
)


@message
class AskProof:
    """``mark`` as ``TakeProof`` has it; that of a token is taken when the token is revoked."""

    mark: Annotated[str, Text(32), Pattern("^[0-9a-f]{32}$", "format|Give 32 hexadecimal digits.")]


@message
class ProofState:
    is_used: bool


PROOF_STATE = Request(
    "agencies.proof_state.v1",
    AskProof,
    "Reads whether a proof was taken or a token revoked.",
    reply=ProofState,
    effect=False,
    agency=False,
    deadline=5.0,
)
