"""Calls that are answered later (Prefer: respond-async): kept, run, settled, cancelled.

Their owner is the team of services/agencies.
"""

from marshmallow import Schema, fields

from bus.fields import Block, Choice, Instant, Text, uuid_text, whole
from bus.kinds import Request
from contracts.notify.bulk import id_of

ENDS = ("DONE", "REFUSED", "FAILED")
CALL_STATES = ("ACCEPTED", "RUNNING", *ENDS, "CANCELLED")
CLAIMED_AT_ONCE = 100


class CallOf(Schema):
    id = id_of("The call's ID, the last part of its Location")


class Call(Schema):
    """A call and its state. ``REFUSED``: as a synchronous call would have been; ``FAILED``: it
    could not be run in its hour, or it failed with us.
    """

    id = uuid_text(required=True)
    contract = Text(100, required=True)
    state = Choice(CALL_STATES, required=True)
    made_at = Instant(required=True)
    settled_at = Instant(required=True, allow_none=True)


class CallWithAnswer(Call):
    """``result`` is what the contract answers, ``problem`` what the call was refused with."""

    result = Block(required=True, allow_none=True, metadata={"personal": True})
    problem = Block(required=True, allow_none=True)


class ReadCalls(Schema):
    states = fields.List(Choice(CALL_STATES), load_default=list)
    before = whole(
        1, 2**53, load_default=None, allow_none=True,
        metadata={"description": "next of the page before"},
    )  # fmt: skip
    limit = whole(1, 200, load_default=50)


class Calls(Schema):
    calls = fields.List(fields.Nested(Call), required=True)
    next = fields.Integer(required=True, allow_none=True)


class Defer(Schema):
    """The id of this message is the call's, and that of the message by which it will be run; who
    asks stands on the envelope.
    """

    contract = Text(100, required=True)
    data = Block(required=True, metadata={"personal": True})
    call_back = fields.Boolean(required=True)


class ClaimCalls(Schema):
    limit = whole(1, CLAIMED_AT_ONCE, required=True)


class ClaimedCall(Schema):
    """A call to run before the lease of this claim ends; ``data`` is null if it cannot be read."""

    id = uuid_text(required=True)
    contract = Text(100, required=True)
    data = Block(required=True, allow_none=True, metadata={"personal": True})
    caller = Block(required=True)
    traceparent = Text(55, required=True)
    tries = fields.Integer(required=True)
    until = Instant(required=True)


class ClaimedCalls(Schema):
    calls = fields.List(fields.Nested(ClaimedCall), required=True)


class SettleCall(CallOf):
    """What became of the try of that number; after ``AGAIN`` it is claimed again, or its time is
    over and it has FAILED with this problem.
    """

    tries = whole(1, 10**6, required=True)
    state = Choice((*ENDS, "AGAIN"), required=True)
    result = Block(load_default=None, allow_none=True, metadata={"personal": True})
    problem = Block(load_default=None, allow_none=True)


class Settled(Schema):
    state = Choice(CALL_STATES, required=True)


READ_CALL = Request(
    "agencies.call.v1",
    CallOf(),
    "Tells the state of a call that is answered later, and its answer; kept for 30 days.",
    reply=CallWithAnswer(),
    effect=False,
    everyone=True,
)
READ_CALLS = Request(
    "agencies.calls.v1",
    ReadCalls(),
    "Lists your calls that are answered later, newest first.",
    reply=Calls(),
    effect=False,
    everyone=True,
)
CANCEL_CALL = Request(
    "agencies.cancel_call.v1",
    CallOf(),
    "Cancels a call that is answered later, as long as no work on it has begun.",
    reply=Call(),
    everyone=True,
)
DEFER = Request(
    "agencies.defer.v1",
    Defer(),
    "Keeps a call for the agency face, which runs it later.",
    reply=Call(),
    agency=False,
)
# Without effect for the inbox, which would keep what the reply tells of people: a claim whose reply
# was lost ends by itself, and what was settled is not settled again.
CLAIM_CALLS = Request(
    "agencies.claim_calls.v1",
    ClaimCalls(),
    "Gives an agency face the calls that are due, to run them.",
    reply=ClaimedCalls(),
    effect=False,
    agency=False,
)
SETTLE_CALL = Request(
    "agencies.settle_call.v1",
    SettleCall(),
    "Records what became of a call that an agency face has claimed.",
    reply=Settled(),
    effect=False,
    agency=False,
)
