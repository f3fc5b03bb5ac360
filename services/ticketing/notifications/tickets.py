"""Who is written to after an act: rows of letters in the same transaction, sent by a chore.

Letters to a unit carry the text, never who wrote it; letters to a citizen carry a link that opens
the ticket. All letters of a ticket to one receiver have one subject and form one thread. An SMS is
a Command to the notify context in the same transaction; it carries the code and never a link, since
a link in an SMS is how people are robbed.
"""

import datetime as dt
import re

from contracts.notify.messages import SEND_MESSAGE
from iran import identifiers
from iran.persian import persian_digits
from people.company import company
from people.tracking import grouped
from services.ticketing.domain import labels as words
from services.ticketing.domain.calendar import spoken as spoken_day
from services.ticketing.domain.clock import beyond_calendar
from services.ticketing.domain.texts import LETTERS, SUBJECTS
from services.ticketing.domain.ticket import Entry
from services.ticketing.mail import accepted_files as letter_files
from services.ticketing.mail import writing as mail_writing
from services.ticketing.mail.reading import Letter
from services.ticketing.notifications import limits as receivers
from services.ticketing.notifications import mails as mailing
from services.ticketing.tickets import periods, visits
from services.ticketing.tickets import rows as store
from services.ticketing.tickets.acts import Case, Desk, spoken

# act of the unit or the system → letter to the citizen
TO_CITIZEN = {
    "register": "registered",
    "say": "word",
    "pause": "word",
    "answer": "answered",
    "close": "closed",
    "invite": "invited",
    "choose_slot": "booked",
    "end_visit": "visit_ended",
    "remind": "remind",
}
# These are told by letter alone.
WITHOUT_SMS = {"leave_slot": "unbooked", "not_taken": "not_taken"}
# What somebody can cause who is not the receiver.
BOUNDED = frozenset({"registered", "booked", "unbooked", "not_taken"})
# Keeps the groups of digits in their order in a line that runs from right to left.
MARK = "\u200e"
IN_SMS = ("code", "unit", "due", "days", "office", "address", "time")
TO_UNIT = frozenset(
    {"register", "write", "joined_write", "outside_letter", "reopen", "withdraw", "choose_slot",
     "leave_slot", "rate"}
)  # fmt: skip
_EMPTY = re.compile(r"\n{3,}")
_REPLY = re.compile(r"^(?:\s*(?:re|fwd?|aw|پاسخ|ارجاع)\s*[:：])+\s*", re.IGNORECASE)


def tell(
    desk: Desk,
    case: Case,
    *,
    acknowledge: bool = True,
    withheld: frozenset[str] = frozenset(),
) -> None:
    """Writes the letters that the fresh entries of the case call for.

    Without ``acknowledge`` the citizen is not written to: a machine may have written the letter;
    and not over the channels that are ``withheld``.
    """
    person = store.person(desk.conn, case.id)
    registered = any(entry.act == "register" for entry in case.fresh)
    for entry in case.fresh:
        if _concerns_unit(entry):
            to_unit(desk, case, entry)
        letter = TO_CITIZEN.get(entry.act) or WITHOUT_SMS.get(entry.act)
        if not letter or person is None or not acknowledge:
            continue
        if registered and entry.act == "not_taken":
            continue  # the acknowledgement says it
        if person.email and "email" not in withheld:
            to_citizen(desk, case, entry, letter, person.email)
        if person.mobile and entry.act in TO_CITIZEN and "sms" not in withheld:
            to_telephone(desk, case, entry, letter, person.mobile)


def _concerns_unit(entry: Entry) -> bool:
    given_away = entry.act == "assign" and bool(entry.data.get("unit"))
    return (
        entry.act in TO_UNIT
        or given_away
        or (entry.act == "note" and entry.by == "citizen")
        or (entry.act == "calendar_reply" and entry.data["answer"] == "DECLINED")
    )


def to_citizen(
    desk: Desk, case: Case, entry: Entry, letter: str, address: str, **values: str
) -> None:
    """One letter to who wrote the ticket, in the language that was chosen; its text may name
    further ``values``.
    """
    if letter in BOUNDED and mailing.is_enough(desk, address, letter):
        return
    language = case.row.language
    unit = desk.book.units[case.ticket.unit]
    reply_to = mail_writing.sub_address(unit["email"], case.row.code, _link_key(desk, case))
    fields = {
        **_words(desk, case, entry, language),
        "link": f"{desk.portal_url}/l/{case.row.code}{_link_key(desk, case)}",
        "rest": next((e.text for e in case.fresh if e.act == "not_taken"), ""),
        **values,
    }
    headline, body = (part.format(**fields) for part in LETTERS[letter][language])
    body = _EMPTY.sub("\n\n", body)
    between = mailing.thread(desk, case, address, unit["email"].rpartition("@")[2])
    automatic = entry.by == "system" or entry.act in ("register", "choose_slot", "leave_slot")
    mailing.add(
        desk,
        mail_writing.Outgoing(
            message_id=mail_writing.new_message_id(unit["email"].rpartition("@")[2]),
            from_address=unit["email"],
            from_name=f"{unit[language]}{'، ' if language == 'fa' else ', '}{company(language)}",
            to=address,
            subject=_subject(case, language, again=between.in_reply_to is not None),
            text=f"{headline}\n\n{body}",
            language=language,
            in_reply_to=between.in_reply_to,
            references=between.references,
            reply_to=reply_to,
            ticket=case.row.code,
            automatic=_automatic(desk, address) if automatic else None,
            calendar=_calendar(desk, case, letter, reply_to, address),
        ),
        letter,
        ticket=case.id,
    )


def _subject(case: Case, language: str, *, again: bool) -> str:
    """One subject for all letters of a ticket: the citizen's own, if he wrote by letter."""
    own = _REPLY.sub("", case.row.subject).strip()
    subject = own or SUBJECTS[language].format(code=grouped(case.row.code))
    return f"Re: {subject}" if own or again else subject


def _automatic(desk: Desk, address: str) -> str:
    """RFC 3834, 5: auto-replied answers a letter, auto-generated does not."""
    answers = desk.letter is not None and desk.letter.sender == address.lower()
    return "auto-replied" if answers else "auto-generated"


def _calendar(desk: Desk, case: Case, letter: str, reply_to: str, address: str) -> bytes | None:
    method = {
        "booked": visits.REQUEST, "unbooked": visits.CANCEL, "visit_ended": visits.CANCEL,
    }.get(letter)  # fmt: skip
    if letter == "visit_ended" and not visits.was_booked(case):
        return None
    visit = visits.chosen(case)
    if method is None or visit is None:
        return None
    return visits.calendar(desk, case, visit, method, organizer=reply_to, attendee=address)


def to_telephone(desk: Desk, case: Case, entry: Entry, letter: str, mobile: str) -> None:
    """One SMS to who wrote the ticket (deploy/notify/templates.toml has the texts)."""
    if letter == "booked" and not receivers.allows(desk, "sms", mobile):
        return
    fields = _words(desk, case, entry, case.row.language)
    # As data; notify writes it in groups, as pages and letters do.
    fields["code"] = case.row.code
    desk.tx.send(
        SEND_MESSAGE,
        template=f"ticket_{letter}",
        channels=["sms"],
        to={"mobile": mobile},
        language=case.row.language,
        personalisation={name: fields[name] for name in IN_SMS},
        reference=case.row.code,
    )


def to_unit(desk: Desk, case: Case, entry: Entry) -> None:
    """One letter to the mailbox that the unit's people read.

    Of the same kind about the same ticket one goes at once, and what follows within the hour is
    folded into one more: who makes a machine write makes it write to the desk's page alone.
    """
    unit = desk.book.units[case.ticket.unit]
    to, kind = unit.get("mailbox") or unit["email"], f"unit:{entry.act}"
    before = mailing.count(desk, to, kind, ticket=case.id)
    later = mailing.count(desk, to, f"{kind}:more", ticket=case.id)
    fields = _words(desk, case, entry, "fa")
    fields["clock"] = f"{words.KINDS[case.row.kind][0]}: {words.ACTS[entry.act][0]}"
    fields["text"] = case.row.text if entry.act in ("register", "assign") else entry.text
    if before and entry.act not in ("register", "assign"):
        if not later:
            _to_staff(desk, case, "more", fields, to, f"{kind}:more", in_hours=1)
        return
    _to_staff(desk, case, "unit", fields, to, kind)


def to_role(desk: Desk, case: Case, entry: Entry, role: str) -> None:
    """One letter to who must look after a promise in danger."""
    fields = _words(desk, case, entry, "fa")
    fields["clock"] = words.CLOCKS[entry.data["clock"]][0]
    fields["due"] = spoken(dt.datetime.fromisoformat(entry.data["due"]), "fa")
    _to_staff(
        desk, case, "escalated", fields, desk.book.role_address(role, case.ticket.unit), "escalated"
    )


def _to_staff(  # noqa: PLR0913 - a letter has as many parts
    desk: Desk,
    case: Case,
    letter: str,
    fields: dict[str, str],
    to: str,
    kind: str,
    *,
    in_hours: int = 0,
) -> None:
    sender = desk.book.units[case.ticket.unit]["email"]
    host = sender.rpartition("@")[2]
    between = mailing.thread(desk, case, to, host)
    headline, body = (part.format(**fields) for part in LETTERS[letter]["fa"])
    category = desk.book.categories.get(case.row.category, {}).get("fa", "")
    outgoing = mail_writing.Outgoing(
        message_id=mail_writing.new_message_id(host),
        from_address=sender,
        from_name=company("fa"),
        to=to,
        subject=f"[{grouped(case.row.code)}] {category}".strip(),
        text=f"{headline}\n\n{body}",
        language="fa",
        in_reply_to=between.in_reply_to,
        references=between.references,
        ticket=case.row.code,
        automatic="auto-generated",
    )
    mailing.add(desk, outgoing, kind, ticket=case.id, in_hours=in_hours)


def tell_held(desk: Desk, letter: Letter, unit: str) -> None:
    """A letter is held back: its sender is told once a day, the unit's mailbox once an hour."""
    book = desk.book.units[unit]
    host = book["email"].rpartition("@")[2]
    language = "fa"
    receivers = [(book.get("mailbox") or book["email"], "unit:held", 1, "held_unit")]
    if not letter.looks_automatic and _is_address(letter.sender):
        receivers.append((letter.sender, "held", 24, "held"))
    for to, kind, hours, name in receivers:
        if mailing.count(desk, to, kind, hours=hours):
            continue
        subject, body = LETTERS[name][language]
        fields = {
            "subject": letter.subject,
            "desk": f"{desk.desk_url}/letters",
            "unit": book[language],
            "company": company(language),
        }
        outgoing = mail_writing.Outgoing(
            message_id=mail_writing.new_message_id(host),
            from_address=book["email"],
            from_name=f"{book[language]}، {company(language)}",
            to=to,
            subject=subject,
            text=body.format(**fields),
            language=language,
            in_reply_to=letter.message_id if name == "held" else None,
            ticket="",
            automatic="auto-replied" if name == "held" else "auto-generated",
        )
        mailing.add(desk, outgoing, kind, ticket=None)


def _is_address(address: str) -> bool:
    try:
        return bool(identifiers.email(address))
    except identifiers.Malformed:
        return False


def tell_infected(desk: Desk, case: Case, name: str) -> None:
    """The citizen learns which of his files was infected, and how to hand in another."""
    language = case.row.language
    left_out = [letter_files.LeftOut(name, "infected")]
    said = letter_files.left_out_sentence(left_out, language)
    acting_entry = Entry(0, desk.now, "system", "mirab", "not_taken", {"text": said})
    person = store.person(desk.conn, case.id)
    if person is not None and person.email:
        to_citizen(desk, case, acting_entry, "not_taken", person.email)


def _words(desk: Desk, case: Case, entry: Entry, language: str) -> dict[str, str]:
    unit = desk.book.units[case.ticket.unit]
    office = desk.book.offices.get((case.ticket.appointment or {}).get("office", ""), {})
    visit = visits.chosen(case)
    days, until = desk.book.after_answer_days, periods.objection_ends(desk, case, entry.at)
    if entry.act == "remind":
        days = desk.book.silence_days - desk.book.remind_days
        until = periods.silence_ends(desk, case, entry.at)
    return {
        "code": f"{MARK if language == 'fa' else ''}{grouped(case.row.code)}",
        "company": company(language),
        "text": entry.text,
        "unit": unit[language],
        "due": _due_told(desk, case, language) if entry.act == "register" else "",
        "office": office.get(language, ""),
        "address": office.get(f"address_{language}", ""),
        "time": spoken(visit.starts, language) if visit else "",
        "booked": visits.booked_time(case, visit, language),
        "days": persian_digits(str(days)) if language == "fa" else str(days),
        "until": spoken_day(until)[0 if language == "fa" else 1],
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


def _link_key(desk: Desk, case: Case) -> str:
    return desk.keys.link(case.row.code, case.row.link_generation)


def invitation(desk: Desk, case: Case) -> bytes:
    """The visit that is booked, as a calendar file to be saved."""
    visit = visits.chosen(case)
    assert visit is not None
    organizer = desk.book.units[case.ticket.unit]["email"]
    return visits.calendar(desk, case, visit, visits.PUBLISH, organizer=organizer)
