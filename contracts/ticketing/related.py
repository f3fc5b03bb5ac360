"""Tickets that a colleague should know beside the one that is read."""

from typing import Annotated

from bus.messages.fields import Choice, Text
from bus.messages.message import message
from bus.messages.values import Block, Instant
from contracts.ticketing.citizens import KINDS, STATES
from contracts.ticketing.desk import OneTicket
from contracts.ticketing.requests import internal_read


@message
class RelatedTicket:
    """``open`` is false where the colleague may know of it and not read it."""

    code: Annotated[str, Text(10)]
    version: int
    kind: Annotated[str, Choice(KINDS)]
    category: Block
    unit: Block
    state: Annotated[str, Choice(STATES)]
    state_fa: Annotated[str, Text(200)]
    subject: Annotated[str, Text(200, personal=True)]
    registered_at: Instant
    open: bool
    may_merge: Annotated[bool, "The ticket that is read can be joined with it"]


@message
class Related:
    """``same_person`` only where the colleague may see who wrote; none of an anonymous ticket."""

    same_person: tuple[RelatedTicket, ...]
    same_place: tuple[RelatedTicket, ...]
    similar: tuple[RelatedTicket, ...]
    joined: tuple[RelatedTicket, ...]
    mentionable: Annotated[tuple[Block, ...], "Colleagues who may read the ticket"]


RELATED = internal_read(
    "related", OneTicket, Related, "Desk: earlier, near and similar tickets of one."
)
