"""What agencies hear: the feed of events, and why they were refused.

Their owner is the team of services/agencies.
"""

from marshmallow import Schema, fields, validate

from bus.fields import Block, Instant, Text, code_text, whole
from bus.kinds import Request

REFUSALS_AT_ONCE = 500


class ReadFeed(Schema):
    after = whole(
        0, 2**53, load_default=None, allow_none=True,
        metadata={"description": "The sequence of the last event that you know; if it is left "
                                 "out, the feed from its oldest event on"},
    )  # fmt: skip
    limit = whole(1, 500, load_default=100)


class Heard(Schema):
    """An event as CloudEvents 1.0 has it in JSON. ``sequence`` rises by one from event to event of
    an agency (CloudEvents, extension "sequence"); ``id`` is the same for all who hear it.
    """

    specversion = Text(3, required=True)
    id = Text(255, required=True)
    type = Text(100, required=True, metadata={"description": "The contract of the event"})
    source = Text(255, required=True)
    time = Instant(required=True)
    subject = Text(255)
    datacontenttype = Text(50, required=True)
    sequence = Text(12, required=True, metadata={"description": "A number, with leading zeros"})
    traceparent = Text(55)
    data = Block(required=True, metadata={"description": "What its contract tells agencies"})


class Feed(Schema):
    events = fields.List(fields.Nested(Heard), required=True)
    next = fields.Integer(
        required=True, metadata={"description": "after of the next call; at once, if this was full"}
    )
    oldest = fields.Integer(
        required=True, metadata={"description": "The sequence from which on events are still kept"}
    )


class Refusal(Schema):
    """A request that the agency face has refused; nothing of its body.

    ``proven`` is false if only the key's id was told, which anybody can do.
    """

    at = Instant(required=True)
    trace_id = Text(32, required=True)
    contract = Text(100, required=True, allow_none=True)
    status = fields.Integer(required=True)
    code = Text(60, required=True)
    message = Text(400, required=True, metadata={"description": "What the code means"})
    key = Text(64, required=True, allow_none=True, metadata={"description": "The id of your key"})
    proven = fields.Boolean(required=True)


class NotedRefusal(Refusal):
    agency = code_text(64, required=True)


class NoteRefusals(Schema):
    refusals = fields.List(
        fields.Nested(NotedRefusal),
        required=True,
        validate=validate.Length(1, REFUSALS_AT_ONCE, error="length|Too many at once."),
    )


class Noted(Schema):
    noted = fields.Integer(required=True)


class ReadRefusals(Schema):
    before = whole(
        1, 2**53, load_default=None, allow_none=True,
        metadata={"description": "next of the page before"},
    )  # fmt: skip
    limit = whole(1, 200, load_default=50)


class Refusals(Schema):
    refusals = fields.List(fields.Nested(Refusal), required=True)
    next = fields.Integer(required=True, allow_none=True)


FEED = Request(
    "agencies.feed.v1",
    ReadFeed(),
    "Reads the events that you hear, in their order; kept for 30 days.",
    reply=Feed(),
    effect=False,
    everyone=True,
)
REFUSALS = Request(
    "agencies.refusals.v1",
    ReadRefusals(),
    "Lists your own requests that were refused, newest first; kept for 30 days.",
    reply=Refusals(),
    effect=False,
    everyone=True,
)
NOTE_REFUSALS = Request(
    "agencies.note_refusals.v1",
    NoteRefusals(),
    "Records whom the agency face has refused.",
    reply=Noted(),
    agency=False,
)
