"""Letters that came in: each becomes a ticket, a message or a note, or lies where a person sees it.

Whether a machine wrote decides only whether we answer. A letter is the citizen's word if it came
to the address whose token we gave to the citizen alone, or from the citizen's own address; a
reference to a letter of ours says which ticket is meant, and proves nothing about who writes.
"""

import re
import secrets
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from bus.blobs import Blobs
from bus.errors import BusError
from contracts.ticketing.citizens import TEXT_MOST
from iran import identifiers
from iran.persian import fold_digits
from people import tracking
from services.ticketing.citizens import messages
from services.ticketing.citizens import tickets as citizens
from services.ticketing.citizens.messages import Words
from services.ticketing.domain import labels as words
from services.ticketing.incoming_mail import delivery_reports
from services.ticketing.incoming_mail import limits as letter_limits
from services.ticketing.incoming_mail import rows as letter_rows
from services.ticketing.incoming_mail.rows import Outcome
from services.ticketing.mail import accepted_files as letter_files
from services.ticketing.mail import addresses, quotations
from services.ticketing.mail import reading as mail_reading
from services.ticketing.mail.reading import CalendarReply, Letter
from services.ticketing.notifications import tickets as notices
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import rows as store
from services.ticketing.tickets.acts import Answered, Case, Desk

PERSIAN = re.compile("[\u0600-\u06ff]")
CODES = re.compile(r"(?<![0-9])[0-9](?:[ \-\u200c]?[0-9]){9}(?![0-9])")
CODES_MOST, CODES_WITHIN = 3, 2000
EMPTY = "(نامه بدون متن)"
TITLE_MOST = 30
# What a machine wrote about a letter of ours.
RECEIPTS = ("read_receipt", "report")


class Matter(NamedTuple):
    """The ticket that a letter is about, and whose word it is: citizen, colleague or outsider."""

    case: Case | None = None
    author: str = ""


def work(desk: Desk, row: Any, letter: Letter, blobs: Blobs) -> None:
    """Works on one letter that was read; what became of it is noted in its row, which is kept."""
    desk = replace(desk, letter=Answered(letter.message_id, letter.sender))
    decide = _obey if row.orders else _judge
    outcome = decide(desk, row, letter, blobs)
    letter_rows.settle(desk, row.id, letter, outcome)


def _judge(desk: Desk, row: Any, letter: Letter, blobs: Blobs, *, limited: bool = True) -> Outcome:
    if letter.reports:
        return delivery_reports.take(desk, letter.reports, row.mail_from)
    matter = _matter(desk, row.rcpt_to, letter)
    if letter.calendar is not None and matter.case is not None and matter.author == "citizen":
        return _note_calendar(desk, matter.case, letter, letter.calendar)
    if letter.automatic:
        state = "RECEIPT" if letter.automatic in RECEIPTS else "AUTOMATIC"
        return Outcome(state, matter.case.id if matter.case else None, letter.automatic)
    if matter.case is None:
        return _new(desk, row, letter, blobs, limited=limited)
    outsider = matter.author == "outsider"
    reason = letter_limits.exceeded(desk, letter, case=matter.case, outsider=outsider)
    if reason and limited:
        unit = matter.case.ticket.unit
        return letter_limits.hold(desk, letter, reason, case=matter.case, unit=unit)
    return _reply(desk, matter, letter, blobs)


# --- whose word in which matter ---


def _matter(desk: Desk, rcpt_to: str, letter: Letter) -> Matter:
    token = mail_reading.token_of(rcpt_to)
    if token is not None:
        case = citizens.opened(desk, *token, lock=True)
        if not isinstance(case, BusError):
            return Matter(case, "citizen")
    ticket, recipient = _referred(desk, letter)
    if ticket is None:
        return Matter()
    case = acting.take(desk, id=ticket)
    own = _own_address(desk, case)
    if own and letter.sender == own:
        return Matter(case, "citizen")
    if _is_unit(desk, recipient) and _same_house(letter.sender, recipient):
        return Matter(case, "colleague")
    return Matter(case, "outsider")


def _referred(desk: Desk, letter: Letter) -> tuple[int | None, str]:
    """The ticket of the letter that this one answers, and to whom we wrote if it was ours."""
    ids = {"ids": list(letter.references)}
    mail = desk.conn.execute(
        text(
            "select ticket, recipient from mails where message_id = any(:ids) "
            "and ticket is not null order by id desc limit 1"
        ),
        ids,
    ).one_or_none()
    if mail is not None:
        return mail.ticket, mail.recipient.lower()
    earlier = desk.conn.execute(
        text(
            "select ticket from letters where message_id = any(:ids) "
            "and ticket is not null order by id desc limit 1"
        ),
        ids,
    ).scalar()
    return earlier, ""


def _own_address(desk: Desk, case: Case) -> str:
    person = store.person(desk.conn, case.id)
    return str(person.email).lower() if person and person.email else ""


def _is_unit(desk: Desk, address: str) -> bool:
    """True if an address is where people of a unit read."""
    fields = ("email", "mailbox", "head_email")
    return address in {str(u.get(f)).lower() for u in desk.book.units.values() for f in fields}


def _same_house(sender: str, recipient: str) -> bool:
    return sender.rpartition("@")[2] == recipient.rpartition("@")[2]


# --- what becomes of it ---


def _reply(desk: Desk, matter: Matter, letter: Letter, blobs: Blobs) -> Outcome:
    """A citizen's letter is a message; anybody else's is a note that says who wrote."""
    case = matter.case
    assert case is not None
    parts = letter_files.take_parts(letter, _answer(letter), blobs)
    own = letter.sender == _own_address(desk, case)
    said = Words(
        parts.text, parts.files, "mail", "" if own else letter.sender,
        parts.sentence(case.row.language),
    )  # fmt: skip
    if matter.author == "citizen":
        act = messages.write(desk, case, said)
        return Outcome("MESSAGE" if act == "write" else "NOTE", case.id)
    if matter.author == "colleague":
        messages.note_colleague(desk, case, said)
        return Outcome("NOTE", case.id)
    messages.note_outsider(desk, case, said)
    return Outcome("NOTE", case.id, "outside")


def _answer(letter: Letter) -> str:
    """What is new in an answer; with a subject that says more than the text ("see above")."""
    text, subject = letter.answer or letter.text, letter.subject
    if text and len(subject) > max(len(text), TITLE_MOST) and not quotations.is_reply(subject):
        return f"{subject}\n\n{text}"
    return text or subject or EMPTY


def _note_calendar(desk: Desk, case: Case, letter: Letter, reply: CalendarReply) -> Outcome:
    """Whether the citizen comes to the visit: noted for the unit, and told it if he does not."""
    title = words.CALENDAR_REPLIES.get(reply.answer, ("پاسخی که ما نمی‌شناسیم", ""))[0]
    said = "\n\n".join(filter(None, (title, reply.comment or letter.text)))[:TEXT_MOST]
    before = next((e for e in reversed(case.entries) if e.act == "calendar_reply"), None)
    if before is None or before.text != said:
        acting.add(
            desk, case, "calendar_reply", by="system", actor="mail", text=said, answer=reply.answer
        )
        acting.project(desk, case)
        notices.tell(desk, case)
    return Outcome("NOTE", case.id, "calendar_reply")


def _new(desk: Desk, row: Any, letter: Letter, blobs: Blobs, *, limited: bool) -> Outcome:
    unit = unit_of(desk, row.rcpt_to)
    if unit is None:
        return Outcome(_without_unit(desk, row.rcpt_to), None, "no_unit")
    if _sender(letter) is None:
        return Outcome("NOBODY", None, "no_sender")
    category = _category(desk, unit)
    if category is None:
        return Outcome("NO_CATEGORY", None, "no_category")
    reason = letter_limits.exceeded(desk, letter, case=None, unit=unit)
    if reason and limited:
        return letter_limits.hold(desk, letter, reason, case=None, unit=unit)
    return _register(desk, letter, blobs, category)


def unit_of(desk: Desk, rcpt_to: str) -> str | None:
    """The code of the unit that has this address; None if none has it."""
    address = addresses.plain(rcpt_to)
    units = desk.book.units.values()
    return next((str(u["code"]) for u in units if u["email"].lower() == address), None)


def _without_unit(desk: Desk, rcpt_to: str) -> str:
    units = {unit["email"].lower() for unit in desk.book.units.values()}
    return "POSTMASTER" if addresses.is_of_office(rcpt_to, units) else "NO_UNIT"


def _category(desk: Desk, unit: str) -> str | None:
    named = desk.book.units[unit].get("mail_category")
    categories = desk.book.categories.values()
    first = next((str(c["code"]) for c in categories if c["unit"] == unit), None)
    return str(named) if named else first


def _sender(letter: Letter) -> str | None:
    try:
        return identifiers.email(letter.sender)
    except identifiers.Malformed:
        return None


def _register(desk: Desk, letter: Letter, blobs: Blobs, category: str) -> Outcome:
    said = f"{letter.subject}\n\n{letter.text}".strip() or EMPTY
    parts = letter_files.take_parts(letter, said, blobs)
    language = "fa" if PERSIAN.search(said) else "en"
    case = citizens.register(
        desk,
        {
            **citizens.BY_LETTER,
            "kind": desk.book.categories[category]["kinds"][0],
            "category": category,
            "text": parts.text,
            "name": letter.sender_name[:100],
            "email": _sender(letter),
            "language": language,
            "attachments": parts.files,
            "subject": letter.subject,
            # Nobody is told this secret: the letter that goes back carries a link.
            "secret": secrets.token_hex(32),
        },
        not_taken=parts.sentence(language),
        acknowledge=not letter.automatic and not letter.looks_automatic,
    )
    for code in named_codes(f"{letter.subject}\n{letter.text}"):
        messages.relate(desk, case, code)
    return Outcome("TICKET", case.id)


def named_codes(said: str) -> list[str]:
    """The tracking codes that a text names, however they are written."""
    codes = []
    for match in CODES.finditer(fold_digits(said[:CODES_WITHIN])):
        try:
            codes.append(tracking.parse(match[0]))
        except identifiers.Malformed:
            continue
    return list(dict.fromkeys(codes))[:CODES_MOST]


# --- what a colleague decided ---


def _obey(desk: Desk, row: Row[Any], letter: Letter, blobs: Blobs) -> Outcome:
    """A colleague has looked: no limit and no header stands in the way; machines get no answer."""
    if row.orders["act"] == "attach":
        return _attach(desk, letter, blobs, row.orders["code"])
    if row.orders["act"] == "register":
        return _register(desk, letter, blobs, row.orders["category"])
    return _judge(desk, row, letter, blobs, limited=False)


def _attach(desk: Desk, letter: Letter, blobs: Blobs, code: str) -> Outcome:
    case = acting.take(desk, code=code)
    own = bool(letter.sender) and letter.sender == _own_address(desk, case)
    matter = Matter(case, "citizen" if own else "outsider")
    return _reply(desk, matter, letter, blobs)._replace(reason="")


def take_unread(  # noqa: PLR0913 - all that is known of it
    desk: Desk, row: Row[Any], raw: bytes, said: str, orders: dict[str, str], blobs: Blobs
) -> Outcome:
    """A letter that no program of ours can read: a colleague wrote down what it says.

    The letter itself goes along as a file. Nobody is answered, for nobody knows who wrote.
    """
    letter = Letter(
        message_id=row.message_id, sender=(row.sender or row.mail_from).lower(), sender_name="",
        subject=row.subject, text=said, references=(), automatic="unread", looks_automatic=True,
        bounce=None, attachments=(letter_files.WholeLetter("letter.eml", raw),),
    )  # fmt: skip
    if orders["act"] == "attach":
        return _attach(desk, letter, blobs, orders["code"])
    return _register(desk, letter, blobs, orders["category"])
