"""Reading the log of receipts as anybody may: heads and entries, bounded in size and time."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

import requests

from bus.evidence.errors import unreadable
from bus.evidence.notes import LONGEST_NOTE
from bus.evidence.strict_json import read_json
from bus.wire import Wire
from connector.outcomes import Unreachable
from connector.sending import base_of

ENTRIES_AT_ONCE, LONGEST_REPLY = 1000, 16_000_000  # bytes
TRIES, PAUSE, TOO_MANY = 5, 1.0, 429
AGAIN = {TOO_MANY, 502, 503, 504}


class LogClient:
    """The log at one address; ``timeout`` is in seconds, for each request."""

    def __init__(self, url: str, *, session: requests.Session, timeout: float) -> None:
        self._url, self._session, self._timeout = base_of(url), session, timeout

    def checkpoint(self) -> bytes:
        """The newest signed head, as it came. Unreachable if it does not come."""
        return self._get("/v1/log/checkpoint", LONGEST_NOTE)

    def entries(self, start: int, size: int) -> Iterator[tuple[int, bytes]]:
        """The leaves from ``start`` up to ``size`` with their places, as they came.

        Ends early if the log has none at a place; EvidenceError if it answers something else.
        """
        place = start
        while place < size:
            query = urlencode({"start": place, "limit": min(ENTRIES_AT_ONCE, size - place)})
            leaves = _leaves(self._get(f"/v1/log/entries?{query}", LONGEST_REPLY), place)
            if not leaves:
                return
            for leaf in leaves[: size - place]:
                yield place, leaf.encode()
                place += 1

    def _get(self, path: str, limit: int) -> bytes:
        for attempt in range(1, TRIES + 1):
            status, body = self._once(path, limit)
            if status not in AGAIN or attempt == TRIES:
                break
            time.sleep(PAUSE)
        if status != requests.codes.ok:
            raise Unreachable(f"{self._url}{path} answered {status}; is it the agency face?")
        return body

    def _once(self, path: str, limit: int) -> tuple[int, bytes]:
        return fetch(self._session, self._url + path, limit=limit, timeout=self._timeout)


def fetch(session: requests.Session, url: str, *, limit: int, timeout: float) -> tuple[int, bytes]:
    """The status and the body behind an address, which may be as long as ``limit`` bytes.

    Unreachable if there is no answer in time, or a longer one.
    """
    end, body = time.monotonic() + timeout, bytearray()
    try:
        with session.get(url, stream=True, timeout=timeout, allow_redirects=False) as answer:
            for chunk in answer.iter_content(65536):
                body += chunk
                if len(body) > limit or time.monotonic() > end:
                    raise Unreachable(f"{url} sends more than {limit} bytes, or too slowly.")
            return answer.status_code, bytes(body)
    except requests.RequestException as error:
        raise Unreachable(f"{url} did not answer ({type(error).__name__}).") from error


def _leaves(body: bytes, start: int) -> list[str]:
    document: Wire = read_json(body)
    leaves = document.get("leaves") if isinstance(document, dict) else None
    if not isinstance(leaves, list) or not all(isinstance(leaf, str) for leaf in leaves):
        raise unreadable(f"The log's entries from {start} on are no list of texts.")
    if document.get("start") != start:
        raise unreadable(f"The log gave entries from another place than {start}.")
    return leaves
