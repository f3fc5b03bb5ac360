"""The tickets that a colleague opened last: their codes alone, in a cookie of this browser."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.ops.desk.section import AT
from gateway.ops.staff.session import Desk

COOKIE, MOST, SECONDS = "mirab_opened", 6, 12 * 3600


def codes(desk: Desk, request: Request) -> tuple[str, ...]:
    """Return the codes that this colleague opened here, the last first; another's are nobody's."""
    data = desk.seals.open(request.cookies.get(COOKIE, ""), SECONDS) or {}
    listed = data.get("codes")
    if data.get("username") != desk.colleague(request).username or not isinstance(listed, list):
        return ()
    return tuple(str(code) for code in listed[:MOST])


def remember(desk: Desk, request: Request, response: Response, code: str) -> None:
    """Put a ticket first among those that were opened."""
    others = [other for other in codes(desk, request) if other != code]
    username = desk.colleague(request).username
    response.set_cookie(
        COOKIE,
        desk.seals.seal({"username": username, "codes": [code, *others][:MOST]}),
        max_age=SECONDS,
        path=AT,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
