"""Payments that wait longer than they should for a bank; the health of the service counts them."""

import datetime as dt

from sqlalchemy import Connection, func, select

from services.billing.domain.payment import MONEY_MAY_BE_TAKEN
from services.billing.tables import PAYMENTS

LONGEST = dt.timedelta(hours=6)


def counts(conn: Connection) -> dict[str, int]:
    """Count the payments whose end has been unknown for hours."""
    statement = select(func.count()).where(
        PAYMENTS.c.state.in_(MONEY_MAY_BE_TAKEN), PAYMENTS.c.started_at < func.now() - LONGEST
    )
    return {"waits_for_bank": int(conn.execute(statement).scalar_one())}
