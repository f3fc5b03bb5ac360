"""The chore that reads the key sets of agencies, outside of any transaction.

The addresses are agencies' words: each is called as call-backs are (bus/foreign/pinned.py), several
side by side, so that one that hangs holds up no other.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from bus.errors import BusError, Unavailable
from bus.foreign.address import place
from bus.foreign.pinned import Answer, NotReached, PinnedClient
from bus.process.called import calling
from bus.process.version import release
from services.agencies.register.key_sets import DueSet
from services.agencies.register.published_keys import LONGEST

SECONDS, SIDE_BY_SIDE, OK = 5.0, 8, 200
HEADERS: Mapping[str, str] = {
    "Accept": "application/jwk-set+json, application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"mirab/{release()}",
}


class Reading(NamedTuple):
    """What came of reading a key set: its body, or why there is none."""

    due: DueSet
    body: bytes
    fault: str


def read_all(due: Sequence[DueSet], client: PinnedClient, note: Callable[[Reading], None]) -> None:
    """Read key sets side by side, and ``note`` each as it came."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for reading in pool.map(lambda due_set: read(due_set, client), due):
            note(reading)


def read(due: DueSet, client: PinnedClient) -> Reading:
    """Read one key set; no redirect is followed, and what is too long is cut."""
    try:
        with calling("key_set", "agencies"):
            answer = _answer(due.url, client)
    except Unavailable as error:
        return Reading(due, b"", error.code)
    except BusError:
        return Reading(due, b"", "url")
    if answer.status != OK:
        return Reading(due, b"", f"status_{answer.status}")
    return Reading(due, answer.body, "")


def _answer(url: str, client: PinnedClient) -> Answer:
    try:
        to = place(url, sandbox=client.sandbox)
        return client.send("GET", to, headers=HEADERS, limit=LONGEST)
    except NotReached as error:
        raise Unavailable(error.reason, code=error.code) from None
