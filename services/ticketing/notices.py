"""Who is written to after an act: rows of letters in the same transaction, sent by a chore.

Letters to a unit carry the text, never who wrote it; letters to a citizen carry a link that opens
the ticket. An SMS is a Command to the notify context in the same transaction; it carries the code
and never a link, since a link in an SMS is how people are robbed.
"""

import datetime as dt
from typing import Any

from icalendar import Calendar as ICalendar
from icalendar import Event as IEvent
from sqlalchemy import text

from bus.contracts.notify import SEND_MESSAGE
from bus.persian import persian_digits
from bus.tracking import grouped
from services.ticketing import mail_writing, store
from services.ticketing.acting import Case, Desk, spoken
from services.ticketing.domain import words
from services.ticketing.domain.clock import beyond_calendar
from services.ticketing.domain.texts import LETTERS
from services.ticketing.domain.ticket import Entry

# act of the unit or the system → letter to the citizen
TO_CITIZEN = {
    "register": "registered",
    "say": "word",
    "pause": "word",
    "answer": "answered",
    "close": "closed",
    "invite": "invited",
    "choose_slot": "booked",
    "remind": "remind",
}
IN_SMS = ("code", "unit", "due", "days", "office", "address", "time")
TO_UNIT = ("register", "write", "reopen", "withdraw", "choose_slot", "leave_slot", "rate")


def tell(desk: Desk, case: Case) -> None:
    """Writes the letters that the fresh entries of the case call for."""
    person = store.person(desk.conn, case.id)
    for entry in case.fresh:
        if entry.act in TO_UNIT or (entry.act == "assign" and entry.data.get("unit")):
            to_unit(desk, case, entry)
        letter = TO_CITIZEN.get(entry.act)
        if letter and person is not None and person.email:
            to_citizen(desk, case, entry, letter, person.email)
        if letter and person is not None and person.mobile:
            to_telephone(desk, case, entry, letter, person.mobile)


def to_citizen(desk: Desk, case: Case, entry: Entry, letter: str, address: str) -> None:
    """One letter to who wrote the ticket, in the language that was chosen."""
    language = case.row.language
    unit = desk.book.units[case.ticket.unit]
    told = {
        **_words(desk, case, entry, language),
        "link": f"{desk.portal_url}/l/{case.row.code}{_link_key(desk, case)}",
    }
    calendar = invitation(desk, case) if entry.act == "choose_slot" else None
    _write(
        desk,
        case,
        letter,
        language,
        told,
        sender=unit["email"],
        name=unit[language],
        to=address,
        reply_to=mail_writing.sub_address(unit["email"], case.row.code, _link_key(desk, case)),
        automatic=entry.by == "system" or entry.act == "register",
        calendar=calendar,
    )


def to_telephone(desk: Desk, case: Case, entry: Entry, letter: str, mobile: str) -> None:
    """One SMS to who wrote the ticket (deploy/notify/templates.toml has the texts)."""
    told = _words(desk, case, entry, case.row.language)
    # Ungrouped: groups of digits change places in a line that runs from right to left.
    told["code"] = case.row.code
    desk.tx.send(
        SEND_MESSAGE,
        template=f"ticket_{letter}",
        channels=["sms"],
        to={"mobile": mobile},
        language=case.row.language,
        personalisation={name: told[name] for name in IN_SMS},
        reference=case.row.code,
    )


def to_unit(desk: Desk, case: Case, entry: Entry) -> None:
    """One letter to the mailbox that the unit's people read."""
    unit = desk.book.units[case.ticket.unit]
    told = _words(desk, case, entry, "fa")
    told["clock"] = f"{words.KINDS[case.row.kind][0]}: {words.ACTS[entry.act][0]}"
    told["text"] = case.row.text if entry.act in ("register", "assign") else entry.text
    _write(
        desk, case, "unit", "fa", told,
        sender=unit["email"], name="میراب", to=unit.get("mailbox") or unit["email"],
    )  # fmt: skip


def to_role(desk: Desk, case: Case, entry: Entry, role: str) -> None:
    """One letter to who must look after a promise in danger."""
    unit = desk.book.units[case.ticket.unit]
    told = _words(desk, case, entry, "fa")
    told["clock"] = words.CLOCKS[entry.data["clock"]][0]
    told["due"] = spoken(dt.datetime.fromisoformat(entry.data["due"]), "fa")
    to = desk.book.role_address(role, case.ticket.unit)
    _write(desk, case, "escalated", "fa", told, sender=unit["email"], name="میراب", to=to)


def _words(desk: Desk, case: Case, entry: Entry, language: str) -> dict[str, str]:
    unit = desk.book.units[case.ticket.unit]
    office = desk.book.offices.get((case.ticket.appointment or {}).get("office", ""), {})
    starts = (case.ticket.appointment or {}).get("starts")
    days = desk.book.after_answer_days
    if entry.act == "remind":
        days = desk.book.silence_days - desk.book.remind_days
    return {
        "code": grouped(case.row.code),
        "text": entry.text,
        "unit": unit[language],
        "due": _due_told(desk, case, language) if entry.act == "register" else "",
        "office": office.get(language, ""),
        "address": office.get(f"address_{language}", ""),
        "time": spoken(dt.datetime.fromisoformat(starts), language) if starts else "",
        "days": persian_digits(str(days)) if language == "fa" else str(days),
        "clock": "",
        "link": "",
        "desk": f"{desk.desk_url}/tickets/{case.row.code}",
    }


def _due_told(desk: Desk, case: Case, language: str) -> str:
    """By when the first answer comes; and if the holidays of that day are not known yet, that."""
    first = next((c for c in case.clocks(desk) if c.runs and c.due), None)
    if first is None or first.due is None:
        return ""
    label = "سررسید نخستین پاسخ: " if language == "fa" else "First response due: "
    told = label + spoken(first.due, language)
    if first.beyond is None:
        return told
    return f"{told}\n{beyond_calendar(first.beyond)[0 if language == 'fa' else 1]}"


def _write(  # noqa: PLR0913 - a letter has as many parts
    desk: Desk,
    case: Case,
    letter: str,
    language: str,
    told: dict[str, str],
    *,
    sender: str,
    name: str,
    to: str,
    reply_to: str | None = None,
    automatic: bool = True,
    calendar: bytes | None = None,
) -> None:
    subject, body = (part.format(**told) for part in LETTERS[letter][language])
    host = sender.rpartition("@")[2]
    message_id = mail_writing.new_message_id(host)
    raw = mail_writing.write(
        mail_writing.Outgoing(
            message_id=message_id,
            from_address=sender,
            from_name=name,
            to=to,
            subject=subject,
            text=body,
            language=language,
            in_reply_to=desk.in_reply_to or _last_letter(desk, case),
            references=(f"<ticket-{case.row.code}@{host}>",),
            reply_to=reply_to,
            ticket=case.row.code,
            automatic=automatic,
            calendar=calendar,
        )
    )
    desk.conn.execute(
        text(
            "insert into mails (ticket, message_id, sender, recipient, raw) "
            "values (:ticket, :message_id, :sender, :recipient, :raw)"
        ),
        {
            "ticket": case.id,
            "message_id": message_id,
            "sender": sender,
            "recipient": to,
            "raw": raw,
        },
    )


def _last_letter(desk: Desk, case: Case) -> str | None:
    """The Message-ID of the last letter that came in for the ticket."""
    found: str | None = desk.conn.execute(
        text("select message_id from letters where ticket = :t order by id desc limit 1"),
        {"t": case.id},
    ).scalar()
    return found


def _link_key(desk: Desk, case: Case) -> str:
    return desk.keys.link(case.row.code, case.row.link_generation)


def invitation(desk: Desk, case: Case) -> bytes:
    """The visit as an iCalendar file (RFC 5545), one event whose UID never changes."""
    told: dict[str, Any] = case.ticket.appointment or {}
    office = desk.book.offices[told["office"]]
    language = case.row.language
    event = IEvent()
    event.add("uid", f"visit-{case.row.code}@mirab")
    event.add("sequence", case.ticket.version)
    event.add("dtstamp", desk.now)
    event.add("dtstart", dt.datetime.fromisoformat(told["starts"]))
    event.add("dtend", dt.datetime.fromisoformat(told["ends"]))
    event.add("summary", f"{office[language]} ({grouped(case.row.code)})")
    event.add("location", office[f"address_{language}"])
    event.add("status", "CONFIRMED")
    calendar = ICalendar()
    calendar.add("prodid", "-//Mirab//ticketing//FA")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
