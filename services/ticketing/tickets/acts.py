"""One act on one ticket: append to its log, judge its clocks, project, publish what was done."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bus.envelope import instant
from bus.errors import NotFound
from contracts.ticketing.citizens import TICKET_MOVED, TicketMoved
from contracts.ticketing.desk import Acted
from contracts.ticketing.files import Attachment
from iran.persian import dashed_code, search_key
from services.ticketing.context import Context
from services.ticketing.domain import promises, stays
from services.ticketing.domain.calendar import Calendar
from services.ticketing.domain.moves import ENDED, WORK, Act, Party
from services.ticketing.domain.promises import Clock, Promise, Span
from services.ticketing.domain.ticket import Entry, Ticket, fold, is_unread
from services.ticketing.tickets import rows
from services.ticketing.tickets.refusals import changed_meanwhile
from services.ticketing.tickets.rows import TicketRow

SEARCHED = 20_000
# As billing numbers them: a Jalali year, then the number in it.
BILL_NUMBER = re.compile(r"1[0-9]{3}-[0-9]{6,9}")


@dataclass
class Case:
    """A ticket in hand: its row, its log, and the state that the log adds up to.

    ``fresh`` are the entries of this act.
    """

    row: TicketRow
    entries: list[Entry]
    ticket: Ticket
    fresh: list[Entry] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def promise(self) -> Promise:
        """What was promised when it was registered; a later book changes nothing about that."""
        spans = {name: Span(**span) for name, span in self.row.promise["spans"].items()}
        return Promise(spans, self.row.promise["source"])

    def clocks(self, context: Context, calendar: Calendar | None = None) -> list[Clock]:
        """Judge each promise as it stands now, by the calendar in force or by another one."""
        by = context.calendar if calendar is None else calendar
        return promises.clocks(self.entries, self.promise, by, self.row.county, context.now)

    def part(self, context: Context) -> Clock | None:
        """Judge the clock of the unit in which it lies; None if the unit has none."""
        return stays.part_clock(self.entries, context.calendar, self.row.county, context.now)

    def last(self, act: Act) -> Entry | None:
        """Return the last entry of an act, if there is one."""
        return next((entry for entry in reversed(self.entries) if entry.act == act), None)


def load(context: Context, code: str, *, lock: bool = True, version: int | None = None) -> Case:
    """Load the ticket of a code, locked for an act.

    NotFound ``ticket.not_found``; Conflict ``ticket.changed`` if it is not at ``version`` any more.
    """
    case = find(context, code, lock=lock)
    if case is None:
        raise _not_found()
    if version is not None and case.row.version != version:
        raise changed_meanwhile()
    return case


def load_by_id(context: Context, ticket: int, *, lock: bool = True) -> Case:
    """Load the ticket of an id, locked for an act. NotFound ``ticket.not_found``."""
    case = _case(context, rows.by_id(context.conn, ticket, lock=lock))
    if case is None:
        raise _not_found()
    return case


def find(context: Context, code: str, *, lock: bool = True) -> Case | None:
    """Load the ticket of a code, locked for an act; None if there is none."""
    return _case(context, rows.by_code(context.conn, code, lock=lock))


def attributes_of(context: Context, case: Case) -> dict[str, str]:
    """Return the answers to the further questions of a ticket's service, by code."""
    return rows.attributes(context.conn, case.id)


def _not_found() -> NotFound:
    return NotFound("There is no such ticket.", code="ticket.not_found")


def _case(context: Context, row: TicketRow | None) -> Case | None:
    if row is None:
        return None
    entries = rows.events(context.conn, row.id)
    return Case(row, entries, fold(entries))


def add(  # noqa: PLR0913 - an entry of the log has as many parts
    context: Context,
    case: Case,
    act: Act,
    *,
    by: Party,
    actor: str,
    files: Iterable[Attachment] = (),
    **data: object,
) -> Entry:
    """Append one entry to the log. RuleBroken ``ticket.move`` if the state does not allow the act.

    Data that is None or an empty text is left out.
    """
    members = {name: value for name, value in data.items() if value not in (None, "")}
    if act in ("answer", "close"):
        # Kept with the log: what is said later about punctuality does not change with a calendar.
        solution = next((c for c in case.clocks(context) if c.name == "solution"), None)
        members["on_time"] = solution is None or not solution.is_late(context.now)
    entry = Entry(case.ticket.version + 1, context.now, by, actor, act, members)
    before, case.ticket = case.ticket, case.ticket.after(entry)
    members |= _marks_of_stays(context, case, before)
    envelope = context.tx.envelope
    rows.add_event(context.conn, case.id, entry, envelope.id if envelope else None)
    rows.add_files(context.conn, case.id, entry.seq, files)
    case.entries.append(entry)
    case.fresh.append(entry)
    return entry


def _marks_of_stays(context: Context, case: Case, before: Ticket) -> dict[str, object]:
    """What the log keeps of a stay that an act ends, and of one that it begins: neither a later
    book nor a later calendar changes what is said of them.
    """
    marks: dict[str, object] = {}
    if stays.ends(before, case.ticket):
        county = case.row.county
        last = stays.judged(case.entries, context.calendar, county, context.now)[-1]
        marks |= {
            "stay_unit": last.stay.unit,
            "stay_minutes": int(last.counted.total_seconds() // 60),
            "stay_number": last.stay.number,
        }
        if last.clock is not None:
            marks["stay_kept"] = not last.clock.is_late(context.now)
    if stays.begins(before, case.ticket):
        unit = context.book.units.get(case.ticket.unit)
        if unit is not None and unit.part_minutes:
            marks["part"] = unit.part_minutes
    return marks


def project(context: Context, case: Case) -> Acted:
    """Write the state that the log adds up to into the ticket's row, and publish the Event."""
    ticket, clocks = case.ticket, case.clocks(context)
    first = promises.next_due(clocks) if ticket.state in WORK else None
    part = case.part(context)
    new_words = " ".join(search_key(entry.text) for entry in case.fresh)
    rows.change_ticket(
        context.conn,
        case.id,
        state=ticket.state,
        version=ticket.version,
        unit=ticket.unit,
        assignee=ticket.assignee,
        priority=ticket.priority,
        updated_at=context.now,
        due_at=first.due if first else None,
        due_clock=first.name if first else None,
        due_seen=due_times(clocks),
        part_due_at=part.due if part is not None and part.runs else None,
        calendar_version=context.calendar_version,
        ended_at=_ended_at(context, case),
        unread=is_unread(case.fresh, ticket.state, case.row.unread),
        search=f"{case.row.search} {new_words}".strip()[-SEARCHED:],
    )
    last = case.fresh[-1] if case.fresh else case.entries[-1]
    context.tx.publish(
        TICKET_MOVED,
        TicketMoved(
            ticket=case.id,
            version=ticket.version,
            act=last.act,
            state=ticket.state,
            unit=ticket.unit,
            at=instant(context.now),
            objects_to=_objected_bill(case),
        ),
    )
    return Acted(code=case.row.code, version=ticket.version, state=ticket.state)


def _objected_bill(case: Case) -> str | None:
    """The number of the bill that a ticket objects to: billing reminds of it no more meanwhile.

    None for whatever else a person has written there, since events name nobody.
    """
    row = case.row
    if row.kind != "objection" or row.about_kind != "bill":
        return None
    number = "".join(dashed_code(row.about_ref or "").split())
    return number if BILL_NUMBER.fullmatch(number) else None


def _ended_at(context: Context, case: Case) -> dt.datetime | None:
    """When a ticket ended that has; one that is joined with another ends with that one."""
    if case.ticket.state not in ENDED:
        return None
    was_ended = case.row.state in ENDED
    return case.row.ended_at if was_ended and case.row.ended_at else context.now


def due_times(clocks: Iterable[Clock]) -> dict[str, str]:
    """When each running promise is due, to notice when a change of the calendar moves it."""
    return {clock.name: instant(clock.due) for clock in clocks if clock.runs and clock.due}
