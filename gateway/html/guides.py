"""The documents below /docs/ of each face, to which problems and pages point."""

from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.page import markdown
from gateway.http.origin import for_every_site

FOLDER = Path(__file__).parents[2] / "docs"
PLAIN, MARKDOWN = "text/plain", "text/markdown"
FORMS = {".md": MARKDOWN, ".sh": PLAIN, ".py": PLAIN, ".mjs": PLAIN, ".java": PLAIN, ".php": PLAIN}


async def guide(request: Request) -> Response:
    """GET /docs/{name}: a document or an example; Markdown as plain text for a browser."""
    try:
        content, form = _guides()[request.path_params["name"]]
    except KeyError:
        raise NotFound("There is no such document.", code="http.not_found") from None
    if form == MARKDOWN and "text/html" in request.headers.get("accept", ""):
        form = PLAIN
    headers = {"Cache-Control": "max-age=300", "Vary": "Accept"}
    return Response(content, headers=headers, media_type=f"{form}; charset=utf-8")


@lru_cache(maxsize=1)
def _guides() -> dict[str, tuple[bytes, str]]:
    """Read all documents once: no path of a request reaches the disk."""
    files = {
        path.relative_to(FOLDER).as_posix(): (path.read_bytes(), FORMS[path.suffix])
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in FORMS and path.is_file()
    }
    return files | {"contracts.md": (markdown().encode(), MARKDOWN)}


ROUTES = [Route("/docs/{name:path}", for_every_site(guide))]
