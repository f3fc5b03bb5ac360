"""HTTP to a bank: one POST, a short answer, and a code for each kind of failure."""

import orjson

from bus.errors import Unavailable
from bus.foreign import http_call as outside
from bus.process.called import calling

LIMIT = 64 * 1024
OK = 200


def post(bank: str, url: str, body: bytes, content_type: str, timeout: float) -> bytes:
    """Send a body to the gateway of code ``bank``; the body of the answer. Raises Unavailable
    ``psp.unreachable`` or ``psp.unreadable``: whether the bank did what it was asked to is unknown.
    """
    accept = content_type.split(";", maxsplit=1)[0]
    headers = {"Content-Type": content_type, "Accept": accept}
    with calling("bank", bank):
        try:
            status, answer = outside.exchange(
                "POST", url, timeout=timeout, limit=LIMIT, data=body, headers=headers
            )
        except outside.NoAnswer as error:
            raise _unreachable(error.reason) from None
        if status >= 500:  # noqa: PLR2004 - HTTP's own number
            raise _unreachable(str(status))
        if status != OK or len(answer) > LIMIT:
            raise unreadable(f"status {status}, {len(answer)} bytes")
    return answer


def ask_json(bank: str, url: str, body: dict[str, object], timeout: float) -> dict[str, object]:
    """Send an object; the answer as an object. Raises Unavailable as ``post`` does."""
    answer = post(bank, url, orjson.dumps(body), "application/json", timeout)
    members = outside.readable(answer, LIMIT)
    if not isinstance(members, dict):
        raise unreadable("no object")
    return members


def _unreachable(reason: str) -> Unavailable:
    return Unavailable(
        "The bank's gateway did not answer; try again in a minute.",
        code="psp.unreachable",
        why=reason,
    )


def unreadable(reason: str) -> Unavailable:
    """The refusal of an answer in a form that cannot be read: nothing is known from it."""
    return Unavailable(
        "The bank's gateway answered in a form that cannot be read.",
        code="psp.unreadable",
        why=reason,
    )


def whole(value: object) -> int:
    """Read a whole number, as a number or as digits. Raises Unavailable ``psp.unreadable``."""
    number = outside.whole(value)
    if number is None:
        raise unreadable("no whole number")
    return number


def order_in(text: str | None) -> int | None:
    """Read the order's number that a browser brought; None if it is not a number."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 17 else None  # noqa: PLR2004 - below 2**53


def text_of(value: object) -> str:
    """Read a text, or a whole number as text. Raises Unavailable ``psp.unreadable``."""
    if value is None or isinstance(value, str):
        return value or ""
    return str(whole(value))
