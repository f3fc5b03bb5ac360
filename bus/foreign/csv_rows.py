"""Rows of CSV text as spreadsheets write it: each physical line is part of a row, or is named.

A quotation mark that is never closed makes a reader swallow the lines after it (RFC 4180,
section 2, rules 5 to 7). Here every line that was swallowed comes back as Unread.
"""

import csv
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

DELIMITERS = ",;\t"
LONGEST_LINE = LONGEST_RECORD = 65_536
MOST_LINES = 50


class Row(NamedTuple):
    """A row by the number of its first physical line, from 1."""

    line: int
    cells: list[str]


class Unread(NamedTuple):
    """A physical line that is part of no row. ``cells`` is what it says when read by itself,
    ``opened`` the line where a quotation mark was opened.
    """

    line: int
    opened: int
    cells: list[str]

    @property
    def reason(self) -> str:
        """Why it cannot be read, as a sentence."""
        if self.opened != self.line:
            return f"The quotation mark that line {self.opened} opens takes this line in."
        return "The line is not CSV; a quotation mark may not be closed, or it is too long."


class Source(Protocol):
    """A text file that was opened with ``newline=""``."""

    def readline(self, size: int = ..., /) -> str: ...


class Reader:
    """Iterates over the rows of a text file in order, in memory that does not grow.

    Set ``width`` and ``is_row`` once the header was read: a row over several lines is believed
    only if it has that many cells and none of its lines looks like a row by itself. ``is_row`` is
    asked of lines that have as many cells or fewer.
    """

    def __init__(self, file: Source, delimiter: str, first_line: int = 1) -> None:
        self.width = 0
        self.is_row: Callable[[list[str]], bool] = lambda cells: False
        self._delimiter = delimiter
        self._lines = _Lines(file)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._next_line = first_line

    def __iter__(self) -> Iterator[Row | Unread]:
        while True:
            self._lines.consumed.clear()
            first = self._next_line
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                cells = None
            consumed = self._lines.consumed
            self._next_line += len(consumed)
            if cells is not None and (len(consumed) == 1 or self._believable(cells, consumed)):
                yield Row(first, cells)
            else:
                for n, text in enumerate(list(consumed)):
                    yield Unread(first + n, first, self._alone(text))

    def _believable(self, cells: list[str], consumed: list[str]) -> bool:
        if self.width and len(cells) != self.width:
            return False
        return not any(self._looks_like_row(text) for text in consumed[1:])

    def _looks_like_row(self, text: str) -> bool:
        cells = self._alone(text)
        return bool(cells) and len(cells) <= self.width and self.is_row(cells)

    def _alone(self, text: str) -> list[str]:
        try:
            return next(csv.reader([text], delimiter=self._delimiter), [])
        except csv.Error:
            return []


class _Lines:
    """The physical lines of a file, and those consumed since ``consumed`` was cleared."""

    def __init__(self, file: Source) -> None:
        self._file = file
        self.consumed: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.consumed) >= MOST_LINES or sum(map(len, self.consumed)) > LONGEST_RECORD:
            raise csv.Error("a row over too many lines")
        line = self._file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.consumed.append(line)
        if len(line) >= LONGEST_LINE and line[-1] not in "\r\n":
            while (rest := self._file.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
                pass
            raise csv.Error("a line too long")
        return line


def delimiter_of(header: str) -> str:
    """What parts the cells of a header: a comma, a semicolon or a tab."""
    return max(DELIMITERS, key=header.count)
