"""The laws by which this house answers, for everybody; its owner is services/inquiry."""

from marshmallow import Schema, fields

from bus.fields import Text, code_text
from bus.kinds import Request


class ReadLaws(Schema):
    """Nothing is asked beside."""


class Article(Schema):
    code = code_text(required=True)
    article = Text(40, required=True, least=0)
    gist_fa = Text(300, required=True)
    gist_en = Text(300, required=True)
    used_for_fa = Text(300, required=True)
    used_for_en = Text(300, required=True)


class Act(Schema):
    """An act, by-law, directive or decision; an article without number is the whole of it."""

    title_fa = Text(200, required=True)
    title_en = Text(200, required=True)
    articles = fields.List(fields.Nested(Article), required=True)


class Laws(Schema):
    acts = fields.List(fields.Nested(Act), required=True)


LAWS = Request(
    "inquiry.laws.v1",
    ReadLaws(),
    "The laws by which we answer, each with what it is used for.",
    reply=Laws(),
    effect=False,
    agency=False,
)
