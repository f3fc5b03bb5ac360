"""Reports about e-mails: each is tied to its hand-over by the proof in its return path.

Reports come late, twice, and from whoever has an address of ours: what is not proven, or is about
another e-mail, changes nothing and goes back to the desk's list of letters.
"""

import re
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from bus.database.rows import fetch_one
from bus.process import log
from contracts.notify.editors.email_reports import NoteEmailReport
from contracts.ticketing.letters import KEEP_EMAIL_REPORT, KeepEmailReport
from services.notify.context import Context
from services.notify.domain import email_report
from services.notify.domain.email_report import Failure, RecipientReport
from services.notify.domain.message import MessageState
from services.notify.news import subscriptions
from services.notify.reports import metrics
from services.notify.sending import email_reports, handovers, settlement
from services.notify.sending.rows import MessageRow
from services.notify.tables import HANDOVERS
from services.notify.webhooks import bearer
from services.notify.webhooks import rows as deliveries

_log = log.get("reports")
_MESSAGE_ID = re.compile(r"<notify-([0-9]{1,19})@[^<>\s]{1,255}>")
_LIVE = ("RESERVED", "UNKNOWN", "HANDED")


class Handover(NamedTuple):
    """The hand-over that a report is about."""

    ref: int
    message: UUID
    state: str


def take(context: Context, report: NoteEmailReport) -> None:
    """Note a report and settle its hand-over anew; what cannot be used goes back to the desk."""
    refusal, handover = _judge(context, report)
    if handover is None:
        _log.warning("email_report_refused", reason=refusal, letter=report.letter)
        metrics.REPORTS.labels(refusal).inc()
        keep = KeepEmailReport(letter=report.letter, reason=refusal)
        context.tx.send(KEEP_EMAIL_REPORT, keep)
        return
    message = handovers.lock_message(context, handover.message)
    if report.sort == "complaint":
        outcome = _complaint(context, handover, message, report.letter)
    else:
        outcome = _delivery(context, handover, message, report)
    metrics.REPORTS.labels(outcome).inc()


def _judge(context: Context, report: NoteEmailReport) -> tuple[str, Handover | None]:
    """The hand-over that a report is about, locked; or why it is about none."""
    if not email_reports.is_genuine(context.keys, report.ref, report.proof):
        return "forged_token", None
    original = _MESSAGE_ID.fullmatch(report.original)
    if original is not None and int(original[1]) != report.ref:
        return "other_letter", None
    columns = (HANDOVERS.c.ref, HANDOVERS.c.message, HANDOVERS.c.state)
    query = select(*columns).where(HANDOVERS.c.ref == report.ref, HANDOVERS.c.channel == "email")
    handover = fetch_one(context.conn, Handover, query.with_for_update())
    return ("", handover) if handover else ("no_such_letter", None)


def _delivery(
    context: Context, handover: Handover, message: MessageRow, report: NoteEmailReport
) -> str:
    verdicts = [
        RecipientReport(v.recipient, v.action, v.status, v.diagnostic) for v in report.verdicts
    ]
    address = (message.to.email if message.to else None) or ""
    failure = email_report.failure_of(verdicts, address)
    if failure is not None:
        if not email_reports.note(context, handover.ref, "failed", message, failure, report.letter):
            return "repeated"
        _settle(context, handover, message, failure)
        return "failed"
    if email_report.is_delayed(verdicts):
        email_reports.note(context, handover.ref, "delayed", message, None, report.letter)
        return "delayed"
    return "no_change"


def _settle(context: Context, handover: Handover, message: MessageRow, failure: Failure) -> None:
    """End the hand-over; correct a message that time had ended. One that its next channel took
    over, or that ended otherwise, stays as it is.
    """
    if handover.state in _LIVE:
        handovers.close(context, handover.ref, failure.state, failure.status)
    elif message.channel == "email" and message.state == MessageState.UNTOLD:
        settlement.correct(context, message, failure.state, failure.status)


def _complaint(context: Context, handover: Handover, message: MessageRow, letter: int) -> str:
    """Note a complaint: its receiver gets no more news. What is sent by duty still goes."""
    if not email_reports.note(context, handover.ref, "complaint", message, None, letter):
        return "repeated"
    receiver = email_reports.email_hash(context, message)
    if receiver is not None:
        subscriptions.end_of_receiver(context, receiver, "complaint")
    now, owner = context.now, message.owner
    data = bearer.complaint(message.id, message.reference, handover.ref, now)
    deliveries.note(context.conn, bearer.COMPLAINT, data, now, owner)
    return "complaint"
