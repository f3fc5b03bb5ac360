"""How content people and agencies are with answers to inquiries; its owner is services/inquiry."""

from typing import Annotated

from marshmallow import fields

from bus.messages.fields import Text, whole
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import Block
from contracts.inquiry.own import OwnProof

RATED_BY = ("applicant", "agency")


def _score() -> fields.Integer:
    return whole(1, 5, required=True, metadata={"description": "1 bad to 5 very good"})


@message
class RateOwn(OwnProof):
    """A person rates the answer to an own inquiry."""

    score: Annotated[int, _score()]
    solved: bool


@message
class RateAnswer:
    """An agency rates an answer that it was given."""

    tracking_code: Annotated[str, Text(40)]
    score: Annotated[int, _score()]
    solved: Annotated[bool, "Whether the answer was enough for the purpose"]


@message(name="Rated")
class RatingReply:
    score: int


@message
class AskRatings:
    """A question without fields."""


@message
class Ratings:
    """By who rated: rated, mean_hundredths, solved; all null where fewer than five rated."""

    smallest: int
    ratings: tuple[Block, ...]


RATE_OWN = Request(
    "inquiry.rate_own.v1",
    RateOwn,
    "A person rates the answer to an own inquiry, once.",
    reply=RatingReply,
    agency=False,
)
RATE_ANSWER = Request(
    "inquiry.rate_answer.v1",
    RateAnswer,
    "Rates an answer that was given to you, once (promise S11: quality and content).",
    reply=RatingReply,
    everyone=True,
)
RATINGS = Request(
    "inquiry.ratings.v1",
    AskRatings,
    "How content people and agencies are with answers, small counts hidden.",
    reply=Ratings,
    effect=False,
    agency=False,
)
