"""Reads the cells of an .xlsx as the texts that a clerk sees; runs in a confined child process.

What a workbook unpacks to is bounded before it is read, and memory and time by the child.
"""

import datetime as dt
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import BinaryIO, Protocol

import openpyxl
from openpyxl.workbook.workbook import Workbook

from bus.errors import RuleBroken
from bus.foreign.confined import Bounds, Unreadable
from iran.persian import squeezed_key

MIB = 1024 * 1024
BOUNDS = Bounds(cpu_seconds=900, wall_seconds=1200.0, memory=1024 * MIB, output=1024 * MIB)
MEMBERS_MOST, UNPACKED_MOST = 2_000, 2_048 * MIB
# A sheet of texts shrinks to a tenth or so; what shrinks to a hundredth was made to fill memory.
RATIO_MOST, RATIO_FROM = 100, 16 * MIB
COLUMNS_MOST, CELL_MOST = 500, 32_767
# A number of a workbook keeps 15 digits; what is longer was rounded.
EXACT = 10**15
FORMULA = (b"<f>", b"<f ")
CHUNK = 1 << 20


class Cell(Protocol):
    """What openpyxl's several classes of cells have in common."""

    @property
    def value(self) -> object: ...
    @property
    def data_type(self) -> str: ...
    @property
    def number_format(self) -> str: ...


def cells(stream: BinaryIO, names: Mapping[str, Sequence[str]]) -> Iterator[list[object]]:
    """Read a workbook, as JSON can carry it to the parent process.

    First comes ``[titles by sheet, other sheets, rows by sheet]``, then ``[sheet, line, cells]`` of
    each row below a header, sheet by sheet in the order of ``names``.

    Raises RuleBroken ``sheet.twice`` if two sheets go by one name.
    """
    formulas = _bounded(stream)
    book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
    titles = _titles(book.sheetnames, names)
    entered = openpyxl.load_workbook(stream, read_only=True) if formulas else None
    opened = {name: _rows(book, entered, title) for name, title in titles.items()}
    lengths = {name: book[title].max_row for name, title in titles.items()}
    headers = {name: next(rows, []) for name, rows in opened.items()}
    yield [headers, [t for t in book.sheetnames if t not in titles.values()], lengths]
    for name, rows in opened.items():
        for line, row in enumerate(rows, 2):
            if any(row):
                yield [name, line, row]


def _bounded(stream: BinaryIO) -> bool:
    """Refuse what unpacks to too much; tell whether any sheet holds a formula."""
    with zipfile.ZipFile(stream) as book:
        members = book.infolist()
        if len(members) > MEMBERS_MOST or sum(m.file_size for m in members) > UNPACKED_MOST:
            raise Unreadable("too_large")
        for member in members:
            large = member.file_size > RATIO_FROM
            if large and member.file_size > RATIO_MOST * member.compress_size:
                raise Unreadable("too_large")
        sheets = [m for m in members if m.filename.startswith("xl/worksheets/")]
        return any(_holds_formula(book, member) for member in sheets)


def _holds_formula(book: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    kept = b""
    with book.open(member) as file:
        while chunk := file.read(CHUNK):
            kept = kept[-2:] + chunk
            if any(mark in kept for mark in FORMULA):
                return True
    return False


def _titles(sheetnames: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    titles = {}
    for name, spellings in names.items():
        keys = {squeezed_key(spelling) for spelling in spellings}
        matching = [title for title in sheetnames if squeezed_key(title).lower() in keys]
        if len(matching) > 1:
            raise RuleBroken(f"Two sheets are named {name}; delete one.", code="sheet.twice")
        if matching:
            titles[name] = matching[0]
    return titles


def _rows(book: Workbook, entered: Workbook | None, title: str) -> Iterator[list[str]]:
    sheet = book[title]
    # What a workbook says of its own size may be wrong, and pads each row.
    sheet.reset_dimensions()
    if entered is None:
        for row in sheet.iter_rows():
            yield [text_of(cell) for cell in _fitting(row)]
        return
    beside = entered[title]
    beside.reset_dimensions()
    for row, formulas in zip_longest(sheet.iter_rows(), beside.iter_rows(), fillvalue=()):
        pairs = zip_longest(_fitting(row), _fitting(formulas))
        yield [text_of(cell) or _formula(formula) for cell, formula in pairs]


def _fitting(row: Sequence[Cell]) -> Sequence[Cell]:
    if len(row) > COLUMNS_MOST:
        raise Unreadable("too_large")
    return row


def _formula(cell: Cell | None) -> str:
    """Read the formula of a cell that has no value, as it was never calculated."""
    if cell is None or cell.value is None or cell.data_type != "f":
        return ""
    return "=" + str(getattr(cell.value, "text", cell.value) or "").lstrip("=")[:100]


def text_of(cell: Cell | None) -> str:
    """Read a cell as the text that a clerk sees.

    Whole numbers come without ``.0``, dates as ISO, booleans as TRUE and FALSE, percentages with
    their sign, rounded numbers as a spreadsheet writes them.
    """
    if cell is None or cell.value is None:
        return ""
    value = cell.value
    if isinstance(value, str):
        return value[: CELL_MOST + 1]
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value) + ("%" if "%" in cell.number_format else "")
    if isinstance(value, dt.datetime):
        whole = value.time() == dt.time()
        return value.date().isoformat() if whole else value.isoformat(" ")
    return str(value)


def _number(value: float) -> str:
    if value != value or abs(value) >= EXACT:  # noqa: PLR0124 - only NaN differs from itself
        return f"{value:.14E}"
    return str(int(value)) if value == int(value) else f"{value:.15g}"
