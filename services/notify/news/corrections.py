"""Corrections of a month's report: measured and proposed by one editor, signed by a second.

What the second one saw is what is signed: it is kept from the proposal on.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound, RuleBroken
from bus.messages.values import Json
from contracts.notify.promises import (
    AskReport,
    Correction,
    Corrections,
    ProposeCorrection,
    SignedReport,
    WithdrawCorrection,
)
from services.notify.context import Context
from services.notify.editors import outcomes, roles
from services.notify.editors.outcomes import Proposal
from services.notify.news import reports
from services.notify.news.editions import changes
from services.notify.tables import PROMISE_CORRECTIONS


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A row of the table; who decided it is never read."""

    id: int
    month: str
    reason: str
    report: Json
    state: str
    proposed_by: str
    proposed_at: dt.datetime


_TABLE = PROMISE_CORRECTIONS.c
_ROWS = select(
    _TABLE.id,
    _TABLE.month,
    _TABLE.reason,
    _TABLE.report,
    _TABLE.state,
    _TABLE.proposed_by,
    _TABLE.proposed_at,
)


def propose(context: Context, editor: str, message: ProposeCorrection) -> Corrections:
    """Keep what a month says today, for a second editor.

    NotFound ``report.not_found`` without a report; RuleBroken ``correction.nothing`` if it would
    say the same, ``correction.waits`` if one of the month waits already.
    """
    newest = reports.read(context, AskReport(month=message.month))
    report = reports.measure_again(context, message)
    if not changes(newest.report, report):
        raise RuleBroken("This month is measured as it was signed.", code="correction.nothing")
    new = insert(PROMISE_CORRECTIONS).values(
        month=message.month,
        reason=message.reason.strip(),
        report=report,
        state="PROPOSED",
        proposed_by=editor,
        proposed_at=context.now,
    )
    if context.conn.execute(new.on_conflict_do_nothing().returning(_TABLE.id)).scalar() is None:
        raise RuleBroken("A correction of this month waits already.", code="correction.waits")
    return waiting(context)


def approve(context: Context, approver: str, id_: int) -> SignedReport:
    """Sign a proposal of somebody else. Forbidden ``notices.same_person``; else as ``withdraw``."""
    row = _open(context, id_)
    roles.second(approver, row.proposed_by)
    _decide(context, row, "APPROVED", approver)
    return reports.sign(context, row.report, approver, row.reason)


def withdraw(context: Context, editor: str, message: WithdrawCorrection) -> Corrections:
    """End a proposal: one editor may, since nothing was signed.

    NotFound ``correction.not_found``; RuleBroken ``correction.decided``.
    """
    row = _open(context, message.id)
    _decide(context, row, "WITHDRAWN", editor, message.why)
    return waiting(context)


def waiting(context: Context) -> Corrections:
    """Return all that wait, the oldest first, each against the newest edition."""
    query = _ROWS.where(_TABLE.state == "PROPOSED").order_by(_TABLE.id)
    return Corrections(
        corrections=tuple(
            Correction(
                id=row.id,
                month=row.month,
                reason=row.reason,
                changes=changes(
                    reports.read(context, AskReport(month=row.month)).report, row.report
                ),
                proposed_by=row.proposed_by,
                proposed_at=instant(row.proposed_at),
            )
            for row in fetch_all(context.conn, CorrectionRow, query)
        )
    )


def _open(context: Context, id_: int) -> CorrectionRow:
    query = _ROWS.where(_TABLE.id == id_).with_for_update()
    row = fetch_one(context.conn, CorrectionRow, query)
    if row is None:
        raise NotFound("There is no such correction.", code="correction.not_found")
    if row.state != "PROPOSED":
        raise RuleBroken("This was decided already; look again.", code="correction.decided")
    return row


def _decide(
    context: Context, row: CorrectionRow, state: str, by: str, reason: str | None = None
) -> None:
    """Note who decided, and tell who proposed it."""
    values = {"state": state, "decided_by": by, "decided_at": context.now}
    context.conn.execute(update(PROMISE_CORRECTIONS).where(_TABLE.id == row.id).values(values))
    proposal = Proposal("month_correction", row.month, row.proposed_by)
    outcomes.tell(context, proposal, by, accepted=state == "APPROVED", reason=reason)
