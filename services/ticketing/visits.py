"""Visits as iCalendar: published on a page (RFC 5546, 3.2.1), invited and cancelled by letter."""

import datetime as dt
from typing import Any, NamedTuple

from icalendar import Calendar as ICalendar
from icalendar import Event as IEvent
from icalendar import vCalAddress, vText

from bus.tracking import grouped
from services.ticketing.acting import Case, Desk

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
