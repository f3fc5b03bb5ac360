"""How many alerts there are, and what happened with them by day; for colleagues."""

from sqlalchemy import func, select

from contracts.ticketing.civic.alerts import AlertDay, AlertFigures
from services.ticketing.alerts import rows
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.tables import ALERT_DAYS, REPORT_ALERTS

DAYS = 30


def figures(context: Context) -> AlertFigures:
    """Count the alerts in force by their kind, the unproven ones, and the last thirty days.

    Forbidden ``desk.role`` without the right ``report``.
    """
    moves.require(context.colleague.role, "report")
    column, day = REPORT_ALERTS.c, ALERT_DAYS.c
    of_report, of_place = column.report.is_not(None), column.radius_km.is_not(None)
    in_force = rows.in_force()
    counts = context.conn.execute(
        select(
            func.count().filter(in_force, ~of_report, ~of_place).label("of_lists"),
            func.count().filter(in_force, of_place).label("of_places"),
            func.count().filter(in_force, of_report).label("of_reports"),
            func.count().filter(column.confirmed_at.is_(None)).label("pending"),
        ).select_from(REPORT_ALERTS)
    ).one()
    days = context.conn.execute(select(ALERT_DAYS).order_by(day.day.desc()).limit(DAYS))
    return AlertFigures(
        of_lists=counts.of_lists,
        of_places=counts.of_places,
        of_reports=counts.of_reports,
        pending=counts.pending,
        days=tuple(
            AlertDay(
                day=row.day.isoformat(),
                confirmed=row.confirmed,
                ended=row.ended,
                digests=row.digests,
                updates=row.updates,
            )
            for row in days
        ),
    )
