"""Metrics of one service's database and of its outbox and inbox, as its relay reads them.

Each reading is by a short connection of its own, at most once in five seconds; what cannot be read
has no value, rather than an old one. Everything here may be read by any role: no right is needed.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psycopg2
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bus.database.hosts import connect
from bus.database.probe import STANDING, Standing

KEPT_SECONDS = 5.0
CONNECT_SECONDS = 2
OPTIONS = "-c statement_timeout=1500 -c lock_timeout=500 -c timezone=UTC"
# Of the sessions of this database; those of other roles do not show what they do.
STATES = ("active", "idle", "idle in transaction", "waiting for a lock", "unknown")
SESSIONS = """
    select case when wait_event_type = 'Lock' then 'waiting for a lock'
        when state like 'idle in transaction%' then 'idle in transaction'
        when state in ('active', 'idle') then state else 'unknown' end, count(*)::int
    from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    group by 1"""
NUMBERS = """
    select (select sum(numbackends)::int from pg_stat_database),
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int,
        coalesce((select extract(epoch from max(now() - waitstart)) from pg_locks
            where not granted and pid in (
                select pid from pg_stat_activity where datname = current_database())), 0)::float,
        coalesce((select extract(epoch from max(now() - xact_start)) from pg_stat_activity
            where datname = current_database() and backend_type = 'client backend'), 0)::float,
        pg_database_size(current_database()),
        pg_is_in_recovery()::int,
        coalesce((select extract(epoch from now() - min(at)) from inbox), 0)::float,
        deadlocks, xact_commit, xact_rollback, blks_read, blks_hit
    from pg_stat_database where datname = current_database()"""
# What keeps its place in the WAL: standbys, and the archive of backups.
SLOTS = """
    select slot_name, active::int, case when pg_is_in_recovery() then null
        else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float end
    from pg_replication_slots where slot_type = 'physical' order by slot_name"""
GAUGES = (
    ("mirab_database_connections", "Connections of all databases of the server"),
    ("mirab_database_connections_most", "Connections that the server lets services have"),
    ("mirab_database_lock_wait_seconds", "How long the oldest session has waited for a lock"),
    ("mirab_database_transaction_seconds", "Age of the oldest open transaction of the service"),
    ("mirab_database_bytes", "Size of the database"),
    ("mirab_database_standby", "1 if the server is a standby, which takes no changes"),
    ("mirab_inbox_oldest_seconds", "Age of the oldest message that the inbox remembers"),
)
COUNTERS = (
    ("mirab_database_deadlocks", "Deadlocks"),
    ("mirab_database_commits", "Transactions committed"),
    ("mirab_database_rollbacks", "Transactions rolled back"),
    ("mirab_database_blocks_read", "Blocks read from the disk"),
    ("mirab_database_blocks_hit", "Blocks that were in memory"),
)
OUTBOX = (
    ("mirab_relay_unsent", "Messages that wait in the outbox"),
    ("mirab_relay_oldest_seconds", "Age of the oldest of them"),
    ("mirab_relay_unacknowledged", "Commands and Events that a receiver has not acknowledged"),
    ("mirab_relay_unacknowledged_oldest_seconds", "Age of the oldest of them"),
    ("mirab_relay_died", "Commands and Events that died at a receiver"),
)


Family = GaugeMetricFamily | CounterMetricFamily


class Reading(NamedTuple):
    """What was read at one moment: the numbers in the order of GAUGES and COUNTERS."""

    standing: Standing
    sessions: dict[str, int]
    numbers: Sequence[float]
    slots: Sequence[tuple[str, int, float | None]]


class DatabaseMeasures(Collector):
    """Reads the database that ``of`` named; before that, no family has a value."""

    def __init__(self) -> None:
        self._service, self._url = "", ""
        self._lock = threading.Lock()
        self._reading: Reading | None = None
        self._at = -KEPT_SECONDS

    def of(self, service: str, url: str) -> None:
        """Say whose database is to be read, and where it is."""
        self._service, self._url = service, url

    def describe(self) -> list[Metric]:
        """Nothing: whoever registers this does not wait for a database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the families, for prometheus_client."""
        reading = self._newest() if self._url else None
        yield from self._outbox(reading)
        yield from self._sessions(reading)
        yield from self._slots(reading)

    def _newest(self) -> Reading | None:
        with self._lock:
            if time.monotonic() - self._at >= KEPT_SECONDS:
                try:
                    self._reading = self._read()
                except psycopg2.Error:
                    self._reading = None
                self._at = time.monotonic()
            return self._reading

    def _read(self) -> Reading:
        with (
            contextlib.closing(connect(self._url, CONNECT_SECONDS, options=OPTIONS)) as connection,
            connection.cursor() as cursor,
        ):
            rows = []
            for statement in (STANDING, SESSIONS, NUMBERS, SLOTS):
                cursor.execute(statement)
                rows.append(cursor.fetchall())
        (standing,), sessions, (numbers,), slots = rows
        return Reading(Standing._make(standing), dict(sessions), numbers, slots)

    def _outbox(self, reading: Reading | None) -> Iterator[Metric]:
        for number, (name, doc) in enumerate(OUTBOX):
            family = GaugeMetricFamily(name, doc, labels=["service"])
            if reading:
                family.add_metric([self._service], reading.standing[number])
            yield family
        for number, (name, doc) in enumerate((*GAUGES, *COUNTERS)):
            counts = number >= len(GAUGES)
            kind: type[Family] = CounterMetricFamily if counts else GaugeMetricFamily
            total = kind(name, doc, labels=["service"])
            if reading:
                total.add_metric([self._service], float(reading.numbers[number]))
            yield total

    def _sessions(self, reading: Reading | None) -> Iterator[Metric]:
        sessions = GaugeMetricFamily(
            "mirab_database_sessions", "Sessions by what they do", labels=["service", "state"]
        )
        for state in STATES if reading else ():
            assert reading is not None
            sessions.add_metric([self._service, state], reading.sessions.get(state, 0))
        yield sessions

    def _slots(self, reading: Reading | None) -> Iterator[Metric]:
        active = GaugeMetricFamily(
            "mirab_database_slot_active", "1 if a standby or archive reads it", labels=["slot"]
        )
        behind = GaugeMetricFamily(
            "mirab_database_slot_behind_bytes", "What it has not taken yet", labels=["slot"]
        )
        for name, reads, lag in reading.slots if reading else ():
            active.add_metric([name], reads)
            if lag is not None:
                behind.add_metric([name], lag)
        yield from (active, behind)


DATABASE = DatabaseMeasures()
REGISTRY.register(DATABASE)
