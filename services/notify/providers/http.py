"""How adapters speak to a provider of SMS: one call, an object back, and an honest word for what
failed. No error and no log of ours names an address, which may hold a key, or a telephone number.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bus.errors import Unavailable
from bus.foreign import http_call as outside
from services.notify.providers.sms import Handed, Refused, RefusedOne, Sms, State

UNREADABLE = "The provider of SMS answered in a form that cannot be read."
LIMIT = 4 * 1024 * 1024
# No message and no credit costs or holds more; what does is a provider's slip.
MOST_RIALS = 10**13
# A door before the provider said no to the whole call: who, where, too often.
AT_THE_DOOR = (401, 403, 404, 405, 429)
# The library logs the address of each call, and Kavenegar's has our key in it.
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)


def ask(method: str, url: str, timeout: float, **asked: Any) -> dict[str, Any]:
    """The answer as an object, whatever its HTTP status below 500: a provider that says no sends
    its own code in it. ``asked`` is as of `requests.request`. Unavailable ``provider.unreachable``
    or ``provider.unreadable``: whether it did what it was asked is not known then.
    """
    try:
        return _asked(method, url, timeout, **asked)
    except outside.NoAnswer as error:
        raise away(error.reason) from None


def hand_over(url: str, timeout: float, **asked: Any) -> dict[str, Any]:
    """The answer to messages that are sent by POST. As ``ask``, but Refused where there was no
    connection, or a page of a door before the provider: then surely nothing was taken.
    """
    try:
        return _asked("POST", url, timeout, **asked)
    except _Page as page:
        if page.status in AT_THE_DOOR:
            raise Refused("The provider lets us not in.", provider_code=page.status) from None
        raise
    except outside.NoAnswer as error:
        if error.unsent:
            raise Refused("The provider cannot be reached.", provider_code=error.reason) from None
        raise away(error.reason) from None


def _asked(method: str, url: str, timeout: float, **asked: Any) -> dict[str, Any]:
    headers = {"Accept": "application/json", **asked.pop("headers", {})}
    status, told = outside.exchange(
        method, url, timeout=timeout, limit=LIMIT, headers=headers, **asked
    )
    if status >= 500:  # noqa: PLR2004 - HTTP's own number
        raise away(str(status))
    found = outside.readable(told, LIMIT)
    if not isinstance(found, dict):
        raise _Page(status)
    return found


class _Page(Unavailable):
    """Something else than an object came, with an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(UNREADABLE, code="provider.unreadable", why=f"status {status}, no object")
        self.status = status

    @property
    def kind(self) -> str:
        return Unavailable.__name__


def refused(messages: Sequence[Sms], code: int, kinds: Mapping[int, State | None]) -> list[Handed]:
    """What a code for a whole call means: in ``kinds``, a state where it is about a message, None
    where it is about us. A code that is not there says nothing for sure: Unavailable.
    """
    if code not in kinds:
        raise unreadable(f"code {code}")
    state = kinds[code]
    if state is None:
        raise Refused("The provider refuses the call.", provider_code=code)
    if len(messages) > 1:
        raise RefusedOne("The provider refuses one of the messages.", provider_code=code)
    return [Handed(messages[0].ref, state, code=str(code))]


def objects(told: object, count: int | None = None) -> list[dict[str, Any]]:
    """A list of objects, of so many if ``count`` is told. Unavailable ``provider.unreadable``."""
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise unreadable("no list of objects")
    if count not in (None, len(told)):
        raise unreadable("another number of answers")
    return told


def one_by_one(
    refs: Sequence[str], state: Callable[[str], tuple[State, str] | None]
) -> dict[str, tuple[State, str]]:
    """The states of messages that are asked for alone. What was told before an answer is missing
    is true; the others are asked for again another time. Unavailable if nothing was told.
    """
    told: dict[str, tuple[State, str]] = {}
    for ref in refs:
        try:
            found = state(ref)
        except Unavailable:
            if not told:
                raise
            break
        if found is not None:
            told[ref] = found
    return told


def whole(told: object) -> int:
    """A whole number, as a number or as digits. Unavailable ``provider.unreadable``."""
    number = outside.whole(told)
    if number is None:
        raise unreadable("no whole number")
    return number


def number(told: object) -> str:
    """A provider's own number of a message, which is above 0. Unavailable
    ``provider.unreadable``.
    """
    found = whole(told)
    if found <= 0:
        raise unreadable("no number of a message")
    return str(found)


def rials(told: object) -> int | None:
    """A sum of money as providers tell it, cut to whole rials; None if it is none."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    try:
        whole_rials = int(float(told))
    except (ValueError, OverflowError):
        return None
    return whole_rials if abs(whole_rials) <= MOST_RIALS else None


def away(why: str) -> Unavailable:
    """The provider did not answer: we know nothing."""
    return Unavailable("The provider of SMS did not answer.", code="provider.unreachable", why=why)


def unreadable(why: str) -> Unavailable:
    """The provider answered in a form that nobody can read: we know nothing."""
    return Unavailable(UNREADABLE, code="provider.unreadable", why=why)
