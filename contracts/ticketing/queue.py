"""The queue of the desk: lists, their counts, what comes next, saved filters, the first page.

A list is asked for by the same fields everywhere (``Queue``), so that a link, a saved filter, the
next ticket and the live counts mean the same tickets.
"""

from collections.abc import Mapping
from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.message import OPTIONAL, PERSONAL, message
from bus.messages.values import Block, BlockOf, Code, Instant, Tick
from contracts.ticketing.citizens import KINDS, STATES
from contracts.ticketing.desk import Act, Acted
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

SORTS = ("due", "part", "registered", "category", "county", "state", "assignee")
NOBODY = "-"
SELECTED_MOST = 100
# How many rows a page may have.
SIZES = (25, 50, 100)
FILTERS_MOST = 20

TicketCode = Annotated[str, Checked(40, tracking.parse)]


@message
class Queue:
    unit: Code | None = None
    state: Annotated[str, Choice((*STATES, "WORK", "ALL"))] = "WORK"
    mine: Tick = False
    late: Tick = False
    search: Annotated[str, Text(100, least=0, personal=True)] = ""
    page: Annotated[int, whole(1, 10_000)] = 1
    size: Annotated[int, whole(1, max(SIZES)), "Rows of a page"] = SIZES[0]
    category: Code | None = None
    county: Code | None = None
    kind: Annotated[str | None, Choice(KINDS)] = None
    assignee: Annotated[str | None, Text(60), "A user name; - for tickets of nobody"] = None
    sort: Annotated[str, Choice(SORTS)] = "due"
    falling: Annotated[Tick, "The other way round"] = False
    late_part: Annotated[Tick, "Past the own time of the unit in which they lie"] = False
    codes: Annotated[
        tuple[TicketCode, ...],
        validate.Length(max=SELECTED_MOST),
        "These tickets alone, whatever the other filters say",
    ] = ()


@message
class Prioritise(Act):
    """How urgent a ticket is beyond its promises: 0 as any other, 1 high, 2 urgent."""

    priority: Annotated[int, whole(0, 2)]
    text: Annotated[str, Prose(1000, personal=True), "Colleagues read it"]


@message
class QueueRow:
    code: Annotated[str, Text(10)]
    version: int
    kind: Annotated[str, Choice(KINDS)]
    category: Block
    unit: Block
    county: Block | None
    state: Annotated[str, Choice(STATES)]
    state_fa: Annotated[str, Text(200)]
    assignee: Annotated[str | None, Text(60)]
    subject: Annotated[str, Text(200, personal=True)]
    registered_at: Instant
    due_at: Instant | None
    due_clock: Annotated[str | None, Text(40)]
    unread: Annotated[bool | None, "A word came after the end", OPTIONAL] = None
    late: bool
    language: Annotated[str | None, Text(5), "The citizen's language", OPTIONAL] = None
    about: Annotated[Block | None, "What an objection is against", OPTIONAL] = None
    part_due_at: Annotated[Instant | None, "The end of the unit's own time", OPTIONAL] = None
    priority: Annotated[int | None, "1 high, 2 urgent", OPTIONAL] = None


@message
class SavedFilter:
    """A list that a colleague has named; ``query`` as the address of the queue has it."""

    id: int
    name: Annotated[str, Text(60)]
    query: Annotated[str, Text(500, least=0, personal=True)]
    default: bool


@message
class QueuePage:
    tickets: tuple[QueueRow, ...]
    total: int
    page: int
    pages: int
    units: tuple[Block, ...]
    all_units: Annotated[
        tuple[Block, ...] | None, "Those to which a ticket may be given", OPTIONAL
    ] = None
    counts: Annotated[
        Mapping[str, int] | None,
        "Open tickets by new, mine, late, waiting, free, work; part if a unit has its own time",
        OPTIONAL,
    ] = None
    at: Annotated[Instant | None, "When this was read; live counts go on from here", OPTIONAL] = (
        None
    )
    filters: Annotated[tuple[BlockOf[SavedFilter], ...] | None, OPTIONAL] = None
    categories: Annotated[tuple[Block, ...] | None, OPTIONAL] = None
    counties: Annotated[tuple[Block, ...] | None, OPTIONAL] = None
    colleagues: Annotated[
        tuple[Block, ...] | None, PERSONAL, "Those of the unit, to whom tickets are given", OPTIONAL
    ] = None
    canned: Annotated[
        tuple[Block, ...] | None, "Prepared texts with their {places} unfilled", OPTIONAL
    ] = None
    may: Annotated[tuple[str, ...] | None, "What the role allows", OPTIONAL] = None


@message
class AskNext(Queue):
    """The list that one came from, the ticket that was in hand, and its place there (from 0)."""

    after: TicketCode
    at: Annotated[int, whole(0, 1_000_000)] = 0


@message
class NextTicket:
    """None at the end of the list."""

    code: Annotated[str | None, Text(10)]
    at: int


@message
class AskMark(Queue):
    since: Instant


@message
class QueueMark:
    """Counts for a page that stands open: tickets of the list that came since, and its tabs."""

    fresh: int
    counts: Mapping[str, int]


@message
class Nothing:
    """No fields."""


@message
class SaveFilter:
    name: Annotated[str, Text(60)]
    query: Annotated[str, Text(500, least=0, personal=True)]
    default: Annotated[Tick, "The list that the queue opens with"] = False


@message
class OneFilter:
    filter: Annotated[int, whole(1, 2**53)]


@message
class Filters:
    filters: tuple[BlockOf[SavedFilter], ...]


@message
class VisitToday:
    code: Annotated[str, Text(10)]
    starts_at: Instant
    office: Block
    unit: Block
    subject: Annotated[str, Text(200, personal=True)]
    name: Annotated[str | None, Text(100, least=0, personal=True)]


@message
class Load:
    """Open work of a colleague (in a unit) or of a unit (for a supervisor)."""

    code: Annotated[str, Text(60)]
    name: Annotated[str, Text(100, personal=True)]
    open: int
    late: int
    waiting: int


@message
class DeskHome:
    """What a colleague finds on the first page."""

    counts: Mapping[str, int]
    letters: Annotated[int, "E-mails at which somebody has to look"]
    mine: tuple[QueueRow, ...]
    late: tuple[QueueRow, ...]
    visits: tuple[BlockOf[VisitToday], ...]
    loads: Annotated[tuple[BlockOf[Load], ...], "For heads and supervisors"]
    set_aside: Annotated[
        int | None, "For the same: e-mails set aside since one's last look at those", OPTIONAL
    ] = None


@message
class Caller:
    mobile: Annotated[str, Checked(40, identifiers.mobile, personal=True)]


@message
class CallersTickets:
    """Earlier tickets of a mobile number, the newest first, as far as the role may see whose."""

    tickets: tuple[QueueRow, ...]


QUEUE = internal_read("queue", Queue, QueuePage, "Desk: tickets by due time.")
NEXT_TICKET = internal_read("next_ticket", AskNext, NextTicket, "Desk: the next ticket of a list.")
QUEUE_MARK = internal_read(
    "queue_mark", AskMark, QueueMark, "Desk: what came into a list since a moment."
)
FILTERS = internal_read("filters", Nothing, Filters, "Desk: the lists that a colleague has named.")
SAVE_FILTER = internal_act(
    "save_filter", SaveFilter, Filters, "Desk: name a list, or change that of this name."
)
REMOVE_FILTER = internal_act("remove_filter", OneFilter, Filters, "Desk: forget a named list.")
DESK_HOME = internal_read("desk_home", Nothing, DeskHome, "Desk: what waits for a colleague.")
CALLERS_TICKETS = internal_read(
    "callers_tickets", Caller, CallersTickets, "Desk: earlier tickets of somebody on the telephone."
)
PRIORITISE = internal_act("prioritise", Prioritise, Acted, "Desk: say how urgent a ticket is.")
