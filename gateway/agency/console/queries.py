"""What the addresses of the console's pages ask for; what is no choice of theirs is left out."""

from starlette.requests import Request

from contracts.inquiry.questions import PURPOSES
from contracts.inquiry.use import ENDS, ReadOwnQuestions

DAYS = (1, 7, 31)


def wanted_questions(request: Request) -> ReadOwnQuestions:
    """The filter of the page of questions."""
    query = request.query_params
    purpose, ended, days = query.get("purpose"), query.get("ended"), number(request, "days")
    return ReadOwnQuestions(
        days=days if days in DAYS else 7,
        for_purpose=purpose if purpose in PURPOSES else None,
        ended=ended if ended in ENDS else None,
        before=number(request, "before"),
        limit=100,
    )


def number(request: Request, name: str) -> int | None:
    """A whole number of the address; None if there is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 16 else None  # noqa: PLR2004 - of the largest
