"""Our own site and other sites: who may send forms here, who may read, and links within the site.

Forms of other sites must not act here in the name of a visitor (cross-site request forgery): each
route refuses them unless its handler declares ``@from_other_sites``.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.http.problems import HttpError

EVERY_SITE = {"Access-Control-Allow-Origin": "*"}
Handler = Callable[[Request], Awaitable[Response]]


def same_origin(request: Request) -> None:
    """Raise HttpError ``http.cross_site`` if a browser says that another site sent the form.

    Browsers send Origin with every POST, and Sec-Fetch-Site with every request (Fetch Metadata); a
    client that sends neither is no browser that another site could misuse.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        other = site not in ("same-origin", "none")
    else:
        other = origin is not None and urlsplit(origin).netloc != request.url.netloc
    if other:
        raise HttpError(
            "http.cross_site", "This form was sent from another site; open our page and use that."
        )


def own_path(request: Request) -> str:
    """Return the path of a request as a link within this site.

    Two slashes at its beginning, or a backslash, would name another host (RFC 3986, section 4.2;
    URL standard, section 4.4).

    >>> own_path(Request({"type": "http", "path": "//evil.example/x", "headers": []}))
    '/evil.example/x'
    """
    return "/" + quote(request.scope["path"].lstrip("/\\"), safe="/:@!$&'()*+,;=~")


def for_every_site(handler: Handler) -> Handler:
    """Declare that pages of every site may read what the handler answers (CORS, Fetch 3.2)."""

    @wraps(handler)
    async def run(request: Request) -> Response:
        response = await handler(request)
        response.headers.update(EVERY_SITE)
        return response

    run.for_every_site = True  # type: ignore[attr-defined]
    return run


def from_other_sites(handler: Handler) -> Handler:
    """Declare that other sites may send forms to the handler, which believes no cookie."""

    @wraps(handler)
    async def run(request: Request) -> Response:
        return await handler(request)

    run.from_other_sites = True  # type: ignore[attr-defined]
    return run


def is_from_other_sites(handler: object) -> bool:
    """Return True if other sites may send forms to the handler."""
    return getattr(handler, "from_other_sites", False)


def is_for_every_site(handler: object) -> bool:
    """Return True if pages of every site may read what the handler answers."""
    return getattr(handler, "for_every_site", False)


async def preflight(_: Request, methods: set[str]) -> Response:
    """Answer the question that a browser asks before a page of another site may read."""
    allow = ", ".join(sorted({"OPTIONS", *methods}))
    return Response(
        status_code=204,
        headers={
            **EVERY_SITE,
            "Allow": allow,
            "Access-Control-Allow-Methods": allow,
            "Access-Control-Allow-Headers": "*",
        },
    )
