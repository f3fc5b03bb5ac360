"""High-water marks: the newest issued number of each series, kept beside the database.

A database that was restored from a backup has forgotten the numbers that were given out since. The
marks, in a folder that the restore does not touch, have not: numbers go on above them.
"""

import contextlib
import fcntl
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, cast, func, select
from sqlalchemy.dialects.postgresql import REGCLASS

from bus.errors import Unavailable
from bus.process import log
from bus.process.private import replace_file
from bus.settings import Settings

_log = log.get("marks")


class Marks:
    """The marks of all series, a file for each service; without a folder nothing is kept.

    A series is named ``<service>.<what>``, such as ``billing.bill.1405``.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of(cls, settings: Settings) -> "Marks":
        """The marks in the folder MARKS_DIR."""
        folder = settings.text("MARKS_DIR", "")
        return cls(Path(folder) if folder else None)

    def highest(self, series: str) -> int:
        """The highest number that was given out; 0 if none was noted.

        Unavailable ``numbers.unavailable`` if the file cannot be read: a guess could be a number
        that is taken.
        """
        path = self._path(series)
        with _naming_troubles():
            return _read(path).get(series, 0) if path else 0

    def raise_to(self, numbers: Mapping[str, int]) -> None:
        """Notes numbers that are given out now; a mark never falls. Unavailable as above."""
        for path in {path for series in numbers if (path := self._path(series))}:
            with _naming_troubles(), _locked(path):
                marks = _read(path)
                for series, number in numbers.items():
                    if self._path(series) == path:
                        marks[series] = max(number, marks.get(series, 0))
                _write(path, marks)

    def _path(self, series: str) -> Path | None:
        return self._folder / f"{series.partition('.')[0]}.json" if self._folder else None


class Numbers:
    """The numbers that one transaction gives out; ``commit`` is called just before it commits.

    A number whose transaction then fails stays marked and is not given again: a hole that can be
    explained is better than one number for two things.
    """

    def __init__(self, conn: Connection, marks: Marks) -> None:
        self._conn, self._marks = conn, marks
        self._given: dict[str, int] = {}

    def floor(self, series: str) -> int:
        """The number above which the series goes on."""
        return self._marks.highest(series)

    def give(self, series: str, number: int) -> None:
        """Record that the number is issued if this transaction commits."""
        self._given[series] = max(number, self._given.get(series, 0))

    def so_far(self) -> dict[str, int]:
        """The numbers that were given so far."""
        return dict(self._given)

    def take_back(self, before: dict[str, int]) -> None:
        """Have only those of before given: what gave the others was undone."""
        self._given = before

    def skip_given(self, series: str, sequence: str) -> None:
        """Advance a database sequence past the mark, if it is behind (after a restore)."""
        named = cast(sequence, REGCLASS)
        last = select(func.coalesce(func.pg_sequence_last_value(named), 0))
        behind = self.floor(series) - self._conn.execute(last).scalar_one()
        if behind > 0:
            _log.warning("numbers_skipped_after_restore", series=series, count=behind)
            # A service's role may draw from a sequence, not set it.
            draw = func.nextval(named)
            self._conn.execute(select(func.max(draw)).select_from(func.generate_series(1, behind)))

    def commit(self) -> None:
        """Raises the marks."""
        if self._given:
            self._marks.raise_to(self._given)


@contextlib.contextmanager
def _naming_troubles() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        _log.error("marks_unavailable", error=type(error).__name__)
        raise Unavailable(
            "No number can be given now; the operators know of it. Try again later.",
            code="numbers.unavailable",
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the file for this process among all on the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> dict[str, int]:
    try:
        marks: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return marks


def _write(path: Path, marks: Mapping[str, int]) -> None:
    replace_file(path, json.dumps(dict(sorted(marks.items())), indent=1))
