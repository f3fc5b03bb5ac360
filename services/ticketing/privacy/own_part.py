"""What this context has of a person: to hand out, or to empty where nothing forbids it."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, or_, select

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import Conflict
from bus.messages.values import Json
from contracts.notify.persons import Person
from people import retention
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.domain.moves import WORK
from services.ticketing.privacy import emptying, holds, own_alerts
from services.ticketing.senders import rows as senders
from services.ticketing.tables import LEGAL_HOLDS, PEOPLE, TICKETS
from services.ticketing.tickets import acts, of_person, rows, views
from services.ticketing.tickets.rows import TicketRow

# The most tickets of a person that other contexts are told of.
MOST_TOLD = 1000
# What a person chose where something was asked weeks after the end.
CHOSEN = ("mended", "first_time")
SHOWN = ("code", "kind", "category", "county", "unit", "channel", "state", "text", "address")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for their data, and what of it is proven.

    Who wished it on the portal has proven the mobile, and the ID only if the water registry has
    both (since ``since``); an officer who wrote it down has seen the ID.
    """

    person: Person
    since: dt.datetime | None
    by_id: bool


def export(context: Context, claim: Claim) -> Json:
    """Return each ticket of the person with its log and the names of its files, and the alerts
    about them.
    """
    own = _tickets(context, claim)
    alerts = own_alerts.export(context, [row.id for row in own], emails(context, claim))
    return {"tickets": [_ticket(context, row) for row in own], "alerts": alerts}


def erase(context: Context, claim: Claim) -> Json:
    """Empty the person's tickets that are not worked on; say what stays, and why."""
    tickets = _tickets(context, claim)
    ended = [row for row in tickets if row.state not in WORK]
    # Before the addresses on the tickets go, by which they are known.
    alerts = own_alerts.erase(context, [row.id for row in tickets], emails(context, claim))
    for row in ended:
        emptying.empty(context, row.id)
    return {
        "emptied": {"tickets": len(ended), "alerts": alerts},
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


def codes(context: Context, claim: Claim) -> tuple[str, ...]:
    """Return the codes of the person's tickets."""
    return tuple(row.code for row in _tickets(context, claim))[-MOST_TOLD:]


def emails(context: Context, claim: Claim) -> tuple[str, ...]:
    """Return the e-mail addresses on the person's tickets."""
    query = (
        select(PEOPLE.c.email)
        .join(TICKETS, TICKETS.c.id == PEOPLE.c.ticket)
        .where(_own(context, claim), PEOPLE.c.email.is_not(None))
        .distinct()
        .limit(50)
    )
    return tuple(context.conn.scalars(query))


def require_free(context: Context, claim: Claim) -> None:
    """Raise Conflict ``person_act.held`` if a hold is on the person or on one of the tickets."""
    column = LEGAL_HOLDS.c
    tickets = select(TICKETS.c.id).join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
    tickets = tickets.where(_own(context, claim))
    key = context.keys.person("national_id", claim.person.national_id)
    held = select(column.id).where(
        holds.is_open(context), or_(column.person == key, column.ticket.in_(tickets))
    )
    if context.conn.scalar(held.limit(1)) is not None:
        raise Conflict(
            "A legal hold forbids this. Wait until it ends, or end it with a reason.",
            code="person_act.held",
        )


def _own(context: Context, claim: Claim) -> ColumnElement[bool]:
    """The condition of the person's tickets: those of *my matters*, and by a proven ID all that
    name it.
    """
    by_id = PEOPLE.c.national_id == claim.person.national_id if claim.by_id else false()
    return or_(by_id, of_person.own(context, claim.person, claim.since))


def _tickets(context: Context, claim: Claim) -> list[TicketRow]:
    query = rows.tickets().join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
    query = query.where(_own(context, claim)).order_by(TICKETS.c.id)
    return fetch_all(context.conn, TicketRow, query)


def _ticket(context: Context, row: TicketRow) -> Json:
    """What the person reads of the ticket; no word among colleagues, and none of other people."""
    entries = views.shown_entries(acts.load_by_id(context, row.id, lock=False))
    files = rows.files(context.conn, row.id)
    return {
        **{name: getattr(row, name) for name in SHOWN},
        "registered_at": instant(row.registered_at),
        "log": [
            {"at": instant(entry.at), "by": entry.by, "act": entry.act, "text": entry.text}
            | {name: entry.data[name] for name in CHOSEN if name in entry.data}
            for entry in entries
        ],
        "files": [file.name for entry in entries for file in files.get(entry.seq, ())],
        "set_aside": [
            {
                "sender": sender.sender,
                "reason": labels.SET_ASIDE[sender.reason],
                "put_at": instant(sender.put_at),
                "until": instant(sender.ended_at or sender.until),
            }
            for sender in senders.of_ticket(context, row.id)
        ],
    }
