"""Last days of bills: told of before and after, and at the end the bill ends by itself."""

import contextlib
import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text

from bus.database.chores import Chore
from bus.database.store import Store
from bus.errors import RuleBroken
from contracts.billing.bills import BILL_REMINDED
from iran.persian import tehran_day
from services.billing import books
from services.billing.bills import issuance as bills
from services.billing.bills import repository as store
from services.billing.bills.issuance import Till
from services.billing.domain import bill
from services.billing.domain.book import Book

AT_ONCE = 200
# A bill may have been paid at a bank's counter on its last day: the file that tells us comes on the
# bank's next working day.
FILE_DAYS = dt.timedelta(days=3)
_TO_REMIND = text(
    "select b.* from bills b left join jsonb_each_text(cast(:days as jsonb)) d "
    "on d.key = b.service where b.state = 'ISSUED' and (b.due_on < :today "
    "and b.reminded <> 'overdue' or b.reminded = '' "
    "and b.due_on <= :today + coalesce(d.value::int, 0)) and not b.id::text = any(:left) "
    "order by b.due_on limit :most for update of b skip locked"
)


def expire(kept: Store, now: dt.datetime) -> None:
    """Ends bills whose time is over, and the banks' files of it have come; one whose payment is
    under way waits.
    """
    left = Chore(kept, "billing.expire").left()
    with kept.transaction() as tx:
        ids = tx.conn.execute(
            text(
                "select id from bills where state = 'ISSUED' and expires_on < :day "
                "and not id::text = any(:left) order by id limit :most"
            ),
            {"day": tehran_day(now) - FILE_DAYS, "most": AT_ONCE, "left": left},
        ).scalars().all()  # fmt: skip
    Chore(kept, "billing.expire").each(ids, lambda id_: _expire(kept, now, id_))


def _expire(kept: Store, now: dt.datetime, id_: int) -> None:
    with kept.transaction() as tx:
        till, row = Till(tx, now), store.bill_of(tx.conn, id=id_, lock=True)
        with contextlib.suppress(RuleBroken):
            bills.not_on_its_way(till, row)
            bills.end(till, row, "expire", "")


def remind(kept: Store, now: dt.datetime) -> None:
    """Tells of bills whose last day is near, and again when it has passed; once each."""
    today = tehran_day(now)

    def due(till: Till, left: list[str]) -> Sequence[Any]:
        asked = {"days": _days(books.newest(till.conn)), "today": today, "most": AT_ONCE}
        return till.conn.execute(_TO_REMIND, {**asked, "left": left}).all()

    Chore(kept, "billing.remind").page(
        lambda tx: Till(tx, now), due, lambda till, row: _remind(till, row, today),
        lambda row: row.id,
    )  # fmt: skip


def _days(book: Book) -> str:
    """How many days before its last one a bill is told of, by service, as JSON."""
    return orjson.dumps(
        {each["code"]: each["remind_days"] for each in book.told["services"]}
    ).decode()


def _remind(till: Till, row: Any, today: dt.date) -> None:
    late = bill.overdue(row.state, row.due_on, today)
    store.move(till.conn, row, "remind", till.who, reminded="overdue" if late else "near")
    till.tx.publish(
        BILL_REMINDED, number=row.number, source_kind=row.source_kind, source_ref=row.source_ref,
        agency=row.agency, total_rials=row.total, due_on=row.due_on.isoformat(), overdue=late,
    )  # fmt: skip
