"""The operational record: what became of calls, for operators and for the agencies themselves.

Its fields are those of X-Road's operational monitoring that say something here (docs/operate.md has
the table); nothing of what was asked or answered. Their owner is the team of services/agencies.
"""

from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Command, Request
from bus.messages.message import check, message
from bus.messages.values import Block, Instant

SIDES = ("client", "service")
OUTCOMES = ("done", "refused", "failed")
RECORDS_AT_ONCE = 200
Milliseconds = Annotated[int, whole(0, 2**53), "Since 1970, in milliseconds"]
Count = Annotated[int, whole(0, 2**53)]


@message
class CallRecord:
    """One call as one side saw it: the face that asked (``client``) or the service.

    It came in (``request_in``), went on (``request_out``), came back (``response_in``) and was
    answered (``response_out``). ``keys`` are digests of what its caller chose; ``source`` is what
    sent the message, ``together`` how many calls were worked on at once.
    """

    side: Annotated[str, Choice(SIDES)]
    part: Annotated[str, Text(40, least=0)]
    host: Annotated[str, Text(100, least=0)]
    source: Annotated[str, Text(100, least=0)]
    agency: Annotated[str | None, Text(64)]
    on_behalf_of: Annotated[str | None, Text(64)]
    contract: Annotated[str, Text(100)]
    method: Annotated[str | None, Text(10)]
    route: Annotated[str | None, Text(200)]
    message_id: Annotated[str | None, Text(64)]
    trace_id: Annotated[str, Text(32)]
    correlation: Annotated[str | None, Text(64)]
    keys: tuple[Annotated[str, Text(32)], ...]
    request_in: Milliseconds
    request_out: Annotated[int | None, whole(0, 2**53)]
    response_in: Annotated[int | None, whole(0, 2**53)]
    response_out: Milliseconds
    request_bytes: Count
    response_bytes: Count
    together: Count
    status: int | None
    outcome: Annotated[str, Choice(OUTCOMES)]
    code: Annotated[str | None, Text(60)]
    xroad: Annotated[Block | None, "How a call by X-Road named itself"] = None
    way: Annotated[
        str | None, Text(100), "How the asker was proven; signature, or oauth: and more"
    ] = None
    receipt: Annotated[str | None, Text(64), "The leaf that the answer promised"] = None


@message
class CallSum:
    """All calls of a minute by side, contract, agency and code (empty: none)."""

    minute: Milliseconds
    side: Annotated[str, Choice(SIDES)]
    contract: Annotated[str, Text(100)]
    agency: Annotated[str, Text(64, least=0)]
    code: Annotated[str, Text(60, least=0)]
    count: Count
    milliseconds: Annotated[int, whole(0, 2**53), "Of all of them together"]
    longest: Annotated[int, whole(0, 2**53), "Of the longest"]
    request_bytes: Count
    response_bytes: Count


@message
class NoteCalls:
    records: Annotated[
        tuple[CallRecord, ...],
        validate.Length(0, RECORDS_AT_ONCE, error="length|Too many at once."),
    ]
    sums: Annotated[
        tuple[CallSum, ...],
        validate.Length(0, RECORDS_AT_ONCE, error="length|Too many at once."),
    ]


@message
class CallsNoted:
    noted: int


@message
class FindCalls:
    """``id`` is any id of a call: of its message or trace, its key of idempotency, the tracking
    code of its answer. With ``both_sides`` the services' records come too, in the order of time.
    """

    id: Annotated[str | None, Text(255)] = None
    agency: Annotated[str | None, Text(64)] = None
    contract: Annotated[str | None, Text(100)] = None
    outcome: Annotated[str | None, Choice(OUTCOMES)] = None
    since: Instant | None = None
    until: Instant | None = None
    both_sides: bool = False
    before: Annotated[int | None, whole(1, 2**53), "next of the page before"] = None
    limit: Annotated[int, whole(1, 200)] = 50


@message
class FoundCall(CallRecord):
    seq: int


@message
class FoundCalls:
    records: tuple[FoundCall, ...]
    next: int | None


@message
class ReadRecords:
    """Calls that came in from ``since`` (inclusive) to ``until`` (exclusive)."""

    since: Instant | None = None
    until: Instant | None = None
    contract: Annotated[str | None, Text(100)] = None
    outcome: Annotated[str | None, Choice(OUTCOMES)] = None
    before: Annotated[int | None, whole(1, 2**53), "next of the page before"] = None
    limit: Annotated[int, whole(1, 200)] = 100

    @check
    def _in_order(self) -> None:
        if self.since and self.until and self.since >= self.until:
            raise ValidationError("order|since must be before until.", "until")


@message
class OwnRecord:
    """A call of yours, as the face saw it. ``message_id`` is the same for a repeat under the same
    Idempotency-Key; null if the call was refused before it was sent on.
    """

    at: Annotated[Instant, "When it came in"]
    contract: Annotated[str, Text(100)]
    on_behalf_of: Annotated[str | None, Text(64)]
    message_id: Annotated[str | None, Text(64)]
    trace_id: Annotated[str, Text(32)]
    request_in: Milliseconds
    request_out: Annotated[int | None, whole(0, 2**53)]
    response_in: Annotated[int | None, whole(0, 2**53)]
    response_out: Milliseconds
    request_bytes: Count
    response_bytes: Count
    status: int | None
    outcome: Annotated[str, Choice(OUTCOMES)]
    code: Annotated[str | None, Text(60)]
    way: Annotated[
        str | None,
        Text(100),
        "How you were proven: signature, or oauth:, how the token was bound and by what",
    ]
    receipt: Annotated[
        str | None,
        Text(64),
        "The Mirab-Receipt of the answer, or of the console's page that read it; null without one",
    ] = None


@message
class OwnRecords:
    records: tuple[OwnRecord, ...]
    next: int | None


READ_RECORDS = Request(
    "agencies.records.v1",
    ReadRecords,
    "Lists your own calls with their moments, sizes and outcomes, newest first; kept for 7 days.",
    reply=OwnRecords,
    effect=False,
    everyone=True,
)
FIND_CALLS = Request(
    "agencies.find_calls.v1",
    FindCalls,
    "Finds calls by an id, agency, contract, time and outcome, newest first; for operators.",
    reply=FoundCalls,
    effect=False,
    agency=False,
)
NOTE_CALLS = Request(
    "agencies.note_calls.v1",
    NoteCalls,
    "Records calls that faces have answered.",
    reply=CallsNoted,
    agency=False,
)
RECORD_CALLS = Command(
    "agencies.record_calls.v1", NoteCalls, "Records calls that services have worked on."
)
