"""Tickets that are another city's: sent on to its Open311 endpoint by a colleague, and followed."""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.message import check, message
from bus.messages.values import Block, Code, Instant, Tick
from contracts.ticketing.desk import Act, Acted, Nothing, OneTicket
from contracts.ticketing.requests import internal_act, internal_read

# QUEUED waits; SENDING is under way; TOKEN and TAKEN are there; ENDED is closed there; UNKNOWN was
# sent, and nobody knows whether it came; REFUSED and DROPPED are not there.
STATES = ("QUEUED", "SENDING", "TOKEN", "TAKEN", "ENDED", "UNKNOWN", "REFUSED", "DROPPED")
OUTCOMES = ("taken", "not_taken", "drop")
PROBLEMS = (
    "no_connection",
    "busy",
    "no_answer",
    "server_error",
    "unreadable",
    "moved",
    "refused",
    "interrupted",
    "not_listed",
    "gone",
    "no_city",
)


@message
class Forward(Act):
    """Send a ticket to another city's endpoint; once.

    ``text`` is what goes there, as the colleague has read it. Name, e-mail and mobile go only
    ``with_contact``. Without them a public report needs no consent; everything else does.
    """

    city: Code
    text: Annotated[str, Prose(4000, least=5, personal=True)]
    address: Annotated[
        str, Text(300, least=0, personal=True), "Where it is; needed without coordinates"
    ] = ""
    with_contact: Tick = False
    consent: Annotated[
        str, Prose(500, least=0, personal=True), "How and when the citizen agreed"
    ] = ""

    @check
    def _agreed(self) -> None:
        if self.with_contact and not self.consent.strip():
            raise ValidationError("required|Say how and when the citizen agreed.", "consent")


@message
class Forwarding:
    """A ticket at another city, as it stands."""

    id: int
    code: Annotated[str, Text(10)]
    city: Code
    city_fa: Annotated[str, Text(100)]
    state: Annotated[str, Choice(STATES)]
    by: Annotated[str, Text(60)]
    made_at: Instant
    sent_at: Instant | None
    remote_id: Annotated[str | None, Text(64)]
    remote_status: Annotated[str | None, Text(40)]
    problem: Annotated[str | None, Choice(PROBLEMS)]
    problem_text: Annotated[str | None, Prose(500)]


@message
class TicketForwardings:
    """Where a ticket was sent, and where its category may be sent; the text as it would go."""

    code: Annotated[str, Text(10)]
    version: int
    public: bool
    has_contact: bool
    may: bool
    text: Annotated[str, Prose(50_000, personal=True)]
    address: Annotated[str, Text(300, least=0, personal=True)]
    cities: tuple[Block, ...]
    forwardings: tuple[Forwarding, ...]


@message
class Forwardings:
    """What somebody has to look after: refused ones, unknown ones, and those that wait long."""

    forwardings: tuple[Forwarding, ...]


@message
class ResolveForwarding(OneTicket):
    """What a colleague learnt by asking the other city.

    ``taken``: it is there under ``remote_id``. ``not_taken``: it is not there, and is sent again.
    ``drop``: it goes there no more.
    """

    forwarding: Annotated[int, whole(1, 2**53)]
    outcome: Annotated[str, Choice(OUTCOMES)]
    remote_id: Annotated[str, Text(64, least=0)] = ""

    @check
    def _named(self) -> None:
        if self.outcome == "taken" and not self.remote_id:
            raise ValidationError("required|Give the number that it has there.", "remote_id")


FORWARD = internal_act("forward", Forward, Acted, "Sends a ticket to another city.")
FORWARDINGS_OF_TICKET = internal_read(
    "forwardings_of_ticket", OneTicket, TicketForwardings, "Reads where a ticket was sent."
)
LIST_FORWARDINGS = internal_read(
    "list_forwardings", Nothing, Forwardings, "Lists forwarded tickets that wait for somebody."
)
RESOLVE_FORWARDING = internal_act(
    "resolve_forwarding", ResolveForwarding, Acted, "Says what became of a forwarded ticket."
)
