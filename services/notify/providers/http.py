"""Calls of SMS providers over HTTP: one request, an object back, and typed failures.

No error and no log of ours names an address, which may hold a key, or a telephone number.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from bus.errors import Unavailable
from bus.foreign import http_call as outside
from bus.foreign import odd_texts
from bus.process import log
from services.notify.providers.sms import (
    DeliveryState,
    HandoverResult,
    MessageRefused,
    ProviderRefused,
    Sms,
)

Json: TypeAlias = dict[str, Any]
"""An object that a provider answered. Any: `whole`, `number`, `rials` and `objects` read it."""
State: TypeAlias = tuple[DeliveryState, str]
Report: TypeAlias = tuple[str, State]
Read = TypeVar("Read")
_log = log.get("providers")
UNREADABLE = "The provider of SMS answered in a form that cannot be read."
LIMIT = 4 * 1024 * 1024
# Of a list of texts that came in, a hundred on each.
PAGES = 500
# No message and no credit costs or holds more; what does is a provider's slip.
MOST_RIALS = 10**13
# A proxy before the provider refused the whole call: credentials, address, rate.
REFUSED_BY_PROXY = (401, 403, 404, 405, 429)
# The library logs the address of each call, and Kavenegar's has our key in it.
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)


def ask(method: str, url: str, timeout: float, **options: Any) -> Json:
    """Return the answer as an object, whatever its HTTP status below 500: a provider that refuses
    sends its own code in it. ``options`` are those of `requests.request`. Unavailable
    ``provider.unreachable`` or ``provider.unreadable``: whether it acted is not known then.
    """
    try:
        return _exchange(method, url, timeout, **options)
    except outside.NoAnswer as error:
        raise away(error.reason) from None


def hand_over(url: str, timeout: float, **options: Any) -> Json:
    """Return the answer to messages that are sent by POST. As ``ask``, but ProviderRefused where
    there was no connection, or a page of a proxy before the provider: then nothing was taken.
    """
    try:
        return _exchange("POST", url, timeout, **options)
    except _Page as page:
        if page.status in REFUSED_BY_PROXY:
            raise ProviderRefused(
                "The provider refuses our access.", provider_code=page.status
            ) from None
        raise
    except outside.NoAnswer as error:
        if error.unsent:
            raise ProviderRefused(
                "The provider cannot be reached.", provider_code=error.reason
            ) from None
        raise away(error.reason) from None


def _exchange(method: str, url: str, timeout: float, **options: Any) -> Json:
    headers = {"Accept": "application/json", **options.pop("headers", {})}
    status, body = outside.exchange(
        method, url, timeout=timeout, limit=LIMIT, headers=headers, **options
    )
    if status >= 500:  # noqa: PLR2004 - HTTP's own number
        raise away(str(status))
    reply = odd_texts.read_json(body) if len(body) <= LIMIT else None
    if not isinstance(reply, dict):
        raise _Page(status)
    return reply


class _Page(Unavailable):
    """An answer that is no object, with its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(UNREADABLE, code="provider.unreadable", why=f"status {status}, no object")
        self.status = status

    @property
    def kind(self) -> str:
        return Unavailable.__name__


def refused(
    messages: Sequence[Sms], code: int, kinds: Mapping[int, DeliveryState | None]
) -> list[HandoverResult]:
    """Return what a code for a whole call means: in ``kinds``, a state where it is about a message,
    None where it is about our account. Any other code proves nothing: Unavailable.
    """
    if code not in kinds:
        raise unreadable(f"code {code}")
    state = kinds[code]
    if state is None:
        raise ProviderRefused("The provider refuses the call.", provider_code=code)
    if len(messages) > 1:
        raise MessageRefused("The provider refuses one of the messages.", provider_code=code)
    return [HandoverResult(messages[0].ref, state, code=str(code))]


def objects(value: object, count: int | None = None) -> list[Json]:
    """Check a list of objects, and their number if ``count`` is given. Unavailable
    ``provider.unreadable``.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise unreadable("no list of objects")
    if count not in (None, len(value)):
        raise unreadable("another number of answers")
    return value


def read_each(value: object, read: Callable[[Json], Read | None]) -> list[Read]:
    """What ``read`` makes of each entry of a list, without what it makes None of: one that cannot
    be read is seen in the log and keeps nothing of the others. Unavailable ``provider.unreadable``
    if it is no list, or nothing of it can be read.
    """
    if not isinstance(value, list):
        raise unreadable("no list of objects")
    results, faults = [], 0
    for entry in value:
        try:
            result = read(*objects([entry]))
        except Unavailable:
            faults += 1
            continue
        if result is not None:
            results.append(result)
    if faults and faults == len(value):
        raise unreadable("no entry can be read")
    if faults:
        _log.warning("entries_unreadable", count=faults)
    return results


def state_of(code: int, states: Mapping[int, DeliveryState]) -> State | None:
    """What a provider's code says of a message, and the code; None for one that is not known."""
    return (states[code], str(code)) if code in states else None


def report_of(entry: Json, name: str, states: Mapping[int, DeliveryState]) -> Report | None:
    """The provider's number of a message, which is called ``name``, and what became of it; None
    where its code is not known. Unavailable ``provider.unreadable``.
    """
    state = state_of(whole(entry.get("status")), states)
    return (str(whole(entry.get(name))), state) if state else None


def one_by_one(
    refs: Sequence[str], state: Callable[[str], tuple[DeliveryState, str] | None]
) -> dict[str, tuple[DeliveryState, str]]:
    """Return the states of messages that are asked for one at a time. Answers before a failure
    count; the others are asked for again later. Unavailable if the first one fails.
    """
    states: dict[str, tuple[DeliveryState, str]] = {}
    for ref in refs:
        try:
            result = state(ref)
        except Unavailable:
            if not states:
                raise
            break
        if result is not None:
            states[ref] = result
    return states


def whole(value: object) -> int:
    """A whole number, as a number or as digits. Unavailable ``provider.unreadable``."""
    number = outside.whole(value)
    if number is None:
        raise unreadable("no whole number")
    return number


def number(value: object) -> str:
    """A provider's own number of a message, which is above 0. Unavailable
    ``provider.unreadable``.
    """
    number_ = whole(value)
    if number_ <= 0:
        raise unreadable("no number of a message")
    return str(number_)


def rials(value: object) -> int | None:
    """A sum of money as providers write it, cut to whole rials; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        whole_rials = int(float(value))
    except (ValueError, OverflowError):
        return None
    return whole_rials if abs(whole_rials) <= MOST_RIALS else None


def away(reason: str) -> Unavailable:
    """The provider did not answer: nothing is known."""
    return Unavailable(
        "The provider of SMS did not answer.", code="provider.unreachable", why=reason
    )


def unreadable(reason: str) -> Unavailable:
    """The provider answered in a form that cannot be read: nothing is known."""
    return Unavailable(UNREADABLE, code="provider.unreadable", why=reason)
