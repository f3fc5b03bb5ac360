"""The documents that errors and pages point to, on each face below /docs/, as they are written,
and of the connector what they lead on to.
"""

from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from gateway.origin import for_every_site

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "connector/example")
# A tour through the code is for who has the code before him.
LEFT_OUT = ("docs/tour.md",)
CONNECTOR = "connector/README.md"
PLAIN, MARKDOWN = "text/plain", "text/markdown"
FORMS = {".md": MARKDOWN, ".sh": PLAIN, ".py": PLAIN, ".mjs": PLAIN, ".java": PLAIN, ".php": PLAIN}


async def guide(request: Request) -> Response:
    """GET /docs/{name}: a document or an example; Markdown as plain text for a browser."""
    try:
        content, form = _guides()[request.scope["path"].removeprefix("/")]
    except KeyError:
        raise NotFound("There is no such document.", code="http.not_found") from None
    if form == MARKDOWN and "text/html" in request.headers.get("accept", ""):
        form = PLAIN
    headers = {"Cache-Control": "max-age=300", "Vary": "Accept"}
    return Response(content, headers=headers, media_type=f"{form}; charset=utf-8")


@lru_cache(maxsize=1)
def _guides() -> dict[str, tuple[bytes, str]]:
    """All of them, read once: no path that somebody asks for reaches the disk."""
    paths = [path for name in FOLDERS for path in (ROOT / name).rglob("*")]
    names = {path.relative_to(ROOT).as_posix(): path for path in (*paths, ROOT / CONNECTOR)}
    return {
        name: (path.read_bytes(), FORMS[path.suffix])
        for name, path in sorted(names.items())
        if path.suffix in FORMS and name not in LEFT_OUT and path.is_file()
    }


ROUTES = [
    Route(f"/{folder}/{{name:path}}", for_every_site(guide)) for folder in ("docs", "connector")
]
