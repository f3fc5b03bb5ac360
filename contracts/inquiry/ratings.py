"""How content people and agencies are with answers to inquiries; its owner is services/inquiry."""

from marshmallow import Schema, fields

from bus.fields import Block, Boolean, Text, whole
from bus.kinds import Request
from contracts.inquiry.own import Proof

RATED_BY = ("applicant", "agency")


def _score() -> fields.Integer:
    return whole(1, 5, required=True, metadata={"description": "1 bad to 5 very good"})


class RateOwn(Proof):
    """A person rates the answer to an own inquiry."""

    score = _score()
    solved = Boolean(required=True)


class RateAnswer(Schema):
    """An agency rates an answer that it was given."""

    tracking_code = Text(40, required=True)
    score = _score()
    solved = Boolean(
        required=True, metadata={"description": "Whether the answer was enough for the purpose"}
    )


class Rated(Schema):
    score = fields.Integer(required=True)


class AskRatings(Schema):
    """Nothing is asked beside the question itself."""


class Ratings(Schema):
    """By who rated: rated, mean_hundredths, solved; all null where fewer than five rated."""

    smallest = fields.Integer(required=True)
    ratings = fields.List(Block(), required=True)


RATE_OWN = Request(
    "inquiry.rate_own.v1",
    RateOwn(),
    "A person rates the answer to an own inquiry, once.",
    reply=Rated(),
    agency=False,
)
RATE_ANSWER = Request(
    "inquiry.rate_answer.v1",
    RateAnswer(),
    "Rate an answer that was given to you, once (promise S11: quality and content).",
    reply=Rated(),
    everyone=True,
)
RATINGS = Request(
    "inquiry.ratings.v1",
    AskRatings(),
    "How content people and agencies are with answers, small counts hidden.",
    reply=Ratings(),
    effect=False,
    agency=False,
)
