"""What levels of escalation do with a ticket; see domain/levels.py for when.

Whoever catches up after hours without a watch does what the highest level says that was reached,
and notes the others: nobody hears of five levels at once.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bus.envelope import instant
from contracts.ticketing.citizens import TICKET_ESCALATED, TicketEscalated
from services.ticketing.context import SYSTEM, Context
from services.ticketing.desk import assignments
from services.ticketing.domain import labels, levels
from services.ticketing.domain.levels import Level
from services.ticketing.domain.promises import Clock
from services.ticketing.domain.ticket import URGENT, Entry
from services.ticketing.notifications import colleagues
from services.ticketing.notifications.staff import email_role
from services.ticketing.tickets import acts
from services.ticketing.tickets.acts import Case


@dataclass(frozen=True, slots=True)
class Reached:
    """A level that was reached, its number among those of its clock, and of which course it is."""

    level: Level
    number: int
    clock: Clock
    since: str


def farthest_ahead(context: Context) -> dt.timedelta:
    """How long before a due time a level may be reached, by the slowest calendar of a county."""
    ahead = max((-level.minutes for level in context.book.acting_levels), default=0)
    if ahead <= 0:
        return dt.timedelta()
    at_due = Level("", "", ahead, "note")
    moments = (
        levels.reached_at(at_due, context.now, context.calendar, county)
        for county in ("", *context.book.counties)
    )
    # Between now and a due time whose level is reached now lies as much open time.
    reached = max((moment for moment in moments if moment is not None), default=context.now)
    return reached - context.now


def act(context: Context, case: Case) -> None:
    """Do what the levels that were reached say; the caller projects the ticket."""
    if not context.book.acting_levels:
        return
    clocks, unit = _clocks(context, case), case.ticket.unit
    for name in labels.CLOCKS:
        if case.ticket.unit != unit:  # a level has handed it over: it has another time of a unit
            clocks, unit = _clocks(context, case), case.ticket.unit
        reached = list(_reached(context, case, clocks[name])) if name in clocks else []
        highest = max((item.level.minutes for item in reached), default=0)
        for item in reached:
            _note_or_do(context, case, item, is_highest=item.level.minutes == highest)


def _clocks(context: Context, case: Case) -> dict[str, Clock]:
    clocks, part = case.clocks(context), case.part(context)
    return {clock.name: clock for clock in (*clocks, *([part] if part is not None else ()))}


def _reached(context: Context, case: Case, clock: Clock) -> Iterator[Reached]:
    """The levels of a running clock that are reached and had no turn in its course. One that lies
    before the beginning of the clock has none: it would come with the ticket itself.
    """
    if not clock.runs or clock.due is None:
        return
    since = instant(levels.course_of(clock, case.entries))
    for number, level in enumerate(_of(context, case, clock.name), 1):
        at = levels.reached_at(level, clock.due, context.calendar, case.row.county)
        if at is None or not clock.start < at <= context.now:
            continue
        if levels.had(case.entries, level, since) is None:
            yield Reached(level, number, clock, since)


def _of(context: Context, case: Case, clock: str) -> Sequence[Level]:
    ticket = case.ticket
    return levels.of_ticket(
        context.book.acting_levels, clock, ticket.unit, case.row.category, ticket.priority
    )


def _note_or_do(context: Context, case: Case, item: Reached, *, is_highest: bool) -> None:
    level, unit = item.level, case.ticket.unit
    assert item.clock.due is not None
    moved = _hand_over(context, case, item) if is_highest and level.action == "hand_over" else True
    entry = acts.add(
        context,
        case,
        "escalate",
        by="system",
        actor=SYSTEM,
        clock=item.clock.name,
        level=item.number,
        due=instant(item.clock.due),
        kind=level.action,
        code=level.code,
        since=item.since,
        unit=unit,
        passed_over=None if is_highest else True,
        was_there=None if moved else True,
        priority=_raised(case) if is_highest and level.action == "raise_priority" else None,
        text=level.text if is_highest and level.action == "note" else "",
    )
    if is_highest:
        _tell(context, case, item, entry)


def _raised(case: Case) -> int:
    return min(case.ticket.priority + 1, URGENT)


def _hand_over(context: Context, case: Case, item: Reached) -> bool:
    level, clock = item.level, labels.CLOCKS[item.clock.name][0]
    reason = labels.BY_LEVEL.format(number=item.number, clock=clock)
    return assignments.hand_over_by_itself(
        context, case, level.to_unit, level.to_colleague or None, reason
    )


def _tell(context: Context, case: Case, item: Reached, entry: Entry) -> None:
    level, owner = item.level, case.ticket.assignee
    if level.action == "tell_owner" and owner is not None:
        kind = "due_soon" if level.minutes < 0 else "missed"
        mark = f"level:{level.code}:{item.since}"
        colleagues.tell(context, case, [owner], kind, mark, SYSTEM)
    elif level.action == "tell_owner":
        _tell_role(context, case, entry, "unit_head")
    elif level.action == "tell_role":
        _tell_role(context, case, entry, level.role)


def _tell_role(context: Context, case: Case, entry: Entry, role: str) -> None:
    email_role(context, case, entry, role)
    context.tx.publish(
        TICKET_ESCALATED,
        TicketEscalated(
            ticket=case.id,
            clock=entry.data["clock"],
            level=entry.data["level"],
            role=role,
            unit=case.ticket.unit,
            due=entry.data["due"],
        ),
    )
