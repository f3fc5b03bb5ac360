"""The documents below /docs/ of each face, to which problems and pages point."""

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.page import markdown
from gateway.http.documents import Document
from gateway.http.origin import for_every_site

FOLDER = Path(__file__).parents[2] / "docs"
PLAIN, MARKDOWN = "text/plain", "text/markdown"
FORMS = {".md": MARKDOWN, ".sh": PLAIN, ".py": PLAIN, ".mjs": PLAIN, ".java": PLAIN, ".php": PLAIN}


async def guide(request: Request) -> Response:
    """GET /docs/{name}: a document or an example; Markdown as plain text for a browser."""
    try:
        plain, own = _guides()[request.path_params["name"]]
    except KeyError:
        raise NotFound("There is no such document.", code="http.not_found") from None
    shown = plain if "text/html" in request.headers.get("accept", "") else own
    return shown.response(request)


@cache
def _guides() -> dict[str, tuple[Document, Document]]:
    """Read all documents once, each as plain text and in its own form: no path of a request reaches
    the disk.
    """
    files = {
        path.relative_to(FOLDER).as_posix(): (path.read_bytes(), FORMS[path.suffix])
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in FORMS and path.is_file()
    } | {"contracts.md": (markdown().encode(), MARKDOWN)}
    return {
        name: (_as(content, PLAIN), _as(content, form)) for name, (content, form) in files.items()
    }


def _as(content: bytes, form: str) -> Document:
    return Document(content, f"{form}; charset=utf-8", "max-age=300", ("Accept",))


ROUTES = [Route("/docs/{name:path}", for_every_site(guide))]
