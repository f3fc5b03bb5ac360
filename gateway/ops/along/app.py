"""What makes the desk an app of a telephone: manifest, worker, and the page without a connection.

None of them says anything about anybody: they are the same for every browser. The worker keeps
these, the style, the font and two scripts, and no other page of the desk.
"""

import hashlib
from functools import cache

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.html import static_files
from gateway.html.rendering import rendered
from gateway.http.documents import Document
from gateway.ops.desk.section import AT
from people.company import company_in

OFFLINE, WORKER, MANIFEST = f"{AT}/offline", f"{AT}/worker.js", f"{AT}/app.webmanifest"
COLOUR, PAPER = "#0b4f60", "#f1f6f7"
ICONS = (192, 512)
# What the page without a connection names, and the fonts that its style names.
NAMED = ("mirab.css", "along.js", "offline.js", "favicon.svg", "icons.svg")
FONTS = ("vazirmatn.woff2", "vazirmatn-bold.woff2")
SCRIPT, HTML = "text/javascript; charset=utf-8", "text/html; charset=utf-8"


async def manifest(request: Request) -> Response:
    """GET /desk/app.webmanifest: the desk as an app (W3C Web Application Manifest)."""
    return _manifest().response(request)


@cache
def _manifest() -> Document:
    name = company_in("fa", "fa")
    icons = [
        {
            "src": static_files.address(f"desk-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
        }
        for size in ICONS
    ]
    members = {
        "id": AT,
        "name": f"میز خدمت {name}",
        "short_name": "میز خدمت",
        "lang": "fa",
        "dir": "rtl",
        "start_url": AT,
        "scope": AT,
        "display": "standalone",
        "theme_color": COLOUR,
        "background_color": PAPER,
        "icons": icons,
    }
    return Document(orjson.dumps(members), "application/manifest+json")


async def offline(request: Request) -> Response:
    """GET /desk/offline: the page without a connection, which knows nobody."""
    return _offline().response(request)


@cache
def _offline() -> Document:
    return Document(rendered("desk/offline.html"), HTML)


async def worker(request: Request) -> Response:
    """GET /desk/worker.js: the worker, under a name that changes with anything that it keeps."""
    response = _worker().response(request)
    response.headers["Service-Worker-Allowed"] = AT
    return response


@cache
def _worker() -> Document:
    files = [*map(static_files.address, NAMED), *(f"/static/{font}" for font in FONTS)]
    documents = [static_files.file(font) for font in (*FONTS, "worker.js")]
    tags = [_offline().tag, *(document.tag for document in documents if document), *files]
    version = hashlib.sha256("\n".join(tags).encode()).hexdigest()[: static_files.VERSION_LENGTH]
    kept = {
        "name": f"mirab-desk-{version}",
        "page": OFFLINE,
        "files": files,
        "along": static_files.address("along.js"),
    }
    source = static_files.file("worker.js")
    assert source is not None  # a file of ours
    return Document(b"const KEPT = " + orjson.dumps(kept) + b";\n" + source.body, SCRIPT)


ROUTES = [
    Route(MANIFEST, manifest),
    Route(OFFLINE, offline),
    Route(WORKER, worker),
]
