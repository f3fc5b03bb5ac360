"""What the ledger entered for each bank's day as money of our account, kept as one sum a day."""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from services.billing.domain.money import Rials
from services.billing.tables import BANK_FILES, FILE_ROWS, PAYMENTS, SETTLEMENTS


class Settlement(NamedTuple):
    """The day of a bank, and what should come to the account for it, in rials."""

    channel: str
    day: dt.date
    rials: Rials


def add(conn: Connection, rials: Rials, *, file_row: int | None, order_id: int | None) -> None:
    """Add a posting to the day of the file whose row it is about, or that settled its payment:
    money that a bank gave back after its settlement counts to the day of that settlement. A posting
    about neither (a refund, an entry of the account) belongs to no day.
    """
    of_payment = select(PAYMENTS.c.file_row).where(PAYMENTS.c.order_id == order_id)
    row = func.coalesce(literal(file_row, BigInteger), of_payment.scalar_subquery())
    day = (
        select(BANK_FILES.c.channel, BANK_FILES.c.day, literal(rials, BigInteger))
        .join(FILE_ROWS, FILE_ROWS.c.file == BANK_FILES.c.id)
        .where(FILE_ROWS.c.id == row)
    )
    column = SETTLEMENTS.c
    statement = insert(SETTLEMENTS).from_select(["channel", "day", "rials"], day)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[column.channel, column.day],
            set_={"rials": column.rials + statement.excluded.rials},
        )
    )


def list_settlements(conn: Connection) -> list[Settlement]:
    """The settlements of all days."""
    column = SETTLEMENTS.c
    statement = select(column.channel, column.day, column.rials)
    return [Settlement(*row) for row in conn.execute(statement)]
