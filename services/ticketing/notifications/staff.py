"""E-mails to units and to roles: they carry the text, never who wrote it."""

import datetime as dt

from iran import identifiers
from people.company import company
from people.tracking import grouped
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.domain.calendar import moment_in_words
from services.ticketing.domain.texts import EMAILS
from services.ticketing.domain.ticket import Entry
from services.ticketing.mail import writing
from services.ticketing.mail.reading import Email
from services.ticketing.notifications import mails
from services.ticketing.notifications.values import values_of
from services.ticketing.tickets.acts import Case


def email_unit(context: Context, case: Case, entry: Entry) -> None:
    """Write one e-mail to the mailbox that the unit's people read.

    Of the same kind about the same ticket one goes at once, and what follows within the hour is
    folded into one more: whoever makes a machine write makes it write to the desk's page alone.
    """
    to = context.book.units[case.ticket.unit].staff_address
    kind = f"unit:{entry.act}"
    before = mails.count(context, to, kind, ticket=case.id)
    later = mails.count(context, to, f"{kind}:more", ticket=case.id)
    fields = values_of(context, case, entry, "fa")
    fields["clock"] = f"{labels.KINDS[case.row.kind][0]}: {labels.ACTS[entry.act][0]}"
    fields["text"] = case.row.text if entry.act in ("register", "assign") else entry.text
    if before and entry.act not in ("register", "assign"):
        if not later:
            _email(context, case, "more", fields, to, f"{kind}:more", in_hours=1)
        return
    _email(context, case, "unit", fields, to, kind)


def email_role(context: Context, case: Case, entry: Entry, role: str) -> None:
    """Write one e-mail to whoever must look after a promise in danger."""
    fields = values_of(context, case, entry, "fa")
    fields["clock"] = labels.CLOCKS[entry.data["clock"]][0]
    fields["due"] = moment_in_words(dt.datetime.fromisoformat(entry.data["due"]), "fa")
    to = context.book.role_address(role, case.ticket.unit)
    _email(context, case, "escalated", fields, to, "escalated")


def _email(  # noqa: PLR0913 - an e-mail has as many parts
    context: Context,
    case: Case,
    name: str,
    fields: dict[str, str],
    to: str,
    kind: str,
    *,
    in_hours: int = 0,
) -> None:
    unit = context.book.units[case.ticket.unit]
    thread = mails.thread(context, case, to, unit.host)
    headline, body = (part.format(**fields) for part in EMAILS[name]["fa"])
    category = context.book.categories.get(case.row.category)
    outgoing = writing.Outgoing(
        message_id=writing.new_message_id(unit.host),
        from_address=unit.email,
        from_name=company("fa"),
        to=to,
        subject=f"[{grouped(case.row.code)}] {category.fa if category else ''}".strip(),
        text=f"{headline}\n\n{body}",
        language="fa",
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        ticket=case.row.code,
        automatic="auto-generated",
    )
    mails.add(context, outgoing, kind, ticket=case.id, in_hours=in_hours)


def email_about_held(context: Context, email: Email, unit_code: str) -> None:
    """Write that an e-mail is held back: to its sender once a day, to the unit once an hour."""
    unit = context.book.units[unit_code]
    recipients = [(unit.staff_address, "unit:held", 1, "held_unit")]
    if not email.looks_automatic and _is_address(email.sender):
        recipients.append((email.sender, "held", 24, "held"))
    fields = {
        "subject": email.subject,
        "desk": f"{context.desk_url}/letters",
        "unit": unit.fa,
        "company": company("fa"),
    }
    for to, kind, hours, name in recipients:
        if mails.count(context, to, kind, hours=hours):
            continue
        subject, body = EMAILS[name]["fa"]
        outgoing = writing.Outgoing(
            message_id=writing.new_message_id(unit.host),
            from_address=unit.email,
            from_name=f"{unit.fa}، {company('fa')}",
            to=to,
            subject=subject,
            text=body.format(**fields),
            language="fa",
            in_reply_to=email.message_id if name == "held" else None,
            ticket="",
            automatic="auto-replied" if name == "held" else "auto-generated",
        )
        mails.add(context, outgoing, kind, ticket=None)


def _is_address(address: str) -> bool:
    try:
        return bool(identifiers.email(address))
    except identifiers.Malformed:
        return False
