"""Forwarded tickets are sent, once: what may have come is never sent again by itself.

A row is taken in one transaction, sent outside of any, and noted in another. What is not known
(a time-out, a fault after the body went, a process that died) is looked for in the other side's
list by the mark in its text, and is a colleague's if it is not there.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from bus.database.store import Store, Tx
from bus.foreign import address
from bus.messages.values import Json
from bus.process import log
from bus.settings import Settings
from iran.identifiers import as_dialled
from services.ticketing import cities
from services.ticketing.cities import City
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain.forwarding import PROBLEMS, citizen_text, mark_of
from services.ticketing.domain.moves import Act
from services.ticketing.domain.reports import blanks
from services.ticketing.forwarding import georeport, rows
from services.ticketing.forwarding.georeport import Allowed, Outcome, Unreadable
from services.ticketing.forwarding.rows import ForwardingRow
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import acts
from services.ticketing.tickets import rows as tickets

_log = log.get("forwarding")
AT_ONCE = 20
FIRST_PAUSE, LONGEST_PAUSE = 60, 6 * 3600
AFTER_TAKEN = dt.timedelta(minutes=2)
# Of what goes: that who wrote goes too.
WITH_CONTACT = "with_contact"


class Work(NamedTuple):
    """What both chores share: the cities by code, and which addresses they may have."""

    store: Store
    context_of: Callable[[Tx], Context]
    cities: Mapping[str, City]
    allowed: Allowed

    @classmethod
    def of(cls, store: Store, context_of: Callable[[Tx], Context], settings: Settings) -> "Work":
        """Read the cities of a deployment."""
        sandbox = cities.is_sandbox(settings)
        allowed = partial(address.allowed, sandbox=sandbox)
        return cls(store, context_of, cities.read(settings), allowed)


def send_waiting(work: Work) -> None:
    """Send what waits. A city that does not answer holds up nobody else's."""
    _recover(work)
    away: set[str] = set()
    for _ in range(AT_ONCE):
        row = _take(work, away)
        if row is None:
            break
        city = work.cities[row.city]
        try:
            fields = georeport.fields_of(city, row.payload or {})
        except KeyError:  # the category went from the city's services meanwhile
            outcome = Outcome("REFUSED", problem="refused", text="services")
        else:
            outcome = georeport.send(city, fields, work.allowed)
        if outcome.problem in ("no_connection", "busy", "no_answer"):
            away.add(row.city)
        _note(work, city, row, outcome)


def _take(work: Work, away: set[str]) -> ForwardingRow | None:
    here = [code for code in work.cities if code not in away]
    with work.store.transaction() as tx:
        context = work.context_of(tx)
        row = rows.take_due(tx.conn, ("QUEUED",), here, context.now)
        if row is not None:
            rows.change(tx.conn, row.id, state="SENDING", sent_at=context.now, tries=row.tries + 1)
            row = replace(row, payload=_complete(context, row))
        return row


def _complete(context: Context, row: ForwardingRow) -> Json:
    """What goes, with who wrote as it is on file now: a number may have been put right since the
    colleague sent the ticket on.
    """
    payload = _blanked(context, row)
    named = payload.pop(WITH_CONTACT, False)
    person = tickets.person(context.conn, row.ticket) if named else None
    if person is not None:
        phone = as_dialled(person.mobile or "")
        contact = {"first_name": person.name, "email": person.email, "phone": phone}
        payload |= {name: value or None for name, value in contact.items()}
    return payload


def _blanked(context: Context, row: ForwardingRow) -> Json:
    """What goes without what is blanked by now: other cities show it to everybody. Our mark, by
    which it is found there, stays whole.
    """
    payload = dict(row.payload or {})
    ticket = tickets.by_id(context.conn, row.ticket)
    blanked = blanks.blanks(tickets.events(context.conn, row.ticket))
    if not payload or not blanked or ticket is None:
        return payload
    text, line_ends, mark = payload["text"].rpartition("\n\n")
    is_own = text == ticket.text.strip()
    text = (blanks.hide if is_own else blanks.hide_elsewhere)(text, blanked)
    address, attributes = payload["address_string"], payload["attributes"]
    return payload | {
        "text": f"{text}{line_ends}{mark}",
        "address_string": blanks.hide_elsewhere(address, blanked) if address else None,
        "attributes": {
            name: blanks.hide_elsewhere(value, blanked) for name, value in attributes.items()
        },
    }


def _recover(work: Work) -> None:
    """What a dead process was sending may have come: it is unknown."""
    with work.store.transaction() as tx:
        context = work.context_of(tx)
        for row in rows.left_behind(tx.conn, context.now):
            rows.change(
                tx.conn, row.id, state="UNKNOWN", problem="interrupted", next_at=context.now
            )


def _note(work: Work, city: City, row: ForwardingRow, outcome: Outcome) -> None:
    with work.store.transaction() as tx:
        context = work.context_of(tx)
        current = rows.locked(tx.conn, row.id)
        if current is None or current.state != "SENDING":
            return  # it took longer than its lease, and is unknown by now
        _log.info("forwarded", city=city.code, outcome=outcome.kind, problem=outcome.problem)
        if outcome.kind == "TAKEN":
            note_taken(context, city, current, outcome.value)
        elif outcome.kind == "TOKEN":
            rows.change(
                tx.conn,
                row.id,
                state="TOKEN",
                token=outcome.value,
                payload=None,
                problem=None,
                next_at=context.now + AFTER_TAKEN,
            )
        elif outcome.kind == "RETRY":
            rows.change(
                tx.conn,
                row.id,
                state="QUEUED",
                sent_at=None,
                problem=outcome.problem,
                next_at=context.now + pause(current.tries),
            )
        else:
            unsettled(context, city, current, outcome)


def unsettled(context: Context, city: City, row: ForwardingRow, outcome: Outcome) -> None:
    """Note what was refused, or is unknown, for the unit; the citizen is not told."""
    refused = outcome.kind == "REFUSED"
    rows.change(
        context.conn,
        row.id,
        state="REFUSED" if refused else "UNKNOWN",
        payload=None if refused else row.payload,
        problem=outcome.problem,
        problem_text=outcome.text or None,
        next_at=context.now + AFTER_TAKEN,
    )
    reason = PROBLEMS[outcome.problem or "unreadable"]
    tell(context, city, row, "forward_failed", f"{reason}\n{outcome.text}".strip())


def note_taken(context: Context, city: City, row: ForwardingRow, id_: str) -> None:
    """Note that a city has it, and tell the citizen its number there."""
    rows.change(
        context.conn,
        row.id,
        state="TAKEN",
        remote_id=id_,
        payload=None,
        problem=None,
        problem_text=None,
        failures=0,
        next_at=context.now + AFTER_TAKEN,
    )
    tell(context, city, row, "forwarded", id_)


def tell(context: Context, city: City, row: ForwardingRow, act: Act, value: str) -> None:
    """Add an entry to the ticket's log, and write to whom it concerns."""
    case = acts.load_by_id(context, row.ticket)
    text = citizen_text(act, case.row.language, city.fa, city.en, value)
    acts.add(context, case, act, by="system", actor=SYSTEM, text=text, city=city.code)
    acts.project(context, case)
    notifications.notify(context, case)


def look_for_unknown(work: Work) -> None:
    """Look for what may have come in the city's list."""
    away: set[str] = set()
    for _ in range(AT_ONCE):
        row = leased(work, ("UNKNOWN",), away)
        if row is None:
            return
        city = work.cities[row.city]
        try:
            id_ = _find(work, city, row)
        except Unreadable:
            away.add(row.city)
            id_ = None
        with work.store.transaction() as tx:
            context = work.context_of(tx)
            current = rows.locked(tx.conn, row.id)
            if current is None or current.state != "UNKNOWN":
                continue
            if id_ is not None:
                note_taken(context, city, current, id_)
            else:
                rows.change(
                    tx.conn,
                    row.id,
                    failures=current.failures + 1,
                    next_at=context.now + pause(current.failures + 1),
                )


def _find(work: Work, city: City, row: ForwardingRow) -> str | None:
    payload = row.payload or {}
    service = city.services.get(payload.get("category", ""))
    if service is None or row.sent_at is None:
        return None
    mark = payload["text"].rsplit("\n", 1)[-1]
    assert mark.startswith(mark_of(""))
    return georeport.find(city, service.code, mark, row.sent_at, work.allowed)


def leased(work: Work, states: tuple[rows.State, ...], away: set[str]) -> ForwardingRow | None:
    """Take the next that is due, for a while, so that no other process asks for it meanwhile."""
    here = [code for code in work.cities if code not in away]
    with work.store.transaction() as tx:
        context = work.context_of(tx)
        row = rows.take_due(tx.conn, states, here, context.now)
        if row is not None:
            rows.change(tx.conn, row.id, next_at=context.now + rows.LEASE)
        return row


def pause(times: int) -> dt.timedelta:
    """Return how long to wait after so many times in vain."""
    return dt.timedelta(seconds=min(FIRST_PAUSE * 2 ** min(times, 12), LONGEST_PAUSE))
