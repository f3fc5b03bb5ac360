"""Calls that are answered later (Prefer: respond-async): kept, run, settled, cancelled.

Their owner is the team of services/agencies.
"""

from typing import Annotated

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import PERSONAL, message
from bus.messages.values import Block, Instant, Tick, Uuid
from contracts.notify.bulk import CanonicalUuid

ENDS = ("DONE", "REFUSED", "FAILED")
CALL_STATES = ("ACCEPTED", "RUNNING", *ENDS, "CANCELLED")
CLAIMED_AT_ONCE = 100


@message
class CallOf:
    id: Annotated[CanonicalUuid, "The call's ID, the last part of its Location"]


@message
class Call:
    """A call and its state. ``REFUSED``: as a synchronous call would have been; ``FAILED``: it
    could not be run in its hour, or it failed with us.
    """

    id: Uuid
    contract: Annotated[str, Text(100)]
    state: Annotated[str, Choice(CALL_STATES)]
    made_at: Instant
    settled_at: Instant | None


@message
class CallWithAnswer(Call):
    """``result`` is what the contract answers, ``problem`` what the call was refused with."""

    result: Annotated[Block | None, PERSONAL]
    problem: Block | None


@message
class ReadCalls:
    states: tuple[Annotated[str, Choice(CALL_STATES)], ...] = ()
    before: Annotated[int | None, whole(1, 2**53), "next of the page before"] = None
    limit: Annotated[int, whole(1, 200)] = 50


@message
class Calls:
    calls: tuple[Call, ...]
    next: int | None


@message
class Defer:
    """The id of this message is the call's, and that of the message by which it will be run; who
    asks stands on the envelope.
    """

    contract: Annotated[str, Text(100)]
    data: Annotated[Block, PERSONAL]
    call_back: Tick


@message
class ClaimCalls:
    limit: Annotated[int, whole(1, CLAIMED_AT_ONCE)]


@message
class ClaimedCall:
    """A call to run before the lease of this claim ends; ``data`` is null if it cannot be read."""

    id: Uuid
    contract: Annotated[str, Text(100)]
    data: Annotated[Block | None, PERSONAL]
    caller: Block
    traceparent: Annotated[str, Text(55)]
    tries: int
    until: Instant


@message
class ClaimedCalls:
    calls: tuple[ClaimedCall, ...]


@message
class SettleCall(CallOf):
    """What became of the try of that number; after ``AGAIN`` it is claimed again, or its time is
    over and it has FAILED with this problem. ``has_leaf``: a service has made the leaf of this end.
    """

    tries: Annotated[int, whole(1, 10**6)]
    state: Annotated[str, Choice((*ENDS, "AGAIN"))]
    result: Annotated[Block | None, PERSONAL] = None
    problem: Block | None = None
    has_leaf: Tick = False


@message
class Settled:
    state: Annotated[str, Choice(CALL_STATES)]


READ_CALL = Request(
    "agencies.call.v1",
    CallOf,
    "Tells the state of a call that is answered later, and its answer; kept for 30 days.",
    reply=CallWithAnswer,
    effect=False,
    everyone=True,
)
READ_CALLS = Request(
    "agencies.calls.v1",
    ReadCalls,
    "Lists your calls that are answered later, newest first.",
    reply=Calls,
    effect=False,
    everyone=True,
)
CANCEL_CALL = Request(
    "agencies.cancel_call.v1",
    CallOf,
    "Cancels a call that is answered later, as long as no work on it has begun.",
    reply=Call,
    everyone=True,
)
DEFER = Request(
    "agencies.defer.v1",
    Defer,
    "Keeps a call for the agency face, which runs it later.",
    reply=Call,
    agency=False,
)
# Without effect for the inbox, which would keep what the reply tells of people: a claim whose reply
# was lost ends by itself, and what was settled is not settled again.
CLAIM_CALLS = Request(
    "agencies.claim_calls.v1",
    ClaimCalls,
    "Gives an agency face the calls that are due, to run them.",
    reply=ClaimedCalls,
    effect=False,
    agency=False,
)
SETTLE_CALL = Request(
    "agencies.settle_call.v1",
    SettleCall,
    "Records what became of a call that an agency face has claimed.",
    reply=Settled,
    effect=False,
    agency=False,
)
