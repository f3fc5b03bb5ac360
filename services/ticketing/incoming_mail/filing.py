"""Where e-mails are filed: each becomes a ticket, a message or a note, or lies where people look.

Whether a machine wrote decides only whether we answer. An e-mail is the citizen's word if it came
to the address whose token we gave to the citizen alone, or from the citizen's own address; a
reference to an e-mail of ours says which ticket is meant, and proves nothing about who writes.
"""

import datetime as dt
import re
import secrets
from dataclasses import replace
from typing import Literal, NamedTuple

from bus.blobs import Blobs
from contracts.ticketing.citizens import TEXT_MOST
from iran import identifiers
from iran.persian import TEHRAN, fold_digits, jalali_fa, tehran_day
from people import tracking
from services.ticketing.citizens import messages, registration
from services.ticketing.citizens.messages import Words
from services.ticketing.citizens.registration import NewCase
from services.ticketing.context import Context, IncomingEmail
from services.ticketing.domain import labels
from services.ticketing.incoming_mail import (
    delivery_reports,
    limits,
    matters,
    notice_reports,
    rows,
)
from services.ticketing.incoming_mail.matters import Matter
from services.ticketing.incoming_mail.rows import EmailRow, Orders, Outcome
from services.ticketing.mail import accepted_files, addresses, quotations
from services.ticketing.mail.reading import CalendarReply, Email
from services.ticketing.notifications import tickets as notifications
from services.ticketing.senders import rows as senders
from services.ticketing.tickets import acts
from services.ticketing.tickets.acts import Case

PERSIAN = re.compile("[\u0600-\u06ff]")
CODES = re.compile(r"(?<![0-9])[0-9](?:[ \-\u200c]?[0-9]){9}(?![0-9])")
CODES_MOST, CODES_WITHIN = 3, 2000
EMPTY = "(نامه بدون متن)"
TITLE_MOST = 30
# What a machine wrote about an e-mail of ours.
RECEIPTS = ("read_receipt", "report")


class QueuedEmail(NamedTuple):
    """An e-mail in work: its envelope, what a colleague decided about it, and when it came if it
    lay set aside meanwhile.
    """

    id: int
    mail_from: str
    rcpt_to: str
    orders: Orders | None = None
    came_at: dt.datetime | None = None


def work(context: Context, queued: QueuedEmail, email: Email, blobs: Blobs) -> None:
    """File one e-mail that was read; the outcome is noted in its row, which is kept."""
    context = replace(context, answered=IncomingEmail(email.message_id, email.sender))
    if queued.orders is not None:
        outcome = _obey(context, queued, queued.orders, email, blobs)
    else:
        outcome = _judge(context, queued, email, blobs)
    rows.settle(context, queued.id, email, outcome)


def _judge(
    context: Context, queued: QueuedEmail, email: Email, blobs: Blobs, *, limited: bool = True
) -> Outcome:
    of_report = notice_reports.take(context, queued.id, queued.rcpt_to, email)
    if of_report is None and email.reports:
        of_report = delivery_reports.take(context, email.reports, queued.mail_from)
    if of_report is not None:
        return of_report
    matter = matters.matter_of(context, queued.rcpt_to, email)
    if matter is None:
        return _about_no_ticket(context, queued, email, blobs, limited=limited)
    case = matter.case
    if email.calendar is not None and matter.author == "citizen":
        return _note_calendar(context, case, email, email.calendar)
    if email.automatic:
        return _of_machine(email.automatic, case.id)
    reason = limits.exceeded_for_ticket(context, email, case, outsider=matter.author == "outsider")
    if reason and limited:
        return limits.hold(context, email, reason, case=case, unit=case.ticket.unit)
    return _reply(context, matter, email, blobs)


def _of_machine(reason: str, ticket: int | None) -> Outcome:
    return Outcome("RECEIPT" if reason in RECEIPTS else "AUTOMATIC", ticket, reason)


# --- an e-mail about a ticket ---


def _reply(context: Context, matter: Matter, email: Email, blobs: Blobs) -> Outcome:
    """Put a citizen's e-mail in as a message; anybody else's as a note that says who wrote."""
    case = matter.case
    parts = accepted_files.take_parts(email, _answer(email), blobs)
    own = email.sender == matters.own_address(context, case)
    words = Words(
        parts.text,
        parts.files,
        "mail",
        "" if own else email.sender,
        parts.sentence(case.row.language),
    )
    outcome = _put(context, matter, words)
    _note_writers(context, case, email)
    return outcome


def _put(context: Context, matter: Matter, words: Words) -> Outcome:
    case = matter.case
    if matter.author == "citizen":
        act = messages.write(context, case, words)
        return Outcome("MESSAGE" if act == "write" else "NOTE", case.id)
    if matter.author == "colleague":
        messages.note_colleague(context, case, words)
        return Outcome("NOTE", case.id)
    messages.note_outsider(context, case, words)
    return Outcome("NOTE", case.id, "outside")


def _note_writers(context: Context, case: Case, email: Email) -> None:
    """Tell the unit who else stands in the head of the e-mail, and to whom answers go."""
    if email.writers:
        own = matters.own_address(context, case)
        answers = labels.ANSWERS_GO_TO.format(address=own) if own else ""
        messages.note_writers(context, case, f"{email.writers} {answers}".strip())


def _answer(email: Email) -> str:
    """The new part of an answer; with a subject that says more than the text ("see above")."""
    text, subject = email.answer or email.text, email.subject
    if text and len(subject) > max(len(text), TITLE_MOST) and not quotations.is_reply(subject):
        return f"{subject}\n\n{text}"
    return text or subject or EMPTY


def _note_calendar(context: Context, case: Case, email: Email, reply: CalendarReply) -> Outcome:
    """Note for the unit whether the citizen comes; the unit is written to if not."""
    title = labels.CALENDAR_REPLIES.get(reply.answer, ("پاسخی که ما نمی‌شناسیم", ""))[0]
    text = "\n\n".join(filter(None, (title, reply.comment or email.text)))[:TEXT_MOST]
    before = case.last("calendar_reply")
    if before is None or before.text != text:
        acts.add(
            context,
            case,
            "calendar_reply",
            by="system",
            actor="mail",
            text=text,
            answer=reply.answer,
        )
        acts.project(context, case)
        notifications.notify(context, case)
    return Outcome("NOTE", case.id, "calendar_reply")


# --- an e-mail about nothing that we know ---


def _about_no_ticket(
    context: Context, queued: QueuedEmail, email: Email, blobs: Blobs, *, limited: bool
) -> Outcome:
    row = _row_of_sender(context, queued, email) if limited else None
    if row is not None:
        return Outcome("SET_ASIDE", reason="set_aside", set_aside_by=row)
    if email.automatic:
        return _of_machine(email.automatic, None)
    return _new(context, queued, email, blobs, limited=limited)


def _new(
    context: Context, queued: QueuedEmail, email: Email, blobs: Blobs, *, limited: bool
) -> Outcome:
    unit = unit_of(context, queued.rcpt_to)
    if unit is None:
        return Outcome(_without_unit(context, queued.rcpt_to), None, "no_unit")
    if _sender(email) is None:
        return Outcome("NOBODY", None, "no_sender")
    category = _category(context, unit)
    if category is None:
        return Outcome("NO_CATEGORY", None, "no_category")
    reason = limits.exceeded_for_new(context, email, unit)
    if reason and limited:
        return limits.hold(context, email, reason, case=None, unit=unit)
    return _register(context, email, blobs, category, queued.came_at)


def _row_of_sender(context: Context, queued: QueuedEmail, email: Email) -> int | None:
    """The row of the list of senders that sets an e-mail aside which is about no ticket."""
    unit = unit_of(context, queued.rcpt_to)
    if unit is None or email.automatic in RECEIPTS or not email.sender:
        return None
    row = senders.meets(context, email.sender, unit)
    return row.id if row else None


def unit_of(context: Context, rcpt_to: str) -> str | None:
    """Return the code of the unit that has this address; None if none has it."""
    address = addresses.plain(rcpt_to)
    units = context.book.units.values()
    return next((unit.code for unit in units if unit.email.lower() == address), None)


def _without_unit(context: Context, rcpt_to: str) -> str:
    units = {unit.email.lower() for unit in context.book.units.values()}
    return "POSTMASTER" if addresses.is_of_office(rcpt_to, units) else "NO_UNIT"


def _category(context: Context, unit: str) -> str | None:
    """Return the unit's category for e-mails, else its first; None if it has none."""
    first = next((c.code for c in context.book.categories.values() if c.unit == unit), None)
    return context.book.units[unit].mail_category or first


def _sender(email: Email) -> str | None:
    try:
        return identifiers.email(email.sender)
    except identifiers.Malformed:
        return None


def _register(
    context: Context,
    email: Email,
    blobs: Blobs,
    category: str,
    came_at: dt.datetime | None = None,
) -> Outcome:
    """Register a ticket: now, or as of when the e-mail came if it lay set aside, since its writer
    has waited from then on.
    """
    text = f"{email.subject}\n\n{email.text}".strip() or EMPTY
    parts = accepted_files.take_parts(email, text, blobs)
    language = "fa" if PERSIAN.search(text) else "en"
    new = NewCase(
        kind=context.book.categories[category].kinds[0],
        category=category,
        text=parts.text,
        name=email.sender_name[:100],
        email=_sender(email),
        language=language,
        attachments=parts.files,
        subject=email.subject,
        # Nobody learns this secret: the e-mail that goes back carries a link.
        secret=secrets.token_hex(32),
    )
    case = registration.register(
        replace(context, now=came_at) if came_at else context,
        new,
        not_taken=parts.sentence(language),
        acknowledge=not email.automatic and not email.looks_automatic,
    )
    for code in named_codes(f"{email.subject}\n{email.text}"):
        messages.relate(context, case, code)
    _note_writers(context, case, email)
    if came_at is not None:
        moments = {"arrived": _shown(came_at), "taken": _shown(context.now)}
        messages.note_writers(context, case, labels.WAS_SET_ASIDE.format(**moments))
    return Outcome("TICKET", case.id)


def _shown(moment: dt.datetime) -> str:
    return f"{jalali_fa(tehran_day(moment))} ساعت {moment.astimezone(TEHRAN):%H:%M}"


def named_codes(text: str) -> list[str]:
    """List the tracking codes that a text names, however they are written."""
    codes = []
    for match in CODES.finditer(fold_digits(text[:CODES_WITHIN])):
        try:
            codes.append(tracking.parse(match[0]))
        except identifiers.Malformed:
            continue
    return list(dict.fromkeys(codes))[:CODES_MOST]


# --- what a colleague decided ---


def _obey(
    context: Context, queued: QueuedEmail, orders: Orders, email: Email, blobs: Blobs
) -> Outcome:
    """A colleague has looked: no limit and no header stands in the way; machines get no answer."""
    if orders.act == "attach":
        return _attach(context, email, blobs, orders.code)
    if orders.act == "register":
        return _register(context, email, blobs, orders.category, queued.came_at)
    if queued.came_at is not None:
        return _new(context, queued, email, blobs, limited=False)
    return _judge(context, queued, email, blobs, limited=False)


def _attach(context: Context, email: Email, blobs: Blobs, code: str) -> Outcome:
    case = acts.load(context, code)
    own = bool(email.sender) and email.sender == matters.own_address(context, case)
    author: Literal["citizen", "outsider"] = "citizen" if own else "outsider"
    return _reply(context, Matter(case, author), email, blobs)._replace(reason="")


def take_unread(  # noqa: PLR0913 - all that is known of it
    context: Context, row: EmailRow, raw: bytes, text: str, orders: Orders, blobs: Blobs
) -> Outcome:
    """File an e-mail that no program of ours can read: a colleague wrote down what it says.

    The e-mail itself goes along as a file. Nobody is answered, for nobody knows who wrote.
    """
    email = Email(
        message_id=row.message_id,
        sender=(row.sender or row.mail_from).lower(),
        sender_name="",
        subject=row.subject,
        text=text,
        references=(),
        automatic="unread",
        looks_automatic=True,
        bounce=None,
        attachments=(accepted_files.WholeEmail("letter.eml", raw),),
    )
    if orders.act == "attach":
        return _attach(context, email, blobs, orders.code)
    return _register(context, email, blobs, orders.category)
