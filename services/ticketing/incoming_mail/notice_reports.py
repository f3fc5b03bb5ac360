"""Reports about e-mails that notify has sent: known by the token in their return path, handed on.

Whether a token is genuine, and which e-mail it belongs to, notify alone can say; what it cannot use
it gives back, so that a colleague looks at it.
"""

import datetime as dt

from sqlalchemy import func, select, update

from bus.foreign import return_path
from contracts.notify.editors.email_reports import (
    ACTIONS,
    NOTE_EMAIL_REPORT,
    VERDICTS_MOST,
    EmailVerdict,
    NoteEmailReport,
)
from contracts.ticketing.letters import KeepEmailReport
from services.ticketing.context import Context
from services.ticketing.incoming_mail.rows import Outcome
from services.ticketing.mail.reading import Bounce, Email
from services.ticketing.tables import LETTERS

HANDED_ON = Outcome("DONE", None, "handed_on")
FORGED, LOOKED_AT, HOUR = "forged_token", 10, dt.timedelta(hours=1)


def take(context: Context, letter: int, rcpt_to: str, email: Email) -> Outcome | None:
    """File an e-mail that came to a return path, or reports on an e-mail with one; None if it is
    neither. What is no report is never a ticket and never answered: nobody writes to such an
    address by hand.
    """
    own, returned = return_path.token_of(rcpt_to), return_path.token_of(email.returned_token)
    token = own or returned
    if token is None:
        return None
    unusable = _unusable(email, differs=own is not None and returned not in (None, own))
    if unusable is not None:
        return unusable
    is_complaint = email.feedback is not None
    report = NoteEmailReport(
        letter=letter,
        ref=token.ref,
        proof=token.proof,
        sort="complaint" if is_complaint else "delivery",
        original=next((v.original_message_id for v in email.reports), "")[:260],
        verdicts=tuple(_verdict(v) for v in email.reports[:VERDICTS_MOST] if not is_complaint),
    )
    context.tx.send(NOTE_EMAIL_REPORT, report)
    return HANDED_ON


def _unusable(email: Email, *, differs: bool) -> Outcome | None:
    """Where an e-mail lies that nothing follows from; ``differs``: it returns another e-mail than
    the one whose return path it came to.
    """
    if email.feedback is not None or email.reports:
        if differs:
            return Outcome("BOUNCE", None, "other_letter")
        if email.feedback is not None:
            return None if email.feedback.is_complaint else Outcome("RECEIPT", None, "no_complaint")
        is_clear = any(verdict.action != "unknown" for verdict in email.reports)
        return None if is_clear else Outcome("BOUNCE", None, "unknown")
    if email.automatic:
        is_receipt = email.automatic in ("read_receipt", "report")
        return Outcome("RECEIPT" if is_receipt else "AUTOMATIC", None, email.automatic)
    return Outcome("NO_UNIT", None, "return_path")


def _verdict(verdict: Bounce) -> EmailVerdict:
    return EmailVerdict(
        recipient=verdict.recipient[:320],
        action=verdict.action if verdict.action in ACTIONS else "unknown",
        status=verdict.status[:20],
        diagnostic=verdict.diagnostic[:300],
    )


def keep(context: Context, message: KeepEmailReport) -> None:
    """Have colleagues look at a report that notify could not use, unless somebody has meanwhile.

    Of an hour they look at LOOKED_AT forged ones: whoever makes up more takes nobody's time. The
    others are kept as what is done with.
    """
    is_looked_at = message.reason != FORGED or _forged(context) < LOOKED_AT
    context.conn.execute(
        update(LETTERS)
        .values(
            state="BOUNCE" if is_looked_at else HANDED_ON.state,
            reason=message.reason,
            worked_at=context.now,
        )
        .where(
            LETTERS.c.id == message.letter,
            LETTERS.c.state == HANDED_ON.state,
            LETTERS.c.reason == HANDED_ON.reason,
        )
    )


def _forged(context: Context) -> int:
    """Count the forged reports of the last hour that wait for somebody's look."""
    query = select(func.count()).where(
        LETTERS.c.state == "BOUNCE",
        LETTERS.c.reason == FORGED,
        LETTERS.c.worked_at > context.now - HOUR,
    )
    return int(context.conn.execute(query).scalar_one())
