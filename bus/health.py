"""The health contract: every service answers ``<context>.health.v1``."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from bus.messages.fields import Choice, Text
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import Day, Instant

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


@message
class AskHealth:
    """No fields."""


@message
class Health:
    service: Annotated[str, Text(40)]
    version: Annotated[str, Text(40)]
    database: bool
    outbox_unsent: int
    outbox_oldest_seconds: float
    now: Instant
    # False while it takes no changes: away, read only, full. Whoever cannot write is not up.
    writable: bool = True
    # Commands and Events that not all their receivers have acknowledged, and that died at one.
    unacknowledged: int = 0
    unacknowledged_oldest_seconds: float = 0.0
    died: int = 0
    # What callers of this process were told of its database in the last minute, and how often.
    trouble: Annotated[str | None, Text(40)] = None
    troubles: int = 0
    # Book of dated rows → the day after which it says nothing any more.
    book_ends: Mapping[str, Day] = field(default_factory=dict)
    # What somebody should look at → how often; none of it stops the service.
    worries: Mapping[str, int] = field(default_factory=dict)
    # Why it cannot work in its database now, as a look at it finds.
    database_problem: Annotated[str | None, Choice(PROBLEMS)] = None


def health_of(context: str) -> Request[AskHealth, Health]:
    """The health Request of one context, such as ``inquiry.health.v1``."""
    return Request(
        f"{context}.health.v1",
        AskHealth,
        reply=Health,
        effect=False,
        deadline=5.0,
        doc=f"Tells whether the service {context} can work: database, outbox, version.",
    )


AGENCIES = health_of("agencies")
BILLING = health_of("billing")
INQUIRY = health_of("inquiry")
NOTIFY = health_of("notify")
TICKETING = health_of("ticketing")
