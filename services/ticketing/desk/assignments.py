"""Who works on a ticket: taken, given to a unit or a colleague, or to who stands in."""

import datetime as dt
from typing import NamedTuple

from bus.errors import Conflict
from contracts.ticketing.desk import Act, Acted, Assign
from iran.persian import jalali, persian_digits, tehran_day
from services.ticketing.accounts import absences, staff
from services.ticketing.context import SYSTEM, Context
from services.ticketing.desk import tickets
from services.ticketing.domain import labels
from services.ticketing.tickets import acts, visits
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.refusals import field_refusal


class StandIn(NamedTuple):
    """Who gets a ticket that was meant for a colleague; None is the unit's queue.

    ``remark`` is a sentence for the history if the colleague is away, else empty.
    """

    username: str | None
    remark: str = ""


def take(context: Context, message: Act) -> Acted:
    """Take a ticket oneself. Conflict ``ticket.taken`` if another colleague works on it.

    One's own is one's own: taken again, nothing changes.
    """
    case = tickets.load(context, "assign", message)
    colleague = context.colleague
    if case.ticket.assignee == colleague.username:
        return Acted(code=case.row.code, version=case.ticket.version, state=case.ticket.state)
    if case.ticket.assignee is not None:
        raise Conflict(
            "Another colleague works on this ticket; assign it if you are to do it.",
            code="ticket.taken",
            assignee=case.ticket.assignee,
        )
    if case.ticket.unit != colleague.unit:
        raise field_refusal("assignee", "You do not work in the unit of this ticket.")
    tickets.add(context, case, "assign", assignee=colleague.username)
    return tickets.finish(context, case)


def assign(context: Context, message: Assign) -> Acted:
    """Give the ticket to a unit, or to a colleague of its unit or to who stands in for them.

    Whoever has it already is given nothing: without a word beside it the log stays as it is.
    """
    case = tickets.load(context, "assign", message)
    if message.unit and message.unit not in context.book.units:
        raise field_refusal("unit", "There is no such unit.")
    target = message.unit or case.ticket.unit
    if message.assignee and not works_in(context, message.assignee, target):
        raise field_refusal("assignee", "This colleague does not work in that unit.")
    new_unit = message.unit if message.unit != case.ticket.unit else None
    if new_unit:
        visits.settle(context, case, message.visit, context.colleague.username)
    stand_in = _stand_in(context, message.assignee, target)
    has_it = stand_in.username is not None and stand_in.username == case.ticket.assignee
    if has_it and not (new_unit or message.text or stand_in.remark):
        return Acted(code=case.row.code, version=case.ticket.version, state=case.ticket.state)
    tickets.add(
        context, case, "assign", unit=new_unit, assignee=stand_in.username, text=message.text
    )
    if stand_in.remark:
        acts.add(context, case, "note", by="system", actor=SYSTEM, text=stand_in.remark)
    return tickets.finish(context, case)


def hand_over_by_itself(
    context: Context, case: Case, unit: str, username: str | None, reason: str
) -> bool:
    """Give a ticket to a unit, and to its colleague or who stands in, by a rule of the book; False
    where it lies there already. What was meant for who has left the unit waits in its queue.
    """
    is_there = username is not None and works_in(context, username, unit)
    stand_in = _stand_in(context, username if is_there else None, unit)
    new_unit = unit if unit != case.ticket.unit else None
    if new_unit is None and stand_in.username in (None, case.ticket.assignee):
        return False
    acts.add(
        context,
        case,
        "assign",
        by="system",
        actor=SYSTEM,
        unit=new_unit,
        assignee=stand_in.username,
        text=reason,
    )
    if stand_in.remark:
        acts.add(context, case, "note", by="system", actor=SYSTEM, text=stand_in.remark)
    return True


def works_in(context: Context, username: str, unit: str) -> bool:
    """True for an active colleague of the unit."""
    return username in {member.username for member in staff.of_unit(context.conn, unit)}


def _stand_in(context: Context, username: str | None, unit: str) -> StandIn:
    """Return who gets a ticket meant for ``username``: the deputy while they are away."""
    today = tehran_day(context.now)
    own = context.signed_in
    if not username or (own is not None and username == own.username):
        return StandIn(username)
    absence = absences.on(context.conn, username, today)
    if absence is None:
        return StandIn(username)
    names = staff.names(context.conn)
    values = {"name": names.get(username, username), "until": _day(absence.to_day)}
    deputy = absence.deputy
    if deputy and works_in(context, deputy, unit) and not absences.on(context.conn, deputy, today):
        deputy_name = names.get(deputy, deputy)
        return StandIn(deputy, labels.AWAY_WITH_DEPUTY.format(**values, deputy=deputy_name))
    return StandIn(None, labels.AWAY_WITHOUT_DEPUTY.format(**values))


def _day(day: dt.date) -> str:
    return persian_digits(jalali(day).replace("-", "/"))
