"""Databases: reached, writable, up to date, with the service's own rights and our clock."""

import contextlib
import datetime as dt
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from alembic.config import Config
from alembic.script import ScriptDirectory

from bus.database.hosts import connect
from bus.settings import Settings
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.installation import Installation
from deploy.local.postgres import SLOT

AREA = "databases"
CLOCK_SECONDS = 2.0
LONG_SECONDS = 60
FULL_SHARE = 0.8
LOOK = """
select current_user, pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',
    clock_timestamp(),
    (select count(*) from pg_stat_activity where backend_type = 'client backend'),
    current_setting('max_connections')::int,
    (select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::int
        from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()),
    to_regclass('alembic_version') is not null
"""
RIGHTS = """
select rolname, rolsuper, rolcreatedb or rolcreaterole or rolbypassrls,
    exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind = 'r' and c.relowner = r.oid)
from pg_roles r where rolname = current_user
"""


class DatabaseState(NamedTuple):
    """What one look at a database found; ``longest`` is the age of its oldest transaction, in s."""

    user: str
    is_standby: bool
    is_read_only: bool
    clock: dt.datetime
    connections: int
    most_connections: int
    longest: int
    has_migrations: bool


def look(installation: Installation) -> Iterator[Advice]:
    """Yield what is wrong with each database, or that it is well."""
    for url in list(installation.databases.values())[:1]:
        yield from _archive(url)
    for service, url in installation.databases.items():
        own = Settings(installation.parts.get(service, {})).get("DB_URL") or url
        findings = list(_database(service, url)) + list(_rights(service, own))
        yield from findings or [well(AREA, f"{service}: reached, writable and at the newest form.")]


def first_row(url: str, statement: str, *values: object) -> tuple[Any, ...] | None:
    """The first row that a statement gives; psycopg2.Error if the server does not let us in."""
    with (
        contextlib.closing(connect(url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values or None)
        row: tuple[Any, ...] | None = cursor.fetchone()  # as psycopg2 has rows
        return row


def _database(service: str, url: str) -> Iterator[Advice]:
    try:
        state = DatabaseState(*(first_row(url, LOOK) or ()))
    except psycopg2.OperationalError as error:
        reason = (str(error).strip() or "no reason given").splitlines()[0]
        yield wrong(
            AREA,
            f"{service}: the database does not let us in ({reason}).",
            "Start PostgreSQL, or correct DB_URL and the password of its role.",
        )
        return
    yield from _judge(service, state, dt.datetime.now(dt.UTC))
    if not state.has_migrations:
        yield _not_migrated(service, "no form at all")
        return
    (reached,) = first_row(url, "select version_num from alembic_version") or ("none",)
    if reached != (head := newest(service)):
        yield _not_migrated(service, f"form {reached}, and the newest is {head}")


def newest(service: str) -> str:
    """Return the newest revision of a service's migrations."""
    folder = Path(importlib.import_module(f"services.{service}").__file__ or "").parent
    config = Config()
    config.set_main_option("script_location", str(folder / "migrations"))
    return str(ScriptDirectory.from_config(config).get_current_head())


def _not_migrated(service: str, form: str) -> Advice:
    return wrong(
        AREA,
        f"{service}: the database has {form}.",
        f"Run `make migrate SERVICE={service}` (python -m bus migrate services.{service}).",
    )


def _judge(service: str, state: DatabaseState, now: dt.datetime) -> Iterator[Advice]:
    if state.is_standby or state.is_read_only:
        kind = "a standby" if state.is_standby else "read-only"
        yield wrong(
            AREA,
            f"{service}: the database is {kind}; nothing can be written.",
            "Point DB_URL at the primary (several hosts with target_session_attrs=read-write).",
        )
    if (apart := abs((state.clock - now).total_seconds())) > CLOCK_SECONDS:
        yield wrong(
            AREA,
            f"{service}: the database's clock is {apart:.0f} s from ours.",
            "Let both machines follow one time server (chrony): signatures live for minutes.",
        )
    if state.connections > FULL_SHARE * state.most_connections:
        yield doubt(
            AREA,
            f"{service}: {state.connections} of the server's {state.most_connections} connections "
            "are in use.",
            "Raise max_connections, or run fewer processes.",
        )
    if state.longest > LONG_SECONDS:
        yield doubt(
            AREA,
            f"{service}: a transaction is open for {state.longest} s.",
            "select pid, query, xact_start from pg_stat_activity order by xact_start; end it with "
            "pg_terminate_backend(pid) if nobody needs it.",
        )


def _archive(url: str) -> Iterator[Advice]:
    """Whether the changes of the server go on being written to the archive of its backups."""
    slots = "select active from pg_replication_slots where slot_name = %s"
    try:
        slot = first_row(url, slots, SLOT)
    except psycopg2.OperationalError:
        return
    if slot is None:
        return
    if slot[0]:
        yield well(AREA, "Each change is written to the archive of backups.")
    else:
        yield wrong(
            AREA,
            "Nobody writes changes to the archive of backups: what comes now cannot be restored.",
            "See the log of the part wal; then `make backup`.",
        )


def _rights(service: str, url: str) -> Iterator[Advice]:
    """The role of the service must not be able to change what only grows, or the tables."""
    try:
        user, is_super, may_more, owns = first_row(url, RIGHTS) or ("nobody", False, False, False)
    except psycopg2.OperationalError:
        return
    if is_super or may_more or owns:
        can = "everything" if is_super else "more than read and write" if may_more else "own tables"
        yield doubt(
            AREA,
            f"{service}: the service comes as {user}, who may do {can}.",
            f"Let it come as the role {service}, which deploy/database/init.sh makes.",
        )
