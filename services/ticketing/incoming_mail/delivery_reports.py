"""Reports of mail servers and mail programs about letters of ours, each by its own verdict.

Only "failed" about the very address that we wrote to says that a letter did not arrive (RFC 3464,
2.3.3); all else is kept and noted, and changes nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.ticketing.incoming_mail.rows import Outcome
from services.ticketing.mail.reading import Bounce
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets.acts import Desk

FAILED = "failed"


def take(desk: Desk, verdicts: Sequence[Bounce], mail_from: str) -> Outcome:
    """What became of a report: BOUNCE if it says that a letter failed, RECEIPT otherwise.

    A server reports without a sender of its own (MAIL FROM:<>, RFC 3464, 2); what anybody else
    says of our letters changes nothing.
    """
    mail = _mail(desk, verdicts[0].original_message_id)
    ours = [v for v in verdicts if mail is not None and v.recipient == mail.recipient.lower()]
    verdict = (ours or verdicts)[0]
    state = "BOUNCE" if verdict.action == FAILED else "RECEIPT"
    if mail is None:
        return Outcome(state, None, "no_such_letter")
    if not ours:
        return Outcome(state, mail.ticket, "other_recipient")
    if mail_from:
        return Outcome(state, mail.ticket, "not_a_server")
    if verdict.action == FAILED:
        _note_failure(desk, mail, verdict)
    return Outcome(state, mail.ticket, verdict.action)


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
