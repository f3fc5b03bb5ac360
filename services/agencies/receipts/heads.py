"""Signed heads: made when the tree has grown, and noted beside the database before anybody sees
them (docs/decisions/0084).

A database that was restored from a backup has fewer leaves than a head that was signed before, or
others. The last head, in the folder of the marks, which no restore touches, makes that known: then
nothing is signed any more until an operator has put the leaves back, if the journal beside it
(journal.py) does not reach so far that they are back already.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from bus.database.rows import columns, fetch_one
from bus.errors import Internal
from bus.evidence.errors import EvidenceError
from bus.evidence.merkle import Frontier, fold, frontier_nodes
from bus.evidence.notes import Checkpoint, Note, sign_checkpoint
from bus.process.private import replace_file
from bus.signatures.keys import SigningKey
from services.agencies.context import Context
from services.agencies.receipt_tables import RECEIPT_HEADS, RECEIPT_LOG, HeadRow
from services.agencies.receipts import tree
from services.agencies.receipts.journal import using_folder

FILE = "receipts.checkpoint"
LOST, REWRITTEN = "receipts.leaves_lost", "receipts.rewritten"


class Log(NamedTuple):
    """The log's name, and the key that signs its heads."""

    origin: str
    key: SigningKey


def sign(context: Context, log: Log, folder: Path | None) -> HeadRow | None:
    """Sign the head of the tree if it has grown since the last one; None if it has not.

    Internal ``receipts.leaves_lost`` if the tree is smaller than a head that was signed, and
    ``receipts.rewritten`` if it does not begin with that head's leaves. Unavailable
    ``receipts.folder`` if the last head cannot be known.
    """
    frontier = current(context.conn)
    if frontier is None:
        return None
    with _last_head(folder) as noted:
        newest = newest_head(context.conn)
        checkpoints = [parse(newest.note)] if newest else []
        if noted.text:
            checkpoints.append(parse(noted.text))
        for last in checkpoints:
            _require_grown(context.conn, frontier, last, log.origin)
        if newest is not None and newest.size == frontier.size:
            return None
        if noted.text and parse(noted.text).size == frontier.size:
            note = noted.text  # its transaction was lost; one tree has one signed head
        elif frontier.size == 0:
            return None
        else:
            head = Checkpoint(log.origin, frontier.size, frontier.root())
            note = str(sign_checkpoint(head, log.key))
            noted.write(note)
        row = HeadRow(frontier.size, note, None, context.now)
        values = {name: getattr(row, name) for name in HeadRow.__slots__}
        context.conn.execute(insert(RECEIPT_HEADS).values(values))
        return row


def current(conn: Connection) -> Frontier | None:
    """The tree as it is now; None before its first leaf."""
    row = conn.execute(select(RECEIPT_LOG.c.size, RECEIPT_LOG.c.frontier)).one_or_none()
    return tree.frontier_of(row.size, bytes(row.frontier)) if row else None


def newest_head(conn: Connection) -> HeadRow | None:
    """The newest signed head; None before the first."""
    statement = (
        select(*columns(RECEIPT_HEADS, HeadRow)).order_by(RECEIPT_HEADS.c.size.desc()).limit(1)
    )
    return fetch_one(conn, HeadRow, statement)


def parse(note: str) -> Checkpoint:
    """The checkpoint of a note. Internal ``receipts.damaged`` if it is none."""
    try:
        return Checkpoint.parse(Note.parse(note).text)
    except EvidenceError as error:
        raise Internal(
            f"A head of the log of receipts cannot be read: {error.message}",
            code="receipts.damaged",
        ) from error


def root_at(conn: Connection, size: int) -> bytes:
    """The root of the tree of the first ``size`` leaves."""
    if size == 0:
        return Frontier().root()
    nodes = frontier_nodes(size)
    hashes = tree.hashes_of(conn, nodes)
    return fold([hashes[node] for node in nodes])


def _require_grown(conn: Connection, frontier: Frontier, last: Checkpoint, origin: str) -> None:
    if last.origin != origin:
        raise Internal(
            f"The last head is of the log {last.origin}, not of {origin}.",
            code="receipts.other_log",
        )
    if frontier.size < last.size:
        raise Internal(
            f"The log of receipts has {frontier.size} leaves; a head of {last.size} was signed. "
            "Leaves were lost, by a restored backup: nothing is signed until they are back.",
            code=LOST,
        )
    if root_at(conn, last.size) != last.root:
        raise Internal(
            f"The log of receipts does not begin with the {last.size} leaves that were signed.",
            code=REWRITTEN,
        )


def noted_head(folder: Path) -> str:
    """The last signed head beside the database; empty if there is none. Errors as of ``sign``."""
    with _last_head(folder) as noted:
        return noted.text


def noted_size(folder: Path) -> int:
    """The size of the last signed head beside the database; 0 if there is none."""
    text = noted_head(folder)
    return parse(text).size if text else 0


class _Noted:
    """The last head in its file, while no other process can write it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.text = path.read_text("utf-8") if path and path.exists() else ""

    def write(self, note: str) -> None:
        """Replace it as a whole, so that a crash leaves the old one or the new one."""
        if self._path is not None:
            replace_file(self._path, note)


@contextmanager
def _last_head(folder: Path | None) -> Iterator[_Noted]:
    """The last head, locked for this process among all on the machine."""
    if folder is None:
        yield _Noted(None)
        return
    with using_folder():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / FILE).with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield _Noted(folder / FILE)
