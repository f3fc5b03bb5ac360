"""What each edition of a month's report says otherwise than the one before it."""

from collections.abc import Mapping
from itertools import pairwise

from sqlalchemy import select

from bus.envelope import instant
from bus.messages.values import Json
from contracts.notify.promises import CHANGED, Change, Edition
from services.notify.context import Context
from services.notify.tables import PROMISE_REPORTS


def changes(old: Json, new: Json) -> tuple[Change, ...]:
    """Return the figures that two reports of a month have differently.

    >>> old = {"promises": [{"code": "S4", "missed": 7}], "figures": []}
    >>> [(c.code, c.figure, c.old, c.new) for c in changes(old, {"promises": [], "figures": []})]
    [('S4', 'missed', 7, None)]
    """
    before, after = _figures(old), _figures(new)
    return tuple(
        Change(code=code, figure=figure, old=before.get((code, figure)), new=value)
        for code, figure in {**before, **after}
        if (value := after.get((code, figure))) != before.get((code, figure))
    )


def _figures(report: Json) -> dict[tuple[str, str], int | None]:
    """The figures of a report by code and name."""
    return {
        (row["code"], figure): row[figure]
        for row in (*report["promises"], *report["figures"])
        for figure in CHANGED
        if figure in row
    }


def corrections(context: Context) -> Mapping[str, tuple[Edition, ...]]:
    """Return the editions after the first of each month that has some, oldest first."""
    table = PROMISE_REPORTS.c
    corrected = select(table.month).where(table.edition > 1)
    query = select(PROMISE_REPORTS).where(table.month.in_(corrected))
    rows = context.conn.execute(query.order_by(table.month, table.edition)).all()
    by_month: dict[str, tuple[Edition, ...]] = {}
    for before, row in pairwise(rows):
        if before.month == row.month:
            edition = Edition(
                edition=row.edition,
                made_at=instant(row.made_at),
                reason=row.reason,
                changes=changes(before.report, row.report),
            )
            by_month[row.month] = (*by_month.get(row.month, ()), edition)
    return by_month
