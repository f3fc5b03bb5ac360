"""Who is notified after an act: rows of e-mails in the same transaction, sent by a chore.

E-mails to a citizen carry a link that opens the ticket; all e-mails about a ticket to one recipient
have one subject and form one thread. An SMS is a Command to the notify context in the same
transaction; it carries the code and never a link, since a link in an SMS is how people are robbed.
"""

import re

from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from people.company import company
from people.tracking import grouped
from services.ticketing.context import Context
from services.ticketing.domain.moves import Act
from services.ticketing.domain.texts import EMAILS, SUBJECTS
from services.ticketing.domain.ticket import Entry, is_complaint
from services.ticketing.mail import writing
from services.ticketing.mail.accepted_files import LeftOut, left_out_sentence
from services.ticketing.notifications import limits, mails
from services.ticketing.notifications.colleagues import tell_assignee
from services.ticketing.notifications.staff import email_unit
from services.ticketing.notifications.values import values_of
from services.ticketing.tickets import rows, visits
from services.ticketing.tickets.acts import Case

# act of the unit or the system → text to the citizen, by e-mail and SMS
TO_CITIZEN: dict[Act, str] = {
    "register": "registered",
    "say": "word",
    "pause": "word",
    "answer": "answered",
    "close": "closed",
    "invite": "invited",
    "choose_slot": "booked",
    "end_visit": "visit_ended",
    "remind": "remind",
    "take_down": "taken_down",
    "correct_mobile": "word",
    "forward": "word",
    "forwarded": "word",
    "forward_news": "word",
}
# Texts whose SMS says that there is a message to be read on the portal.
SMS_OF = {"taken_down": "word"}
# By e-mail alone.
WITHOUT_SMS: dict[Act, str] = {"leave_slot": "unbooked", "not_taken": "not_taken"}
# What somebody can cause who is not the recipient.
LIMITED = frozenset({"registered", "booked", "unbooked", "not_taken"})
IN_SMS = ("code", "unit", "due", "days", "office", "address", "time")
TO_UNIT = frozenset(
    {
        "register",
        "write",
        "joined_write",
        "outside_letter",
        "reopen",
        "withdraw",
        "choose_slot",
        "leave_slot",
        "rate",
    }
)
CALENDAR_METHODS = {
    "booked": visits.REQUEST,
    "unbooked": visits.CANCEL,
    "visit_ended": visits.CANCEL,
}
_EMPTY = re.compile(r"\n{3,}")
_REPLY = re.compile(r"^(?:\s*(?:re|fwd?|aw|پاسخ|ارجاع)\s*[:：])+\s*", re.IGNORECASE)


def notify(
    context: Context,
    case: Case,
    *,
    acknowledge: bool = True,
    withheld: frozenset[str] = frozenset(),
) -> None:
    """Write the e-mails and SMS that the fresh entries of the case call for.

    Without ``acknowledge`` the citizen is not written to: a machine may have written the e-mail;
    and not over the channels that are ``withheld``.
    """
    person = rows.person(context.conn, case.id)
    registered = any(entry.act == "register" for entry in case.fresh)
    for entry in case.fresh:
        tell_assignee(context, case, entry)
        if _concerns_unit(entry):
            email_unit(context, case, entry)
        name = TO_CITIZEN.get(entry.act) or WITHOUT_SMS.get(entry.act)
        if not name or person is None or not acknowledge:
            continue
        if registered and entry.act == "not_taken":
            continue  # the acknowledgement says it
        if person.email and "email" not in withheld:
            email_citizen(context, case, entry, name, person.email)
        if person.mobile and entry.act in TO_CITIZEN and "sms" not in withheld:
            text_citizen(context, case, entry, name, person.mobile)


def _concerns_unit(entry: Entry) -> bool:
    given_away = entry.act == "assign" and bool(entry.data.get("unit"))
    return (
        entry.act in TO_UNIT
        or is_complaint(entry)
        or given_away
        or (entry.act == "note" and entry.by == "citizen")
        or (entry.act == "calendar_reply" and entry.data["answer"] == "DECLINED")
    )


def email_citizen(
    context: Context, case: Case, entry: Entry, name: str, address: str, **values: str
) -> None:
    """Write one e-mail to the citizen, in the language that was chosen.

    Its text may name further ``values``. Nothing is written to an address that strangers may have
    had us write to too often.
    """
    if name in LIMITED and mails.is_enough(context, address, name):
        return
    language = case.row.language
    unit = context.book.units[case.ticket.unit]
    key = context.keys.link(case.row.code, case.row.link_generation)
    reply_to = writing.sub_address(unit.email, case.row.code, key)
    link = f"{context.portal_url}/l/{case.row.code}{key}"
    text = email_text(context, case, entry, name, link=link, **values)
    thread = mails.thread(context, case, address, unit.host)
    automatic = entry.by == "system" or entry.act in ("register", "choose_slot", "leave_slot")
    outgoing = writing.Outgoing(
        message_id=writing.new_message_id(unit.host),
        from_address=unit.email,
        from_name=f"{unit.name(language)}{'، ' if language == 'fa' else ', '}{company(language)}",
        to=address,
        subject=subject_of(case, language, again=thread.in_reply_to is not None),
        text=text,
        language=language,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        reply_to=reply_to,
        ticket=case.row.code,
        automatic=_automatic(context, address) if automatic else None,
        calendar=_calendar(context, case, name, reply_to, address),
    )
    mails.add(context, outgoing, name, ticket=case.id)


def email_text(context: Context, case: Case, entry: Entry, name: str, **values: str) -> str:
    """Return the headline and body of an e-mail to the citizen, in the language that was chosen."""
    language = case.row.language
    fields = {
        **values_of(context, case, entry, language),
        "rest": next((e.text for e in case.fresh if e.act == "not_taken"), ""),
        **values,
    }
    headline, body = (part.format(**fields) for part in EMAILS[name][language])
    body = _EMPTY.sub("\n\n", body)
    return f"{headline}\n\n{body}"


def subject_of(case: Case, language: str, *, again: bool) -> str:
    """One subject for all e-mails about a ticket: the citizen's own, if there was an e-mail."""
    own = _REPLY.sub("", case.row.subject).strip()
    subject = own or SUBJECTS[language].format(code=grouped(case.row.code))
    return f"Re: {subject}" if own or again else subject


def _automatic(context: Context, address: str) -> str:
    """RFC 3834, 5: auto-replied answers an e-mail, auto-generated does not."""
    answers = context.answered is not None and context.answered.sender == address.lower()
    return "auto-replied" if answers else "auto-generated"


def _calendar(context: Context, case: Case, name: str, reply_to: str, address: str) -> bytes | None:
    """The iCalendar part of an e-mail about a visit; None if it has none."""
    method = CALENDAR_METHODS.get(name)
    if name == "visit_ended" and not visits.was_booked(case):
        return None
    visit = visits.chosen(case)
    if method is None or visit is None:
        return None
    return visits.calendar_file(context, case, visit, method, organizer=reply_to, attendee=address)


def text_citizen(context: Context, case: Case, entry: Entry, name: str, mobile: str) -> None:
    """Send one SMS to the citizen (deploy/notify/templates.toml has the texts)."""
    if name == "booked" and not limits.allows(context, "sms", mobile):
        return
    language = case.row.language
    if entry.data.get("template"):
        _text_by_hand(context, case, entry, mobile)
        return
    fields = values_of(context, case, entry, language)
    # As data; notify writes it in groups, as pages and e-mails do.
    fields["code"] = case.row.code
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template=f"ticket_{SMS_OF.get(name, name)}",
            channels=("sms",),
            to=Receiver(mobile=mobile),
            language=language,
            personalisation={field: fields[field] for field in IN_SMS},
            reference=case.row.code,
        ),
    )


def _text_by_hand(context: Context, case: Case, entry: Entry, mobile: str) -> None:
    """Send a colleague's own SMS, by the template and with the values that the log keeps."""
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template=str(entry.data["template"]),
            channels=("sms",),
            to=Receiver(mobile=mobile),
            language=str(entry.data["language"]),
            personalisation={str(k): str(v) for k, v in entry.data["values"].items()},
            reference=case.row.code,
        ),
    )


def notify_shut_file(context: Context, case: Case, name: str, reason: str) -> None:
    """Write to the citizen which of the files stays shut, why (a code of labels.NOT_TAKEN), and how
    to hand in another.
    """
    sentence = left_out_sentence([LeftOut(name, reason)], case.row.language)
    entry = Entry(0, context.now, "system", "mirab", "not_taken", {"text": sentence})
    person = rows.person(context.conn, case.id)
    if person is not None and person.email:
        email_citizen(context, case, entry, "not_taken", person.email)


def invitation(context: Context, case: Case) -> bytes:
    """Return the visit that is booked, as a calendar file to be saved."""
    visit = visits.chosen(case)
    assert visit is not None
    organizer = context.book.units[case.ticket.unit].email
    return visits.calendar_file(context, case, visit, visits.PUBLISH, organizer=organizer)
