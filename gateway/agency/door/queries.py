"""What the query of an address says, each parameter once."""

from collections.abc import Collection

from starlette.requests import Request

from bus.messages.values import Json
from gateway.http.problems import HttpError

LONGEST_NUMBER = 16


def query_of(request: Request) -> dict[str, str]:
    """The parameters of the query. HttpError ``query.repeated`` if one stands twice."""
    pairs = request.query_params.multi_items()
    if len(dict(pairs)) < len(pairs):
        raise HttpError("query.repeated", "A parameter of the query stands twice.")
    return dict(pairs)


def question_of(request: Request, numbers: Collection[str]) -> Json:
    """The members of a message as the query names them, those in ``numbers`` as numbers; the
    contract judges all else. HttpError ``query.repeated``.
    """
    return {
        name: int(text)
        if name in numbers and text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER
        else text
        for name, text in query_of(request).items()
    }
