"""The chore that reads holidays from the configured address once a day, outside of any transaction.

What is read changes nothing of the calendar; what could not be read leaves what was read before.
"""

import datetime as dt
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from bus.database.store import Store
from bus.errors import BusError, Unavailable
from bus.foreign.address import place
from bus.foreign.pinned import NotReached, PinnedClient
from bus.process import log
from bus.process.called import calling
from bus.process.version import release
from bus.settings import Settings
from contracts.ticketing.calendars.holidays import FILE_MOST
from services.ticketing.context import SYSTEM
from services.ticketing.holidays import acts, ical, rows
from services.ticketing.holidays.rows import ADDRESS, SourceRow

_log = log.get("holidays")
SECONDS, OK = 30.0, 200
# After a day it is read again; after an hour if it could not be.
A_DAY, AN_HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
# So long after it was read last somebody is called: a day off is published days before.
UNREAD = dt.timedelta(days=2)
HEADERS: Mapping[str, str] = {
    "Accept": "text/calendar",
    "Accept-Encoding": "identity",
    "User-Agent": f"mirab/{release()}",
}


class _Unread(Exception):
    """The address cannot be read; ``code`` is shown to colleagues in words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_when_due(store: Store, settings: Settings, now: Callable[[], dt.datetime]) -> None:
    """Read the address of HOLIDAYS_ADDRESS, if there is one and its time has come."""
    url = settings.get("HOLIDAYS_ADDRESS")
    if not url:
        return
    with store.transaction() as tx:
        if not _is_due(rows.source(tx.conn, ADDRESS), now()):
            return
    client = PinnedClient(sandbox=settings.get("HOLIDAYS_SANDBOX") == "1", seconds=SECONDS)
    try:
        file = ical.read_confined(_fetch(url, client), *acts.window(now()))
    except (_Unread, BusError) as error:
        _log.warning("holidays_not_read", reason=error.code)
        with store.transaction() as tx:
            rows.note_problem(tx.conn, ADDRESS, error.code, now())
        return
    with store.transaction() as tx:
        rows.keep(tx.conn, ADDRESS, file, now(), SYSTEM)


def count_unread(conn: Connection, settings: Settings, now: dt.datetime) -> int:
    """Return 1 if there is an address and it could not be read for UNREAD, or never; else 0."""
    source = rows.source(conn, ADDRESS) if settings.get("HOLIDAYS_ADDRESS") else None
    if source is None or not source.problem:
        return 0
    return int(source.read_at is None or now - source.read_at > UNREAD)


def _is_due(source: SourceRow | None, now: dt.datetime) -> bool:
    if source is None or source.tried_at is None:
        return True
    return now - source.tried_at >= (AN_HOUR if source.problem else A_DAY)


def _fetch(url: str, client: PinnedClient) -> bytes:
    """The file at the address; no redirect is followed. Raises _Unread, BusError."""
    try:
        to = place(url, sandbox=client.sandbox)
    except BusError:
        raise _Unread("url") from None
    with calling("holidays", "address"):
        try:
            answer = client.send("GET", to, headers=HEADERS, limit=FILE_MOST)
        except NotReached as error:
            raise Unavailable(error.reason, code=error.code) from None
    if answer.status != OK:
        raise _Unread("moved" if 300 <= answer.status < 400 else "status")  # noqa: PLR2004
    if len(answer.body) > FILE_MOST:
        raise _Unread("holidays.too_large")
    return answer.body
