"""The documents below /docs/ of each face: pages for people, Markdown and examples for programs."""

import asyncio
import posixpath
from functools import cache
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.page import markdown
from gateway.html.markdown import Heading, Page, page
from gateway.html.rendering import rendered
from gateway.http.documents import Document
from gateway.http.origin import for_every_site
from gateway.http.weights import weighed

FOLDER = Path(__file__).parents[2] / "docs"
PLAIN, MARKDOWN, HTML = "text/plain", "text/markdown", "text/html"
SCRIPTS = (".sh", ".py", ".mjs", ".java", ".php", ".go", ".cs")
FORMS = {".md": MARKDOWN, **dict.fromkeys(SCRIPTS, PLAIN)}
# The first guides of the menu, for those who write programs; then those of whoever runs Mirab.
FOR_PROGRAMS = (
    "join.md",
    "receipts.md",
    "xroad.md",
    "webhooks.md",
    "signals.md",
    "contracts.md",
    "notify-api.md",
    "citizens-api.md",
    "oauth.md",
    "open311.md",
)
FOR_OPERATORS = ("operate.md", "desk.md", "letters.md", "announcements.md", "performance.md")
FOR_BUILDERS = (
    "tour.md",
    "architecture.md",
    "extend.md",
    "testing.md",
    "glossary.md",
)
# The manuals of colleagues, by their names in addresses; that of citizens, by language.
MANUALS = {name: f"fa/manuals/{name}.md" for name in ("clerk", "treasurer", "editor", "registrar")}
CITIZENS = {"fa": "fa/manuals/citizens.md", "en": "manuals/citizens.md"}
IN_PERSIAN = (
    "fa/join.md",
    "fa/receipts.md",
    "fa/desk.md",
    "fa/operate.md",
    "fa/runbook.md",
    *MANUALS.values(),
    CITIZENS["fa"],
)
PICTURES = "pictures/"
WEBP = "image/webp"
GROUPS = (
    ("For programs", FOR_PROGRAMS),
    ("فارسی", IN_PERSIAN),
    ("For operators", FOR_OPERATORS),
    ("For those who build", FOR_BUILDERS),
)


class Guide(NamedTuple):
    """A document as a page; ``name`` is its path below docs."""

    name: str
    title: str
    language: str
    page: Page

    @property
    def headings(self) -> tuple[Heading, ...]:
        """Its headings, in order."""
        return self.page.headings


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Read all documents once: no path of a request reaches the disk."""
    return {
        path.relative_to(FOLDER).as_posix(): (path.read_bytes(), FORMS[path.suffix])
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in FORMS and path.is_file()
    } | {"contracts.md": (markdown().encode(), MARKDOWN)}


@cache
def _pictures() -> dict[str, Path]:
    """The pictures that documents show: their names below docs, and where they lie."""
    folder = FOLDER / PICTURES
    return {f"{PICTURES}{path.name}": path for path in sorted(folder.glob("*.webp"))}


async def picture(request: Request) -> Response:
    """GET /docs/pictures/{name}: a picture that a document shows."""
    path = _pictures().get(PICTURES + request.path_params["name"])
    if path is None:
        raise NotFound("There is no such picture.", code="http.not_found")
    return Document(path.read_bytes(), WEBP, "max-age=3600").response(request)


@cache
def guide_of(name: str) -> Guide:
    """A document that is Markdown, as a page. KeyError without one."""
    content, _ = _files()[name]
    made = page(content.decode(), lambda href: _led(name, href))
    return Guide(name, title_of(name), language_of(name), made)


@cache
def title_of(name: str) -> str:
    """The title of a document that is Markdown: its first heading."""
    lines = _files()[name][0].decode().splitlines()
    return next((line[2:].strip() for line in lines if line.startswith("# ")), name)


def language_of(name: str) -> str:
    """The language of a document."""
    return "fa" if name.startswith("fa/") else "en"


def menu() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The guides of the menu by whom they are for: name, title and language of each."""
    return [
        (title, [(name, title_of(name), language_of(name)) for name in names])
        for title, names in GROUPS
    ]


def menu_names() -> list[str]:
    """The names of all guides of the menu."""
    return [name for _, names in GROUPS for name in names]


def _led(name: str, href: str) -> str | None:
    """Where a link of a document leads below /docs/; None to what is not served there."""
    if href.startswith(("#", "http://", "https://", "/", "mailto:")):
        return href
    path, hash_, fragment = href.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    served = target in _files() or target in _pictures()
    return f"/docs/{target}{hash_}{fragment}" if served else None


async def guide(request: Request) -> Response:
    """GET /docs/{name}: a document or an example, as the page, Markdown or plain text that the
    client likes best.
    """
    name = request.path_params["name"]
    if name not in _files():
        raise NotFound("There is no such document.", code="http.not_found")
    content, form = _files()[name]
    wanted = PLAIN if "plain" in request.query_params else _wanted(request, form)
    if wanted == HTML:
        # Beside the requests: the page of all contracts takes half a second to make, once.
        return (await asyncio.to_thread(_shown, name)).response(request)
    return _as(content, wanted).response(request)


def _wanted(request: Request, form: str) -> str:
    """HTML for a browser that reads Markdown; its own form for who asks for that or for anything;
    else plain text.
    """
    weights = dict(weighed(request, "accept"))
    if HTML in weights and weights.get(PLAIN, 0) <= weights[HTML]:
        return HTML if form == MARKDOWN else PLAIN
    return PLAIN if weights.get(PLAIN, 0) > weights.get(form, weights.get("*/*", 0)) else form


@cache
def _shown(name: str) -> Document:
    guide = guide_of(name)
    body = rendered("reference/guide.html", lang=guide.language, guide=guide, groups=menu())
    return Document(body, "text/html; charset=utf-8", "max-age=300", ("Accept",))


async def index(request: Request) -> Response:
    """GET /docs/: the guides by whom they are for."""
    return _index().response(request)


@cache
def _index() -> Document:
    body = rendered("reference/guides.html", lang="en", guide=None, groups=menu())
    return Document(body, "text/html; charset=utf-8", "max-age=300")


@cache
def _as(content: bytes, form: str) -> Document:
    return Document(content, f"{form}; charset=utf-8", "max-age=300", ("Accept",))


ROUTES = [
    Route("/docs/", for_every_site(index)),
    Route("/docs/pictures/{name}", for_every_site(picture)),
    Route("/docs/{name:path}", for_every_site(guide)),
]
