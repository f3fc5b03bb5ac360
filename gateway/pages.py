"""Renders templates with autoescape; pages work without JavaScript and from right to left."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from gateway import guides
from gateway.languages import preferred
from gateway.problems import PERSIAN, PROBLEMS
from gateway.spans import span
from iran.collation import collation_key
from iran.persian import TEHRAN, jalali
from people.company import company
from people.tracking import grouped, grouped_secret

HERE = Path(__file__).parent
_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _local(told: str) -> dt.datetime:
    return dt.datetime.fromisoformat(told).astimezone(TEHRAN)


def moment(told: str, language: str = "fa") -> str:
    """A moment (RFC 3339) by the clocks of Tehran, with ASCII digits, which the font shows as
    Persian ones: they can be copied and searched.
    """
    local = _local(told)
    day = jalali(local.date()).replace("-", "/")
    if language == "fa":
        return f"{WEEKDAYS_FA[local.weekday()]} {day}، ساعت {local:%H:%M}"
    return f"{local:%A %-d %B %Y} ({day}), {local:%H:%M}"


def day(told: str) -> str:
    """A Gregorian day as a Jalali one: 1405/09/02."""
    return jalali(dt.date.fromisoformat(told[:10])).replace("-", "/")


def percent(hundredths: int) -> str:
    """Hundredths of a percent as people read them: 99.95%."""
    return f"{hundredths / 100:.2f}%"


ARTICLES_FA = {"45 (e)": "ماده 45، بند ه", "11, 13": "ماده‌های 11 و 13", "note 5": "تبصره 5"}


def article(told: str, language: str = "fa") -> str:
    """The article of a legal basis as people read it; empty for the whole of an act."""
    if language == "fa":
        return ARTICLES_FA.get(told, f"ماده {told}" if told else "")
    return told if not told or told.startswith("note") else f"article {told}"


WEEKDAYS_FA = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
LINK = re.compile(
    r"/(?:docs/|openapi\.json|oauth/token|\.well-known/|desk/|dead-letters)[\w./-]*\w|/status\b"
)


def with_links(text: str) -> Markup:
    """A sentence of ours in which paths are links."""
    return Markup(LINK.sub(r'<a href="\g<0>">\g<0></a>', str(escape(text))))  # noqa: S704


def by_name(rows: Iterable[Mapping[str, Any]], field: str = "fa") -> list[Mapping[str, Any]]:
    """Rows in the order of the Persian alphabet, for lists that people choose or read by name."""
    return sorted(rows, key=lambda row: collation_key(row[field] or ""))


def named(codes: Iterable[str], name_of: Callable[[str], str]) -> list[Mapping[str, Any]]:
    """Codes with what people call them, in the order of the names."""
    return by_name([{"code": code, "fa": name_of(code)} for code in codes])


_templates.filters |= {
    "by_name": by_name,
    "named": named,
    "with_links": with_links,
    "rials": "{:,}".format,
    "moment": moment,
    "day": day,
    "percent": percent,
    "article": article,
    "code": grouped,
    "secret": grouped_secret,
    "span": span,
}
_templates.globals["company"] = company


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page; every value is escaped."""
    body = _templates.get_template(template).render(**values)
    return Response(body, status, {"Cache-Control": "no-cache"}, "text/html; charset=utf-8")


async def problem(request: Request) -> Response:
    """GET /problems/{code}: what a code means and what to do, in Persian for who asks for it."""
    code = request.path_params["code"]
    known = PROBLEMS.get(code)
    if known is None:
        raise NotFound("There is no problem of that code.", code="http.not_found")
    lang = preferred(request, "en") if code in PERSIAN else "en"
    told = PERSIAN[code] if lang == "fa" else known
    response = page("problem.html", code=code, problem=told, lang=lang)
    response.headers.update({"Content-Language": lang, "Vary": "Accept-Language"})
    return response


KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}


async def static(request: Request) -> Response:
    """GET /static/{name}: style sheets, the font, the mark."""
    found = _static().get(request.path_params["name"])
    if found is None:
        raise NotFound("There is no such file.", code="http.not_found")
    content, kind = found
    return Response(content, media_type=kind, headers={"Cache-Control": "max-age=3600"})


@lru_cache(maxsize=1)
def _static() -> dict[str, tuple[bytes, str]]:
    return {
        path.name: (path.read_bytes(), KINDS[path.suffix])
        for path in (HERE / "static").iterdir()
        if path.suffix in KINDS
    }


COMMON = [Route("/problems/{code}", problem), Route("/static/{name}", static), *guides.ROUTES]
