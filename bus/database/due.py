"""When a row that waits for a moment is due: then, and not later because a clock ran ahead."""

import datetime as dt

from sqlalchemy import ColumnElement, func, or_

DateTime = ColumnElement[dt.datetime]


def is_due(
    moment: DateTime, *, longest: dt.timedelta, now: dt.datetime | None = None
) -> ColumnElement[bool]:
    """True once the moment in a column has come (``now``: the database's, or this one).

    A moment further ahead than the ``longest`` pause that is ever set was written under a clock
    that ran ahead and has been corrected since: such a row would wait for hours, and is due now.
    """
    at: DateTime | dt.datetime = now or func.now()
    return or_(moment <= at, moment > at + longest)
