"""How easy people found the forms of the portal: counts by day, of nobody."""

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from contracts.ticketing.public import FORMS, FormRated, FormRating, FormRatings, RateForm
from iran.persian import tehran_day
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.tables import FORM_RATINGS as RATINGS

DAYS, SCORES = 90, (1, 2, 3, 4, 5)


def rate(context: Context, message: RateForm) -> FormRated:
    """Count a rating of today."""
    new = insert(RATINGS).values(
        day=tehran_day(context.now), form=message.form, score=message.score, count=1
    )
    counted = new.on_conflict_do_update(
        index_elements=["day", "form", "score"], set_={"count": RATINGS.c["count"] + 1}
    )
    context.conn.execute(counted)
    return FormRated(form=message.form)


def ratings(context: Context) -> FormRatings:
    """Return the ratings of the last days by form. Forbidden ``desk.role`` without ``report``."""
    moves.require(context.colleague.role, "report")
    first = tehran_day(context.now) - dt.timedelta(days=DAYS - 1)
    column = RATINGS.c
    total = func.sum(column["count"])
    query = select(column.form, column.score, total).where(column.day >= first)
    counted: dict[tuple[str, int], int] = {
        (form, score): int(count)
        for form, score, count in context.conn.execute(query.group_by(column.form, column.score))
    }
    return FormRatings(days=DAYS, forms=tuple(_rating(form, counted) for form in FORMS))


def _rating(form: str, counted: dict[tuple[str, int], int]) -> FormRating:
    scores = tuple(counted.get((form, score), 0) for score in SCORES)
    rated = sum(scores)
    points = sum(score * count for score, count in zip(SCORES, scores, strict=True))
    mean = round(100 * points / rated) if rated else None
    return FormRating(form=form, rated=rated, mean_hundredths=mean, scores=scores)
