"""A new secret for a person who lost that of an own inquiry: a code goes to the mobile on file."""

from sqlalchemy import update

from bus.errors import BusError
from contracts.ticketing.lost_secrets import AskNewSecret, CodeReceipt, NewSecret, RenewedSecret
from people.one_time_codes import VALID, Codes
from services.inquiry.context import Context
from services.inquiry.own_inquiries import inquiries, text_messages
from services.inquiry.own_inquiries.rows import own_row
from services.inquiry.tables import OWN_INQUIRIES


def ask(context: Context, question: AskNewSecret) -> CodeReceipt:
    """Send a code if the contact is the inquiry's mobile; the reply is the same if it is not."""
    row = own_row(context.conn, question.code)
    own = row if row and row.mobile is not None and row.mobile == question.contact else None
    begun = _codes(context).begin(own.code if own else None, inquiries.face_asker(context))
    if own is not None and begun.pin is not None:
        text_messages.send_code(context.tx, own, question.language, begun.pin)
    return CodeReceipt(request_id=begun.id, valid_minutes=int(VALID.total_seconds()) // 60)


def renew(context: Context, message: NewSecret) -> RenewedSecret | BusError:
    """Put the new secret in the place of the old one, for the code that came."""
    code = _codes(context).redeem(message.request_id, message.pin)
    if isinstance(code, BusError):
        return code
    hashed = inquiries.secret_hash(context.log_key, code, message.secret)
    context.conn.execute(
        update(OWN_INQUIRIES).where(OWN_INQUIRIES.c.code == code).values(secret_hash=hashed)
    )
    return RenewedSecret(code=code)


def forget(context: Context) -> None:
    """Delete codes that count no more."""
    _codes(context).forget()


def _codes(context: Context) -> Codes:
    return Codes(context.conn, context.now, context.log_key)
