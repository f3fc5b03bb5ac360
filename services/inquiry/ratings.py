"""How content people and agencies are with answers: one rating for each answer, told as counts."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import Conflict, NotFound, RuleBroken
from contracts.inquiry.ratings import RATED_BY
from services.inquiry.own_inquiries import inquiries as own

# With fewer ratings a count could be one person's.
SMALLEST = 5


def rate_own(
    conn: Connection, now: dt.datetime, key: str, data: Mapping[str, Any]
) -> dict[str, int]:
    """Keeps a person's rating; ``data`` is a RateOwn. RuleBroken ``rating.no_answer`` before there
    is an answer.
    """
    inquiry = own.read(conn, data["code"], data["secret"], key)
    if inquiry["answer"] is None:
        raise RuleBroken(
            "This inquiry has no answer yet; rate it when it has.", code="rating.no_answer"
        )
    code = inquiry["answer"]["tracking_code"]
    return keep(conn, now, code, "applicant", data["score"], solved=data["solved"])


def keep(  # noqa: PLR0913 - a rating has as many parts
    conn: Connection, now: dt.datetime, tracking_code: str, by: str, score: int, *, solved: bool
) -> dict[str, int]:
    """Keeps the rating of an answer. Conflict ``rating.given`` if it has one already."""
    added = conn.execute(
        text(
            "insert into ratings (tracking_code, rated_by, score, solved, rated_at) "
            "values (:code, :by, :score, :solved, :now) on conflict do nothing returning score"
        ),
        {"code": tracking_code, "by": by, "score": score, "solved": solved, "now": now},
    ).scalar()
    if added is None:
        raise Conflict("This answer was rated already; a rating counts once.", code="rating.given")
    return {"score": score}


def rate_answer(
    conn: Connection,
    now: dt.datetime,
    answer: dict[str, Any] | None,
    score: int,
    *,
    solved: bool,
) -> dict[str, int]:
    """Keeps an agency's rating of an answer that it was given; NotFound ``answer.not_found``."""
    if answer is None:
        raise NotFound("You were given no answer of that tracking code.", code="answer.not_found")
    return keep(conn, now, answer["tracking_code"], "agency", score, solved=solved)


def counts(conn: Connection) -> dict[str, Any]:
    """A Ratings of contracts/inquiry/ratings.py."""
    rows = conn.execute(
        text(
            "select rated_by, count(*) as rated, round(avg(score) * 100) as mean, "
            "count(*) filter (where solved) as solved from ratings group by rated_by"
        )
    )
    known = {row.rated_by: row for row in rows}
    ratings = []
    for by in RATED_BY:
        row = known.get(by)
        shown = row is not None and row.rated >= SMALLEST
        ratings.append(
            {
                "rated_by": by,
                "rated": int(row.rated) if row is not None and shown else None,
                "mean_hundredths": int(row.mean) if row is not None and shown else None,
                "solved": int(row.solved) if row is not None and shown else None,
            }
        )
    return {"smallest": SMALLEST, "ratings": ratings}
