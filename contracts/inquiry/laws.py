"""The laws by which this house answers, for everybody; its owner is services/inquiry."""

from typing import Annotated

from bus.messages.fields import Text
from bus.messages.kinds import Request
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Code


@message
class ReadLaws:
    """A question without fields."""


@message
class Article:
    code: Code
    article: Annotated[str, Text(40, least=0)]
    gist_fa: Annotated[str, Text(300)]
    gist_en: Annotated[str, Text(300)]
    used_for_fa: Annotated[str, Text(300)]
    used_for_en: Annotated[str, Text(300)]


@message
class Act:
    """An act, by-law, directive or decision; an article without number is the whole of it."""

    title_fa: Annotated[str, Text(200)]
    title_en: Annotated[str, Text(200)]
    articles: tuple[Article, ...]
    code: Annotated[str | None, Text(40), "For the address of its page", OPTIONAL] = None


@message
class Laws:
    acts: tuple[Act, ...]


LAWS = Request(
    "inquiry.laws.v1",
    ReadLaws,
    "The laws by which we answer, each with what it is used for.",
    reply=Laws,
    effect=False,
    agency=False,
)
