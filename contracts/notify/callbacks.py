"""Call-backs: what Mirab tells an agency's own address, signed by the Standard Webhooks.

Their owner is the team of services/notify; docs/webhooks.md is for agencies.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Command, Request
from bus.messages.message import Meta, message
from bus.messages.values import Block, Code, Instant, Uuid
from contracts.notify.bulk import CanonicalUuid

OF_AGENCIES = ("call.settled", "event.heard")
CALLBACK_TYPES = (
    "message.settled",
    "job.done",
    "announcement.published",
    "bill.reminded",
    "limit.used",
    *OF_AGENCIES,
)
TEST = "endpoint.test"
# What the Notify API calls back with a bearer token (docs/notify-api.md).
NOTIFY_KINDS = ("receipts", "texts", "complaints", "returned-letters")
CALLBACK_STATES = ("ENABLED", "DISABLED")
DELIVERY_STATES = ("WAITING", "DONE", "DEAD")


@message
class PutCallback:
    """A new endpoint, or other settings of one; what is put is enabled (again)."""

    callback: Annotated[str | None, Text(36), "The endpoint to change; a new one if left out"] = (
        None
    )
    url: Annotated[
        str,
        Text(500),
        "https, port 443 or 8443, no user-info; http in the sandbox alone",
        Meta(format="uri", pattern="^https?://[^\\s@]+$"),
    ]
    types: Annotated[
        tuple[Annotated[str, Choice(CALLBACK_TYPES)], ...],
        validate.Length(
            1, len(CALLBACK_TYPES), error=f"length|Name 1 to {len(CALLBACK_TYPES)} types."
        ),
    ]


@message
class CallbackOf:
    callback: Annotated[CanonicalUuid, "The endpoint's ID"]


@message
class Callback:
    """An endpoint and how it stands."""

    callback: Uuid
    url: Annotated[str, Text(500)]
    types: tuple[Annotated[str, Choice(CALLBACK_TYPES)], ...]
    state: Annotated[str, Choice(CALLBACK_STATES)]
    why: Annotated[str, Text(200, least=0), "Why it is disabled"]
    public_key: Annotated[str, Text(60), "whpk_..., for signatures that begin with v1a"]
    old_secret_until: Annotated[Instant | None, "Until when the secret before this one signs along"]
    made_at: Instant
    ok_at: Instant | None
    failing_since: Instant | None
    waiting: int
    dead: int
    notify: Annotated[
        str | None,
        Choice(NOTIFY_KINDS),
        "What of the Notify API comes here, with a bearer token; null for the types above",
    ] = None


@message
class CallbackWithSecret(Callback):
    """An endpoint with its new secret, which is shown this once; null if it has the old one."""

    secret: Annotated[str | None, Text(80, personal=True)]


@message
class Callbacks:
    callbacks: tuple[Callback, ...]


@message
class AllCallbacks:
    """No fields."""


@message
class ReadDeliveries(CallbackOf):
    states: tuple[Annotated[str, Choice(DELIVERY_STATES)], ...] = ()
    before: Annotated[str | None, Text(40)] = None
    limit: Annotated[int, whole(1, 200)] = 50


@message
class Delivery:
    """One thing that was to be told: ``id`` is the header webhook-id of all its tries."""

    id: Annotated[str, Text(40)]
    type: Code
    state: Annotated[str, Choice(DELIVERY_STATES)]
    tries: int
    status: Annotated[int | None, "The last answer's HTTP status"]
    problem: Annotated[str, Text(60, least=0)]
    made_at: Instant
    tried_at: Instant | None
    next_at: Instant | None
    ended_at: Instant | None
    body: str


@message
class Deliveries:
    deliveries: tuple[Delivery, ...]
    next: Annotated[str | None, Text(40)]


@message
class Replay(CallbackOf):
    """Tells something again under its first ID: one delivery, or all that died since a moment."""

    id: Annotated[str | None, Text(40)] = None
    since: Annotated[Instant | None, "Only what was to be told from then on"] = None


@message
class CallBack:
    """What another context has an agency told; an endpoint is told the same ``id`` once."""

    agency: Annotated[str, Text(64)]
    type: Annotated[str, Choice(OF_AGENCIES)]
    id: Annotated[str, Text(128), "One for each thing told of a type"]
    data: Block


@message(name="Replayed")
class ReplayCount:
    replayed: int


PUT_CALLBACK = Request(
    "notify.put_callback.v1",
    PutCallback,
    "Sets the address to which call-backs are sent, and which types.",
    reply=CallbackWithSecret,
)
ROTATE_CALLBACK_SECRET = Request(
    "notify.rotate_callback_secret.v1",
    CallbackOf,
    "Makes a new secret for an endpoint; the old one signs along for 24 hours.",
    reply=CallbackWithSecret,
)
DROP_CALLBACK = Request(
    "notify.drop_callback.v1",
    CallbackOf,
    "Deletes an endpoint and all that waits to be sent to it.",
    reply=Callbacks,
)
CALLBACKS = Request(
    "notify.callbacks.v1",
    AllCallbacks,
    "Lists your endpoints, their public keys and states.",
    reply=Callbacks,
    effect=False,
)
CALLBACK_DELIVERIES = Request(
    "notify.callback_deliveries.v1",
    ReadDeliveries,
    "Lists what was sent to an endpoint, newest first; what it never accepted is DEAD.",
    reply=Deliveries,
    effect=False,
)
REPLAY_CALLBACK = Request(
    "notify.replay_callback.v1",
    Replay,
    "Sends a delivery to an endpoint again, or all dead ones.",
    reply=ReplayCount,
)
TEST_CALLBACK = Request(
    "notify.test_callback.v1",
    CallbackOf,
    "Sends a test to an endpoint.",
    reply=ReplayCount,
)
CALL_BACK = Command(
    "notify.call_back.v1",
    CallBack,
    "Sends a call-back to the endpoints of an agency that want its type; names nobody.",
)
