"""Checks that this process can work in its database: read, write, and lock every table.

A look uses a connection of its own, so that a pool in use or a session from before a failover does
not hide what new work will meet. It really writes (a row of the inbox, and takes it away again): a
database that is read-only or full refuses nothing else.
"""

import contextlib
import threading
import time
import uuid
from typing import NamedTuple

import psycopg2
import psycopg2.extensions
from psycopg2 import sql

from bus.database.faults import passing_trouble
from bus.database.hosts import connect
from bus.process.monitor import CHECK_SECONDS, KEPT_SECONDS, WELL, Finding, Running, fail, warn

CONNECT_SECONDS = 2
# Below PostgreSQL's deadlock_timeout of a second: a look gives way before it is part of a deadlock.
OPTIONS = "-c statement_timeout=1500 -c lock_timeout=800 -c timezone=UTC"
LATE_SECONDS = 60

STANDING = """
    select unsent.count, unsent.seconds, sent.count, sent.seconds, sent.died from (
        select count(*) as count,
            coalesce(extract(epoch from now() - min(coalesce(resend_at, created_at))), 0)::float
                as seconds
        from outbox where sent_at is null
    ) unsent, (
        select count(*) filter (where not awaits <@ died) as count,
            coalesce(extract(epoch from now() - min(created_at) filter (
                where not awaits <@ died)), 0)::float as seconds,
            count(*) filter (where died <> '{}') as died
        from outbox where awaits <> '{}' and sent_at is not null
    ) sent"""
WRITE = "insert into inbox (consumer, message_id, digest) values ('health', %s, '')"
TAKE_AWAY = "delete from inbox where consumer = 'health' and message_id = %s"
# Before PostgreSQL 16 a table that may only be added to could not be locked so.
TABLES = """select relname, has_table_privilege(oid, case when
            current_setting('server_version_num')::int >= 160000 then 'INSERT' else 'UPDATE' end),
            has_table_privilege(oid, 'SELECT') and has_table_privilege(oid, 'INSERT')
            from pg_class where relkind in ('r', 'p')
            and relnamespace = 'public'::regnamespace and not relispartition order by relname"""
REFUSED = "The role may not read and add to the table {table}: run the migrations."
OURS = {
    "42P01": ("database.not_migrated", "Tables are missing: run the migrations."),
    "42501": ("database.refused", "The database refuses this role its tables."),
}


class Standing(NamedTuple):
    """The outbox: messages that wait to be sent, and that were sent and that not all their
    receivers have acknowledged, each with the age of the oldest in seconds; and that died at one.
    """

    outbox_unsent: int = 0
    outbox_oldest_seconds: float = 0.0
    unacknowledged: int = 0
    unacknowledged_oldest_seconds: float = 0.0
    died: int = 0


class DatabaseProbe:
    """Looks at one database; ``standing`` is of the outbox at the last good look."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._looking: Running | None = None
        self._found, self._at = WELL, -KEPT_SECONDS
        self.standing = Standing()

    def finding(self) -> Finding:
        """What was found within the last second, or is found now; bounded, whatever hangs."""
        with self._lock:
            if time.monotonic() - self._at >= KEPT_SECONDS:
                if self._looking is None or self._looking.over:
                    self._looking = Running("database", self._look)
                self._found = self._looking.finding(time.monotonic() + CHECK_SECONDS - 0.2)
                if self._found.code == "check.hangs":
                    self._found = fail("database.busy", self._found.sentence)
                self._at = time.monotonic()
            return self._found

    def outbox(self) -> Finding:
        """The check that outgoing messages are sent in time."""
        finding = self.finding()
        if finding is not WELL:
            return warn("outbox.unknown", "Nobody knows while the database cannot be used.")
        unsent, oldest = self.standing.outbox_unsent, self.standing.outbox_oldest_seconds
        sentence = f"{unsent} unsent, oldest {oldest:.0f} s"
        if oldest >= LATE_SECONDS:
            return fail("outbox.late", sentence)
        return WELL._replace(sentence=sentence)

    def _look(self) -> Finding:
        table = ""
        try:
            with (
                contextlib.closing(
                    connect(self._url, CONNECT_SECONDS, options=OPTIONS)
                ) as connection,
                connection,
                connection.cursor() as cursor,
            ):
                self._read(cursor)
                self._write(cursor)
                cursor.execute(TABLES)
                for table, can_be_locked, may_be_used in cursor.fetchall():
                    if not may_be_used:
                        return fail("database.refused", REFUSED.format(table=table))
                    if can_be_locked:
                        lock = sql.SQL("lock table {} in row exclusive mode")
                        cursor.execute(lock.format(sql.Identifier(table)))
                return WELL
        except psycopg2.Error as error:
            return trouble_of(error, table)

    def _read(self, cursor: psycopg2.extensions.cursor) -> None:
        cursor.execute(STANDING)
        if row := cursor.fetchone():
            self.standing = Standing._make(row)

    @staticmethod
    def _write(cursor: psycopg2.extensions.cursor) -> None:
        mark = str(uuid.uuid4())
        cursor.execute(WRITE, (mark,))
        cursor.execute(TAKE_AWAY, (mark,))


# What libpq says where it believes no certificate, or gets none.
DISTRUST = (
    "certificate verify failed",
    "does not match host name",
    "root certificate file",
    "does not support SSL",
)


def distrust(error: psycopg2.Error) -> str | None:
    """Why a database's certificate is not believed, as one sentence; None for any other error."""
    lines = [line for line in str(error).splitlines() if any(sign in line for sign in DISTRUST)]
    if not lines:
        return None
    reason = lines[0].rpartition("failed: ")[2].removeprefix("SSL error: ").strip()
    return (
        f"The database's certificate is not believed ({reason}): compare DB_URL with its names, "
        "and sslrootcert with its authority."
    )


def trouble_of(error: psycopg2.Error, table: str = "") -> Finding:
    """Translate a database error for the operator."""
    if error.pgcode == "55P03":
        return fail("database.locked", f"Somebody keeps the table {table or 'inbox'} locked.")
    if error.pgcode in OURS:
        return fail(*OURS[error.pgcode])
    if sentence := distrust(error):
        return fail("database.unreachable", sentence)
    trouble = passing_trouble(error)
    if trouble is None:
        return fail("database.refused", f"The database refuses its work (SQLSTATE {error.pgcode}).")
    return fail(trouble.code, trouble.message)
