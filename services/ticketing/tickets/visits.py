"""Visits: what becomes of one when its ticket ends; and as iCalendar (RFC 5546, 3.2.1)."""

import datetime as dt
from typing import NamedTuple

from icalendar import Calendar as ICalendar
from icalendar import Event as IEvent
from icalendar import vCalAddress, vText

from bus.errors import FieldError, RuleBroken
from people.tracking import grouped
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain.calendar import moment_in_words
from services.ticketing.tickets import acts, slots
from services.ticketing.tickets.acts import Case

PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"


class Visit(NamedTuple):
    """A time that was chosen."""

    office: str
    starts: dt.datetime
    ends: dt.datetime


def chosen(case: Case) -> Visit | None:
    """Return the time that was chosen last, also if it was given back since; None if none was."""
    choice, appointment = case.last("choose_slot"), case.ticket.appointment
    if choice is None or appointment is None:
        return None
    starts, ends = (dt.datetime.fromisoformat(choice.data[name]) for name in ("starts", "ends"))
    return Visit(appointment.office, starts, ends)


def require_begun(context: Context, case: Case) -> None:
    """Nobody has missed a visit whose time is yet to come. RuleBroken ``visit.not_begun``."""
    visit = chosen(case)
    if visit is not None and context.now < visit.starts:
        message = "The time of this visit is yet to come: the citizen may still come to it."
        fields = [FieldError("came", "not_begun", message)]
        raise RuleBroken(message, code="visit.not_begun", fields=fields)


def was_booked(case: Case) -> bool:
    """True if a time was chosen and never given back before the visit was called off."""
    names = [e.act for e in case.entries if e.act in ("invite", "choose_slot", "leave_slot")]
    return bool(names) and names[-1] == "choose_slot"


def settle(context: Context, case: Case, decision: str | None, actor: str) -> None:
    """Keep or end the invitation or the visit to come, before nobody looks after it any more.

    RuleBroken ``visit.undecided`` if there is one and nobody has said what becomes of it.
    """
    appointment = case.ticket.appointment
    if appointment is None or not appointment.is_open(context.now):
        return
    if decision is None:
        message = "Say whether the citizen's visit stays (keep) or ends (end)."
        fields = [FieldError("visit", "required", message)]
        raise RuleBroken(
            message,
            code="visit.undecided",
            fields=fields,
            state=appointment.state,
            starts=appointment.starts or "",
        )
    if decision == "end":
        slots.leave(context.conn, case.id)
        acts.add(context, case, "end_visit", by="unit", actor=actor)
        if case.ticket.pause == "visit":
            acts.add(context, case, "resume", by="system", actor=SYSTEM)


def call_off_unchosen(context: Context, case: Case) -> None:
    """End an invitation for which no time was chosen, with its ticket."""
    appointment = case.ticket.appointment
    if appointment is not None and appointment.state == "INVITED":
        acts.add(context, case, "end_visit", by="system", actor=SYSTEM)


def freed_time(case: Case, visit: Visit | None, language: str) -> str:
    """The time that is free again, for an e-mail that calls a visit off; empty without one."""
    if visit is None or not was_booked(case):
        return ""
    label = "زمانی که گرفته بودید: " if language == "fa" else "The time that you had: "
    return label + moment_in_words(visit.starts, language)


def calendar_file(  # noqa: PLR0913 - all that a calendar needs
    context: Context,
    case: Case,
    visit: Visit,
    method: str,
    *,
    organizer: str,
    attendee: str = "",
) -> bytes:
    """Write one event whose UID never changes, and whose SEQUENCE grows with the ticket.

    ``organizer`` is the address to which a calendar's reply goes; it must find the ticket.
    """
    office, language = context.book.offices[visit.office], case.row.language
    event = IEvent()
    event.add("uid", f"visit-{case.row.code}@mirab")
    event.add("sequence", case.ticket.version)
    event.add("dtstamp", context.now)
    event.add("dtstart", visit.starts)
    event.add("dtend", visit.ends)
    event.add("summary", f"{office.name(language)} ({grouped(case.row.code)})")
    event.add("location", office.address(language))
    event.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    unit = context.book.units[case.ticket.unit]
    event.add("organizer", _organizer(organizer, unit.name(language)))
    if attendee:
        event.add("attendee", _attendee(attendee))
    document = ICalendar()
    document.add("prodid", "-//Mirab//ticketing//FA")
    document.add("version", "2.0")
    document.add("method", method)
    document.add_component(event)
    return bytes(document.to_ical())


def _organizer(address: str, name: str) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = vText(name)
    return organizer


def _attendee(address: str) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
    attendee.params["RSVP"] = vText("TRUE")
    return attendee
