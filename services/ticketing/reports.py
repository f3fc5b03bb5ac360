"""Reports of mail servers and mail programs about letters of ours, each by its own verdict.

Only "failed" about the very address that we wrote to says that a letter did not arrive (RFC 3464,
2.3.3); all else is kept and noted, and changes nothing.
"""

from typing import Any

from sqlalchemy import Row, text

from services.ticketing import acting
from services.ticketing.acting import Desk
from services.ticketing.letter_rows import Outcome
from services.ticketing.mail_reading import Bounce

FAILED = "failed"


def take(desk: Desk, report: Bounce) -> Outcome:
    """What became of a report: BOUNCE if a letter failed, RECEIPT otherwise."""
    failed = report.action == FAILED
    state = "BOUNCE" if failed else "RECEIPT"
    mail = _mail(desk, report.original_message_id)
    if mail is None:
        return Outcome(state, None, "no_such_letter")
    if report.recipient != mail.recipient.lower():
        return Outcome(state, mail.ticket, "other_recipient")
    if not failed:
        return Outcome(state, mail.ticket, report.action)
    _note_failure(desk, mail, report)
    return Outcome(state, mail.ticket, FAILED)


def _mail(desk: Desk, message_id: str) -> Row[Any] | None:
    return desk.conn.execute(
        text("select id, ticket, recipient, state from mails where message_id = :id for update"),
        {"id": message_id},
    ).one_or_none()


def _note_failure(desk: Desk, mail: Row[Any], report: Bounce) -> None:
    """Once for each letter, however often its failure is reported."""
    if mail.state == "REFUSED":
        return
    desk.conn.execute(
        text("update mails set state = 'REFUSED', problem = :problem where id = :id"),
        {"id": mail.id, "problem": f"{report.status} {report.diagnostic}"[:300]},
    )
    if mail.ticket is not None:
        case = acting.take(desk, id=mail.ticket)
        acting.add(desk, case, "bounce", by="system", actor="mail", status=report.status)
        acting.project(desk, case)
