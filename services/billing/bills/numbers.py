"""Numbers of bills, receipts and credit notes, without gaps in each Jalali year."""

import datetime as dt
from typing import Literal

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from bus.database.store import Tx
from iran.persian import jalali, tehran_day
from services.billing.tables import COUNTERS, NUMBER_GAPS


def next_number(tx: Tx, kind: Literal["bill", "receipt", "credit"], now: dt.datetime) -> str:
    """Take the next number of a Jalali year, such as 1405-000012.

    The transaction holds the counter until its end, and a rollback gives the number back. Numbers
    that a restored database has forgotten are left out and noted in ``number_gaps``.
    """
    year = int(jalali(tehran_day(now)).split("-")[0])
    series = f"billing.{kind}.{year}"
    floor = tx.numbers.floor(series)
    counter = COUNTERS.c
    statement = insert(COUNTERS).values(kind=kind, year=year, last=floor + 1, before=0)
    last, first_forgotten = tx.conn.execute(
        statement.on_conflict_do_update(
            index_elements=[counter.kind, counter.year],
            set_={"before": counter.last, "last": func.greatest(counter.last, floor) + 1},
        ).returning(counter.last, counter.before + 1)
    ).one()
    if first_forgotten < last:
        tx.conn.execute(
            insert(NUMBER_GAPS).values(
                kind=kind, year=year, first=first_forgotten, last=last - 1, noted_at=now
            )
        )
    tx.numbers.give(series, last)
    return f"{year}-{last:06}"
