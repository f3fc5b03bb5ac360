"""How adapters speak to a bank: one POST, a short answer, and an honest word for what failed."""

import orjson

from bus.errors import Unavailable
from bus.foreign import http_call as outside

LIMIT = 64 * 1024
OK = 200


def post(url: str, body: bytes, content_type: str, timeout: float) -> bytes:
    """The answer's body. Unavailable ``psp.unreachable`` or ``psp.unreadable``: whether the bank
    did what it was asked is not known then.
    """
    accept = content_type.split(";", maxsplit=1)[0]
    headers = {"Content-Type": content_type, "Accept": accept}
    try:
        status, told = outside.exchange(
            "POST", url, timeout=timeout, limit=LIMIT, data=body, headers=headers
        )
    except outside.NoAnswer as error:
        raise _away(error.why) from None
    if status >= 500:  # noqa: PLR2004 - HTTP's own number
        raise _away(str(status))
    if status != OK or len(told) > LIMIT:
        raise unreadable(f"status {status}, {len(told)} bytes")
    return told


def ask_json(url: str, body: dict[str, object], timeout: float) -> dict[str, object]:
    """The answer as an object. Unavailable as of ``post``."""
    told = post(url, orjson.dumps(body), "application/json", timeout)
    found = outside.readable(told, LIMIT)
    if not isinstance(found, dict):
        raise unreadable("no object")
    return found


def _away(why: str) -> Unavailable:
    return Unavailable(
        "The bank's gateway did not answer; try again in a minute.", code="psp.unreachable", why=why
    )


def unreadable(why: str) -> Unavailable:
    """The bank answered in a form that nobody can read: we know nothing."""
    return Unavailable(
        "The bank's gateway answered in a form that cannot be read.", code="psp.unreadable", why=why
    )


def whole(told: object) -> int:
    """A whole number, as a number or as digits. Unavailable ``psp.unreadable``."""
    number = outside.whole(told)
    if number is None:
        raise unreadable("no whole number")
    return number


def order_in(told: str | None) -> int | None:
    """The order's number that a browser brought, if it is one."""
    return int(told) if told and told.isascii() and told.isdigit() and len(told) < 17 else None  # noqa: PLR2004 - below 2**53
