"""/.well-known/security.txt (RFC 9116): the contact for vulnerabilities, the same on each face."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from bus.settings import Settings
from gateway.http.origin import for_every_site

DAYS = 180


def text_of(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of GET /.well-known/security.txt."""
    contact = settings.text("SECURITY_CONTACT", "mailto:security@mirab.example")

    async def answer(_: Request) -> Response:
        expires = (datetime.now(UTC) + timedelta(days=DAYS)).replace(microsecond=0)
        return Response(
            f"Contact: {contact}\nExpires: {expires.isoformat()}\nPreferred-Languages: fa, en\n",
            media_type="text/plain",
        )

    return for_every_site(answer)
