"""Legal holds: what a court or an inspection needs is not deleted, of a ticket or a person."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, insert, or_, select, update

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import Conflict, NotFound
from contracts.notify.person_holds import NOTE_HOLD, NOTE_HOLD_OF_INQUIRY, NoteHold
from contracts.ticketing import privacy as contracts
from iran.persian import tehran_day
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.tables import LEGAL_HOLDS, PEOPLE, TICKETS

MOST = 200
# Of a person, for the other contexts: the newest tickets, and the addresses of a kind on them.
MOST_TOLD, MOST_ADDRESSES = 500, 50


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold, with the code of its ticket; None for one on a person."""

    id: int
    code: str | None
    case_number: str
    reason: str
    until: dt.date
    placed_by: str
    placed_at: dt.datetime
    ended_by: str | None
    ended_at: dt.datetime | None
    end_reason: str


_OF_HOLD = (
    *(LEGAL_HOLDS.c[name] for name in ("case_number", "reason", "until", "placed_by")),
    *(LEGAL_HOLDS.c[name] for name in ("placed_at", "ended_by", "ended_at", "end_reason")),
)
_HOLDS = select(LEGAL_HOLDS.c.id, TICKETS.c.code, *_OF_HOLD).outerjoin(
    TICKETS, TICKETS.c.id == LEGAL_HOLDS.c.ticket
)


def place(context: Context, message: contracts.PlaceHold) -> contracts.Hold:
    """Place a hold on a ticket or a person.

    Forbidden ``desk.role`` without the right ``approve_privacy``; NotFound ``ticket.not_found``.
    """
    moves.require(context.colleague.role, "approve_privacy")
    ticket = None
    if message.ticket:
        ticket = context.conn.scalar(select(TICKETS.c.id).where(TICKETS.c.code == message.ticket))
        if ticket is None:
            raise NotFound("There is no such ticket.", code="ticket.not_found")
    person = context.keys.person("national_id", message.national_id)
    id_ = context.conn.scalar(
        insert(LEGAL_HOLDS)
        .values(
            ticket=ticket,
            person=person if ticket is None else None,
            case_number=message.case_number,
            reason=message.reason,
            until=dt.date.fromisoformat(message.until),
            placed_by=context.colleague.username,
            placed_at=context.now,
        )
        .returning(LEGAL_HOLDS.c.id)
    )
    placed = _one(context, int(id_ or 0))
    _tell(context, placed.id, message.national_id)
    return placed


def end(context: Context, message: contracts.EndHold) -> contracts.Hold:
    """End a hold before its day. NotFound ``hold.not_found``; Conflict ``hold.ended``."""
    moves.require(context.colleague.role, "approve_privacy")
    if not _one(context, message.number).open:
        raise Conflict("This hold has ended already.", code="hold.ended")
    context.conn.execute(
        update(LEGAL_HOLDS)
        .where(LEGAL_HOLDS.c.id == message.number)
        .values(
            ended_by=context.colleague.username,
            ended_at=context.now,
            end_reason=message.reason,
        )
    )
    _tell(context, message.number)
    return _one(context, message.number)


def listed(context: Context) -> contracts.Holds:
    """List the holds, the newest first; ended ones stay in the list."""
    moves.require(context.colleague.role, "privacy")
    query = _HOLDS.order_by(LEGAL_HOLDS.c.id.desc()).limit(MOST)
    rows = fetch_all(context.conn, HoldRow, query)
    return contracts.Holds(holds=tuple(_hold(context, row) for row in rows))


def tell_all(context: Context) -> None:
    """Tell the other contexts again what the holds in force protect, with what came since."""
    query = select(LEGAL_HOLDS.c.id).where(is_open(context)).order_by(LEGAL_HOLDS.c.id)
    for number in context.conn.scalars(query).all():
        _tell(context, number)


def _tell(context: Context, number: int, national_id: str | None = None) -> None:
    """Tell inquiry and notify whom or which matter a hold protects. Here a person is kept as a
    hash: the ID itself is known when the hold is placed, and from that person's tickets.
    """
    column = LEGAL_HOLDS.c
    of_hold = select(column.ticket, column.person, column.until, column.ended_at)
    row = context.conn.execute(of_hold.where(column.id == number)).one()
    person = (PEOPLE.c.mobile, PEOPLE.c.email, PEOPLE.c.national_id)
    tickets = select(TICKETS.c.code, TICKETS.c.about_ref, *person)
    tickets = tickets.outerjoin(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id).where(
        TICKETS.c.id == row.ticket
        if row.ticket is not None
        else PEOPLE.c.national_id_key == row.person
    )
    rows = context.conn.execute(tickets.order_by(TICKETS.c.id.desc()).limit(MOST_TOLD)).all()
    references = dict.fromkeys(
        ref for ticket in rows for ref in (ticket.code, ticket.about_ref) if ref
    )
    of_person = rows if row.ticket is None else ()
    protected = NoteHold(
        number=number,
        as_of=instant(context.now),
        until=None if row.ended_at is not None else row.until.isoformat(),
        national_id=national_id or next((p.national_id for p in of_person if p.national_id), None),
        mobiles=_newest(p.mobile for p in of_person),
        emails=_newest(p.email for p in of_person),
        references=tuple(references)[: 2 * MOST_TOLD],
    )
    for command in (NOTE_HOLD, NOTE_HOLD_OF_INQUIRY):
        context.tx.send(command, protected)


def _newest(addresses: Iterable[str | None]) -> tuple[str, ...]:
    """The first of them, each once."""
    return tuple(dict.fromkeys(filter(None, addresses)))[:MOST_ADDRESSES]


def is_open(context: Context) -> ColumnElement[bool]:
    """Return the condition of a hold that is in force today."""
    column = LEGAL_HOLDS.c
    return and_(column.ended_at.is_(None), column.until >= tehran_day(context.now))


def is_held(context: Context) -> ColumnElement[bool]:
    """Return the condition of a row of TICKETS that a hold protects."""
    column = LEGAL_HOLDS.c
    persons = select(PEOPLE.c.national_id_key).where(
        PEOPLE.c.ticket == TICKETS.c.id, PEOPLE.c.national_id_key.is_not(None)
    )
    own = or_(column.ticket == TICKETS.c.id, column.person.in_(persons))
    return select(column.id).where(is_open(context), own).correlate(TICKETS).exists()


def held_tickets(context: Context) -> Select[int]:
    """Return the query of the tickets that a hold protects."""
    return select(TICKETS.c.id).where(is_held(context))


def is_ticket_held(context: Context, ticket: int) -> bool:
    """Tell whether a hold protects the ticket."""
    held = select(TICKETS.c.id).where(TICKETS.c.id == ticket, is_held(context))
    return context.conn.scalar(held) is not None


def _one(context: Context, id_: int) -> contracts.Hold:
    rows = fetch_all(context.conn, HoldRow, _HOLDS.where(LEGAL_HOLDS.c.id == id_))
    if not rows:
        raise NotFound("There is no such hold.", code="hold.not_found")
    return _hold(context, rows[0])


def _hold(context: Context, row: HoldRow) -> contracts.Hold:
    return contracts.Hold(
        id=row.id,
        ticket=row.code,
        case_number=row.case_number,
        reason=row.reason,
        until=row.until.isoformat(),
        placed_by=row.placed_by,
        placed_at=instant(row.placed_at),
        ended_by=row.ended_by,
        ended_at=instant(row.ended_at) if row.ended_at else None,
        end_reason=row.end_reason,
        open=row.ended_at is None and row.until >= tehran_day(context.now),
    )
