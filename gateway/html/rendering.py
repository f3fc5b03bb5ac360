"""Renders templates with autoescape; pages work without JavaScript and from right to left."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from gateway.html import static_files
from gateway.html.days import day_in_words, month_in_words, weekday_and_day
from gateway.html.durations import seconds, span
from gateway.html.formats import (
    article,
    by_name,
    day,
    foreign,
    label,
    moment,
    named,
    percent,
    readable,
    time,
    with_links,
    wording,
)
from gateway.html.spoken import (
    amount_in_words,
    month_name,
    spoken,
    spoken_day,
    spoken_span,
    toman,
)
from gateway.texts.files import tag_of, translated
from people.company import company_in
from people.mentions import with_names
from people.tracking import grouped, grouped_secret

HERE = Path(__file__).parents[1]
templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    # What was read stays until the process ends; else each page looks at each of its files again.
    auto_reload=False,
    cache_size=-1,
)


def _company(language: str) -> str:
    """The company's name in the language of a page."""
    return company_in(tag_of(language), str(language))


templates.filters |= {
    "by_name": by_name,
    "named": named,
    "label": label,
    "readable": readable,
    "with_links": with_links,
    "with_names": with_names,
    "rials": "{:,}".format,
    "moment": moment,
    "day": day,
    "time": time,
    "day_in_words": day_in_words,
    "month_in_words": month_in_words,
    "weekday_and_day": weekday_and_day,
    "percent": percent,
    "article": article,
    "code": grouped,
    "secret": grouped_secret,
    "seconds": seconds,
    "span": span,
    "translated": translated,
    "wording": wording,
    "foreign": foreign,
    "spoken": spoken,
    "spoken_day": spoken_day,
    "spoken_span": spoken_span,
    "month_name": month_name,
    "toman": toman,
    "in_words": amount_in_words,
}
templates.globals |= {"company": _company, "static": static_files.address}


def page(template: str, status: int = 200, **values: object) -> Response:
    """Render a page; every value is escaped."""
    body = rendered(template, **values)
    return Response(body, status, {"Cache-Control": "no-cache"}, "text/html; charset=utf-8")


def rendered(template: str, **values: object) -> bytes:
    """Render a template as UTF-8; every value is escaped."""
    return templates.get_template(template).render(**values).encode()
