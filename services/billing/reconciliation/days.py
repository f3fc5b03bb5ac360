"""The close of a day: the ledger is compared with the records and with the banks' files."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import ColumnElement, Connection, Date, cast, func, insert, select

from bus.database.rows import fetch_all
from bus.errors import RuleBroken
from contracts.billing.treasury import LOOK_AT_DAY
from contracts.billing.treasury_views import Channel, Close, Control
from services.billing import books
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.money import Rials
from services.billing.ledger import entries
from services.billing.payments import exceptions, refunds
from services.billing.payments.exceptions import NewException
from services.billing.reconciliation.files import BILLS
from services.billing.rows import PaymentRow
from services.billing.tables import (
    BANK_FILES,
    CLOSES,
    ENTRIES,
    FILE_ROWS,
    PAYMENTS,
    POSTINGS,
)
from services.billing.tables import BILLS as BILLS_TABLE

TAKEN = ("paid", "suspended")


def look(context: Context, day: dt.date, psps: Sequence[str]) -> Close:
    """The control totals of a day, as they were when it was closed or as they are now."""
    statement = select(CLOSES.c.report, CLOSES.c.closed_by).where(CLOSES.c.day == day)
    closed = context.conn.execute(statement).one_or_none()
    if closed is not None:
        kept = {**closed.report, "closed": True, "closed_by": closed.closed_by}
        return LOOK_AT_DAY.reply_of(kept)
    controls = _controls(context.conn)
    channels = [_channel(context.conn, day, code) for code in (*psps, BILLS)]
    return Close(
        day=day.isoformat(),
        closed=False,
        closed_by=None,
        balances=not any(control.difference_rials for control in controls),
        controls=tuple(controls),
        channels=tuple(channels),
        missing=tuple(
            channel.code for channel in channels if channel.payments and not channel.file
        ),
        open_exceptions=exceptions.open_count(context.conn),
        claims_rials=entries.sums(context.conn).get(ledger.CLAIMS, 0),
    )


def _controls(conn: Connection) -> list[Control]:
    sums = entries.sums(conn)

    def balance(account: str) -> Rials:
        return sums.get(account, 0)

    def control(account: str, ours: Rials, records: Rials) -> Control:
        return Control(
            name=account,
            fa=ledger.ACCOUNTS[account][1],
            ledger_rials=ours,
            records_rials=records,
            difference_rials=ours - records,
        )

    trial = sum(sums.values())
    return [
        Control(
            name="trial",
            fa="تراز آزمایشی",
            ledger_rials=trial,
            records_rials=0,
            difference_rials=trial,
        ),
        control(ledger.RECEIVABLE, balance(ledger.RECEIVABLE), _open_bills(conn)),
        control(ledger.TRANSIT, balance(ledger.TRANSIT), _in_transit(conn)),
        control(ledger.SUSPENSE, -balance(ledger.SUSPENSE), exceptions.in_suspense(conn)),
        control(ledger.REFUNDS, -balance(ledger.REFUNDS), refunds.owed(conn)),
    ]


def _open_bills(conn: Connection) -> Rials:
    statement = select(_sum(BILLS_TABLE.c.total)).where(BILLS_TABLE.c.state == "ISSUED")
    return int(conn.execute(statement).scalar_one())


def _in_transit(conn: Connection) -> Rials:
    """The rials that banks have taken for us and not settled."""
    statement = select(_sum(PAYMENTS.c.amount_verified)).where(_unsettled())
    return int(conn.execute(statement).scalar_one())


def _sum(rials: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(rials), 0)


def _unsettled() -> ColumnElement[bool]:
    return PAYMENTS.c.outcome.in_(TAKEN) & PAYMENTS.c.file_row.is_(None)


def _day_of(moment: ColumnElement[dt.datetime]) -> ColumnElement[dt.date]:
    """The day in Iran of a moment."""
    return cast(func.timezone("Asia/Tehran", moment), Date)


def _channel(conn: Connection, day: dt.date, code: str) -> Channel:
    reversal, rials = FILE_ROWS.c.kind == "reversal", FILE_ROWS.c.rials
    statement = (
        select(
            func.count(),
            func.coalesce(func.sum(rials).filter(~reversal), 0)
            - func.coalesce(func.sum(rials).filter(reversal), 0),
            func.count(FILE_ROWS.c.id).filter(FILE_ROWS.c.result.not_in(("matched", ""))),
        )
        .select_from(BANK_FILES)
        .outerjoin(FILE_ROWS, FILE_ROWS.c.file == BANK_FILES.c.id)
        .where(BANK_FILES.c.channel == code, BANK_FILES.c.day == day)
    )
    files, file_rials, unmatched = conn.execute(statement).one()
    statement_of_ours = select(func.count(), _sum(PAYMENTS.c.amount_verified)).where(
        PAYMENTS.c.psp == code,
        PAYMENTS.c.outcome.in_(TAKEN),
        _day_of(PAYMENTS.c.verified_at) == day,
    )
    payments, our_rials = conn.execute(statement_of_ours).one()
    of_bills = code == BILLS
    return Channel(
        code=code,
        fa="قبض در بانک‌ها" if of_bills else books.newest(conn).psp_name(code).fa,
        file=files > 0,
        file_rials=int(file_rials),
        ledger_rials=_paid_by_file(conn, day) if of_bills else int(our_rials),
        payments=payments,
        unmatched=unmatched,
    )


def _paid_by_file(conn: Connection, day: dt.date) -> Rials:
    """The rials that the file of bills of a day brought to our account."""
    statement = (
        select(_sum(POSTINGS.c.rials))
        .join(ENTRIES, (ENTRIES.c.id == POSTINGS.c.entry) & (POSTINGS.c.account == ledger.BANK))
        .join(FILE_ROWS, FILE_ROWS.c.id == ENTRIES.c.file_row)
        .join(BANK_FILES, BANK_FILES.c.id == FILE_ROWS.c.file)
        .where(BANK_FILES.c.channel == BILLS, BANK_FILES.c.day == day)
    )
    return int(conn.execute(statement).scalar_one())


def close(context: Context, day: dt.date, psps: Sequence[str]) -> Close:
    """Close a day that is over and balances; a payment that waits too long for its file becomes an
    exception.

    Raises RuleBroken ``close.too_early``, ``close.before_ledger``, ``close.file_missing``,
    ``close.unbalanced``. A bank's file of bills is not waited for: nobody knows before it comes
    whether a bill was paid at a counter. The page shows whether it came.
    """
    # Not by a lock of the table: the service's role may not change what only grows.
    context.tx.hold("close")
    _refuse_outside_ledger(context, day)
    report = look(context, day, psps)
    if report.closed:
        return report
    if report.missing:
        raise RuleBroken(
            f"The files of {', '.join(report.missing)} are missing; take them first.",
            code="close.file_missing",
        )
    if not report.balances:
        raise RuleBroken(
            "The ledger and the records differ; the controls show where. Report it to the "
            "engineers: this is a fault of the system.",
            code="close.unbalanced",
        )
    _note_unsettled(context, day)
    report = replace(look(context, day, psps), closed=True, closed_by=context.actor)
    context.conn.execute(
        insert(CLOSES).values(
            day=day, closed_at=context.now, closed_by=context.actor, report=asdict(report)
        )
    )
    return report


def _refuse_outside_ledger(context: Context, day: dt.date) -> None:
    if day >= context.today:
        raise RuleBroken("A day is closed when it is over.", code="close.too_early")
    first = entries.first_day(context.conn)
    if first is None or day < first:
        raise RuleBroken(
            f"The ledger begins on {first or 'no day yet'}; there is nothing to close before.",
            code="close.before_ledger",
        )


def _note_unsettled(context: Context, day: dt.date) -> None:
    """Open exceptions for payments of days before this one that no settlement has brought yet."""
    statement = select(PAYMENTS).where(_unsettled(), _day_of(PAYMENTS.c.verified_at) < day)
    for row in fetch_all(context.conn, PaymentRow, statement):
        assert row.amount_verified is not None
        exceptions.open_exception(
            context,
            NewException(
                "not_in_file",
                f"{row.psp}:{row.ref}:late",
                rials=row.amount_verified,
                channel=row.psp,
                ref=row.ref,
                order_id=row.order_id,
                bill=row.bill,
            ),
        )
