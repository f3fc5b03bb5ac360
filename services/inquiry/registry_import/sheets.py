"""Reads the sheets of a registry export, row by row, from a folder of CSV files or one .xlsx."""

import codecs
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bus.errors import RuleBroken, Unavailable
from bus.foreign import confined, csv_rows
from bus.foreign.confined import Unreadable
from bus.foreign.csv_rows import Reader, Unread
from iran.persian import fold_code, squeezed_key
from services.inquiry.domain.registry import columns
from services.inquiry.domain.registry.cells import BadRow, fault
from services.inquiry.registry_import import workbook

SNIFFED_BYTES = 65536
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LoadFailed(Exception):
    """The export is not imported, and nothing was changed; the text is one sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Shape(NamedTuple):
    """The columns of a sheet, and what it may be called in a workbook."""

    columns: tuple[str, ...]
    optional: tuple[str, ...]
    names: tuple[str, ...]


SHAPES = {
    "sources": Shape(columns.SOURCE_COLUMNS, columns.SOURCE_OPTIONAL, ("sources", "منابع")),
    "partners": Shape(columns.PARTNER_COLUMNS, (), ("partners", "شرکا")),
    "violations": Shape(columns.VIOLATION_COLUMNS, (), ("violations", "تخلفات")),
    "decrees": Shape(columns.DECREE_COLUMNS, columns.DECREE_OPTIONAL, ("decrees", "بخشنامه‌ها")),
}
Cells = dict[str, str]
# A row of a workbook as the child process writes it: sheet, line, cells.
Row = tuple[str, int, list[str]]
# What a program writes above the header so that spreadsheets part the cells by it.
SEPARATOR_LINE = "sep="


class Sheet:
    """One sheet: ``label`` for reports, ``header`` from our column names to the file's own.

    ``unread`` says why it could not be read whole, if so: then nobody knows what it lacks.
    """

    def __init__(self, label: str, shape: Shape, titles: list[str]) -> None:
        self.label = label
        self.unread: str | None = None
        self.notes: list[str] = []
        ours = {squeezed_key(name): name for name in (*shape.columns, *shape.optional)}
        self._names = [ours.get(squeezed_key(title), title) for title in titles]
        self.header = dict(zip(self._names, (title.strip() for title in titles), strict=True))
        self.unknown = [t for t in titles if t.strip() and squeezed_key(t) not in ours]
        missing = [name for name in shape.columns if name not in self.header]
        if missing:
            raise LoadFailed(
                "sheet.columns",
                f"{label} lacks these columns: {'، '.join(missing)}. Its first line must hold "
                "the names of the columns.",
            )
        twice = {name for name in self.header if self._names.count(name) > 1 and name.strip()}
        if twice:
            raise LoadFailed("sheet.columns", f"{label} has a column twice: {'، '.join(twice)}.")
        self._width = len(titles)

    def percent(self) -> float | None:
        """Compute how much of the sheet has been read; None if its size is not known."""
        raise NotImplementedError

    def rows(self) -> Iterator[tuple[int, Cells | BadRow]]:
        """Read line number and cells of each row that is not blank; BadRow for one out of shape."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file."""
        raise NotImplementedError

    def _shaped(self, row: list[str]) -> Cells | BadRow | None:
        cells = dict(zip(self._names, row, strict=False))
        if len(row) > self._width and any(map(fold_code, row[self._width :])):
            return self._out_of_shape("row.too_many_cells", len(row))
        if not any(map(fold_code, row)):
            return None
        if len(row) < self._width:
            return self._out_of_shape("row.too_few_cells", len(row))
        return cells

    def _out_of_shape(self, code: str, count: int) -> BadRow:
        self.unread = self.unread or "It has rows whose cells do not fit the headers."
        return BadRow([fault("", code, f"It has {count} cells under {self._width} headers.")])


class CsvSheet(Sheet):
    """A sheet in a CSV file, in UTF-8 or Windows-1256, parted by commas, semicolons or tabs."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self.encoding = _encoding(path, shape)
        self._size = path.stat().st_size
        self._bytes = path.open("rb")
        # A byte that is no text spoils its own row only.
        self._file = io.TextIOWrapper(
            self._bytes, encoding=self.encoding, errors="surrogateescape", newline=""
        )
        self._shape = shape
        try:
            super().__init__(path.name, shape, self._titles())
        except LoadFailed:
            self._file.close()
            raise
        if self.encoding == "cp1256":
            self.notes.append(f"{self.label} was read as Windows-1256.")
        self._look_at_end(path)

    def _titles(self) -> list[str]:
        first, line = self._file.readline(csv_rows.LONGEST_LINE), 1
        if fold_code(first).lower().startswith(SEPARATOR_LINE):
            first, line = self._file.readline(csv_rows.LONGEST_LINE), 2
        delimiter = csv_rows.delimiter_of(first)
        header = next(iter(Reader(io.StringIO(first, newline=""), delimiter)), None)
        self._reader = Reader(self._file, delimiter, line + 1)
        return header.cells if header else []

    def _look_at_end(self, path: Path) -> None:
        """Every program ends a file with a line break; without it the file may have been cut."""
        with path.open("rb") as file:
            file.seek(-1, io.SEEK_END)
            if file.read() not in b"\r\n":
                self.unread = "It does not end with a line break; it may be cut off."

    def percent(self) -> float | None:
        return 100 * self._bytes.tell() / self._size

    def rows(self) -> Iterator[tuple[int, Cells | BadRow]]:
        self._reader.width, self._reader.is_row = self._width, self._is_row
        for item in self._reader:
            row = self._unread(item) if isinstance(item, Unread) else self._shaped(item.cells)
            if row is not None:
                yield item.line, row

    def _is_row(self, cells: list[str]) -> bool:
        """Tell whether the first cell may be the number by which rows of this sheet begin."""
        return len(cells) == self._width and any(c.isdigit() for c in cells[0])

    def _unread(self, item: Unread) -> BadRow:
        self.unread = f"Line {item.opened} cannot be read; a quotation mark may not be closed."
        bad = BadRow([fault("", "row.unreadable", item.reason)])
        if len(item.cells) == self._width:
            bad.cells = dict(zip(self._names, item.cells, strict=True))
        return bad

    def close(self) -> None:
        self._file.close()


class Workbook:
    """The rows of a workbook, which a child process has read into a file, sheet by sheet."""

    def __init__(self, path: Path) -> None:
        names = {name: list(shape.names) for name, shape in SHAPES.items()}
        self._open = ExitStack()
        try:
            rows = confined.rows(workbook.cells, path, bounds=workbook.BOUNDS, names=names)
            self._rows = self._open.enter_context(rows)
        except Unreadable as error:
            raise LoadFailed("sheet.unreadable", _sentence(path, error)) from error
        except (RuleBroken, Unavailable) as error:
            raise LoadFailed(error.code, f"{path.name}: {error.message}") from error
        self.titles, self.others, self.lengths = next(self._rows)
        self._next: Row | None = None

    def rows(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """Read line and cells of the rows of a sheet; sheets come in the order of SHAPES."""
        while (row := self._next or next(self._rows, None)) and row[0] == name:
            self._next = None
            yield row[1], row[2]
        self._next = row

    def close(self) -> None:
        """Close the file."""
        self._open.close()


class XlsxSheet(Sheet):
    """A sheet of a workbook."""

    def __init__(self, book: Workbook, name: str, path: Path) -> None:
        if name not in book.titles:
            raise LoadFailed("sheet.missing", f"{path.name} has no sheet named {name}.")
        self._book, self._name, self._line = book, name, 1
        titles = list(book.titles[name])
        while titles and not titles[-1].strip():
            titles.pop()
        super().__init__(f"{path.name}:{name}", SHAPES[name], titles)

    def percent(self) -> float | None:
        last = self._book.lengths[self._name]
        return min(100.0, 100 * self._line / last) if last else None

    def rows(self) -> Iterator[tuple[int, Cells | BadRow]]:
        for line, cells in self._book.rows(self._name):
            self._line = line
            row = self._shaped(cells + [""] * (self._width - len(cells)))
            if row is not None:
                yield line, row

    def close(self) -> None:
        self._book.close()


def open_export(path: Path) -> dict[str, Sheet]:
    """The four sheets of an export by name; LoadFailed says what is missing or unreadable."""
    if not path.exists():
        raise LoadFailed("export.missing", f"There is no folder or file {path}.")
    if path.is_dir():
        return _opened((name, path / f"{name}.csv") for name in SHAPES)
    if path.suffix.lower() != ".xlsx":
        raise LoadFailed(
            "export.kind",
            f"{path} is neither a folder nor an .xlsx file; give the "
            "folder that holds sources.csv.",
        )
    return _of_workbook(path)


def _opened(files: Iterable[tuple[str, Path]]) -> dict[str, Sheet]:
    sheets: dict[str, Sheet] = {}
    try:
        for name, file in files:
            if not file.is_file():
                raise LoadFailed("sheet.missing", f"{file} is missing.")
            sheets[name] = CsvSheet(file, SHAPES[name])
    except OSError as error:
        raise LoadFailed(
            "sheet.unreadable", f"{error.filename} cannot be read: {error.strerror}."
        ) from error
    finally:
        if len(sheets) < len(SHAPES):
            close_all(sheets)
    return sheets


def _of_workbook(path: Path) -> dict[str, Sheet]:
    try:
        book = Workbook(path)
    except OSError as error:
        raise LoadFailed("sheet.unreadable", f"{path} cannot be read: {error.strerror}.") from error
    try:
        sheets: dict[str, Sheet] = {name: XlsxSheet(book, name, path) for name in SHAPES}
    except LoadFailed:
        book.close()
        raise
    if book.others:
        note = f"{path.name}: sheets not used: {'، '.join(book.others)}."
        next(iter(sheets.values())).notes.append(note)
    return sheets


def _sentence(path: Path, error: Unreadable) -> str:
    reasons = {
        "too_large": "it unpacks to too much",
        "too_long": "it takes too long to read",
    }
    reason = reasons.get(error.reason, "save it anew as .xlsx, or as CSV UTF-8")
    return f"{path} cannot be read as a workbook; {reason}."


def close_all(sheets: dict[str, Sheet]) -> None:
    """Close all files of an export."""
    for sheet in sheets.values():
        sheet.close()


def _encoding(path: Path, shape: Shape) -> str:
    with path.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
    if not head:
        raise LoadFailed("sheet.columns", f"{path.name} is empty: it has no row of headers.")
    if head.startswith(UTF16_MARKS):
        raise LoadFailed("sheet.encoding", f"{path.name} is in UTF-16; save it as CSV UTF-8.")
    titles = head.splitlines()[0]
    if titles.removeprefix(codecs.BOM_UTF8).lower().startswith(SEPARATOR_LINE.encode()):
        titles = b"".join(head.splitlines()[1:2])
    for encoding in ("utf-8-sig", "cp1256"):
        try:
            is_ours = squeezed_key(shape.columns[0]) in squeezed_key(titles.decode(encoding))
        except UnicodeDecodeError:
            continue
        if is_ours or encoding == "utf-8-sig":
            return encoding
    raise LoadFailed(
        "sheet.encoding", f"{path.name} is neither UTF-8 nor Windows-1256; save it as CSV UTF-8."
    )
