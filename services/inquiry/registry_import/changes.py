"""Compares what was staged with what is known, and writes the difference; set-based SQL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.inquiry.domain.registry.rows import Fault, fault
from services.inquiry.registry_import import statements as sql
from services.inquiry.registry_import.sheets import LoadFailed

REMOVABLE = 0.05
# One member of a list may always go, unless the sheet is empty.
FEW_MEMBERS = 1


@dataclass(frozen=True)
class Changes:
    """How many sources and decrees differ from what was known, and how many keys of rows that
    cannot be read.
    """

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


def repeated(cursor: Any, name: str) -> Iterator[tuple[int, Fault]]:
    """Lines whose number (of a file or a decree) an earlier line has; they are taken out."""
    kind = "decree" if name == "decrees" else "file_no"
    cursor.execute("drop table if exists load_twice")
    cursor.execute(sql.TWICE.format(name=name))
    cursor.execute(sql.FORGET_TWICE.format(name=name, kind=kind))
    cursor.execute("select line, key, first_line from load_twice order by line")
    field = "شماره" if name == "decrees" else "شماره پرونده"
    for line, key, first in cursor:
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


def orphans(cursor: Any, name: str) -> Iterator[tuple[int, Fault]]:
    """Lines of partners or violations whose source was refused or nobody knows; they are taken
    out.
    """
    cursor.execute("drop table if exists load_orphans")
    cursor.execute(sql.ORPHANS.format(name=name))
    cursor.execute(sql.FORGET_ORPHANS.format(name=name))
    cursor.execute("select line, key, refused from load_orphans order by line")
    for line, key, refused in cursor:
        code, reason = (
            ("file_no.source_refused", "The row of this file in the sheet of sources was refused.")
            if refused
            else ("file_no.unknown", "No source of this file number was imported or is known.")
        )
        yield line, fault("شماره پرونده", code, reason, key)


def compare(cursor: Any, unread: Mapping[str, bool], *, allow_removals: bool) -> Changes:
    """What differs from the known; LoadFailed ``load.removals`` if too much would vanish.

    Nothing of a sheet counts as missing that could not be read whole (``unread``), nor while it has
    a row of which nobody can say whose it is.
    """
    keep = {
        name: not allow_removals and (unread[name] or _unattributed(cursor, f"load_{name}"))
        for name in ("sources", "partners", "violations", "decrees")
    }
    cursor.execute(sql.REFUSED)
    cursor.execute(sql.BASES)
    cursor.execute("analyze load_bases")
    cursor.execute(
        sql.CHANGES,
        {
            "keep": not allow_removals,
            "keep_partners": keep["partners"],
            "keep_violations": keep["violations"],
        },
    )
    for statement in ("analyze load_changes", sql.GONE, sql.DECREE_CHANGES, sql.DECREES_GONE):
        cursor.execute(statement)
    _keep(cursor, sources=keep["sources"], decrees=keep["decrees"])
    cursor.execute(sql.UNREAD)
    cursor.execute(sql.UNREAD_CHANGES)
    cursor.execute(sql.COUNTS)
    added, changed, removed, decrees, decrees_gone, unread_changed = cursor.fetchone()
    if not allow_removals:
        _guard(cursor, "sources", "source_versions", removed)
        _guard(cursor, "decrees", "decrees", decrees_gone)
        for members in sql.SAME:
            _guard_members(cursor, members)
    return Changes(added, changed, removed, decrees + decrees_gone, unread_changed)


def write(cursor: Any, changes: Changes, bad_rows: int, floor: int) -> int:
    """Writes the difference as a new data version; its number."""
    cursor.execute(
        sql.NEW_VERSION,
        (floor, changes.added, changes.changed, changes.removed, changes.decrees_changed, bad_rows),
    )
    version, known_from = cursor.fetchone()
    for statement in sql.WRITES:
        cursor.execute(statement, {"version": version, "known_from": known_from})
    return int(version)


def _keep(cursor: Any, *, sources: bool, decrees: bool) -> None:
    """Takes back what would vanish for want of rows that could not be read."""
    cursor.execute("create temp table load_kept on commit drop as select * from load_gone limit 0")
    if sources:
        cursor.execute("insert into load_kept select * from load_gone")
        cursor.execute("truncate load_gone")
    if decrees:
        cursor.execute("truncate load_decrees_gone")


def _unattributed(cursor: Any, table: str) -> bool:
    cursor.execute(
        f"select exists (select from {table} "  # noqa: S608 - ours
        "where item is null and key is null and other is null)"
    )
    return bool(cursor.fetchone()[0])


def _guard(cursor: Any, what: str, table: str, missing: int) -> None:
    cursor.execute(f"select count(*) from {table} where known_to is null")  # noqa: S608 - ours
    known = cursor.fetchone()[0]
    if missing > REMOVABLE * known:
        raise _too_many(what, missing, known)


def _guard_members(cursor: Any, members: str) -> None:
    """A sheet of partners or violations that was cut at the end of a line looks whole."""
    cursor.execute(sql.MEMBERS.format(members=members, same=sql.SAME[members]))
    missing, known = cursor.fetchone()
    cursor.execute(f"select not exists (select from load_{members})")  # noqa: S608 - ours
    empty = cursor.fetchone()[0]
    if missing > REMOVABLE * known and (missing > FEW_MEMBERS or empty):
        raise _too_many(members, missing, known)


def _too_many(what: str, missing: int, known: int) -> LoadFailed:
    return LoadFailed(
        "load.removals",
        f"{missing} of {known} known {what} are not in this export, which is more than "
        f"{REMOVABLE:.0%}; if that is right, load it with --allow-removals.",
    )
