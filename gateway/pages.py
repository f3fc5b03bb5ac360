"""Renders templates with autoescape; pages work without JavaScript and from right to left."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from gateway.problems import PROBLEMS

HERE = Path(__file__).parent
_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page; every value is escaped."""
    body = _templates.get_template(template).render(**values)
    return Response(body, status, {"Cache-Control": "no-cache"}, "text/html; charset=utf-8")


async def problem(request: Request) -> Response:
    """GET /problems/{code}: what a code means and what to do."""
    known = PROBLEMS.get(request.path_params["code"])
    if known is None:
        raise NotFound("There is no problem of that code.", code="http.not_found")
    return page("problem.html", code=request.path_params["code"], problem=known)


async def style(_: Request) -> Response:
    """GET /static/mirab.css: the one style sheet."""
    return Response(_css(), media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@lru_cache(maxsize=1)
def _css() -> bytes:
    return (HERE / "static" / "mirab.css").read_bytes()


COMMON = [Route("/problems/{code}", problem), Route("/static/mirab.css", style)]
