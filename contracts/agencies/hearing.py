"""What agencies hear: the feed of events, and why they were refused.

Their owner is the team of services/agencies.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Text, whole
from bus.messages.kinds import Request
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Block, Instant, Tick

REFUSALS_AT_ONCE = 500


@message
class ReadFeed:
    after: Annotated[
        int | None,
        whole(0, 2**53),
        "The sequence of the last event that you know; if it is left "
        "out, the feed from its oldest event on",
    ] = None
    limit: Annotated[int, whole(1, 500)] = 100


@message(name="Heard")
class FeedEvent:
    """An event as CloudEvents 1.0 has it in JSON. ``sequence`` rises by one from event to event of
    an agency (CloudEvents, extension "sequence"); ``id`` is the same for all who hear it.
    """

    specversion: Annotated[str, Text(3)]
    id: Annotated[str, Text(255)]
    type: Annotated[str, Text(100), "The contract of the event"]
    source: Annotated[str, Text(255)]
    time: Instant
    subject: Annotated[str | None, Text(255), OPTIONAL] = None
    datacontenttype: Annotated[str, Text(50)]
    sequence: Annotated[str, Text(12), "A number, with leading zeros"]
    traceparent: Annotated[str | None, Text(55), OPTIONAL] = None
    data: Annotated[Block, "What its contract tells agencies"]


@message
class Feed:
    events: tuple[FeedEvent, ...]
    next: Annotated[int, "after of the next call; at once, if this was full"]
    oldest: Annotated[int, "The sequence from which on events are still kept"]


@message
class Refusal:
    """A request that the agency face has refused; nothing of its body.

    ``proven`` is false if only the key's id was told, which anybody can do.
    """

    at: Instant
    trace_id: Annotated[str, Text(32)]
    contract: Annotated[str | None, Text(100)]
    status: int
    code: Annotated[str, Text(60)]
    message: Annotated[str, Text(400), "What the code means"]
    key: Annotated[str | None, Text(64), "The id of your key"]
    proven: Tick


@message
class NotedRefusal(Refusal):
    agency: Annotated[str, Text(64)]


@message
class NoteRefusals:
    refusals: Annotated[
        tuple[NotedRefusal, ...],
        validate.Length(1, REFUSALS_AT_ONCE, error="length|Too many at once."),
    ]


@message
class Noted:
    noted: int


@message
class ReadRefusals:
    before: Annotated[int | None, whole(1, 2**53), "next of the page before"] = None
    limit: Annotated[int, whole(1, 200)] = 50


@message
class Refusals:
    refusals: tuple[Refusal, ...]
    next: int | None


FEED = Request(
    "agencies.feed.v1",
    ReadFeed,
    "Reads the events that you hear, in their order; kept for 30 days.",
    reply=Feed,
    effect=False,
    everyone=True,
)
REFUSALS = Request(
    "agencies.refusals.v1",
    ReadRefusals,
    "Lists your own requests that were refused, newest first; kept for 30 days.",
    reply=Refusals,
    effect=False,
    everyone=True,
)
NOTE_REFUSALS = Request(
    "agencies.note_refusals.v1",
    NoteRefusals,
    "Records whom the agency face has refused.",
    reply=Noted,
    agency=False,
)
