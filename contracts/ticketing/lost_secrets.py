"""A new secret for who lost his: a code goes to the contact on file, and opens the way once."""

from typing import Annotated

from bus.messages.fields import Checked, Choice, Text
from bus.messages.kinds import M, R, Request
from bus.messages.message import message
from bus.messages.values import OneTimeCode, Uuid
from contracts.notify.messages import LANGUAGES
from iran import identifiers
from people import tracking


def contact(text: str) -> str:
    """A mobile number or an e-mail address in its one form; Malformed if it is neither."""
    return identifiers.email(text) if "@" in text else identifiers.mobile(text)


@message
class AskNewSecret:
    """By the code of a ticket or an own inquiry, and the contact that stands in it."""

    code: Annotated[str, Checked(40, tracking.parse)]
    contact: Annotated[str, Checked(200, contact, personal=True)]
    language: Annotated[str, Choice(LANGUAGES)] = "fa"


@message(name="CodeAsked")
class CodeReceipt:
    """The same whether a code was sent or not: who asks learns nothing of what is on file."""

    request_id: Uuid
    valid_minutes: int


@message
class NewSecret:
    request_id: Uuid
    pin: OneTimeCode
    secret: Annotated[str, Text(60, personal=True), "Set by the gateway; 20 digits"]


@message(name="Renewed")
class RenewedSecret:
    code: Annotated[str, Text(10)]


def _request(name: str, message: type[M], reply: type[R], doc: str) -> Request[M, R]:
    return Request(name, message, doc, reply=reply, effect=True, agency=False)


ASK_NEW_SECRET = _request(
    "ticketing.ask_new_secret.v1",
    AskNewSecret,
    CodeReceipt,
    "Send a one-time code to the contact of a ticket, if this is it.",
)
NEW_SECRET = _request(
    "ticketing.new_secret.v1",
    NewSecret,
    RenewedSecret,
    "Put a new secret in the place of a ticket's old one.",
)
ASK_NEW_SECRET_OF_OWN = _request(
    "inquiry.ask_new_secret.v1",
    AskNewSecret,
    CodeReceipt,
    "Send a one-time code to the mobile of an own inquiry, if this is it.",
)
NEW_SECRET_OF_OWN = _request(
    "inquiry.new_secret.v1",
    NewSecret,
    RenewedSecret,
    "Put a new secret in the place of an own inquiry's old one.",
)
