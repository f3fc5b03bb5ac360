"""Call-backs: what Mirab tells an agency's own address, signed by the Standard Webhooks.

Their owner is the team of services/notify; docs/webhooks.md is for agencies.
"""

from marshmallow import Schema, fields, validate

from bus.fields import Block, Choice, Instant, Text, code_text, uuid_text, whole
from bus.kinds import Command, Request
from contracts.notify.bulk import id_of

OF_AGENCIES = ("call.settled", "event.heard")
CALLBACK_TYPES = (
    "message.settled", "job.done", "announcement.published", "bill.reminded", *OF_AGENCIES,
)  # fmt: skip
TEST = "endpoint.test"
CALLBACK_STATES = ("ENABLED", "DISABLED")
DELIVERY_STATES = ("WAITING", "DONE", "DEAD")


class PutCallback(Schema):
    """A new endpoint, or other settings of one; what is put is enabled (again)."""

    callback = Text(
        36, load_default=None, allow_none=True,
        metadata={"description": "The endpoint to change; a new one if left out"},
    )  # fmt: skip
    url = Text(
        500,
        required=True,
        metadata={
            "description": "https, port 443 or 8443, no user-info; http in the sandbox alone",
            "format": "uri",
            "pattern": "^https?://[^\\s@]+$",
        },
    )
    types = fields.List(
        Choice(CALLBACK_TYPES),
        required=True,
        validate=validate.Length(
            1, len(CALLBACK_TYPES), error=f"length|Name 1 to {len(CALLBACK_TYPES)} types."
        ),
    )


class CallbackOf(Schema):
    callback = id_of("The endpoint's ID")


class Callback(Schema):
    """An endpoint and how it stands."""

    callback = uuid_text(required=True)
    url = Text(500, required=True)
    types = fields.List(Choice(CALLBACK_TYPES), required=True)
    state = Choice(CALLBACK_STATES, required=True)
    why = Text(200, required=True, least=0, metadata={"description": "Why it is disabled"})
    public_key = Text(
        60, required=True, metadata={"description": "whpk_..., for signatures that begin with v1a"}
    )
    old_secret_until = Instant(
        required=True, allow_none=True,
        metadata={"description": "Until when the secret before this one signs along"},
    )  # fmt: skip
    made_at = Instant(required=True)
    ok_at = Instant(required=True, allow_none=True)
    failing_since = Instant(required=True, allow_none=True)
    waiting = fields.Integer(required=True)
    dead = fields.Integer(required=True)


class CallbackWithSecret(Callback):
    """An endpoint with its new secret, which is shown this once; null if it has the old one."""

    secret = Text(80, required=True, allow_none=True, personal=True)


class Callbacks(Schema):
    callbacks = fields.List(fields.Nested(Callback), required=True)


class AllCallbacks(Schema):
    """No fields."""


class ReadDeliveries(CallbackOf):
    states = fields.List(Choice(DELIVERY_STATES), load_default=list)
    before = Text(40, load_default=None, allow_none=True)
    limit = whole(1, 200, load_default=50)


class Delivery(Schema):
    """One thing that was to be told: ``id`` is the header webhook-id of all its tries."""

    id = Text(40, required=True)
    type = code_text(required=True)
    state = Choice(DELIVERY_STATES, required=True)
    tries = fields.Integer(required=True)
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The last answer's HTTP status"}
    )
    problem = code_text(60, required=True, least=0)
    made_at = Instant(required=True)
    tried_at = Instant(required=True, allow_none=True)
    next_at = Instant(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)
    body = fields.String(required=True)


class Deliveries(Schema):
    deliveries = fields.List(fields.Nested(Delivery), required=True)
    next = Text(40, required=True, allow_none=True)


class Replay(CallbackOf):
    """Tells something again under its first ID: one delivery, or all that died since a moment."""

    id = Text(40, load_default=None, allow_none=True)
    since = Instant(
        load_default=None, allow_none=True,
        metadata={"description": "Only what was to be told from then on"},
    )  # fmt: skip


class CallBack(Schema):
    """What another context has an agency told; an endpoint is told the same ``id`` once."""

    agency = code_text(64, required=True)
    type = Choice(OF_AGENCIES, required=True)
    id = Text(128, required=True, metadata={"description": "One for each thing told of a type"})
    data = Block(required=True)


class Replayed(Schema):
    replayed = fields.Integer(required=True)


PUT_CALLBACK = Request(
    "notify.put_callback.v1",
    PutCallback(),
    "Sets the address to which call-backs are sent, and which types.",
    reply=CallbackWithSecret(),
)
ROTATE_CALLBACK_SECRET = Request(
    "notify.rotate_callback_secret.v1",
    CallbackOf(),
    "Makes a new secret for an endpoint; the old one signs along for 24 hours.",
    reply=CallbackWithSecret(),
)
DROP_CALLBACK = Request(
    "notify.drop_callback.v1",
    CallbackOf(),
    "Deletes an endpoint and all that waits to be sent to it.",
    reply=Callbacks(),
)
CALLBACKS = Request(
    "notify.callbacks.v1",
    AllCallbacks(),
    "Lists your endpoints, their public keys and states.",
    reply=Callbacks(),
    effect=False,
)
CALLBACK_DELIVERIES = Request(
    "notify.callback_deliveries.v1",
    ReadDeliveries(),
    "Lists what was sent to an endpoint, newest first; what it never accepted is DEAD.",
    reply=Deliveries(),
    effect=False,
)
REPLAY_CALLBACK = Request(
    "notify.replay_callback.v1",
    Replay(),
    "Sends a delivery to an endpoint again, or all dead ones.",
    reply=Replayed(),
)
TEST_CALLBACK = Request(
    "notify.test_callback.v1",
    CallbackOf(),
    "Sends a test to an endpoint.",
    reply=Replayed(),
)
CALL_BACK = Command(
    "notify.call_back.v1",
    CallBack(),
    "Sends a call-back to the endpoints of an agency that want its type; names nobody.",
)
