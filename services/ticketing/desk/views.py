"""Tickets as the desk sees them."""

import dataclasses
from collections.abc import Collection, Mapping

from bus.envelope import instant
from bus.errors import BusError
from bus.messages.values import Json
from contracts.ticketing.calendar import StayInUnit
from contracts.ticketing.citizens import ClockView
from contracts.ticketing.desk import DeskTicket
from iran.persian import tehran_day
from services.ticketing.accounts import absences, staff
from services.ticketing.context import Context
from services.ticketing.desk import contacts, corrections, similar, standing
from services.ticketing.domain import clock as office
from services.ticketing.domain import labels, moves, stays
from services.ticketing.domain.moves import Act
from services.ticketing.domain.promises import Clock
from services.ticketing.domain.stays import JudgedStay
from services.ticketing.figures import reports
from services.ticketing.incoming_mail import rows as emails
from services.ticketing.incoming_mail.rows import EmailOfTicket
from services.ticketing.tickets import prepared, rows, slots, views
from services.ticketing.tickets.acts import Case


def for_desk(context: Context, case: Case, forwarded: Collection[str]) -> DeskTicket:
    """Describe a ticket, and what one may do with it; ``forwarded``: categories taken elsewhere."""
    row, ticket, book, conn = case.row, case.ticket, context.book, context.conn
    files = rows.files(conn, case.id)
    appointment, obstacles = ticket.appointment, _obstacles(context, case)
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
        person=contacts.person_of(context, case),
        clocks=tuple(_clock(clock) for clock in case.clocks(context)),
        history=tuple(views.history_entry_at_desk(context, entry, files) for entry in case.entries),
        may=_possible(context, case, obstacles, forwarded),
        withheld=_withheld(obstacles),
        appointment=views.appointment_of(context, case),
        survey=views.survey_of(case),
        about=views.about(row),
        external=views.external(context, case),
        location=views.location(row),
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
        colleagues=_colleagues(context, ticket.unit),
        supporters=reports.count_supporters(context, [case.id]).get(case.id, 0),
        public=reports.is_public(row),
        mobile_proven=contacts.is_mobile_proven(context, case),
        language=row.language,
        own_correction=corrections.own_that_waits(context, case.id),
        stays=_stays(context, case),
    )


def _stays(context: Context, case: Case) -> tuple[StayInUnit, ...]:
    """Where the time went, by the calendar of its county."""
    county, now = case.row.county, context.now
    day = office.office_day(tehran_day(now), context.calendar, county)

    def view(judged: JudgedStay) -> StayInUnit:
        stay, clock = judged.stay, judged.clock
        return StayInUnit(
            unit=views.unit_of(context, stay.unit),
            since=instant(stay.start),
            until=views.optional_instant(stay.end),
            number=stay.number,
            handed_on=stay.handed_on,
            counted_minutes=int(judged.counted.total_seconds() // 60),
            counted_fa=office.office_time(judged.counted, day)[0],
            part_minutes=stay.minutes,
            clock=_clock(clock) if clock is not None else None,
        )

    return tuple(map(view, stays.judged(case.entries, context.calendar, county, now)))


def _colleagues(context: Context, unit: str) -> tuple[Json, ...]:
    """Who works in the unit; who is away, with the last day of it."""
    today = tehran_day(context.now)
    listed = absences.listed(context.conn, today)
    away = {row.username: row.to_day.isoformat() for row in listed if row.covers(today)}
    return tuple(
        {"username": member.username, "name": member.name, "away": away.get(member.username)}
        for member in staff.of_unit(context.conn, unit)
    )


def _obstacles(context: Context, case: Case) -> dict[Act, BusError | None]:
    """What role and state allow, each with what stands in its way."""
    allowed = moves.possible(case.ticket.state, moves.ROLES[context.colleague.role])
    return {act: standing.obstacle(context, case, act) for act in allowed}


def _possible(
    context: Context,
    case: Case,
    obstacles: Mapping[Act, BusError | None],
    forwarded: Collection[str],
) -> tuple[str, ...]:
    """What the colleague may do now; ``take`` while nobody of the own unit works on it."""
    acts: set[str] = {act for act, obstacle in obstacles.items() if obstacle is None}
    if case.row.category not in forwarded:
        acts.discard("forward")
    rights = moves.ROLES[context.colleague.role]
    if "spam" in rights and standing.obstacle(context, case, "spam") is None:
        acts.add("spam")
    takes = case.ticket.assignee is None and context.colleague.unit == case.ticket.unit
    return tuple(sorted({*acts, "take"} if takes and "assign" in acts else acts))


def _withheld(obstacles: Mapping[Act, BusError | None]) -> dict[str, str]:
    """What a colleague would look for in vain, with the code of the reason."""
    named = {act: obstacle.code for act, obstacle in obstacles.items() if obstacle is not None}
    return {act: code for act, code in named.items() if code in standing.TOLD}


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
    person = contacts.person_of(context, case)
    name = str(person["name"]) if person else ""
    return tuple(
        {
            "code": text.code,
            "title_fa": text.title_fa,
            "text_fa": text.text_fa,
            "text_en": text.text_en,
            "text": prepared.fill(context, case, text.text(case.row.language), name),
            "fits": fits,
        }
        for text, fits in prepared.listed(context, case)
    )
