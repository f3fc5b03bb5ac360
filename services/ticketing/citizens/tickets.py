"""What citizens do with their tickets: read, write, object, choose a visit, rate."""

import datetime as dt
from collections.abc import Sequence

from bus.envelope import instant
from bus.errors import BusError, NotFound, RuleBroken
from bus.messages.values import Json
from contracts.ticketing.citizens import (
    CalendarFile,
    ChooseSlot,
    Done,
    FormData,
    OpenAttachment,
    Opened,
    Rate,
    Reopen,
    TicketProof,
    TicketView,
    Write,
)
from iran.persian import tehran_day
from services.ticketing.citizens import messages
from services.ticketing.citizens.opening import open_by
from services.ticketing.citizens.registration import CITIZEN
from services.ticketing.context import Context
from services.ticketing.domain import clock
from services.ticketing.domain.book import Category
from services.ticketing.domain.moves import Act
from services.ticketing.domain.ticket import citizen_may
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import acts, joined, rows, slots, views
from services.ticketing.tickets.acts import Case

# What a reply has room for.
HOURS_MOST = 300


def track(context: Context, message: TicketProof) -> TicketView | BusError:
    """Return the ticket as its citizen sees it, or a refusal."""
    case = open_by(context, message)
    return case if isinstance(case, BusError) else views.for_citizen(context, case)


def write(context: Context, message: Write) -> Done | BusError:
    """Write a message to the unit."""
    case = _open_for(context, message, "write")
    if isinstance(case, BusError):
        return case
    messages.write(context, case, messages.Words(message.text, message.attachments))
    return _done(case)


def reopen(context: Context, message: Reopen) -> Done | BusError:
    """Object to the result; the unit works on it again."""
    case = _open_for(context, message, "reopen")
    return case if isinstance(case, BusError) else _act(context, case, "reopen", text=message.text)


def withdraw(context: Context, message: TicketProof) -> Done | BusError:
    """Take the ticket back; a place for a visit is free again."""
    case = _open_for(context, message, "withdraw")
    if isinstance(case, BusError):
        return case
    if case.ticket.appointment is not None:
        slots.leave(context.conn, case.id)
    joined.release(context, case)
    return _act(context, case, "withdraw", reason="withdrawn")


def unpublish(context: Context, message: TicketProof) -> Done | BusError:
    """Take a report out of the public list: who let everybody see it may change that."""
    case = _open_for(context, message, "unpublish")
    if isinstance(case, BusError):
        return case
    rows.change_ticket(context.conn, case.id, public=False)
    return _act(context, case, "unpublish")


def choose_slot(context: Context, message: ChooseSlot) -> Done | BusError:
    """Choose or change the time of the visit."""
    case = _open_for(context, message, "choose_slot")
    if isinstance(case, BusError):
        return case
    assert case.ticket.appointment is not None  # the ticket allows it with an open visit only
    office = case.ticket.appointment.office
    slot = slots.reserve(context.conn, case.id, message.slot, office, context.now)
    starts, ends = instant(slot.starts_at), instant(slot.ends_at)
    return _act(context, case, "choose_slot", slot=slot.id, starts=starts, ends=ends)


def leave_slot(context: Context, message: TicketProof) -> Done | BusError:
    """Give the chosen time back."""
    case = _open_for(context, message, "leave_slot")
    if isinstance(case, BusError):
        return case
    slots.leave(context.conn, case.id)
    return _act(context, case, "leave_slot")


def rate(context: Context, message: Rate) -> Done | BusError:
    """Rate how the ticket was worked on."""
    case = _open_for(context, message, "rate")
    if isinstance(case, BusError):
        return case
    return _act(
        context, case, "rate", score=message.score, solved=message.solved, text=message.text
    )


def _open_for(context: Context, proof: TicketProof, act: Act) -> Case | BusError:
    """Open the ticket for an act, or return a refusal, ``ticket.move`` if it is not allowed now."""
    case = open_by(context, proof, lock=True)
    if isinstance(case, BusError):
        return case
    if act not in citizen_may(case.ticket, public=case.row.public):
        return RuleBroken(
            "This cannot be done with the ticket now; read it again.",
            code="ticket.move",
            state=case.ticket.state,
            act=act,
        )
    return case


def _act(context: Context, case: Case, act: Act, **data: object) -> Done:
    acts.add(context, case, act, by="citizen", actor=CITIZEN, files=(), **data)
    acts.project(context, case)
    notifications.notify(context, case)
    return _done(case)


def _done(case: Case) -> Done:
    return Done(code=case.row.code, state=case.ticket.state)


def open_attachment(context: Context, message: OpenAttachment) -> Opened | BusError:
    """Return where a file of the ticket lies, if it passed the scanner and came with an entry that
    the citizen reads: colleagues' notes and others' letters have files too.
    """
    case = open_by(context, message)
    if isinstance(case, BusError):
        return case
    shown = [entry.seq for entry in views.shown_entries(case)]
    return rows.clean_file(context.conn, case.id, message.attachment, shown)


def invitation(context: Context, message: TicketProof) -> CalendarFile | BusError:
    """Return the visit that was chosen as an iCalendar file. NotFound ``visit.not_booked``."""
    case = open_by(context, message)
    if isinstance(case, BusError):
        return case
    appointment = case.ticket.appointment
    if appointment is None or appointment.state != "BOOKED":
        return NotFound("No visit is booked for this ticket.", code="visit.not_booked")
    return CalendarFile(ics=notifications.invitation(context, case).decode())


def form(context: Context) -> FormData:
    """Return what a form needs, from the book; and today's office hours."""
    book, today = context.book, tehran_day(context.now)
    day = context.calendar.day(today, "")
    opening = clock.opening(context.now, context.calendar, "")
    return FormData(
        categories=_categories(context, list(book.categories.values()), today),
        counties=tuple(views.by_name(book.counties)),
        units=tuple(views.by_name(book.units)),
        hours_fa=day.reason_fa[:HOURS_MOST],
        hours_en=day.reason_en[:HOURS_MOST],
        open_now=opening.is_open,
        open_until=views.optional_instant(opening.at) if opening.is_open else None,
        opens_at=None if opening.is_open else views.optional_instant(opening.at),
    )


def _categories(
    context: Context, categories: Sequence[Category], today: dt.date
) -> tuple[Json, ...]:
    return tuple(_category(context, category, today) for category in categories)


def _office_time(hours: int, day: dt.timedelta) -> tuple[str, str]:
    """Hours of the office, and beside them its days of that length, as people count."""
    days, rest = divmod(dt.timedelta(hours=hours), day)
    if not days:
        return f"{hours} ساعت کاری", f"{hours} office hours"
    if rest:
        about_en = f"{hours} office hours (about {days} working days)"
        return f"{hours} ساعت کاری (حدود {days} روز کاری)", about_en
    return f"{hours} ساعت کاری ({days} روز کاری)", f"{hours} office hours ({days} working days)"


def _category(context: Context, category: Category, today: dt.date) -> Json:
    promise = context.book.promise(category.code, category.kinds[0], today)
    span = promise.spans.get("solution")
    fa = en = ""
    if span is not None and span.days:
        fa, en = f"{span.days} روز", f"{span.days} days"
    elif span is not None:
        fa, en = _office_time(span.minutes // 60, clock.office_day(today, context.calendar, ""))
    return {
        "code": category.code,
        "fa": category.fa,
        "en": category.en,
        "kinds": list(category.kinds),
        "open311": category.open311,
        "group_fa": category.group_fa,
        "group_en": category.group_en,
        "hint_fa": category.hint_fa,
        "hint_en": category.hint_en,
        "unit": views.named(context.book.units, category.unit),
        "days_fa": fa,
        "days_en": en,
    }
