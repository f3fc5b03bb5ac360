"""Where a colleague reads notices by e-mail: nothing goes to an address that nobody has proven.

Whoever types an address, here or at the machine, may mistype it, or type another's. So a code goes
there first, and the address counts once its colleague has typed the code at the desk.
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from bus.database.rows import fetch_only
from bus.errors import BusError, NotFound
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from people.one_time_codes import Codes, Limits
from services.ticketing.context import Context
from services.ticketing.notifications import limits
from services.ticketing.tables import STAFF
from services.ticketing.tickets.refusals import field_refusal

# A colleague may mistype an address more than once; nobody writes to strangers through us.
OF_COLLEAGUE = Limits(of_asker=6, of_subject=6)


@dataclass(frozen=True, slots=True)
class Address:
    """Where notices go (``proven``), whether they do, and what waits for the code that was sent."""

    proven: str | None
    mails: bool
    unproven: str | None
    code: str | None


def of(context: Context) -> Address:
    """Return the settings of whoever asks."""
    columns = STAFF.c
    statement = select(
        columns.notice_email.label("proven"),
        columns.notice_mails.label("mails"),
        columns.notice_unproven.label("unproven"),
        columns.notice_code.label("code"),
    )
    own = columns.username == context.colleague.username
    return fetch_only(context.conn, Address, statement.where(own))


def put(context: Context, email: str | None, *, mails: bool) -> bool:
    """Keep the settings; another address than the proven one gets a code, and True is returned.

    RuleBroken ``field.wrong`` on ``email`` if too many codes went there, or for this colleague.
    """
    proven = of(context).proven
    if email is None:
        _keep(context, notice_email=None, notice_mails=False)
    elif proven is not None and email.lower() == proven.lower():
        _keep(context, notice_mails=mails)
    else:
        code = _send_code(context, email)
        _keep(context, notice_mails=True, notice_unproven=email, notice_code=code)
        return True
    return False


def prove(context: Context, pin: str) -> BusError | None:
    """Have notices go to the address that waits, for the code that came there; or the refusal,
    which is returned so that the wrong try is counted.
    """
    waiting = of(context)
    if waiting.code is None or waiting.unproven is None:
        return NotFound("No code was sent; ask for one.", code="secret_code.gone")
    redeemed = _codes(context).redeem(waiting.code, pin)
    if isinstance(redeemed, BusError):
        return redeemed
    _keep(context, notice_email=waiting.unproven, notice_mails=True)
    return None


def _keep(context: Context, **values: object) -> None:
    """Change the own settings; what waited for a code waits no more unless ``values`` say so."""
    own = STAFF.c.username == context.colleague.username
    settled = {"notice_unproven": None, "notice_code": None, **values}
    context.conn.execute(update(STAFF).values(**settled).where(own))


def _send_code(context: Context, email: str) -> str:
    username = context.colleague.username
    begun = _codes(context).begin(f"notices of {username}", username)
    if begun.pin is None or not limits.allows_code_email(context, email):
        raise field_refusal("email", "Too many codes today; try again tomorrow.", "too_many")
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template="colleague_address_code",
            channels=("email",),
            to=Receiver(email=email),
            personalisation={"pin": begun.pin},
        ),
    )
    return begun.id


def _codes(context: Context) -> Codes:
    return Codes(context.conn, context.now, context.keys.pepper, OF_COLLEAGUE)
