"""Deadlines of open tickets: recalculated, watched, and ended quietly when nobody objects."""

import datetime as dt
from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from bus.database.store import Store, Tx
from bus.envelope import instant
from bus.process import log
from contracts.ticketing.citizens import TICKET_ESCALATED, TicketEscalated
from iran.persian import tehran_day
from services.ticketing.chores import escalation
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain.book import Level
from services.ticketing.domain.promises import PART, Clock
from services.ticketing.failed_rows import chore
from services.ticketing.notifications import colleagues
from services.ticketing.notifications import tickets as notifications
from services.ticketing.notifications.staff import email_role
from services.ticketing.tables import CALENDAR_VERSION, ESCALATIONS, TICKETS
from services.ticketing.tickets import acts, joined, periods, visits
from services.ticketing.tickets.acts import Case

_log = log.get("chores")
AT_ONCE = 100
# So long before a due time the colleague who works on the ticket is told.
SOON = dt.timedelta(hours=2)
# Of a unit's own time its head is not told beside a promise of the same ticket.
BESIDE = dt.timedelta(hours=1)
ContextOf = Callable[[Tx], Context]
_WATCHED = TICKETS.c.state.in_(("NEW", "OPEN", "PAUSED", "ANSWERED"))


def _page(
    context: Context, where: ColumnElement[bool], *, after: int = 0, left: list[str] | None = None
) -> list[int]:
    """The next open tickets by id, without those that are left alone."""
    statement = (
        select(TICKETS.c.id)
        .where(
            TICKETS.c.id > after,
            _WATCHED,
            where,
            TICKETS.c.id.not_in([int(item) for item in left or ()]),
        )
        .order_by(TICKETS.c.id)
        .limit(AT_ONCE)
    )
    return list(context.conn.execute(statement).scalars())


def _each_ticket(
    store: Store,
    context_of: ContextOf,
    name: str,
    work: Callable[[Context, int], None],
    where: ColumnElement[bool],
) -> None:
    """Work on each ticket in a transaction of its own.

    A full page of tickets that stay as they are hides none behind them.
    """

    def in_transaction(ticket: int) -> None:
        with store.transaction() as tx:
            work(context_of(tx), ticket)

    after = 0
    while True:
        with store.transaction() as tx:
            tickets = _page(context_of(tx), where, after=after)
        if not tickets:
            return
        after = tickets[-1]
        chore(store, name).work_on(tickets, in_transaction)


# --- recalculation ---


def recalculate(store: Store, context_of: ContextOf) -> None:
    """Judge the open tickets anew whose calendar is not the newest; log due times that moved."""
    newest = select(CALENDAR_VERSION.c.version).scalar_subquery()
    where = and_(TICKETS.c.state != "ANSWERED", TICKETS.c.calendar_version < newest)
    recalculating = chore(store, "recalculate")
    done = AT_ONCE
    while done == AT_ONCE:
        done = recalculating.page(
            context_of,
            lambda context, left: _page(context, where, left=left),
            _recalculate,
            int,
        )


def _recalculate(context: Context, ticket: int) -> None:
    case = acts.load_by_id(context, ticket)
    clocks = case.clocks(context)
    if any(clock.state == "UNKNOWN" for clock in clocks):
        _log.error("no_due_date_in_calendar", ticket=ticket, county=case.row.county)
    for name, due in acts.due_times(clocks).items():
        before = case.row.due_seen.get(name)
        if before is not None and before != due:
            acts.add(
                context,
                case,
                "due_moved",
                by="system",
                actor="calendar",
                clock=name,
                was=before,
                due=due,
                calendar=context.calendar_version,
            )
    acts.project(context, case)


# --- escalation ---


def watch(store: Store, context_of: ContextOf) -> None:
    """Escalate promises, and units' own times, near their due time or past it, once a level."""
    with store.transaction() as tx:
        context = context_of(tx)
        ahead = escalation.farthest_ahead(context)
    early = max((-level.minutes_from_due for level in context.book.levels), default=0)
    until = context.now + max(dt.timedelta(minutes=early), SOON, ahead)
    is_near = or_(TICKETS.c.due_at <= until, TICKETS.c.part_due_at <= until)
    where = and_(TICKETS.c.state != "ANSWERED", is_near)
    _each_ticket(store, context_of, "watch", _escalate, where)


def _escalate(context: Context, ticket: int) -> None:
    case = acts.load_by_id(context, ticket)
    part = case.part(context)
    for clock in [*case.clocks(context), *([part] if part is not None else ())]:
        if not clock.runs or clock.due is None:
            continue
        if clock.name != PART:
            _tell_assignee(context, case, clock.name, clock.due)
        for number, level in enumerate(context.book.levels):
            if level.clock == clock.name:
                _escalate_level(context, case, clock, number, level)
    escalation.act(context, case)
    if case.fresh:
        acts.project(context, case)
        notifications.notify(context, case)


def _tell_assignee(context: Context, case: Case, clock: str, due: dt.datetime) -> None:
    """Tell the colleague who works on it, once before a due time and once after it."""
    if case.ticket.assignee is None or context.now < due - SOON:
        return
    kind = "missed" if context.now > due else "due_soon"
    mark = f"{clock}:{instant(due)}"
    colleagues.tell(context, case, [case.ticket.assignee], kind, mark, SYSTEM)


def _escalate_level(context: Context, case: Case, clock: Clock, number: int, level: Level) -> None:
    assert clock.due is not None
    reached_at = clock.due + dt.timedelta(minutes=level.minutes_from_due)
    if context.now < reached_at or (clock.name == PART and _waits(context, case, clock, level)):
        return
    if not _is_first(context, case.id, level, clock.due) or _is_overtaken(context, clock, level):
        return
    if clock.name == PART and _was_warned(context, case, level.role):
        return
    due = instant(clock.due)
    entry = acts.add(
        context,
        case,
        "escalate",
        by="system",
        actor=SYSTEM,
        clock=clock.name,
        level=number,
        role=level.role,
        due=due,
    )
    email_role(context, case, entry, level.role)
    context.tx.publish(
        TICKET_ESCALATED,
        TicketEscalated(
            ticket=case.id,
            clock=clock.name,
            level=number,
            role=level.role,
            unit=case.ticket.unit,
            due=due,
        ),
    )


def _waits(context: Context, case: Case, part: Clock, level: Level) -> bool:
    """True of a word about a unit's own time that would come with the ticket itself, or that a
    promise's word to the same reader follows within the hour: that one is enough.
    """
    assert part.due is not None
    if part.due + dt.timedelta(minutes=level.minutes_from_due) <= part.start:
        return True
    return any(
        (other.clock, other.role) == (clock.name, level.role)
        and context.now
        < clock.due + dt.timedelta(minutes=other.minutes_from_due)
        < context.now + BESIDE
        for clock in case.clocks(context)
        if clock.runs and clock.due is not None
        for other in context.book.levels
    )


def _was_warned(context: Context, case: Case, role: str) -> bool:
    """True if a promise's word about the ticket went to the same reader within the hour."""
    return any(
        entry.act == "escalate"
        and entry.data["clock"] != PART
        and entry.data.get("role") == role
        and context.now - entry.at < BESIDE
        for entry in case.entries
    )


def _is_overtaken(context: Context, clock: Clock, level: Level) -> bool:
    """True for a warning before a due time that comes only after it, as when nothing was watched
    for hours, where another level tells the same role that it has passed.
    """
    assert clock.due is not None
    late = (context.now - clock.due).total_seconds() / 60
    return level.minutes_from_due < 0 <= late and any(
        (other.clock, other.role) == (level.clock, level.role)
        and 0 <= other.minutes_from_due <= late
        for other in context.book.levels
    )


def _is_first(context: Context, ticket: int, level: Level, due: dt.datetime) -> bool:
    """True for the first time that this level of this due time is reached; a level is known by
    what it says, for others may be put before it.
    """
    statement = insert(ESCALATIONS).values(
        ticket=ticket,
        clock=level.clock,
        minutes_from_due=level.minutes_from_due,
        role=level.role,
        due=due,
    )
    return bool(context.conn.execute(statement.on_conflict_do_nothing()).rowcount)


# --- quiet ends ---


def close_quietly(store: Store, context_of: ContextOf) -> None:
    """End tickets that were answered without objection or waited in vain; remind before."""
    with store.transaction() as tx:
        context = context_of(tx)
    answered = context.now - dt.timedelta(days=context.book.after_answer_days)
    paused = context.now - dt.timedelta(days=context.book.remind_days)
    where = or_(
        and_(TICKETS.c.state == "ANSWERED", ~TICKETS.c.unread, TICKETS.c.ended_at <= answered),
        and_(TICKETS.c.state == "PAUSED", TICKETS.c.updated_at <= paused),
    )
    _each_ticket(store, context_of, "close_quietly", _close_quietly, where)


def _close_quietly(context: Context, ticket: int) -> None:
    case = acts.load_by_id(context, ticket)
    if case.ticket.state == "ANSWERED":
        _close_answered(context, case)
    elif case.ticket.pause == "applicant":
        _remind_or_close(context, case)
    if case.fresh:
        acts.project(context, case)
        notifications.notify(context, case)


def _close_answered(context: Context, case: Case) -> None:
    answer = case.last("answer")
    assert answer is not None
    if tehran_day(context.now) > periods.objection_ends(context, case, answer.at):
        _close(context, case, "accepted")


def _remind_or_close(context: Context, case: Case) -> None:
    pause = case.last("pause")
    assert pause is not None
    reminders = [e for e in case.entries if e.act == "remind" and e.seq > pause.seq]
    if not reminders:
        if context.now - pause.at >= dt.timedelta(days=context.book.remind_days):
            acts.add(context, case, "remind", by="system", actor=SYSTEM)
    elif tehran_day(context.now) > periods.silence_ends(context, case, reminders[-1].at):
        _close(context, case, "silence")


def _close(context: Context, case: Case, reason: str) -> None:
    visits.call_off_unchosen(context, case)
    joined.release(context, case)
    acts.add(context, case, "close", by="system", actor=SYSTEM, reason=reason)
