"""The way to a database: to one server, or to that of several which takes changes.

DB_URL may name several hosts, as libpq has it: ``postgresql://user@one,two:5432/inquiry``. After a
failover the new primary is met without a change of settings.
"""

import contextlib
from collections.abc import Iterator
from functools import cache

import psycopg2
from psycopg2 import extensions
from psycopg2.extensions import get_wait_callback, make_dsn, parse_dsn
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

# Of one server, and of each of several: one that is gone without a word must not hold up who has
# another.
CONNECT_SECONDS, EACH_SECONDS = 5, 2
# By these a session learns that its server is gone without a word, not by a statement's timeout.
GONE = {
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


class Hosts:
    """The servers that a URL names; the one that let us in last is tried first."""

    def __init__(self, url: str) -> None:
        self._dsns = each_host(url)
        self._last = 0

    def connect(self, seconds: int = CONNECT_SECONDS, **options: object) -> extensions.connection:
        """A session; ``options`` are those of psycopg2.connect.

        psycopg2.OperationalError of the last that refused, if none lets us in; of several hosts
        those that take no changes refuse too.
        """
        if len(self._dsns) == 1:
            return _connect(self._dsns[0], seconds, options)
        for number in (*range(self._last, len(self._dsns)), *range(self._last)):
            try:
                session = _connect(self._dsns[number], min(seconds, EACH_SECONDS), options)
            except psycopg2.OperationalError as error:
                refused = error
            else:
                self._last = number
                return session
        raise refused


@cache
def hosts(url: str) -> Hosts:
    """The servers of a URL, as all of this process know them."""
    return Hosts(url)


def connect(url: str, seconds: int = CONNECT_SECONDS, **options: object) -> extensions.connection:
    """A session with the database of a URL, by ``Hosts.connect``."""
    return hosts(url).connect(seconds, **options)


def each_host(url: str) -> list[str]:
    """How each server of a URL is reached, alone; of several only one that takes changes."""
    parts = parse_dsn(url)
    names = parts.get("host", "").split(",")
    if len(names) == 1:
        return [url]
    ports = parts.get("port", "").split(",")
    ports = ports if len(ports) == len(names) else ports * len(names)
    parts.setdefault("target_session_attrs", "read-write")
    return [
        make_dsn(**{**parts, "host": name, "port": port or "5432"})
        for name, port in zip(names, ports, strict=True)
    ]


def address(url: str) -> URL:
    """What a database is called: by the first of its servers, and without a password.

    ArgumentError, as SQLAlchemy has it, for what is no address of a database.
    """
    try:
        parts = parse_dsn(url)
    except psycopg2.ProgrammingError as error:
        raise ArgumentError(str(error)) from error
    port = parts.get("port", "").partition(",")[0]
    return URL.create(
        "postgresql+psycopg2",
        username=parts.get("user"),
        host=parts.get("host", "").partition(",")[0] or None,
        port=int(port) if port else None,
        database=parts.get("dbname"),
    )


def _connect(dsn: str, seconds: int, options: dict[str, object]) -> extensions.connection:
    with _within(seconds):
        return psycopg2.connect(dsn, **{"connect_timeout": seconds, **GONE, **options})  # type: ignore[call-overload,no-any-return]  # libpq's own options


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Under green threads libpq's own time-out does not count: it leaves that to who waits."""
    if get_wait_callback() is None:
        yield
        return
    import eventlet

    with eventlet.Timeout(seconds + 1, psycopg2.OperationalError("the server does not answer")):
        yield
