"""What every face serves beside its own routes: problem pages, styles, fonts, documents."""

from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from gateway.html import guides
from gateway.html.rendering import HERE, page
from gateway.http.languages import preferred
from gateway.http.problems import PERSIAN, PROBLEMS

KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}


async def problem(request: Request) -> Response:
    """GET /problems/{code}: what a code means and what to do, in Persian for who asks for it."""
    code = request.path_params["code"]
    entry = PROBLEMS.get(code)
    if entry is None:
        raise NotFound("There is no problem of that code.", code="http.not_found")
    lang = preferred(request, "en") if code in PERSIAN else "en"
    text = PERSIAN[code] if lang == "fa" else entry
    response = page("problem.html", code=code, problem=text, lang=lang)
    response.headers.update({"Content-Language": lang, "Vary": "Accept-Language"})
    return response


async def static(request: Request) -> Response:
    """GET /static/{name}: style sheets, the font, the mark."""
    asset = _static().get(request.path_params["name"])
    if asset is None:
        raise NotFound("There is no such file.", code="http.not_found")
    content, kind = asset
    return Response(content, media_type=kind, headers={"Cache-Control": "max-age=3600"})


@lru_cache(maxsize=1)
def _static() -> dict[str, tuple[bytes, str]]:
    return {
        path.name: (path.read_bytes(), KINDS[path.suffix])
        for path in (HERE / "static").iterdir()
        if path.suffix in KINDS
    }


ROUTES = [Route("/problems/{code}", problem), Route("/static/{name}", static), *guides.ROUTES]
