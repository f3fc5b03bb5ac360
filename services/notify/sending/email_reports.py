"""What is on record of e-mails that failed or were complained of: a row a hand-over and kind."""

import hmac

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import fetch_one
from bus.foreign.return_path import PROOF_LETTERS, ReturnToken
from services.notify.context import Context
from services.notify.domain.email_report import Failure
from services.notify.domain.message import MessageState
from services.notify.keys import Keys
from services.notify.sending.rows import MessageRow
from services.notify.tables import EMAIL_REPORTS, HANDOVERS, MESSAGES


def token(keys: Keys, ref: int) -> ReturnToken:
    """The token in the return path of a hand-over's e-mail."""
    return ReturnToken(ref, keys.hashed("return path", str(ref)).hex()[:PROOF_LETTERS])


def is_genuine(keys: Keys, ref: int, proof: str) -> bool:
    """Tell whether we gave away this proof for this hand-over."""
    return hmac.compare_digest(token(keys, ref).proof.encode(), proof.lower().encode())


def note(  # noqa: PLR0913 - one parameter a column of the row
    context: Context,
    ref: int,
    kind: str,
    message: MessageRow,
    failure: Failure | None = None,
    letter: int | None = None,
) -> bool:
    """Note a report of a hand-over; False if one of its kind was noted before."""
    row = {
        "ref": ref,
        "kind": kind,
        "message": message.id,
        "receiver_hash": email_hash(context, message) or b"",
        "status": failure.status if failure else "",
        "permanent": failure is not None and failure.state is MessageState.REJECTED,
        "address_unknown": failure is not None and failure.address_unknown,
        "letter": letter,
        "at": context.now,
    }
    statement = insert(EMAIL_REPORTS).values(row).on_conflict_do_nothing()
    return context.conn.execute(statement).rowcount > 0


def email_hash(context: Context, message: MessageRow) -> bytes | None:
    """The hash of the address that an e-mail went to; None where the message has gone on by another
    channel since, and the address was erased.
    """
    if message.channel == "email":
        return bytes(message.receiver_hash)
    address = message.to.email if message.to else None
    return context.keys.receiver("email", address) if address else None


def note_refusal(context: Context, ref: int, reply: str) -> None:
    """Note that our mail server refused an e-mail in the dialogue because nobody has its address;
    ``reply`` is the server's code.
    """
    query = (
        select(MESSAGES)
        .join(HANDOVERS, HANDOVERS.c.message == MESSAGES.c.id)
        .where(HANDOVERS.c.ref == ref, HANDOVERS.c.state == "RESERVED")
    )
    message = fetch_one(context.conn, MessageRow, query)
    if message is not None:
        failure = Failure(MessageState.REJECTED, reply[:20], address_unknown=True)
        note(context, ref, "refused", message, failure)
