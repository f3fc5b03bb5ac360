"""Tables as CSV files (RFC 4180) that spreadsheets of offices open as they are meant."""

import csv
import io
from collections.abc import Iterable, Sequence

from starlette.responses import Response

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


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table as CSV with a byte order mark and CRLF."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(map(cell, head))
    writer.writerows(map(cell, row) for row in rows)
    return BOM + text.getvalue()


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return a table to be saved as ``name``.csv; ``name`` in ASCII."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(csv_text(head, rows), 200, headers, "text/csv; charset=utf-8")
