"""Compares what was staged with what is known, and writes the difference; set-based SQL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes it small
from psycopg2.sql import SQL, Composable, Identifier, Literal

from services.inquiry.domain.registry.cells import Fault, fault
from services.inquiry.registry_import import statements
from services.inquiry.registry_import.sheets import LoadFailed
from services.inquiry.registry_import.staging import streamed

REMOVABLE = 0.05
# One member of a list may always go, unless the sheet is empty.
FEW_MEMBERS = 1


@dataclass(frozen=True)
class Changes:
    """How many sources and decrees differ from what was known, and how many unread keys."""

    added: int
    changed: int
    removed: int
    decrees_changed: int
    unread_changed: int

    @property
    def data(self) -> bool:
        """True if a source or a decree differs."""
        return any((self.added, self.changed, self.removed, self.decrees_changed))

    def __bool__(self) -> bool:
        return self.data or self.unread_changed > 0


def staged(name: str) -> Identifier:
    """The staging table of a sheet."""
    return Identifier(f"load_{name}")


def repeated(cursor: Cursor, name: str) -> Iterator[tuple[int, Fault]]:
    """Take out the lines whose number (of a file or a decree) an earlier line has."""
    kind = "decree" if name == "decrees" else "file_no"
    cursor.execute("drop table if exists load_twice")
    cursor.execute(statements.TWICE.format(load=staged(name)))
    cursor.execute(statements.FORGET_TWICE.format(load=staged(name), kind=Literal(kind)))
    field = "شماره" if name == "decrees" else "شماره پرونده"
    statement = "select line, key, first_line from load_twice order by line"
    for line, key, first in streamed(cursor, statement):
        yield (
            line,
            Fault(
                field,
                f"{kind}.twice",
                f"این شماره در سطر {first} هم آمده است؛ تنها سطر نخست گرفته می‌شود.",
                f"Line {first} has the same number; only the first row is taken.",
                key,
            ),
        )


def orphans(cursor: Cursor, name: str) -> Iterator[tuple[int, Fault]]:
    """Take out the lines of partners or violations whose source was refused or is not known."""
    cursor.execute("drop table if exists load_orphans")
    cursor.execute(statements.ORPHANS.format(load=staged(name)))
    cursor.execute(statements.FORGET_ORPHANS.format(load=staged(name)))
    statement = "select line, key, refused from load_orphans order by line"
    for line, key, refused in streamed(cursor, statement):
        code, reason = (
            ("file_no.source_refused", "The row of this file in the sheet of sources was refused.")
            if refused
            else ("file_no.unknown", "No source of this file number was imported or is known.")
        )
        yield line, fault("شماره پرونده", code, reason, key)


def compare(cursor: Cursor, unread: Mapping[str, bool], *, allow_removals: bool) -> Changes:
    """Compute what differs from the known; LoadFailed ``load.removals`` if too much would vanish.

    Nothing of a sheet counts as missing that could not be read whole (``unread``), nor while it has
    a row of which nobody can say whose it is.
    """
    keep = {
        name: not allow_removals and (unread[name] or _has_unattributed(cursor, name))
        for name in ("sources", "partners", "violations", "decrees")
    }
    cursor.execute(statements.REFUSED)
    cursor.execute(statements.BASES)
    cursor.execute("analyze load_bases")
    cursor.execute(
        statements.CHANGES,
        {
            "keep": not allow_removals,
            "keep_partners": keep["partners"],
            "keep_violations": keep["violations"],
        },
    )
    cursor.execute("analyze load_changes")
    cursor.execute(statements.GONE)
    cursor.execute(statements.DECREE_CHANGES)
    cursor.execute(statements.DECREES_GONE)
    _keep(cursor, sources=keep["sources"], decrees=keep["decrees"])
    cursor.execute(statements.UNREAD)
    cursor.execute(statements.UNREAD_CHANGES)
    added, changed, removed, decrees, decrees_gone, unread_changed = _numbers(
        cursor, statements.COUNTS
    )
    if not allow_removals:
        _guard(cursor, "sources", "source_versions", removed)
        _guard(cursor, "decrees", "decrees", decrees_gone)
        for members in statements.SAME:
            _guard_members(cursor, members)
    return Changes(added, changed, removed, decrees + decrees_gone, unread_changed)


def write(cursor: Cursor, changes: Changes, bad_rows: int, floor: int) -> int:
    """Write the difference as a new data version above ``floor``; return its number."""
    cursor.execute(
        statements.NEW_VERSION,
        (floor, changes.added, changes.changed, changes.removed, changes.decrees_changed, bad_rows),
    )
    ((version, known_from),) = cursor.fetchall()
    for statement in statements.WRITES:
        cursor.execute(statement, {"version": version, "known_from": known_from})
    return int(version)


def _keep(cursor: Cursor, *, sources: bool, decrees: bool) -> None:
    """Take back what would vanish for want of rows that could not be read."""
    cursor.execute(
        "create temp table load_kept on commit drop as select id, file_no from load_gone limit 0"
    )
    if sources:
        cursor.execute("insert into load_kept select id, file_no from load_gone")
        cursor.execute("truncate load_gone")
    if decrees:
        cursor.execute("truncate load_decrees_gone")


def _has_unattributed(cursor: Cursor, name: str) -> bool:
    statement = SQL(
        "select exists (select from {load} "
        "where item is null and key is null and other is null)::int"
    )
    (exists,) = _numbers(cursor, statement.format(load=staged(name)))
    return bool(exists)


def _guard(cursor: Cursor, subject: str, table: str, missing: int) -> None:
    statement = SQL("select count(*) from {table} where known_to is null")
    (total,) = _numbers(cursor, statement.format(table=Identifier(table)))
    if missing > REMOVABLE * total:
        raise _too_many(subject, missing, total)


def _guard_members(cursor: Cursor, members: str) -> None:
    """Refuse a sheet of partners or violations that was cut at a line's end: it looks whole."""
    same = statements.SAME[members]
    missing, total = _numbers(
        cursor, statements.MEMBERS.format(members=Literal(members), same=same)
    )
    is_empty = SQL("select (not exists (select from {load}))::int").format(load=staged(members))
    (empty,) = _numbers(cursor, is_empty)
    if missing > REMOVABLE * total and (missing > FEW_MEMBERS or empty):
        raise _too_many(members, missing, total)


def _numbers(cursor: Cursor, statement: str | Composable) -> tuple[int, ...]:
    """Run a statement that returns one row of numbers."""
    cursor.execute(statement)
    (row,) = cursor.fetchall()
    return row


def _too_many(subject: str, missing: int, total: int) -> LoadFailed:
    return LoadFailed(
        "load.removals",
        f"{missing} of {total} known {subject} are not in this export, which is more than "
        f"{REMOVABLE:.0%}; if that is right, load it with --allow-removals.",
    )
