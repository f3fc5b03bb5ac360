"""The leaves that the log took last, beside the database: what a restored backup has forgotten.

Before a transaction that adds leaves commits, they are written and flushed into the folder
``receipts.leaves`` in that of the marks, which no restore touches: a line a leaf, as it came, and
behind them a mark, the size and the root of the tree with them. Files are numbered, each begins
with a mark that names the log too, and the oldest are deleted. Who writes holds the lock of the
tree.
"""

import datetime as dt
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import orjson

from bus.errors import Internal, Unavailable
from bus.evidence.merkle import Frontier, leaf_hash
from bus.process.private import replace_file
from people import retention
from services.agencies.receipts.bundles import NewLeaf

FOLDER, SUFFIX = "receipts.leaves", ".leaves"
FILE_BYTES, MOST_BYTES = 2**24, 2**27
KEEP = retention.span("receipt_notes")
_SIGN, _TAIL = b"=", 128
_NAME = re.compile(r"[0-9]{8}_[0-9]{4}-[0-9]{2}-[0-9]{2}\.leaves")


@contextmanager
def using_folder() -> Iterator[None]:
    """Unavailable ``receipts.folder`` for what keeps the folder of the marks from being used."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            "The folder of the marks cannot be used, so that no leaf is taken and no head signed.",
            code="receipts.folder",
        ) from error


class Mark(NamedTuple):
    """A tree, by its size and its root."""

    size: int
    root: str

    @classmethod
    def of(cls, frontier: Frontier) -> "Mark":
        """The mark of a tree."""
        return cls(frontier.size, frontier.root().hex())

    @classmethod
    def parse(cls, line: bytes) -> "Mark | None":
        """From a line; None if it is a leaf's, or was not written to its end."""
        if not line.startswith(_SIGN) or not line.endswith(b"\n"):
            return None
        match line.split():
            case [_, size, root, *_] if size.isdigit():
                return cls(int(size), root.decode("ascii"))
        raise OSError("a mark of the journal is damaged")

    def line(self, *more: str) -> str:
        """As the journal has it."""
        return " ".join((_SIGN.decode(), str(self.size), self.root, *more)) + "\n"


class Journal:
    """The last leaves of the log ``origin`` whose marks are in that folder.

    What is read of it is Internal ``receipts.other_log`` if the files there are another log's.
    """

    def __init__(self, marks: Path, origin: str) -> None:
        self._folder, self._origin = marks / FOLDER, origin

    @property
    @using_folder()
    def end(self) -> Mark | None:
        """The tree with all leaves that were noted; None if nothing was."""
        files = self._files()
        if not files:
            return None
        self._require_ours(files[-1])
        return _end(files[-1])[0]

    def since(self, tree: Mark) -> Iterator[NewLeaf]:
        """The leaves that were noted behind that tree; all that are there if it is not marked."""
        with using_folder():
            files = self._files()
            places = ((n, _behind(files[n], tree)) for n in reversed(range(len(files))))
            begin, offset = next(((n, at) for n, at in places if at), (0, 0))
            for path in files[begin:]:
                self._require_ours(path)
                yield from _leaves(path, offset)
                offset = 0

    @using_folder()
    def note(self, leaves: Iterable[NewLeaf], grown: Frontier) -> None:
        """Write leaves, and the tree with them; on the disk when this returns."""
        path = self._files()[-1]
        offset = _end(path)[1]
        with path.open("r+b") as file:
            file.seek(offset)
            file.truncate()  # what a crash left half written was never taken
            file.writelines(_line(leaf) for leaf in leaves)
            file.write(Mark.of(grown).line().encode())
            file.flush()
            os.fsync(file.fileno())

    @using_folder()
    def begin(self, tree: Frontier, now: dt.datetime) -> None:
        """Begin another file at that tree."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files = self._files()
        number = int(files[-1].name.partition("_")[0]) + 1 if files else 1
        name = f"{number:08d}_{now.date().isoformat()}{SUFFIX}"
        replace_file(self._folder / name, Mark.of(tree).line(self._origin))

    @using_folder()
    def is_full(self, now: dt.datetime) -> bool:
        """True if the newest file is of another day, or long."""
        path = self._files()[-1]
        return _day(path) != now.date() or path.stat().st_size > FILE_BYTES

    @using_folder()
    def forget(self, signed: int, now: dt.datetime) -> None:
        """Delete the oldest files, if there is much or the days after theirs are over; none with a
        leaf that the signed head, of ``signed`` leaves, does not cover.
        """
        files = self._files()
        kept = sum(path.stat().st_size for path in files)
        for path, following in pairwise(files):
            is_old = now.date() - _day(path) > KEEP
            first = _first(following)
            if first is None or first.size > signed or not (is_old or kept > MOST_BYTES):
                return
            kept -= path.stat().st_size
            path.unlink()

    def _require_ours(self, path: Path) -> None:
        with path.open("rb") as file:
            named = file.readline().decode().split()[3:]
        # A file that names none was begun before files named their log: a day's, at the most.
        if named and named != [self._origin]:
            raise Internal(
                f"The leaves noted in {path.name} are of the log {' '.join(named)}, "
                f"RECEIPTS_ORIGIN names {self._origin}.",
                code="receipts.other_log",
            )

    def _files(self) -> list[Path]:
        try:
            # What somebody else put there, such as a copy of a file, is none of the journal.
            return sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
        except FileNotFoundError:
            return []


def _line(leaf: NewLeaf) -> bytes:
    members = {name: getattr(leaf, name) for name in ("leaf", "agency", "call", "secret", "terms")}
    return orjson.dumps(members) + b"\n"


def _leaf(line: bytes) -> NewLeaf:
    try:
        members = orjson.loads(line)
        return NewLeaf(leaf_hash(members["leaf"].encode()), **members)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise OSError("a line of the journal is no leaf") from error


def _leaves(path: Path, offset: int) -> Iterator[NewLeaf]:
    """The leaves of a file from a place on; those behind its last mark were never taken."""
    end = _end(path)[1]
    with path.open("rb") as file:
        file.seek(offset)
        while file.tell() < end:
            line = file.readline()
            if not line.startswith(_SIGN):
                yield _leaf(line)


def _end(path: Path) -> tuple[Mark, int]:
    """The last mark of a file, and where it ends. OSError if there is none."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _TAIL, 0))
        tail = file.read()
    begin = tail.rfind(b"\n", 0, -1) + 1
    mark = Mark.parse(tail[begin:]) if begin or size <= _TAIL else None
    if mark is not None:
        return mark, size
    marks = list(_marks(path))
    if not marks:
        raise OSError(f"{path.name} has no mark")
    return marks[-1]


def _first(path: Path) -> Mark | None:
    with path.open("rb") as file:
        return Mark.parse(file.readline())


def _behind(path: Path, tree: Mark) -> int:
    """Where a file goes on behind the last mark of that tree; 0 if it has none."""
    return max((at for mark, at in _marks(path) if mark == tree), default=0)


def _marks(path: Path) -> Iterator[tuple[Mark, int]]:
    """The marks of a file, each with the place where it ends."""
    at = 0
    with path.open("rb") as file:
        for line in file:
            at += len(line)
            mark = Mark.parse(line)
            if mark is not None:
                yield mark, at


def _day(path: Path) -> dt.date:
    """The day on which a file began."""
    return dt.date.fromisoformat(path.stem.partition("_")[2])
