"""Tables as CSV files (RFC 4180) that spreadsheets of offices open as they are meant."""

import csv
import io
from collections.abc import Iterable, Sequence

from iran.persian import without_marks

# Spreadsheets read Persian only after a byte order mark, and run what begins like a formula
# (OWASP, CSV Injection).
BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
Cell = str | int | float | None


def cell(value: object) -> str:
    """Return a value as a cell; a text that begins like a formula gets an apostrophe before it.

    >>> cell("=1+1"), cell(-5), cell(None)
    ("'=1+1", '-5', '')
    """
    if value is None:
        return ""
    if isinstance(value, str) and without_marks(value).lstrip().startswith(FORMULA):
        return f"'{value}"
    return str(value)


def line(cells: Iterable[object]) -> str:
    """Return one line with its end; numbers stay numbers, None is empty."""
    out = io.StringIO()
    csv.writer(out).writerow(map(cell, cells))
    return out.getvalue()


def csv_text(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as CSV with a byte order mark and CRLF."""
    return BOM + "".join(map(line, (head, *rows)))
