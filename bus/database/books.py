"""A service's book: a document of TOML in versions, of which the newest is in force.

What is wrong in a file is told with its place, all at once, and nothing is changed then. The table
is ``books (version, document)`` of the service's own database.
"""

import argparse
import datetime as dt
import sys
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
from marshmallow import Schema, ValidationError
from sqlalchemy import Connection, text

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.errors import BusError
from bus.settings import MissingSettings, Settings


class BadBook(Exception):
    """The book cannot be taken; ``faults`` says where and why."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read(folder: Path, schema: Schema, but: Collection[str] = ()) -> dict[str, Any]:
    """The document of all .toml files of a folder, ``but`` these; lists of one name are joined.
    Raises BadBook or OSError.
    """
    told: dict[str, Any] = {}
    paths = sorted(path for path in folder.glob("*.toml") if path.name not in but)
    if not paths:
        raise BadBook([f"{folder} holds no .toml file"])
    for path in paths:
        try:
            part = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadBook([f"{path.name}: {error}"]) from None
        for name, value in part.items():
            both = isinstance(value, list) and isinstance(told.get(name), list)
            told[name] = told[name] + value if both else value
    return check(told, schema)


def check(told: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The document in canonical form. Raises BadBook."""
    try:
        loaded: dict[str, Any] = schema.load(orjson.loads(orjson.dumps(told)))
    except ValidationError as error:
        raise BadBook(sorted(_faults(error.messages))) from None
    return loaded


def _faults(messages: Any, path: str = "") -> list[str]:
    if isinstance(messages, dict):
        return [
            fault
            for name, inner in messages.items()
            for fault in _faults(inner, path if name == "_schema" else f"{path}.{name}".strip("."))
        ]
    return [f"{path}: {str(m).split('|')[-1]}".lstrip(": ") for m in messages]


def keep(conn: Connection, document: Mapping[str, Any]) -> int:
    """Makes the document the newest version, unless it is that already; the version."""
    conn.execute(text("lock table books in share row exclusive mode"))
    found = newest(conn)
    if found is not None and found[1] == document:
        return found[0]
    version = found[0] + 1 if found else 1
    conn.execute(
        text("insert into books (version, document) values (:version, cast(:told as jsonb))"),
        {"version": version, "told": orjson.dumps(document).decode()},
    )
    return version


def newest(conn: Connection) -> tuple[int, dict[str, Any]] | None:
    """Version and document of the book in force; None if none was imported."""
    found = conn.execute(
        text("select version, document from books order by version desc limit 1")
    ).one_or_none()
    return (int(found.version), found.document) if found else None


def with_days(document: Mapping[str, Any], dated: Collection[str]) -> dict[str, Any]:
    """The document with the first and last days of its ``dated`` rows as dates."""
    told = dict(document)
    for name in dated:
        told[name] = [
            {**row, "from": _day(row["from"]), "to": _day(row["to"])} for row in document[name]
        ]
    return told


def faults_in_days(
    rows: Sequence[Mapping[str, Any]], name: str, by: str = "", *, gaps: bool = True
) -> list[str]:
    """Where dated rows (days as ISO text) of one kind overlap or leave days out.

    ``by`` is the member that tells kinds apart. On each day exactly one row of a kind holds, or an
    accident would choose.
    """
    kinds: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(row.get(by), []).append(row)
    faults = []
    for kind, alike in kinds.items():
        place = f"{name} {kind}" if kind else name
        ordered = sorted(alike, key=lambda row: row["from"])
        for row in ordered:
            if row["to"] and row["to"] < row["from"]:
                faults.append(f"{place}: the row from {row['from']} ends before it begins")
        for earlier, later in pairwise(ordered):
            if not earlier["to"] or earlier["to"] >= later["from"]:
                faults.append(
                    f"{place}: the row from {earlier['from']} reaches into that from "
                    f"{later['from']}; give it a last day before"
                )
            elif gaps and _next(earlier["to"]) < later["from"]:
                faults.append(f"{place}: no row holds between {earlier['to']} and {later['from']}")
    return faults


def _next(day: str) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()


def last_day(rows: Sequence[Mapping[str, Any]], by: str = "") -> dt.date | None:
    """The day after which one kind of dated rows (days as dates) has no row any more; None if each
    goes on without an end.
    """
    kinds: dict[Any, list[dt.date | None]] = {}
    for row in rows:
        kinds.setdefault(row.get(by), []).append(row["to"])
    ends = [max(d for d in days if d) for days in kinds.values() if None not in days]
    return min(ends, default=None)


def _day(told: str | None) -> dt.date | None:
    return dt.date.fromisoformat(told) if told else None


def main(
    argv: list[str] | None,
    part: str,
    read: Callable[[Path], dict[str, Any]],
    whose: str,
    keep: Callable[[Connection, dict[str, Any]], int] = keep,
) -> int:
    """Imports a folder, as `python -m services.<part>.books FOLDER`. 0: imported; 1: nothing was
    changed, and stderr says why.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{part}.books", description=f"Imports the book of {whose}."
    )
    parser.add_argument("folder", type=Path, help="folder of the book's .toml files")
    parser.add_argument("--check", action="store_true", help="only say whether it is good")
    given = parser.parse_args(argv)
    try:
        document = read(given.folder)
        if not given.check:
            with Store(Settings().text("DB_URL"), source="books").transaction() as tx:
                version = keep(tx.conn, document)
                note_command(tx.conn, f"{part}.books", folder=str(given.folder), version=version)
            print(f"Version {version} of the book of {whose} is in force.")
    except BadBook as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 1
    except (BusError, MissingSettings, OSError) as error:
        print(f"The book was not imported: {error}", file=sys.stderr)
        return 1
    return 0
