"""Brings a service's database to the form that its code expects (Alembic)."""

import importlib
from pathlib import Path

from alembic import command
from alembic.config import Config

from bus.store import Store


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
        reached = conn.exec_driver_sql("select version_num from alembic_version").scalar_one()
    store.engine.dispose()
    return str(reached)
