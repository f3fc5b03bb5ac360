"""What a person's own pages ask of the ticketing context, once the portal has proven the person.

The portal asks; no agency and no colleague may. It has proven, by a code to the mobile on file,
that somebody holds this mobile and is this person (contracts/inquiry/persons.py).
"""

from typing import Annotated

from bus.messages.fields import Checked, Choice, Text
from bus.messages.message import message
from bus.messages.values import Block, Instant
from contracts.notify.persons import Pass, Person
from contracts.ticketing.citizens import KINDS, STATES
from contracts.ticketing.requests import internal_read
from people import tracking


@message
class OnFile:
    """``since`` is when both first stood on one ticket; null if they never did."""

    since: Instant | None


@message
class MyTickets(Person):
    """The newest tickets of a person.

    A ticket with both is the person's. One with the mobile and no ID is too, if it was registered
    after ``since``, or after both stood on one ticket: before, the mobile may have been another's.
    """

    since: Annotated[Instant | None, "Since when the water registry knows the person by both"] = (
        None
    )


@message
class MyTicket:
    code: Annotated[str, Text(10)]
    kind: Annotated[str, Choice(KINDS)]
    category: Block
    unit: Block
    state: Annotated[str, Choice(STATES)]
    state_fa: Annotated[str, Text(200)]
    state_en: Annotated[str, Text(200)]
    registered_at: Instant
    updated_at: Instant
    solution_due: Annotated[Instant | None, "Null where no clock runs"]
    may: tuple[Annotated[str, Text(40)], ...]
    appointment: Block | None


@message
class TicketsOfPerson:
    tickets: tuple[MyTicket, ...]
    more: Annotated[bool, "There are older ones that are not listed"]


@message
class OpenMyTicket(MyTickets):
    code: Annotated[str, Checked(40, tracking.parse)]


ON_FILE = internal_read("on_file", Person, OnFile, "Whether a ticket has this mobile and this ID.")
MY_TICKETS = internal_read(
    "my_tickets", MyTickets, TicketsOfPerson, "The tickets of a proven person."
)
OPEN_MY_TICKET = internal_read(
    "open_my_ticket", OpenMyTicket, Pass, "A pass to one of a person's own tickets."
)
