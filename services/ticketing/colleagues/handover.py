"""All open tickets of one colleague are given to another in one act, which was looked at before."""

import hashlib

from bus.database.rows import fetch_all
from bus.errors import Conflict, Forbidden, RuleBroken
from contracts.ticketing.colleagues import (
    HAND_OVER_MOST,
    HandedOver,
    HandOver,
    OfColleague,
    OpenTicket,
    OpenTickets,
)
from iran.persian import tehran_day
from services.ticketing.accounts import absences, staff
from services.ticketing.accounts.staff import Colleague
from services.ticketing.context import Context
from services.ticketing.domain import labels, moves
from services.ticketing.domain.moves import WORK
from services.ticketing.notifications import colleagues as notices
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tables import TICKETS
from services.ticketing.tickets import acts, rows, views
from services.ticketing.tickets.refusals import field_refusal
from services.ticketing.tickets.rows import TicketRow


def open_tickets(context: Context, message: OfColleague) -> OpenTickets:
    """List the open tickets of a colleague, which a head is about to hand over."""
    colleague = _headed(context, message.username)
    tickets = _open_rows(context, colleague)
    return OpenTickets(
        username=colleague.username,
        unit=colleague.unit,
        tickets=tuple(
            OpenTicket(
                code=row.code,
                version=row.version,
                category=views.category_of(context, row.category),
                state_fa=labels.STATES[row.state][0],
                due_at=views.optional_instant(row.due_at),
            )
            for row in tickets
        ),
        basis=_basis(tickets),
    )


def hand_over(context: Context, message: HandOver) -> HandedOver:
    """Give all open tickets of a colleague to another of the unit, each with its line in the log.

    Conflict ``handover.changed`` if they are not those that were looked at any more; RuleBroken
    ``handover.nothing``, ``field.wrong``.
    """
    colleague = _headed(context, message.username)
    receiver = message.to.lower()
    _check_receiver(context, colleague, receiver)
    tickets = _open_rows(context, colleague, lock=True)
    if not tickets:
        raise RuleBroken("This colleague has no open ticket.", code="handover.nothing")
    if _basis(tickets) != message.basis:
        raise Conflict(
            "The tickets changed meanwhile; look at them again.", code="handover.changed"
        )
    for row in tickets:
        case = acts.load_by_id(context, row.id)
        acts.add(
            context,
            case,
            "assign",
            by="unit",
            actor=context.colleague.username,
            assignee=receiver,
            text=message.reason,
            handed_over=True,
        )
        acts.project(context, case)
        notifications.notify(context, case)
    if receiver != context.colleague.username:
        notices.send_mail(context, receiver, "handed_over")
    return HandedOver(count=len(tickets))


def _headed(context: Context, username: str) -> Colleague:
    """Return a colleague of the unit that one heads. Forbidden otherwise."""
    own = context.colleague
    moves.require(own.role, "hand_over")
    colleague = staff.of_any(context.conn, username)
    if colleague is None:
        raise field_refusal("username", "There is no such colleague.")
    if colleague.unit != own.unit and not own.all_units:
        raise Forbidden("This colleague works in another unit.", code="desk.unit")
    return colleague


def _check_receiver(context: Context, colleague: Colleague, receiver: str) -> None:
    members = {member.username for member in staff.of_unit(context.conn, colleague.unit)}
    if receiver == colleague.username or receiver not in members:
        raise field_refusal("to", "Choose another colleague of the same unit.")
    if absences.on(context.conn, receiver, tehran_day(context.now)):
        raise field_refusal("to", "This colleague is away; choose one who is there.", "away")


def _open_rows(context: Context, colleague: Colleague, *, lock: bool = False) -> list[TicketRow]:
    """The open tickets of a colleague in their unit; what moved to another unit is not theirs."""
    statement = (
        rows.tickets()
        .where(
            TICKETS.c.assignee == colleague.username,
            TICKETS.c.unit == colleague.unit,
            TICKETS.c.state.in_(WORK),
        )
        .order_by(TICKETS.c.id)
        .limit(HAND_OVER_MOST)
    )
    return fetch_all(context.conn, TicketRow, statement.with_for_update() if lock else statement)


def _basis(tickets: list[TicketRow]) -> str:
    """Name a list of tickets in their versions."""
    text = ",".join(f"{row.code}:{row.version}" for row in tickets)
    return hashlib.sha256(text.encode()).hexdigest()
