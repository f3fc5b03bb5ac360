"""What colleagues do: send a ticket on, read where it is, and say what they learnt of it."""

from collections.abc import Mapping

from bus.envelope import instant
from bus.errors import Conflict, NotFound, RuleBroken
from bus.messages.values import Json
from bus.settings import Settings
from contracts.ticketing.civic.forwarding import (
    Forward,
    Forwarding,
    Forwardings,
    ResolveForwarding,
    TicketForwardings,
)
from contracts.ticketing.desk import Acted, OneTicket
from services.ticketing import cities
from services.ticketing.cities import City
from services.ticketing.context import Context
from services.ticketing.desk import tickets as desk
from services.ticketing.desk.contacts import person_of
from services.ticketing.domain import moves
from services.ticketing.domain.forwarding import RESOLVED, citizen_text, mark_of
from services.ticketing.domain.reports import blanks
from services.ticketing.figures import reports
from services.ticketing.forwarding import rows, sending
from services.ticketing.forwarding.rows import ForwardingRow
from services.ticketing.tickets import acts
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.refusals import field_refusal

# What may still be there, or is: it must not be sent again.
THERE = (*rows.OPEN, "ENDED")
RESOLVABLE = ("QUEUED", "TOKEN", "TAKEN", "UNKNOWN")


def forward(context: Context, settings: Settings, message: Forward) -> Acted:
    """Let a ticket be sent to a city; a chore sends it. RuleBroken ``field.wrong``.

    Conflict ``forward.there``: it was sent there already.
    """
    case = desk.load(context, "forward", message)
    city = _city_of(settings, case, message.city)
    if not reports.is_public(case.row) and not message.consent.strip():
        sentence = "This report is not public: say how and when the citizen agreed."
        raise field_refusal("consent", sentence, "required")
    if any(row.city == city.code and row.state in THERE for row in _of(context, case)):
        raise Conflict("This ticket was sent there already.", code="forward.there")
    if case.row.lat is None and not message.address.strip():
        sentence = "This ticket has no place on the map: say where it is."
        raise field_refusal("address", sentence, "required")
    payload = _payload(context, case, message)
    by = context.colleague.username
    rows.add(context.conn, case.id, city.code, payload, message.consent.strip(), by, context.now)
    text = citizen_text("forward", case.row.language, city.fa, city.en)
    desk.add(context, case, "forward", text=text, city=city.code)
    return desk.finish(context, case)


def _of(context: Context, case: Case) -> list[ForwardingRow]:
    return rows.of_ticket(context.conn, case.id)


def _city_of(settings: Settings, case: Case, code: str) -> City:
    city = cities.read(settings).get(code)
    if city is None or case.row.category not in city.services:
        raise field_refusal("city", "This category is not sent there; choose another.")
    return city


def _payload(context: Context, case: Case, message: Forward) -> Json:
    """What goes: the text with our mark, and the place. Who wrote goes only by consent, as it is on
    file when it is sent.
    """
    row = case.row
    payload: Json = {
        "category": row.category,
        "text": f"{message.text.strip()}\n\n{mark_of(row.code)}",
        "attributes": acts.attributes_of(context, case),
        "lat": row.lat,
        "long": row.long,
        "address_string": message.address.strip() or None,
    }
    if message.with_contact:
        if person_of(context, case) is None:
            raise field_refusal("with_contact", "There is no contact that you may pass on.")
        payload[sending.WITH_CONTACT] = True
    return payload


def of_ticket(context: Context, settings: Settings, message: OneTicket) -> TicketForwardings:
    """Return where a ticket was sent, and where it may be sent."""
    case = desk.load_to_read(context, message)
    offered, blanked = cities.read(settings), blanks.blanks(case.entries)
    names = {city.code: city for city in offered.values()}
    person = person_of(context, case) or {}
    may = "forward" in moves.possible(case.ticket.state, moves.ROLES[context.colleague.role])
    return TicketForwardings(
        code=case.row.code,
        version=case.ticket.version,
        public=reports.is_public(case.row),
        has_contact=any(person.get(name) for name in ("name", "email", "mobile")),
        may=may,
        text=blanks.hide(case.row.text, blanked),
        address=blanks.hide_elsewhere(case.row.address, blanked) or _county(context, case),
        cities=tuple(
            {"code": city.code, "fa": city.fa, "en": city.en}
            for city in offered.values()
            if case.row.category in city.services
        ),
        forwardings=tuple(_reply(row, case.row.code, names) for row in _of(context, case)),
    )


def _county(context: Context, case: Case) -> str:
    county = context.book.counties.get(case.row.county)
    return county.fa if county else ""


def waiting(context: Context, settings: Settings) -> Forwardings:
    """List what waits for somebody: of the own unit, or of all for who sees all."""
    moves.require(context.colleague.role, "read")
    units = None if context.colleague.all_units else (context.colleague.unit,)
    names = cities.read(settings)
    listed = rows.waiting_for_somebody(context.conn, context.now, units)
    return Forwardings(
        forwardings=tuple(
            _reply(row, acts.load_by_id(context, row.ticket, lock=False).row.code, names)
            for row in listed
        )
    )


def _reply(row: ForwardingRow, code: str, names: Mapping[str, City]) -> Forwarding:
    city = names.get(row.city)
    return Forwarding(
        id=row.id,
        code=code,
        city=row.city,
        city_fa=city.fa if city else row.city,
        state=row.state,
        by=row.by,
        made_at=instant(row.made_at),
        sent_at=instant(row.sent_at) if row.sent_at else None,
        remote_id=row.remote_id,
        remote_status=row.remote_status,
        problem=row.problem if city or row.state not in rows.OPEN else "no_city",
        problem_text=row.problem_text,
    )


def resolve(context: Context, settings: Settings, message: ResolveForwarding) -> Acted:
    """Note what a colleague learnt by asking the other city, and who asked.

    NotFound ``forward.not_found``; RuleBroken ``forward.settled`` if nothing is open about it.
    """
    moves.require(context.colleague.role, "forward")
    case = acts.load(context, message.code)
    desk.require_unit(context, case)
    row = rows.locked(context.conn, message.forwarding)
    if row is None or row.ticket != case.id:
        raise NotFound("There is no such forwarding of this ticket.", code="forward.not_found")
    again = message.outcome == "not_taken"
    if row.state not in RESOLVABLE or (again and row.payload is None):
        raise RuleBroken(
            "Nothing is open about it any more; read the ticket again.", code="forward.settled"
        )
    remote_id = message.remote_id.strip()
    city = cities.read(settings).get(row.city) or _gone(row.city)
    sentence = RESOLVED[message.outcome].format(city=city.fa, value=remote_id)
    desk.add(context, case, "note", text=sentence)
    reply = desk.finish(context, case)
    if message.outcome == "taken":
        sending.note_taken(context, city, row, remote_id)
    elif again:
        rows.change(
            context.conn, row.id, state="QUEUED", problem=None, failures=0, next_at=context.now
        )
    else:
        rows.change(context.conn, row.id, state="DROPPED", payload=None)
    return reply


def _gone(code: str) -> City:
    """A city that went from the file: it has its code for a name."""
    return City(code, code, code, "", "", "", "json", has_updates=False, services={})
