"""Who hears of announcements: asked, confirmed by a code, changed, ended."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bus.fields import Checked, Choice, Text, one_time_code, uuid_text
from contracts.notify.announcements import COMPONENTS, ours
from contracts.notify.messages import LANGUAGES
from iran import identifiers
from iran.persian import ungrouped_code

SUBSCRIBED_BY = ("sms", "email", "inbox")


class Topics(Schema):
    topics = fields.List(
        Choice(COMPONENTS), load_default=list, metadata={"description": "None: all components"}
    )
    news = fields.Boolean(load_default=False)
    language = Choice(LANGUAGES, load_default="fa")


class Subscribe(Topics):
    """Asks for announcements at one address; it counts when its code came back."""

    mobile = Checked(40, identifiers.mobile, load_default=None, allow_none=True, personal=True)
    email = Checked(200, identifiers.email, load_default=None, allow_none=True, personal=True)
    inbox = Text(20, fold=ungrouped_code, load_default=None, allow_none=True, personal=True)

    @validates_schema(skip_on_field_errors=True)
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if sum(bool(data[name]) for name in ("mobile", "email", "inbox")) != 1:
            raise ValidationError("required|Give one mobile, e-mail or inbox.", "mobile")


class Asked(Schema):
    id = uuid_text(required=True)
    channel = Choice(SUBSCRIBED_BY, required=True)
    valid_minutes = fields.Integer(required=True)


class Confirm(Schema):
    id = uuid_text(required=True)
    pin = one_time_code()


class Held(Schema):
    """The key by which a subscription is managed and ended; it stands in each message."""

    token = Text(80, required=True, personal=True)


class Change(Topics):
    token = Text(80, required=True, personal=True)


class Subscription(Schema):
    token = Text(80, required=True, personal=True)
    channel = Choice(SUBSCRIBED_BY, required=True)
    address = Text(
        60,
        required=True,
        least=0,
        personal=True,
        metadata={"description": "With most of it hidden"},
    )
    topics = fields.List(Choice(COMPONENTS), required=True)
    news = fields.Boolean(required=True)
    language = Choice(LANGUAGES, required=True)
    ended = fields.Boolean(required=True)


SUBSCRIBE = ours("subscribe", Subscribe(), "Asks for announcements at an address.", Asked())
CONFIRM_SUBSCRIPTION = ours(
    "confirm_subscription",
    Confirm(),
    "The code of an asked subscription came back.",
    Subscription(),
)
SUBSCRIPTION = ours(
    "subscription", Held(), "What somebody is subscribed to.", Subscription(), effect=False
)
CHANGE_SUBSCRIPTION = ours(
    "change_subscription", Change(), "Other components, or news too.", Subscription()
)
UNSUBSCRIBE = ours("unsubscribe", Held(), "Ends a subscription.", Subscription())
