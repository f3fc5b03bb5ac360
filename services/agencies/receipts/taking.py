"""Taking leaves: noted beside the database before they are there, so that none is lost by it."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

from bus.database.store import Tx
from bus.errors import Internal
from bus.evidence.merkle import Frontier
from bus.process import log
from services.agencies.receipts import bundles, heads, lags, tree
from services.agencies.receipts.bundles import NewLeaf
from services.agencies.receipts.journal import Journal, Mark

_log = log.get("receipts")


def take(
    tx: Tx, leaves: Iterable[NewLeaf], origin: str, folder: Path | None, now: dt.datetime
) -> int:
    """Add leaves behind those that are there; how many were new. To be called last: whoever adds
    waits for the lock that this takes.

    Internal ``receipts.other_log`` if the database or the folder has the log of another origin;
    Unavailable ``receipts.folder`` if they cannot be noted.
    """
    if folder is None:
        return len(tree.add(tx, tree.lock(tx, origin), leaves).leaves)
    journal = Journal(folder, origin)
    frontier = put_back(tx, journal, origin, now)
    grown = tree.add(tx, frontier, leaves)
    if grown.leaves:
        # First: a file has the leaves of its own day alone.
        _turn(journal, frontier, folder, now)
        journal.note(grown.leaves, grown.frontier)
        _turn(journal, grown.frontier, folder, now)
    return len(grown.leaves)


def forget(tx: Tx, origin: str, folder: Path, now: dt.datetime) -> None:
    """Delete the notes whose days are over, also when no leaf comes any more. To be called last,
    and errors as of ``take``.
    """
    journal = Journal(folder, origin)
    _turn(journal, put_back(tx, journal, origin, now), folder, now)


def _turn(journal: Journal, frontier: Frontier, folder: Path, now: dt.datetime) -> None:
    """Begin another file of notes when it is time, and delete the oldest."""
    if journal.is_full(now):
        journal.begin(frontier, now)
        journal.forget(heads.noted_size(folder), now)


def is_behind(conn: Connection, origin: str, folder: Path | None) -> bool:
    """True if the tree is not the one that was noted last: leaves were lost, or are just added."""
    noted = Journal(folder, origin).end if folder else None
    return noted is not None and noted != Mark.of(heads.current(conn) or Frontier())


def put_back(tx: Tx, journal: Journal, origin: str, now: dt.datetime) -> Frontier:
    """The tree, locked, with all leaves that were noted. A restored one gets those behind its mark,
    in their places; one that has no mark, all that it does not have.
    """
    frontier = tree.lock(tx, origin)
    here, end = Mark.of(frontier), journal.end
    if end is None:
        journal.begin(frontier, now)
    if end is None or end == here:
        return frontier
    if not _has_grown(tx.conn, end, frontier):
        frontier = _with(tx, frontier, journal.since(here))
    if end != Mark.of(frontier):
        journal.note((), frontier)
    return frontier


def _has_grown(conn: Connection, noted: Mark, frontier: Frontier) -> bool:
    """True if the tree begins with that which was noted: leaves were taken without a note."""
    try:
        return noted.size <= frontier.size and heads.root_at(conn, noted.size).hex() == noted.root
    except Internal:
        return False


def _with(tx: Tx, frontier: Frontier, leaves: Iterable[NewLeaf]) -> Frontier:
    """The tree with those of these leaves that it has lost."""
    count = 0
    for part in bundles.in_parts(leaves):
        grown = tree.add(tx, frontier, part)
        frontier = grown.frontier
        count += len(grown.leaves)
    if count:
        lags.PUT_BACK.inc(count)
        _log.warning("leaves_put_back", count=count, size=frontier.size)
    return frontier
