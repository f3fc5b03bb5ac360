"""Tickets as the desk sees them."""

import dataclasses
from dataclasses import asdict

from bus.envelope import instant
from bus.messages.values import Json
from contracts.ticketing.citizens import ClockView
from contracts.ticketing.desk import DeskTicket
from iran.collation import collation_key
from services.ticketing.accounts import staff
from services.ticketing.context import Context
from services.ticketing.desk import similar
from services.ticketing.domain import labels, moves
from services.ticketing.domain.book import PreparedText
from services.ticketing.domain.promises import Clock
from services.ticketing.figures import reports
from services.ticketing.incoming_mail import rows as emails
from services.ticketing.incoming_mail.rows import EmailOfTicket
from services.ticketing.tickets import rows, slots, views
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.rows import Person, TicketRow


def for_desk(context: Context, case: Case) -> DeskTicket:
    """Describe a ticket with its history, and what the colleague may do with it."""
    row, ticket, book, conn = case.row, case.ticket, context.book, context.conn
    files = rows.files(conn, case.id)
    appointment = ticket.appointment
    return DeskTicket(
        code=row.code,
        version=ticket.version,
        kind=row.kind,
        category=views.category_of(context, row.category),
        unit=views.unit_of(context, ticket.unit),
        county=views.named(book.counties, row.county),
        state=ticket.state,
        state_fa=_state(case),
        privacy=row.privacy,
        channel=row.channel,
        assignee=ticket.assignee,
        registered_at=instant(row.registered_at),
        text=row.text,
        person=person_of(context, case),
        clocks=tuple(_clock(clock) for clock in case.clocks(context)),
        history=tuple(views.history_entry_at_desk(context, entry, files) for entry in case.entries),
        may=_possible(context, case),
        appointment=views.appointment_of(context, case),
        survey=views.survey_of(case),
        about=views.about(row),
        external=views.external(context, case),
        location=_location(row),
        merged_into=ticket.merged_into,
        children=tuple(rows.joined_codes(conn, case.id)),
        similar=tuple(similar.similar_tickets(context, case)),
        letters=tuple(_email(email) for email in emails.of_ticket(conn, case.id)),
        units=tuple(views.by_name(book.units)),
        categories=tuple(
            {**category, "unit": book.unit_of(category["code"], row.county)}
            for category in views.by_name(book.categories)
        ),
        counties=tuple(views.by_name(book.counties)),
        offices=tuple(_office(context, office) for office in views.by_name(book.offices)),
        canned=_prepared_texts(context, case),
        visit_open=appointment is not None and appointment.is_open(context.now),
        colleagues=tuple(
            {"username": colleague.username, "name": colleague.name}
            for colleague in staff.of_unit(conn, ticket.unit)
        ),
        supporters=reports.count_supporters(context, [case.id]).get(case.id, 0),
        public=reports.is_public(row),
    )


def _possible(context: Context, case: Case) -> tuple[str, ...]:
    """What the colleague may do now; ``take`` while nobody of the own unit works on it."""
    acts = moves.possible(case.ticket.state, moves.ROLES[context.colleague.role])
    if not reports.is_public(case.row):
        acts = [act for act in acts if act != "take_down"]
    if not has_contact(context, case):
        acts = [act for act in acts if act != "correct_mobile"]
    takes = case.ticket.assignee is None and context.colleague.unit == case.ticket.unit
    return tuple(sorted({*acts, "take"} if takes and "assign" in acts else acts))


def person_of(context: Context, case: Case) -> Json | None:
    """Who wrote, for the unit that works on it, or for others if the citizen allowed it."""
    if context.colleague.unit != case.ticket.unit and case.row.privacy != "identified":
        return None
    person: Person | None = rows.person(context.conn, case.id)
    return asdict(person) if person is not None else None


def has_contact(context: Context, case: Case) -> bool:
    """Tell whether somebody is on file whom the colleague may know, or was until the mobile, all
    that there was, was taken off; nobody is once the ticket is emptied.
    """
    person = person_of(context, case)
    if person is None or case.row.emptied_at is not None:
        return False
    return any(person.values()) or case.last("correct_mobile") is not None


def _state(case: Case) -> str:
    """The state as a colleague reads it: who is waited for is the citizen, not the reader."""
    pause = case.ticket.pause
    if pause is None:
        return labels.STATES[case.ticket.state][0]
    return labels.PAUSES_AT_DESK.get(pause) or labels.PAUSES[pause][0]


def _clock(clock: Clock) -> ClockView:
    """A clock whose explanation names the citizen where the citizen's page says "you"."""
    view = views.clock_view(clock)
    lines = list(view.explanation_fa)
    for reason, text in labels.PAUSES_AT_DESK.items():
        lines = [line.replace(labels.PAUSES[reason][0], text) for line in lines]
    return dataclasses.replace(view, explanation_fa=tuple(lines))


def _location(row: TicketRow) -> Json | None:
    if not row.address and row.lat is None:
        return None
    return {"address": row.address, "lat": row.lat, "long": row.long}


def _email(email: EmailOfTicket) -> Json:
    return {
        "letter": email.id,
        "received_at": instant(email.received_at),
        "state_fa": labels.LETTERS[email.state],
        "reason_fa": labels.REASONS.get(email.reason or "", ""),
        "sender": email.sender,
        "subject": email.subject,
    }


def _office(context: Context, office: Json) -> Json:
    """An office with the first time that is free there; None where nobody can be invited."""
    free = slots.free_slots(context.conn, office["code"], context.now, most=1)
    return {**office, "first_free": instant(free[0].starts_at) if free else None}


def _prepared_texts(context: Context, case: Case) -> tuple[Json, ...]:
    def title(prepared: PreparedText) -> tuple[str, str]:
        return collation_key(prepared.title_fa)

    person = person_of(context, case)
    name = str(person["name"]) if person else ""
    return tuple(
        {
            "code": prepared.code,
            "title_fa": prepared.title_fa,
            "text_fa": prepared.text_fa,
            "text_en": prepared.text_en,
            "text": views.fill(context, case, prepared, name),
        }
        for prepared in sorted(context.book.canned.values(), key=title)
    )
