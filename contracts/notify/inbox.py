"""Inboxes on the portal: opened by a code and a secret, no account; owner is services/notify."""

from marshmallow import Schema, fields

from bus.fields import Checked, Instant, Prose, Text, code_text, uuid_text, whole
from bus.kinds import Request
from contracts.notify.messages import BODY_MOST, SUBJECT_MOST
from people import tracking


class MakeInbox(Schema):
    """A new inbox. Whoever is to write into it is given its code, never its secret."""

    secret = Text(
        60, required=True, personal=True, metadata={"description": "Set by the gateway; 20 digits"}
    )


class Made(Schema):
    code = Text(10, required=True)


class Proof(Schema):
    """The code and the secret that were shown when the inbox was made."""

    code = Checked(40, tracking.parse, required=True)
    secret = Checked(60, tracking.parse_proof, required=True, personal=True)


class ReadInbox(Proof):
    """What lies in the inbox, newest first; ``before`` is the ID of the last message seen."""

    before = uuid_text(load_default=None, allow_none=True)
    limit = whole(1, 100, load_default=20)


class Letter(Schema):
    id = uuid_text(required=True)
    owner = code_text(64, required=True)
    subject = Text(SUBJECT_MOST, required=True, personal=True)
    body = Prose(BODY_MOST, required=True, personal=True)
    at = Instant(required=True)


class Inbox(Schema):
    code = Text(10, required=True)
    letters = fields.List(fields.Nested(Letter), required=True)
    next = uuid_text(required=True, allow_none=True)


MAKE_INBOX = Request(
    "notify.make_inbox.v1", MakeInbox(), "Makes an inbox.", reply=Made(), agency=False
)
OPEN_INBOX = Request(
    "notify.open_inbox.v1",
    Proof(),
    "Proves that an inbox is one's own; five wrong secrets lock it until tomorrow.",
    reply=Made(),
    agency=False,
)
READ_INBOX = Request(
    "notify.read_inbox.v1",
    ReadInbox(),
    "What lies in an inbox.",
    reply=Inbox(),
    effect=False,
    agency=False,
)
