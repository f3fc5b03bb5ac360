"""A new secret for a citizen who lost the old one, by a code to the contact on file.

The new secret goes to the contact on file and to nobody else; the old one ends, and the ticket's
log says so. Links in our e-mails go to that contact anyhow and stay.
"""

from bus.errors import BusError
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from contracts.ticketing.lost_secrets import AskNewSecret, CodeReceipt, NewSecret, RenewedSecret
from people.one_time_codes import VALID, Codes
from services.ticketing.accounts import attempts
from services.ticketing.context import Context
from services.ticketing.domain.ticket import Entry
from services.ticketing.notifications import limits
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import acts, mobiles, rows
from services.ticketing.tickets.acts import Case

BY_EMAIL = "email"


def ask(context: Context, asker: str, message: AskNewSecret) -> CodeReceipt:
    """Send a code to the contact if it is the ticket's; the reply is the same if it is not."""
    # Locked, so that no code goes to a number that a colleague is just putting right.
    row = rows.by_code(context.conn, message.code, lock=True)
    person = rows.person(context.conn, row.id) if row else None
    contact = message.contact
    own = person is not None and contact.lower() in (
        person.mobile,
        (person.email or "").lower(),
    )
    begun = _codes(context).begin(_subject(message.code, contact) if own else None, asker)
    if begun.pin is not None and row is not None and _may_go(context, contact):
        case = acts.load_by_id(context, row.id, lock=False)
        send(context, case, "secret_code", contact, message.language, pin=begun.pin)
    return CodeReceipt(request_id=begun.id, valid_minutes=int(VALID.total_seconds()) // 60)


def renew(context: Context, message: NewSecret) -> RenewedSecret | BusError:
    """Replace the secret by the citizen's new one, for the code that came."""
    subject = _codes(context).redeem(message.request_id, message.pin)
    if isinstance(subject, BusError):
        return subject
    code, _, by_email = subject.partition(" ")
    case = acts.load(context, code)
    if not by_email:
        mobiles.note_proven(context, case.id)
    replace(context, case, message.secret)
    acts.add(context, case, "new_secret", by="citizen", actor="citizen")
    acts.project(context, case)
    return RenewedSecret(code=code)


def end_codes(context: Context, code: str) -> None:
    """Let no one-time code open the ticket that was sent before now."""
    for contact in ("", "@"):
        _codes(context).end(_subject(code, contact))


def _subject(code: str, contact: str) -> str:
    """What a code opens: a ticket, and by which contact on file, which it proves."""
    return f"{code} {BY_EMAIL}" if "@" in contact else code


def _may_go(context: Context, contact: str) -> bool:
    """False if too many codes go there: anybody can have tickets with another's contact."""
    return "@" not in contact or limits.allows_code_email(context, contact)


def _codes(context: Context) -> Codes:
    return Codes(context.conn, context.now, context.keys.pepper)


def replace(context: Context, case: Case, secret: str) -> None:
    """Put a new secret in the place of the old one, and forget failed attempts."""
    secret_hash = context.keys.secret_hash(case.row.code, secret)
    rows.change_ticket(context.conn, case.id, secret_hash=secret_hash)
    attempts.forget(context.conn, case.row.code)


def send(
    context: Context, case: Case, email: str, contact: str, language: str, **values: str
) -> None:
    """Send a code or a new secret to the contact on file, by e-mail or SMS."""
    if "@" in contact:
        entry = Entry(0, context.now, "system", "mirab", "new_secret")
        notifications.email_citizen(context, case, entry, email, contact, **values)
        return
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template=f"ticket_{email}",
            channels=("sms",),
            to=Receiver(mobile=contact),
            language=language,
            personalisation={"code": case.row.code, **values},
            reference=case.row.code,
        ),
    )
