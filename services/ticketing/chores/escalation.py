"""What levels of escalation do with a ticket; see domain/levels.py for when.

Whoever catches up after hours without a watch does what the highest level says that was reached,
and notes the others: nobody hears of five levels at once.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bus.envelope import instant
from services.ticketing.context import SYSTEM, Context
from services.ticketing.desk import assignments
from services.ticketing.domain import labels, levels
from services.ticketing.domain.levels import Level
from services.ticketing.domain.promises import PART, Clock
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
    reached = max((moment for moment in moments if moment is not None), default=context.now)
    # Before a due time there may be a longer closure than after now.
    return 2 * (reached - context.now) + dt.timedelta(days=7)


def act(context: Context, case: Case) -> None:
    """Do what the levels that were reached say; the caller projects the ticket."""
    if not context.book.acting_levels:
        return
    for name in labels.CLOCKS:
        clock = _clock(context, case, name)
        reached = list(_reached(context, case, clock)) if clock is not None else []
        highest = max((item.level.minutes for item in reached), default=0)
        for item in reached:
            _note_or_do(context, case, item, is_highest=item.level.minutes == highest)


def _clock(context: Context, case: Case, name: str) -> Clock | None:
    """The clock as it stands now: an earlier level may have handed the ticket over."""
    if name == PART:
        return case.part(context)
    return next((clock for clock in case.clocks(context) if clock.name == name), None)


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
    level = item.level
    assert item.clock.due is not None
    priority = None
    if is_highest and level.action == "raise_priority":
        priority = min(case.ticket.priority + 1, URGENT)
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
        unit=case.ticket.unit,
        passed_over=None if is_highest else True,
        priority=priority,
        text=level.text if is_highest and level.action == "note" else "",
    )
    if is_highest:
        _do(context, case, item, entry)


def _do(context: Context, case: Case, item: Reached, entry: Entry) -> None:
    level, owner = item.level, case.ticket.assignee
    if level.action == "hand_over":
        reason = labels.BY_LEVEL.format(number=item.number, clock=labels.CLOCKS[level.clock][0])
        assignments.hand_over_by_itself(
            context, case, level.to_unit, level.to_colleague or None, reason
        )
    elif level.action == "tell_owner" and owner is not None:
        kind = "due_soon" if level.minutes < 0 else "missed"
        mark = f"level:{level.code}:{item.since}"
        colleagues.tell(context, case, [owner], kind, mark, SYSTEM)
    elif level.action == "tell_owner":
        email_role(context, case, entry, "unit_head")
    elif level.action == "tell_role":
        email_role(context, case, entry, level.role)
