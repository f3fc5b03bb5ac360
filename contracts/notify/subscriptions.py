"""Who hears of announcements: asked, confirmed by a code, changed, ended."""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Choice, Text
from bus.messages.message import check, message
from bus.messages.values import OneTimeCode, Tick, Uuid
from contracts.notify.announcements import COMPONENTS, ours
from contracts.notify.messages import LANGUAGES
from iran import identifiers
from iran.persian import ungrouped_code

SUBSCRIBED_BY = ("sms", "email", "inbox")


@message
class Topics:
    topics: Annotated[tuple[Annotated[str, Choice(COMPONENTS)], ...], "None: all components"] = ()
    news: Tick = False
    language: Annotated[str, Choice(LANGUAGES)] = "fa"


@message
class Subscribe(Topics):
    """Asks for announcements at one address; it counts when its code came back."""

    mobile: Annotated[str | None, Checked(40, identifiers.mobile, personal=True)] = None
    email: Annotated[str | None, Checked(200, identifiers.email, personal=True)] = None
    inbox: Annotated[str | None, Text(20, fold=ungrouped_code, personal=True)] = None

    @check
    def _one_address(self) -> None:
        if sum(bool(way) for way in (self.mobile, self.email, self.inbox)) != 1:
            raise ValidationError("required|Give one mobile, e-mail or inbox.", "mobile")


@message(name="SubscriptionAsked")
class PendingSubscription:
    id: Uuid
    channel: Annotated[str, Choice(SUBSCRIBED_BY)]
    valid_minutes: int


@message
class Confirm:
    id: Uuid
    pin: OneTimeCode


@message(name="Held")
class SubscriptionKey:
    """The key by which a subscription is managed and ended; it stands in each message."""

    token: Annotated[str, Text(80, personal=True)]


@message
class Change(Topics):
    token: Annotated[str, Text(80, personal=True)]


@message
class Subscription:
    token: Annotated[str, Text(80, personal=True)]
    channel: Annotated[str, Choice(SUBSCRIBED_BY)]
    address: Annotated[str, Text(60, least=0, personal=True), "With most of it hidden"]
    topics: tuple[Annotated[str, Choice(COMPONENTS)], ...]
    news: bool
    language: Annotated[str, Choice(LANGUAGES)]
    ended: bool
    ended_by: Annotated[
        str,
        Choice(("", "undeliverable", "complaint")),
        "What ended it, where its receiver did not: e-mails that came back, or a complaint",
    ] = ""


SUBSCRIBE = ours(
    "subscribe", Subscribe, "Asks for announcements at an address.", PendingSubscription
)
CONFIRM_SUBSCRIPTION = ours(
    "confirm_subscription",
    Confirm,
    "The code of an asked subscription came back.",
    Subscription,
)
SUBSCRIPTION = ours(
    "subscription", SubscriptionKey, "What somebody is subscribed to.", Subscription, effect=False
)
CHANGE_SUBSCRIPTION = ours(
    "change_subscription", Change, "Other components, or news too.", Subscription
)
UNSUBSCRIBE = ours("unsubscribe", SubscriptionKey, "Ends a subscription.", Subscription)
