"""Reads the sheets of a registry export, row by row, from a folder of CSV files or one .xlsx."""

import codecs
import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from bus.persian import squeezed_key
from services.inquiry.domain import registry
from services.inquiry.domain.registry import BadRow, fault

SNIFFED_BYTES = 65536
LONGEST_CELL = 8192
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
    "sources": Shape(registry.SOURCE_COLUMNS, registry.SOURCE_OPTIONAL, ("sources", "منابع")),
    "partners": Shape(registry.PARTNER_COLUMNS, (), ("partners", "شرکا")),
    "violations": Shape(registry.VIOLATION_COLUMNS, (), ("violations", "تخلفات")),
    "decrees": Shape(registry.DECREE_COLUMNS, registry.DECREE_OPTIONAL, ("decrees", "بخشنامه‌ها")),
}
Cells = dict[str, str]


class Sheet:
    """One sheet: ``label`` for reports, ``header`` from our column names to the file's own."""

    def __init__(self, label: str, shape: Shape, titles: list[str]) -> None:
        self.label = label
        ours = {squeezed_key(name): name for name in (*shape.columns, *shape.optional)}
        self._names = [ours.get(squeezed_key(title), title) for title in titles]
        self.header = dict(zip(self._names, (title.strip() for title in titles), strict=True))
        self.unknown = [t for t in titles if t.strip() and squeezed_key(t) not in ours]
        missing = [name for name in shape.columns if name not in self.header]
        if missing:
            raise LoadFailed("sheet.columns", f"{label} lacks these columns: {'، '.join(missing)}.")
        twice = {name for name in self.header if self._names.count(name) > 1 and name.strip()}
        if twice:
            raise LoadFailed("sheet.columns", f"{label} has a column twice: {'، '.join(twice)}.")
        self._width = len(titles)

    def percent(self) -> float | None:
        """How much of the sheet has been read; None if its size is not known."""
        raise NotImplementedError

    def rows(self) -> Iterator[tuple[int, Cells | BadRow]]:
        """Line number and cells of each row that is not blank; BadRow for one out of shape."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of the file."""
        raise NotImplementedError

    def _shaped(self, row: list[str]) -> Cells | BadRow | None:
        if len(row) != self._width:
            if any(row[self._width :]):
                return BadRow(
                    [
                        fault(
                            "",
                            "row.too_many_cells",
                            (f"It has {len(row)} cells under {self._width} headers."),
                        )
                    ]
                )
            if len(row) < self._width and any(row):
                return BadRow(
                    [
                        fault(
                            "",
                            "row.too_few_cells",
                            (f"It has {len(row)} cells under {self._width} headers."),
                        )
                    ]
                )
        if not row or not (row[0] or any(cell.strip() for cell in row)):
            return None
        return dict(zip(self._names, row, strict=False))


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
        csv.field_size_limit(LONGEST_CELL)
        first = self._file.readline()
        self._delimiter = max(",;\t", key=first.count)
        try:
            super().__init__(path.name, shape, next(csv.reader([first], delimiter=self._delimiter)))
        except LoadFailed:
            self._file.close()
            raise

    def percent(self) -> float | None:
        return 100 * self._bytes.tell() / self._size

    def rows(self) -> Iterator[tuple[int, Cells | BadRow]]:
        reader = csv.reader(self._file, delimiter=self._delimiter)
        while True:
            line = reader.line_num + 2
            try:
                row = self._shaped(next(reader))
            except StopIteration:
                return
            except csv.Error:
                row = BadRow(
                    [
                        fault(
                            "",
                            "row.unreadable",
                            (
                                f"Lines {line} to {reader.line_num + 1} cannot be read; "
                                "a quotation mark may not be closed."
                            ),
                        )
                    ]
                )
            if row is not None:
                yield line, row

    def close(self) -> None:
        self._file.close()


class XlsxSheet(Sheet):
    """A sheet of a workbook, read without holding it in memory."""

    def __init__(self, book: Any, worksheet: Any, label: str, shape: Shape) -> None:
        self._book, self._last, self._line = book, worksheet.max_row, 1
        self._rows = worksheet.iter_rows(values_only=True)
        titles = [_text(cell) for cell in next(self._rows, ())]
        while titles and not titles[-1].strip():
            titles.pop()
        super().__init__(label, shape, titles)

    def percent(self) -> float | None:
        return 100 * self._line / self._last if self._last else None

    def rows(self) -> Iterator[tuple[int, Cells | BadRow]]:
        for line, values in enumerate(self._rows, start=2):
            self._line = line
            cells = [_text(value) for value in values]
            cells += [""] * (self._width - len(cells))
            row = self._shaped(cells)
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
    return _workbook(path)


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


def _workbook(path: Path) -> dict[str, Sheet]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise LoadFailed("sheet.unreadable", f"{path} cannot be read as a workbook.") from error
    try:
        return {
            name: XlsxSheet(book, _worksheet(book, name, path), f"{path.name}:{name}", shape)
            for name, shape in SHAPES.items()
        }
    except LoadFailed:
        book.close()
        raise


def _worksheet(book: Any, name: str, path: Path) -> Any:
    for title in book.sheetnames:
        if squeezed_key(title).lower() in map(squeezed_key, SHAPES[name].names):
            return book[title]
    raise LoadFailed("sheet.missing", f"{path.name} has no sheet named {name}.")


def close_all(sheets: dict[str, Sheet]) -> None:
    """Lets go of all files of an export."""
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
    for encoding in ("utf-8-sig", "cp1256"):
        try:
            known = squeezed_key(shape.columns[0]) in squeezed_key(titles.decode(encoding))
        except UnicodeDecodeError:
            continue
        if known or encoding == "utf-8-sig":
            return encoding
    raise LoadFailed(
        "sheet.encoding", f"{path.name} is neither UTF-8 nor Windows-1256; save it as CSV UTF-8."
    )


def _text(value: Any) -> str:
    """A cell of a workbook as the text that a clerk sees."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return str(value)
