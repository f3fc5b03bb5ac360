"""How a service tells its own health; every service answers ``<context>.health.v1``."""

from marshmallow import Schema, fields

from bus.fields import Choice, Day, Instant, Text
from bus.kinds import Request

# Why a service cannot do its work in its database.
PROBLEMS = (
    "unreachable",
    "read_only",
    "full",
    "locked",
    "busy",
    "conflict",
    "refused",
    "not_migrated",
)


class AskHealth(Schema):
    """Nothing is asked beside the question itself."""


class Health(Schema):
    service = Text(40, required=True)
    version = Text(40, required=True)
    database = fields.Boolean(required=True)
    outbox_unsent = fields.Integer(required=True)
    outbox_oldest_seconds = fields.Float(required=True)
    now = Instant(required=True)
    # False while it takes no changes: away, read only, full. Whoever cannot write is not up.
    writable = fields.Boolean(load_default=True)
    # Commands and Events that not all their receivers have acknowledged, and that died at one.
    unacknowledged = fields.Integer(load_default=0)
    unacknowledged_oldest_seconds = fields.Float(load_default=0.0)
    died = fields.Integer(load_default=0)
    # What callers of this process were told of its database in the last minute, and how often.
    trouble = Text(40, load_default=None, allow_none=True)
    troubles = fields.Integer(load_default=0)
    # Book of dated rows → the day after which it says nothing any more.
    book_ends = fields.Dict(keys=fields.String(), values=Day(), load_default=dict)
    # What somebody should look at → how often; none of it stops the service.
    worries = fields.Dict(keys=fields.String(), values=fields.Integer(), load_default=dict)
    # Why it cannot work in its database now, as a look at it finds.
    database_problem = Choice(PROBLEMS, allow_none=True, load_default=None)


def health_of(context: str) -> Request:
    """The health Request of one context, such as ``inquiry.health.v1``."""
    return Request(
        f"{context}.health.v1",
        AskHealth(),
        reply=Health(),
        effect=False,
        deadline=5.0,
        doc=f"Tells whether the service {context} can work: database, outbox, version.",
    )


AGENCIES = health_of("agencies")
BILLING = health_of("billing")
INQUIRY = health_of("inquiry")
NOTIFY = health_of("notify")
TICKETING = health_of("ticketing")
