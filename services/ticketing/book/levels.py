"""Levels of escalation before they act: what one would do at once, and what waits for a ticket."""

import datetime as dt
from collections.abc import Iterator, Mapping

from sqlalchemy import select

from bus.envelope import instant
from contracts.ticketing.book import AskLevel, LevelNow, LevelOfTicket, LevelsOfTicket
from contracts.ticketing.desk import OneTicket
from services.ticketing.book.validation import with_change
from services.ticketing.context import Context
from services.ticketing.desk import tickets
from services.ticketing.domain import labels, levels, moves
from services.ticketing.domain.book import Book
from services.ticketing.domain.levels import Level
from services.ticketing.domain.promises import PART, Clock
from services.ticketing.tables import TICKETS
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Case

RUNNING = ("NEW", "OPEN")


def now(context: Context, message: AskLevel) -> LevelNow:
    """Count the open tickets of a level, and with how many it would act at once if it were in force
    now. RuleBroken ``field.wrong`` as for a proposal.
    """
    moves.require(context.colleague.role, "book")
    code = str(message.row.get("code", ""))
    existing = {level.code for level in context.book.acting_levels}
    document, _ = with_change(context, "levels", code if code in existing else "", message.row)
    level = next(item for item in Book(document).acting_levels if item.code == code)
    dues = list(_dues(context, level))
    return LevelNow(
        tickets=len(dues),
        acting=sum(1 for due, county in dues if _is_reached(context, level, due, county)),
    )


def _dues(context: Context, level: Level) -> Iterator[tuple[dt.datetime | None, str]]:
    """The due time, and the county, of each open ticket that a level is for."""
    column = TICKETS.c
    statement = select(column.county, column.due_seen, column.part_due_at).where(
        column.state.in_(RUNNING)
    )
    for name in ("unit", "category", "priority"):
        if (value := getattr(level, name)) is not None:
            statement = statement.where(column[name] == value)
    for row in context.conn.execute(statement):
        yield _due(level.clock, row.due_seen, row.part_due_at), row.county


def _due(clock: str, promises: Mapping[str, str], part: dt.datetime | None) -> dt.datetime | None:
    if clock == PART:
        return part
    return dt.datetime.fromisoformat(promises[clock]) if clock in promises else None


def _is_reached(context: Context, level: Level, due: dt.datetime | None, county: str) -> bool:
    if due is None or (level.minutes >= 0 and due > context.now):
        return False
    at = levels.reached_at(level, due, context.calendar, county)
    return at is not None and at <= context.now


def of_ticket(context: Context, message: OneTicket) -> LevelsOfTicket:
    """List what happens to a ticket by itself, and when, as its clocks stand now."""
    case = tickets.load_to_read(context, message)
    part = case.part(context)
    clocks = [*case.clocks(context), *([part] if part is not None else ())]
    return LevelsOfTicket(
        levels=tuple(view for clock in clocks for view in _views(context, case, clock)),
        priority=case.ticket.priority,
    )


def _views(context: Context, case: Case, clock: Clock) -> Iterator[LevelOfTicket]:
    ticket, row = case.ticket, case.row
    since = instant(levels.course_of(clock, case.entries))
    fitting = levels.of_ticket(
        context.book.acting_levels, clock.name, ticket.unit, row.category, ticket.priority
    )
    for number, level in enumerate(fitting, 1):
        had, at = levels.had(case.entries, level, since), None
        if clock.runs and clock.due is not None:
            at = levels.reached_at(level, clock.due, context.calendar, row.county)
        if had is None and at is not None and at <= clock.start:
            continue  # it would have come with the ticket
        yield LevelOfTicket(
            code=level.code,
            clock=level.clock,
            number=number,
            minutes=level.minutes,
            act=level.action,
            target=_target(context, level),
            reached_at=views.optional_instant(at),
            had_at=instant(had.at) if had is not None else None,
            passed_over=had is not None and bool(had.data.get("passed_over")),
        )


def _target(context: Context, level: Level) -> str:
    if level.action == "tell_role":
        return labels.ROLES[level.role]
    if level.action == "hand_over":
        return str(views.unit_of(context, level.to_unit)["fa"])
    return ""
