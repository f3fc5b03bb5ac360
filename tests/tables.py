"""Compares the tables that the code declares with those that the migrations make."""

import importlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.engine import Connection, make_url

from bus.database import tables as kernel

KERNEL = frozenset(kernel.metadata.tables)
OF_ALEMBIC = "alembic_version"


def differences(
    url: str,
    metadata: MetaData,
    *,
    only: Collection[str] | None = None,
    indexes: bool = False,
) -> list[str]:
    """What differs between ``metadata`` and the migrated database at ``url``; empty if nothing.

    Compared are the names of the tables, their columns with types, nullability and whether each
    has a default, and primary, unique and foreign keys; with ``indexes`` also the indexes. All
    tables but the kernel's own are compared, or those named in ``only``.
    """

    def wanted(table: str | None) -> bool:
        return table in only if only is not None else table not in (*KERNEL, OF_ALEMBIC)

    def included(item: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        table = name if kind == "table" else item.table.name
        return wanted(table) and (indexes or kind != "index")

    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg2"))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_object": included}
            )
            matches = [str(difference) for difference in compare_metadata(context, metadata)]
            return matches + _of_keys_and_defaults(connection, metadata, wanted)
    finally:
        engine.dispose()


def to_revision(url: str, service: str, act: str, revision: str) -> None:
    """Runs the migrations of a service's database ``upgrade`` or ``downgrade`` to a revision."""
    folder = Path(importlib.import_module(service).__file__ or "").parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg2"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, act)(config, revision)
    engine.dispose()


def _of_keys_and_defaults(
    connection: Connection, metadata: MetaData, wanted: Callable[[str], bool]
) -> list[str]:
    """What alembic does not compare: primary keys, and which columns the database fills."""
    inspector = inspect(connection)
    migrated = set(inspector.get_table_names())
    matches = []
    for table in metadata.tables.values():
        if not wanted(table.name) or table.name not in migrated:
            continue
        key = inspector.get_pk_constraint(table.name)["constrained_columns"]
        declared = [column.name for column in table.primary_key.columns]
        if key != declared:
            matches.append(f"{table.name}: primary key {declared} is {key} in the database")
        for column in inspector.get_columns(table.name):
            if (ours := table.columns.get(column["name"])) is None:
                continue
            fills = bool(column["default"] or column.get("identity") or column.get("computed"))
            says = bool(ours.server_default or ours.identity or ours.computed)
            if fills != says:
                where = f"{table.name}.{column['name']}"
                matches.append(f"{where}: default {says}, but {fills} in the database")
    return matches
