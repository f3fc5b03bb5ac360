"""What every face serves beside its own routes: problem pages, styles, fonts, documents."""

from collections.abc import Callable
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from gateway.html import guides, static_files
from gateway.html.rendering import rendered
from gateway.http.documents import Document
from gateway.http.languages import preferred
from gateway.http.problems import PROBLEMS, Problem, translations
from gateway.texts.files import Language

HTML = "text/html; charset=utf-8"


def problem_routes(callers_of: Callable[[str], tuple[str, ...]] = lambda _: ()) -> list[Route]:
    """Return the routes of the pages of problems; ``callers_of`` names the contracts that a code
    may refuse, which have their pages at /reference.
    """

    async def problem(request: Request) -> Response:
        """GET /problems/{code}: what a code means and what to do, in the language of who asks."""
        code = request.path_params["code"]
        if code not in PROBLEMS:
            raise NotFound("There is no problem of that code.", code="http.not_found")
        lang = preferred(request, "en", ("en", *translations(code)))
        response = made(code, lang).response(request)
        response.headers["Content-Language"] = lang
        return response

    @cache
    def made(code: str, lang: str) -> Document:
        """A page for each code and language that we have, so that memory is bounded."""
        entry = {"en": PROBLEMS[code], **translations(code)}[lang]
        body = rendered(
            "problem.html",
            code=code,
            problem=entry,
            lang=Language(lang),
            callers=callers_of(code),
        )
        return Document(body, HTML, varies=("Accept-Language",))

    return [Route("/problems/", problems), Route("/problems/{code}", problem)]


async def problems(request: Request) -> Response:
    """GET /problems/: all codes, by their families."""
    return _problems().response(request)


@cache
def _problems() -> Document:
    families: dict[str, list[tuple[str, Problem]]] = {}
    for code, entry in PROBLEMS.items():
        families.setdefault(code.partition(".")[0], []).append((code, entry))
    body = rendered(
        "reference/problems.html",
        lang="en",
        guide=None,
        groups=guides.menu(),
        families=sorted(families.items()),
    )
    return Document(body, HTML)


async def static(request: Request) -> Response:
    """GET /static/{name}: the style sheet, scripts, fonts, icons; ``?v=`` names their version."""
    return _file(request.path_params["name"], request.query_params.get("v")).response(request)


def _file(name: str, version: str | None = None) -> Document:
    """Return a file of /static. NotFound ``http.not_found``."""
    document = static_files.file(name, version)
    if document is None:
        raise NotFound("There is no such file.", code="http.not_found")
    return document


async def favicon(request: Request) -> Response:
    """GET /favicon.ico: the mark, for who does not read the page's own link to it."""
    return _file("favicon.ico").response(request)


def robots(*closed: str) -> Route:
    """Return the route of /robots.txt (RFC 9309): what search engines leave alone."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed or ("",))]
    document = Document("\n".join([*lines, ""]).encode(), "text/plain; charset=utf-8")

    async def answer(request: Request) -> Response:
        """GET /robots.txt"""
        return document.response(request)

    return Route("/robots.txt", answer)


ROUTES = [
    *problem_routes(),
    Route("/static/{name}", static),
    Route("/favicon.ico", favicon),
    *guides.ROUTES,
]
