"""A new secret for who lost his: a code goes to the contact on file, and opens the way once."""

from marshmallow import Schema, fields

from bus.fields import Checked, Choice, Text, one_time_code, uuid_text
from bus.kinds import Request
from contracts.notify.messages import LANGUAGES
from iran import identifiers
from people import tracking


def contact(text: str) -> str:
    """A mobile number or an e-mail address in its one form; Malformed if it is neither."""
    return identifiers.email(text) if "@" in text else identifiers.mobile(text)


class AskNewSecret(Schema):
    """By the code of a ticket or an own inquiry, and the contact that stands in it."""

    code = Checked(40, tracking.parse, required=True)
    contact = Checked(200, contact, required=True, personal=True)
    language = Choice(LANGUAGES, load_default="fa")


class CodeAsked(Schema):
    """The same whether a code was sent or not: who asks learns nothing of what is on file."""

    request_id = uuid_text(required=True)
    valid_minutes = fields.Integer(required=True)


class NewSecret(Schema):
    request_id = uuid_text(required=True)
    pin = one_time_code()
    secret = Text(
        60, required=True, personal=True, metadata={"description": "Set by the gateway; 20 digits"}
    )


class Renewed(Schema):
    code = Text(10, required=True)


def _request(name: str, schema: Schema, reply: Schema, doc: str) -> Request:
    return Request(name, schema, reply=reply, doc=doc, effect=True, agency=False)


ASK_NEW_SECRET = _request(
    "ticketing.ask_new_secret.v1",
    AskNewSecret(),
    CodeAsked(),
    "Send a one-time code to the contact of a ticket, if this is it.",
)
NEW_SECRET = _request(
    "ticketing.new_secret.v1",
    NewSecret(),
    Renewed(),
    "Put a new secret in the place of a ticket's old one.",
)
ASK_NEW_SECRET_OF_OWN = _request(
    "inquiry.ask_new_secret.v1",
    AskNewSecret(),
    CodeAsked(),
    "Send a one-time code to the mobile of an own inquiry, if this is it.",
)
NEW_SECRET_OF_OWN = _request(
    "inquiry.new_secret.v1",
    NewSecret(),
    Renewed(),
    "Put a new secret in the place of an own inquiry's old one.",
)
