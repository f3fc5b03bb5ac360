"""What an agency watches, in a file of its own: keys, seeds, pseudonyms, and its place in signals.

The file names subscribers and holds the seed, so that only its owner can read it.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bus.wire import Wire
from contracts.inquiry.signals import pseudonym_of

_TABLES = """
create table if not exists seeds (id text primary key, seed text not null, newest integer not null);
create table if not exists watched (
    kind text not null, key text not null, purpose text not null, primary key (kind, key, purpose)
);
create table if not exists pseudonyms (
    pseudonym text not null, kind text not null, key text not null, purpose text not null,
    seed text not null, deposited integer not null default 0,
    primary key (pseudonym, purpose)
);
create table if not exists place (after integer not null);
"""


class Watched(NamedTuple):
    """A key of a subscriber in canonical form, and the purpose for which it is watched."""

    kind: str
    key: str
    purpose: str


class WatchList:
    """The file; each method commits by itself, so that a killed process loses nothing done."""

    def __init__(self, path: str | Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
        try:
            self._file = sqlite3.connect(path, isolation_level=None)
            self._file.executescript(_TABLES)
        except sqlite3.Error as error:
            raise ValueError(f"{path} is no watch list of this program ({error}).") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        self._file.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._file.execute("rollback")
            raise
        self._file.execute("commit")

    def note_seeds(self, seeds: Sequence[Wire]) -> str:
        """Keep the seeds as Mirab shows them, forget those that ended; the id of the newest."""
        rows = [(seed["id"], seed["seed"], number == 0) for number, seed in enumerate(seeds)]
        with self._all_or_nothing():
            self._file.execute("delete from seeds")
            self._file.executemany("insert into seeds values (?, ?, ?)", rows)
            self._file.execute("delete from pseudonyms where seed not in (select id from seeds)")
        return str(seeds[0]["id"])

    def add(self, watched: Iterable[Watched]) -> None:
        """Note whom the agency watches."""
        with self._all_or_nothing():
            self._file.executemany("insert or ignore into watched values (?, ?, ?)", watched)

    def remove(self, watched: Iterable[Watched]) -> None:
        """Note whom it watches no more."""
        rows = list(watched)
        with self._all_or_nothing():
            self._file.executemany(
                "delete from watched where kind = ? and key = ? and purpose = ?", rows
            )
            self._file.executemany(
                "delete from pseudonyms where kind = ? and key = ? and purpose = ?", rows
            )

    def prepare(self, seed: str) -> None:
        """Make the pseudonyms by a seed of all who are watched; kept before any is deposited."""
        ((text,),) = self._file.execute("select seed from seeds where id = ?", [seed]).fetchall()
        missing = self._file.execute(
            "select kind, key, purpose from watched w where not exists (select 1 from pseudonyms p"
            " where p.kind = w.kind and p.key = w.key and p.purpose = w.purpose and p.seed = ?)",
            [seed],
        ).fetchall()
        rows = [(pseudonym_of(text, kind, key), kind, key, p, seed) for kind, key, p in missing]
        with self._all_or_nothing():
            self._file.executemany(
                "insert or ignore into pseudonyms values (?, ?, ?, ?, ?, 0)", rows
            )

    def waiting(self, seed: str, limit: int) -> tuple[str, str, list[str]] | None:
        """The next pseudonyms to deposit: purpose, kind of key, and up to ``limit`` of them."""
        first = self._file.execute(
            "select purpose, kind from pseudonyms where seed = ? and not deposited limit 1", [seed]
        ).fetchone()
        if first is None:
            return None
        rows = self._file.execute(
            "select pseudonym from pseudonyms where seed = ? and not deposited"
            " and purpose = ? and kind = ? order by pseudonym limit ?",
            [seed, *first, limit],
        )
        return (*first, [pseudonym for (pseudonym,) in rows])

    def mark_deposited(self, purpose: str, pseudonyms: Sequence[str]) -> None:
        """Note that Mirab has taken them."""
        with self._all_or_nothing():
            self._file.executemany(
                "update pseudonyms set deposited = 1 where purpose = ? and pseudonym = ?",
                [(purpose, pseudonym) for pseudonym in pseudonyms],
            )

    def deposit_again(self, watched: Iterable[Watched]) -> None:
        """Have the watches of these deposited once more, which renews them."""
        with self._all_or_nothing():
            self._file.executemany(
                "update pseudonyms set deposited = 0 where kind = ? and key = ? and purpose = ?",
                watched,
            )

    def pseudonyms_of(self, watched: Watched) -> list[str]:
        """The pseudonyms by which somebody is watched, by all seeds."""
        rows = self._file.execute(
            "select pseudonym from pseudonyms where kind = ? and key = ? and purpose = ?", watched
        )
        return [pseudonym for (pseudonym,) in rows]

    def whose(self, pseudonym: str) -> list[Watched]:
        """Whom a pseudonym names, under each purpose; empty if it is none of this list's."""
        rows = self._file.execute(
            "select kind, key, purpose from pseudonyms where pseudonym = ? order by purpose",
            [pseudonym],
        )
        return [Watched(*row) for row in rows]

    @property
    def after(self) -> int | None:
        """The id of the last signal that was worked on; None before the first."""
        row = self._file.execute("select max(after) from place").fetchone()
        return None if row[0] is None else int(row[0])

    def note_place(self, after: int | None) -> None:
        """Note the last signal that was worked on; None begins anew."""
        with self._all_or_nothing():
            self._file.execute("delete from place")
            if after is not None:
                self._file.execute("insert into place values (?)", [after])
