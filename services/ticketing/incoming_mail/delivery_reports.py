"""Reports of mail servers and mail programs about e-mails of ours, each by its own verdict.

Only "failed" about the very address that we wrote to says that an e-mail did not arrive (RFC 3464,
2.3.3); all else is kept and noted, and changes nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, update

from bus.database.rows import fetch_one
from services.ticketing.context import Context
from services.ticketing.domain.follow_ups import TO_UNIT
from services.ticketing.incoming_mail.rows import Outcome
from services.ticketing.mail.reading import Bounce
from services.ticketing.tables import MAILS
from services.ticketing.tickets import acts, rows

FAILED = "failed"


class SentEmail(NamedTuple):
    """An e-mail of ours."""

    id: int
    ticket: int | None
    recipient: str
    state: str


def take(context: Context, verdicts: Sequence[Bounce], mail_from: str) -> Outcome:
    """File a report: BOUNCE if it says that an e-mail failed, RECEIPT otherwise.

    A server reports without a sender of its own (MAIL FROM:<>, RFC 3464, 2); what anybody else
    says of our e-mails changes nothing.
    """
    sent = _sent(context, verdicts[0].original_message_id)
    ours = [v for v in verdicts if sent is not None and v.recipient == sent.recipient.lower()]
    verdict = (ours or verdicts)[0]
    state = "BOUNCE" if verdict.action == FAILED else "RECEIPT"
    if sent is None:
        return Outcome(state, None, "no_such_letter")
    if not ours:
        return Outcome(state, sent.ticket, "other_recipient")
    if mail_from:
        return Outcome(state, sent.ticket, "not_a_server")
    if verdict.action == FAILED:
        _note_failure(context, sent, verdict)
    return Outcome(state, sent.ticket, verdict.action)


def _sent(context: Context, message_id: str) -> SentEmail | None:
    statement = select(MAILS.c.id, MAILS.c.ticket, MAILS.c.recipient, MAILS.c.state).where(
        MAILS.c.message_id == message_id
    )
    return fetch_one(context.conn, SentEmail, statement.with_for_update())


def _note_failure(context: Context, sent: SentEmail, report: Bounce) -> None:
    """Note it once for each e-mail, however often its failure is reported."""
    if sent.state == "REFUSED":
        return
    problem = f"{report.status} {report.diagnostic}"[:300]
    context.conn.execute(
        update(MAILS).values(state="REFUSED", problem=problem).where(MAILS.c.id == sent.id)
    )
    if sent.ticket is not None:
        case = acts.load_by_id(context, sent.ticket)
        person = rows.person(context.conn, case.id)
        own = (person.email if person else None) or ""
        role = "citizen" if sent.recipient.lower() == own.lower() else TO_UNIT
        acts.add(
            context, case, "bounce", by="system", actor="mail", status=report.status, role=role
        )
        acts.project(context, case)
