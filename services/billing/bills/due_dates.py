"""Last days of bills: reminders before and after, and the end of bills that may expire."""

import contextlib
import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Text, and_, case, cast, false, or_, select

from bus.database.chores import Chore
from bus.database.rows import fetch_all
from bus.database.store import Store
from bus.errors import RuleBroken
from contracts.billing.reminders import BILL_REMINDED, Reminder
from iran.persian import tehran_day
from services.billing import books
from services.billing.bills import changes, objections, repository
from services.billing.context import Context
from services.billing.domain import bill, reminders
from services.billing.domain.book import Book
from services.billing.rows import BillRow
from services.billing.tables import BILLS

AT_ONCE = 200
# A bill may have been paid at a bank's counter on its last day: the file that tells us comes on the
# bank's next working day.
FILE_DAYS = dt.timedelta(days=3)


def expire(store: Store, now: dt.datetime) -> None:
    """End the bills whose time is over, once the banks' files of that time have come; a bill whose
    payment is under way waits.
    """
    chore = Chore(store, "billing.expire")
    statement = select(BILLS.c.id).where(
        BILLS.c.state == "ISSUED",
        BILLS.c.expires_on < tehran_day(now) - FILE_DAYS,
        cast(BILLS.c.id, Text).not_in(chore.left()),
    )
    with store.transaction() as tx:
        ids = tx.conn.execute(statement.order_by(BILLS.c.id).limit(AT_ONCE)).scalars().all()
    chore.work_on(ids, lambda id_: _expire(store, now, id_))


def _expire(store: Store, now: dt.datetime, id_: int) -> None:
    with store.transaction() as tx:
        context = Context(tx, now)
        row = repository.get(tx.conn, id_, lock=True)
        with contextlib.suppress(RuleBroken):
            changes.refuse_while_paying(context, row)
            changes.end(context, row, "expire")


def remind(store: Store, now: dt.datetime) -> None:
    """Publish a reminder of each bill whose last day is near, and of a late one by the steps of its
    service in the book. A step that was missed by a stop is over: nobody is sent all at once.
    """
    Chore(store, "billing.remind").page(
        lambda tx: Context(tx, now), _to_remind, _remind, lambda row: row.id
    )


def _to_remind(context: Context, left_alone: list[str]) -> Sequence[BillRow]:
    """Select the bills to remind of. Of two processes each takes other bills."""
    book, today = books.newest(context.conn), context.today
    near_days = {
        service.code: today + dt.timedelta(days=service.remind_days) for service in book.services
    }
    near = case(near_days, value=BILLS.c.service, else_=today)
    statement = (
        select(BILLS)
        .where(
            BILLS.c.state == "ISSUED",
            BILLS.c.total >= book.least_reminded,
            BILLS.c.held == "",
            ~objections.is_open(),
            or_(
                and_(BILLS.c.reminded == "", BILLS.c.due_on <= near, BILLS.c.due_on >= today),
                _late_step(book, today),
            ),
            cast(BILLS.c.id, Text).not_in(left_alone),
        )
        .order_by(BILLS.c.due_on)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return fetch_all(context.conn, BillRow, statement)


def _late_step(book: Book, today: dt.date) -> ColumnElement[bool]:
    """A bill whose next step has come: reminders.next_day, as a condition."""
    conditions = [
        and_(
            BILLS.c.service == service.code,
            BILLS.c.reminders == step,
            BILLS.c.due_on <= today - dt.timedelta(days=days),
            or_(
                BILLS.c.reminded_on.is_(None),
                BILLS.c.reminded_on <= today - dt.timedelta(days=days - before),
            ),
        )
        for service in book.services
        for step, (before, days) in enumerate(
            zip((0, *service.reminders), service.reminders, strict=False)
        )
    ]
    return or_(false(), *conditions)


def _remind(context: Context, row: BillRow) -> None:
    late = bill.overdue(row.state, row.due_on, context.today)
    step = None
    if late:
        steps = books.newest(context.conn).service(row.service).reminders
        sent = reminders.Sent(row.reminders, row.reminded_on)
        step = reminders.step_on(row.due_on, steps, sent, context.today)
        if step is None:
            return
        repository.move(
            context,
            row,
            "remind",
            reminded="overdue",
            reminders=step,
            reminded_on=context.today,
        )
    else:
        repository.move(context, row, "remind", reminded="near")
    context.tx.publish(
        BILL_REMINDED,
        Reminder(
            number=row.number,
            source_kind=row.source_kind,
            source_ref=row.source_ref,
            agency=row.agency,
            total_rials=row.total,
            due_on=row.due_on.isoformat(),
            overdue=late,
            step=step,
        ),
    )
