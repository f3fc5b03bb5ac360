"""Ratings of answers by people and agencies: one for each answer, read as counts."""

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from bus.errors import Conflict, NotFound, RuleBroken
from bus.messages.values import Json
from contracts.inquiry.own import OwnProof
from contracts.inquiry.ratings import RATED_BY, RateAnswer, RateOwn, RatingReply, Ratings
from services.inquiry.askers import asker_of
from services.inquiry.context import Context
from services.inquiry.domain import codes
from services.inquiry.own_inquiries import inquiries
from services.inquiry.questions.inquiry_log import answer_of
from services.inquiry.tables import RATINGS

# With fewer ratings a count could be one person's.
SMALLEST = 5


def rate_own(context: Context, rating: RateOwn) -> RatingReply:
    """Keep a person's rating. RuleBroken ``rating.no_answer`` before there is an answer."""
    inquiry = inquiries.read(context, OwnProof(code=rating.code, secret=rating.secret))
    if inquiry.answer is None:
        raise RuleBroken(
            "This inquiry has no answer yet; rate it when it has.", code="rating.no_answer"
        )
    return _keep(context, inquiry.answer.tracking_code, "applicant", rating)


def rate_answer(context: Context, rating: RateAnswer) -> RatingReply:
    """Keep an agency's rating of an answer that it was given; NotFound ``answer.not_found``."""
    code = codes.parse(rating.tracking_code)
    answer = answer_of(context.conn, code, asker_of(context.envelope)) if code else None
    if answer is None:
        raise NotFound("You were given no answer of that tracking code.", code="answer.not_found")
    return _keep(context, answer.tracking_code, "agency", rating)


def _keep(
    context: Context, tracking_code: str, rated_by: str, rating: RateOwn | RateAnswer
) -> RatingReply:
    """Keep the rating of an answer. Conflict ``rating.given`` if it has one already."""
    added = context.conn.execute(
        insert(RATINGS)
        .values(
            tracking_code=tracking_code,
            rated_by=rated_by,
            score=rating.score,
            solved=rating.solved,
            rated_at=context.now,
        )
        .on_conflict_do_nothing()
    )
    if added.rowcount == 0:
        raise Conflict("This answer was rated already; a rating counts once.", code="rating.given")
    return RatingReply(score=rating.score)


def counts(conn: Connection) -> Ratings:
    """Count the ratings by who gave them; counts under SMALLEST are hidden."""
    column = RATINGS.c
    rows = conn.execute(
        select(
            column.rated_by,
            func.count(),
            func.round(func.avg(column.score) * 100),
            func.count().filter(column.solved),
        ).group_by(column.rated_by)
    )
    shown: dict[str, Json] = {
        rated_by: {
            "rated": rated,
            "mean_hundredths": int(mean),
            "solved": None if _is_small(solved) or _is_small(rated - solved) else solved,
        }
        for rated_by, rated, mean, solved in rows
        if rated >= SMALLEST
    }
    hidden: Json = {"rated": None, "mean_hundredths": None, "solved": None}
    ratings = tuple({"rated_by": by, **shown.get(by, hidden)} for by in RATED_BY)
    return Ratings(smallest=SMALLEST, ratings=ratings)


def _is_small(count: int) -> bool:
    return 0 < count < SMALLEST
