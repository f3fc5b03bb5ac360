"""Brings a service's database to the form that its code expects (Alembic)."""

import importlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from bus.database.store import Store


def migrate(part: str, db_url: str) -> str:
    """Runs the migrations of ``part`` (such as ``services.inquiry``); the revision reached.

    Two processes may do it at once: the second waits and finds nothing to do.
    """
    folder = Path(importlib.import_module(part).__file__ or "").parent / "migrations"
    store = Store(db_url, source="migrate")
    config = Config()
    config.set_main_option("script_location", str(folder))
    with store.engine.begin() as conn:
        conn.exec_driver_sql("set local statement_timeout = 0")
        conn.exec_driver_sql("set local lock_timeout = 0")
        conn.exec_driver_sql("select pg_advisory_xact_lock(hashtext('migrate'))")
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
        grant_to_role(conn, part.rsplit(".", 1)[-1])
        reached = conn.exec_driver_sql("select version_num from alembic_version").scalar_one()
    store.engine.dispose()
    return str(reached)


GRANTS = """
do $$
declare kept regclass;
begin
    if not exists (select from pg_roles where rolname = '{role}') then
        return;
    end if;
    grant usage on schema public to {role};
    grant select, insert, update, delete on all tables in schema public to {role};
    grant usage, select on all sequences in schema public to {role};
    for kept in select distinct t.tgrelid::regclass from pg_trigger t
        join pg_proc p on p.oid = t.tgfoid where p.proname = 'refuse_change' loop
        execute format('revoke update, delete on %s from {role}', kept);
    end loop;
end $$
"""


def grant_to_role(conn: Connection, role: str) -> None:
    """Lets the service's own role, if there is one, read and write, but change no kept row.

    Tables whose triggers call ``refuse_change`` only grow; a role that is no superuser and owns
    nothing can then not get around those triggers either.
    """
    conn.exec_driver_sql(GRANTS.format(role=role).replace("%", "%%"))
