"""Visits: what becomes of one when its ticket ends; and as iCalendar (RFC 5546, 3.2.1)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from icalendar import Calendar as ICalendar
from icalendar import Event as IEvent
from icalendar import vCalAddress, vText

from bus.errors import FieldError, RuleBroken
from people.tracking import grouped
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import rows as store
from services.ticketing.tickets.acts import Case, Desk, spoken

PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"


class Visit(NamedTuple):
    """A time that was chosen."""

    office: str
    starts: dt.datetime
    ends: dt.datetime


def chosen(case: Case) -> Visit | None:
    """The time that was chosen last, also if it was given back since; None if none ever was."""
    choice = next((e for e in reversed(case.entries) if e.act == "choose_slot"), None)
    office = (case.ticket.appointment or {}).get("office")
    if choice is None or office is None:
        return None
    starts, ends = (dt.datetime.fromisoformat(choice.data[name]) for name in ("starts", "ends"))
    return Visit(office, starts, ends)


def was_booked(case: Case) -> bool:
    """True if a time was chosen and never given back before the visit was called off."""
    acts = [e.act for e in case.entries if e.act in ("invite", "choose_slot", "leave_slot")]
    return bool(acts) and acts[-1] == "choose_slot"


def settle(desk: Desk, case: Case, decision: str | None, actor: str) -> None:
    """Keeps or ends the invitation or the visit to come, before nobody looks after it any more.

    RuleBroken ``visit.undecided`` if there is one and nobody has said what becomes of it.
    """
    appointment = case.ticket.appointment or {}
    if not is_open(appointment, desk.now):
        return
    if decision is None:
        why = "Say whether the citizen's visit stays (keep) or ends (end)."
        fields = [FieldError("visit", "required", why)]
        state, starts = appointment["state"], appointment.get("starts", "")
        raise RuleBroken(why, code="visit.undecided", fields=fields, state=state, starts=starts)
    if decision == "end":
        store.leave(desk.conn, case.id)
        acting.add(desk, case, "end_visit", by="unit", actor=actor)
        if case.ticket.pause == "visit":
            acting.add(desk, case, "resume", by="system", actor="mirab")


def call_off_unchosen(desk: Desk, case: Case) -> None:
    """An invitation for which no time was chosen ends with its ticket."""
    if (case.ticket.appointment or {}).get("state") == "INVITED":
        acting.add(desk, case, "end_visit", by="system", actor="mirab")


def booked_time(case: Case, visit: Visit | None, language: str) -> str:
    """The time that is free again, for a letter that calls a visit off; empty without one."""
    if visit is None or not was_booked(case):
        return ""
    label = "زمانی که گرفته بودید: " if language == "fa" else "The time that you had: "
    return label + spoken(visit.starts, language)


def is_open(appointment: Mapping[str, Any], now: dt.datetime) -> bool:
    """True for an invitation without a time, and for a visit that is still to come."""
    if appointment.get("state") == "BOOKED":
        return dt.datetime.fromisoformat(appointment["starts"]) > now
    return appointment.get("state") == "INVITED"


def calendar(  # noqa: PLR0913 - all that a calendar needs
    desk: Desk, case: Case, visit: Visit, method: str, *, organizer: str, attendee: str = ""
) -> bytes:
    """One event whose UID never changes, and whose SEQUENCE grows with the ticket.

    ``organizer`` is the address to which a calendar's reply goes; it must find the ticket.
    """
    office, language = desk.book.offices[visit.office], case.row.language
    event = IEvent()
    event.add("uid", f"visit-{case.row.code}@mirab")
    event.add("sequence", case.ticket.version)
    event.add("dtstamp", desk.now)
    event.add("dtstart", visit.starts)
    event.add("dtend", visit.ends)
    event.add("summary", f"{office[language]} ({grouped(case.row.code)})")
    event.add("location", office[f"address_{language}"])
    event.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    event.add("organizer", _organizer(organizer, desk.book.units[case.ticket.unit][language]))
    if attendee:
        event.add("attendee", _attendee(attendee))
    document = ICalendar()
    document.add("prodid", "-//Mirab//ticketing//FA")
    document.add("version", "2.0")
    document.add("method", method)
    document.add_component(event)
    return bytes(document.to_ical())


def _organizer(address: str, name: str) -> Any:
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = vText(name)
    return organizer


def _attendee(address: str) -> Any:
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
    attendee.params["RSVP"] = vText("TRUE")
    return attendee
