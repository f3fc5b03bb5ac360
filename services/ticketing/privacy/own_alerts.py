"""Alerts about a person's own reports, at the address on those tickets: that person's, as far as
this context can know. Any other address is proven by the link in its e-mails alone, which shows and
ends its alert.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, func, select

from bus.envelope import instant
from bus.messages.values import Json
from services.ticketing.context import Context
from services.ticketing.tables import REPORT_ALERTS


def export(context: Context, tickets: Sequence[int], emails: Sequence[str]) -> list[Json]:
    """Return the alerts of these addresses about these tickets."""
    column = REPORT_ALERTS.c
    query = select(column.email, column.asked_at, column.confirmed_at, column.until)
    alerts = context.conn.execute(query.where(_own(tickets, emails)).order_by(column.asked_at))
    return [
        {
            "email": row.email,
            "asked_at": instant(row.asked_at),
            "confirmed_at": instant(row.confirmed_at) if row.confirmed_at else None,
            "until": instant(row.until) if row.until else None,
        }
        for row in alerts
    ]


def erase(context: Context, tickets: Sequence[int], emails: Sequence[str]) -> int:
    """Delete the alerts of these addresses about these tickets; how many there were."""
    return context.conn.execute(delete(REPORT_ALERTS).where(_own(tickets, emails))).rowcount


def _own(tickets: Sequence[int], emails: Sequence[str]) -> ColumnElement[bool]:
    column = REPORT_ALERTS.c
    typed = [address.lower() for address in emails]
    return and_(column.report.in_(tickets), func.lower(column.email).in_(typed))
