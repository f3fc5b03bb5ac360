"""Settings books: TOML documents of a service, kept in versions of which the newest is in force.

All faults of a file are reported at once, each with its place, and nothing is changed then. The
versions stand in the table ``books (version, document)`` of the service's own database.
"""

import argparse
import datetime as dt
import sys
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import orjson
from marshmallow import Schema, ValidationError
from sqlalchemy import Connection, Integer, column, insert, select, table, text
from sqlalchemy.dialects.postgresql import JSONB

from bus.database.commands_run import note_command
from bus.database.rows import WRITTEN_BY, Kept
from bus.database.store import Store
from bus.errors import BusError
from bus.settings import MissingSettings, Settings
from bus.wire import Wire

# A table of TOML. Any: what stands in it is checked by the schema of its book.
Row = Mapping[str, Any]
Book = TypeVar("Book")
_BOOKS = table("books", column("version", Integer), column("document", JSONB))
_MARK = select(_BOOKS.c.version, WRITTEN_BY).order_by(_BOOKS.c.version.desc()).limit(1)


class BadBook(Exception):
    """The book is refused; ``faults`` says where and why."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read(folder: Path, schema: Schema, but: Collection[str] = ()) -> Wire:
    """Return the document of all .toml files of a folder, ``but`` these; lists of one name are
    joined. Raises BadBook or OSError.
    """
    document: Wire = {}
    paths = sorted(path for path in folder.glob("*.toml") if path.name not in but)
    if not paths:
        raise BadBook([f"{folder} holds no .toml file"])
    for path in paths:
        try:
            part = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadBook([f"{path.name}: {error}"]) from None
        for name, value in part.items():
            both = isinstance(value, list) and isinstance(document.get(name), list)
            document[name] = document[name] + value if both else value
    return check(document, schema)


def check(document: Row, schema: Schema) -> Wire:
    """Return the document in canonical form. Raises BadBook."""
    try:
        loaded: Wire = schema.load(orjson.loads(orjson.dumps(document)))
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


def keep(conn: Connection, document: Mapping[str, object]) -> int:
    """Store the document as the newest version, unless it is that already; return the version."""
    # SQLAlchemy has no statement that locks a table.
    conn.execute(text("lock table books in share row exclusive mode"))
    current = newest(conn)
    if current is not None and current[1] == document:
        return current[0]
    version = current[0] + 1 if current else 1
    conn.execute(insert(_BOOKS).values(version=version, document=document))
    return version


def in_force(conn: Connection, kept: Kept[Book], make: Callable[[int, Wire], Book]) -> Book | None:
    """Return the book in force, which ``make`` makes once of a version and its document; None if
    none was imported.
    """
    mark = conn.execute(_MARK).one_or_none()
    return None if mark is None else kept.get(conn, tuple(mark), lambda: make(*_whole(conn)))


def _whole(conn: Connection) -> tuple[int, Wire]:
    version_and_document = newest(conn)
    assert version_and_document is not None  # its mark was read in this transaction
    return version_and_document


def newest(conn: Connection) -> tuple[int, Wire] | None:
    """Return version and document of the book in force; None if none was imported."""
    row = conn.execute(select(_BOOKS).order_by(_BOOKS.c.version.desc()).limit(1)).one_or_none()
    return (int(row.version), row.document) if row else None


def with_days(document: Row, dated: Collection[str]) -> Wire:
    """Return the document with the first and last days of its ``dated`` rows as dates."""
    dated_document = dict(document)
    for name in dated:
        dated_document[name] = [
            {**row, "from": _day(row["from"]), "to": _day(row["to"])} for row in document[name]
        ]
    return dated_document


def faults_in_days(rows: Sequence[Row], name: str, by: str = "", *, gaps: bool = True) -> list[str]:
    """List where dated rows (days as ISO text) of one kind overlap or leave days out.

    ``by`` is the member that tells kinds apart. On each day exactly one row of a kind must hold.
    """
    kinds: dict[object, list[Row]] = {}
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


def last_day(rows: Sequence[Row], by: str = "") -> dt.date | None:
    """Return the last day that has a row of each kind (days as dates); None if no kind ends."""
    kinds: dict[object, list[dt.date | None]] = {}
    for row in rows:
        kinds.setdefault(row.get(by), []).append(row["to"])
    ends = [max(d for d in days if d) for days in kinds.values() if None not in days]
    return min(ends, default=None)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def main(  # noqa: PLR0913 - in what books differ
    argv: list[str] | None,
    part: str,
    read: Callable[[Path], Wire],
    whose: str,
    keep: Callable[[Connection, Wire], int] = keep,
    replace: Callable[[Connection, Wire], int] | None = None,
) -> int:
    """Import a folder, as `python -m services.<part>.books FOLDER`; with ``--replace``, where a
    book has it, by ``replace`` instead of ``keep``.

    Exit codes: 0 imported; 1 nothing was changed, with the reasons on stderr.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{part}.books", description=f"Imports the book of {whose}."
    )
    parser.add_argument("folder", type=Path, help="folder of the book's .toml files")
    parser.add_argument("--check", action="store_true", help="only say whether it is good")
    if replace is not None:
        parser.add_argument(
            "--replace",
            dest="keep",
            action="store_const",
            const=replace,
            help="even if the book was changed elsewhere since its last import",
        )
    parser.set_defaults(keep=keep)
    arguments = parser.parse_args(argv)
    try:
        document = read(arguments.folder)
        if not arguments.check:
            with Store(Settings().text("DB_URL"), source="books").transaction() as tx:
                version = arguments.keep(tx.conn, document)
                details: dict[str, str | int | bool | None] = {
                    "folder": str(arguments.folder),
                    "version": version,
                }
                note_command(tx.conn, f"{part}.books", **details)
            print(f"Version {version} of the book of {whose} is in force.")
    except BadBook as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 1
    except (BusError, MissingSettings, OSError) as error:
        print(f"The book was not imported: {error}", file=sys.stderr)
        return 1
    return 0
