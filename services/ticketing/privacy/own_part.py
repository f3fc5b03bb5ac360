"""What this context has of a person: to hand out, or to empty where nothing forbids it."""

from sqlalchemy import ColumnElement, and_, or_, select

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import Conflict
from bus.messages.values import Json
from contracts.notify.persons import Person
from people import retention
from services.ticketing.context import Context
from services.ticketing.domain.moves import WORK
from services.ticketing.privacy import emptying, holds
from services.ticketing.tables import LEGAL_HOLDS, PEOPLE, TICKETS
from services.ticketing.tickets import rows
from services.ticketing.tickets.rows import TicketRow

SHOWN = ("code", "kind", "category", "county", "unit", "channel", "state", "text", "address")


def export(context: Context, person: Person) -> Json:
    """Return each ticket of the person with its log and the names of its files."""
    return {"tickets": [_ticket(context, row) for row in _tickets(context, person)]}


def erase(context: Context, person: Person) -> Json:
    """Empty the person's tickets that are not worked on; say what stays, and why."""
    tickets = _tickets(context, person)
    ended = [row for row in tickets if row.state not in WORK]
    for row in ended:
        emptying.empty(context, row.id)
    return {
        "emptied": {"tickets": len(ended)},
        "kept": [
            *(
                {"what": row.code, "reason_fa": "در دست رسیدگی است", "reason_en": "it is worked on"}
                for row in tickets
                if row.state in WORK
            ),
            *(
                {"what": rule.en, "what_fa": rule.fa}
                | {"reason_fa": rule.basis_fa, "reason_en": rule.basis_en}
                for rule in retention.rules().values()
                if rule.personal and rule.citizens and rule.erasure == "keep"
            ),
        ],
    }


def emails(context: Context, person: Person) -> tuple[str, ...]:
    """Return the e-mail addresses on the person's tickets."""
    query = (
        select(PEOPLE.c.email)
        .join(TICKETS, TICKETS.c.id == PEOPLE.c.ticket)
        .where(_own(person), PEOPLE.c.email.is_not(None))
        .distinct()
        .limit(50)
    )
    return tuple(context.conn.scalars(query))


def require_free(context: Context, person: Person) -> None:
    """Raise Conflict ``person_act.held`` if a hold is on the person or on one of the tickets."""
    column = LEGAL_HOLDS.c
    tickets = select(TICKETS.c.id).join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id).where(_own(person))
    key = context.keys.person("national_id", person.national_id)
    held = select(column.id).where(
        holds.is_open(context), or_(column.person == key, column.ticket.in_(tickets))
    )
    if context.conn.scalar(held.limit(1)) is not None:
        raise Conflict(
            "A legal hold forbids this. Wait until it ends, or end it with a reason.",
            code="person_act.held",
        )


def _own(person: Person) -> ColumnElement[bool]:
    """The condition of the person's tickets: the national ID stands there, or the mobile alone."""
    alone = and_(PEOPLE.c.national_id.is_(None), PEOPLE.c.mobile == person.mobile)
    return or_(PEOPLE.c.national_id == person.national_id, alone)


def _tickets(context: Context, person: Person) -> list[TicketRow]:
    query = rows.tickets().join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id).where(_own(person))
    return fetch_all(context.conn, TicketRow, query.order_by(TICKETS.c.id))


def _ticket(context: Context, row: TicketRow) -> Json:
    return {
        **{name: getattr(row, name) for name in SHOWN},
        "registered_at": instant(row.registered_at),
        "log": [
            {"at": instant(entry.at), "by": entry.by, "act": entry.act, "text": entry.text}
            for entry in rows.events(context.conn, row.id)
            if entry.act != "note"
        ],
        "files": [
            file.name for files in rows.files(context.conn, row.id).values() for file in files
        ],
    }
