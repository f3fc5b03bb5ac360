"""What is ours and what is another site's: forms that are sent here, and links that lead on.

Forms of other sites may not act here in a visitor's name (cross-site request forgery).
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
    """HttpError ``http.cross_site`` if a browser says that the form stands on another site.

    A browser sends Origin with every POST, and Sec-Fetch-Site with every request (Fetch Metadata);
    who sends neither is no browser that somebody could misuse.
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
    """The path of a request as a link within this site.

    Two slashes at its beginning, or a backslash, would name another host (RFC 3986, section 4.2;
    URL standard, section 4.4).

    >>> own_path(Request({"type": "http", "path": "//evil.example/x", "headers": []}))
    '/evil.example/x'
    """
    return "/" + quote(request.scope["path"].lstrip("/\\"), safe="/:@!$&'()*+,;=~")


def for_every_site(handler: Handler) -> Handler:
    """The handler of a document that pages of every site may read (CORS, Fetch standard 3.2)."""

    @wraps(handler)
    async def run(request: Request) -> Response:
        response = await handler(request)
        response.headers.update(EVERY_SITE)
        return response

    run.for_every_site = True  # type: ignore[attr-defined]
    return run


def is_for_every_site(handler: object) -> bool:
    """True if pages of every site may read what the handler answers."""
    return getattr(handler, "for_every_site", False)


async def preflight(_: Request, methods: set[str]) -> Response:
    """What a browser asks before a page of another site reads such a document."""
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
