"""The file of a bulk job as rows; pure. CSV as spreadsheets write it, or JSON Lines.

The columns of receivers are those of GOV.UK Notify, and Persian names for them; all others are
placeholders. Case, blanks, hyphens and underscores of a name do not matter.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from bus.foreign.csv_rows import Reader, Unread, delimiter_of
from iran.persian import search_key
from services.notify.domain.template import key

ADDRESS_LINES = 7
# So many digits of a telephone number or an inbox's code show that a line is a row of its own.
DIGITS_OF_A_CODE = 8
_NAMES = {
    "mobile": (
        "phone number",
        "phone",
        "mobile",
        "mobile number",
        "شماره تلفن",
        "شماره همراه",
        "موبایل",
        "شماره موبایل",
        "تلفن همراه",
        "شماره تلفن همراه",
        "همراه",
    ),
    "email": (
        "email address",
        "email",
        "ایمیل",
        "رایانامه",
        "نشانی ایمیل",
        "آدرس ایمیل",
        "نشانی رایانامه",
        "پست الکترونیک",
        "پست الکترونیکی",
    ),
    "inbox": ("inbox", "صندوق", "صندوق پیام", "کد صندوق"),
    "reference": ("reference", "ارجاع", "شماره ارجاع"),
    **{
        f"address_{n}": (f"address line {n}", f"نشانی {n}", f"سطر نشانی {n}", f"خط نشانی {n}")
        for n in range(1, ADDRESS_LINES + 1)
    },
}


def column(name: str) -> str:
    """The form in which two spellings of a column's name meet.

    >>> column("Phone_Number") == column("phone number"), column("نشانی ۱") == column("نشاني 1")
    (True, True)
    """
    return key(search_key(name))


COLUMNS = {column(name): role for role, names in _NAMES.items() for name in names}


class Problem(NamedTuple):
    """Why a row, or with line 0 the whole file, becomes nothing."""

    line: int
    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """One receiver: ``roles`` are address columns and reference, ``cells`` all by column key."""

    line: int
    roles: dict[str, str] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)


def read(text: str, form: str) -> Iterator[Row | Problem]:
    """The rows of a file, in order; blank ones are left out. ``line`` counts the records as a
    spreadsheet does, its first is 1. A Problem of line 0 ends the file.
    """
    text = text.removeprefix("\ufeff")
    return _objects(text) if form == "jsonl" else _records(text)


def _records(text: str) -> Iterator[Row | Problem]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    reader = Reader(io.StringIO(text, newline=""), delimiter_of(first))
    columns: list[str] = []
    for line, item in enumerate(reader, 1):
        record = item.cells
        if isinstance(item, Unread) and not columns:
            # A later line is never taken for the header: whose are the rows before it?
            yield Problem(0, "", "job.no_header", f"The first row cannot be read. {item.reason}")
            return
        if isinstance(item, Unread):
            yield Problem(line, "", "line.unreadable", item.reason)
        elif not any(cell.strip() for cell in record):
            continue
        elif not columns:
            columns = [column(name) for name in record]
            if problem := header_problem(columns, record):
                yield problem
                return
            reader.width, reader.is_row = len(columns), partial(_is_row, columns)
        elif len(record) > len(columns) and any(cell.strip() for cell in record[len(columns) :]):
            yield Problem(line, "", "line.columns", "The row has more cells than the header.")
        else:
            yield _row(line, dict(zip(columns, record, strict=False)))
    if not columns:
        yield Problem(0, "", "job.no_header", "The file holds no row.")


def _is_row(columns: Sequence[str], record: list[str]) -> bool:
    """True if a line by itself names a receiver: then no cell of another row goes on in it, or one
    would read what was written for the other. A number alone may be the line of a text.
    """
    if len(record) == 1 < len(columns):
        return False
    for name, cell in zip(columns, record, strict=False):
        role = COLUMNS.get(name)
        if role in ("mobile", "inbox") and sum(c.isdigit() for c in cell) >= DIGITS_OF_A_CODE:
            return True
        if (role == "email" and "@" in cell) or (role == "address_1" and cell.strip()):
            return True
    return False


def header_problem(columns: Sequence[str], names: Sequence[str]) -> Problem | None:
    """What is wrong with the first row: nobody can be reached by it, or a column stands twice."""
    twice = [
        name
        for n, name in enumerate(names)
        if columns[n] and (columns[n] in columns[:n] or _role_before(columns, n))
    ]
    if twice:
        return Problem(0, twice[0][:100], "job.column_twice", "This column stands twice.")
    if not any(COLUMNS.get(name, "reference") != "reference" for name in columns):
        return Problem(
            0,
            "",
            "job.no_header",
            "The first row must name a column of receivers: phone number, email, inbox or "
            "address line 1.",
        )
    return None


def _role_before(columns: Sequence[str], n: int) -> bool:
    role = COLUMNS.get(columns[n])
    return role is not None and role in [COLUMNS.get(name) for name in columns[:n]]


def _objects(text: str) -> Iterator[Row | Problem]:
    any_row = False
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        any_row = True
        yield _object(line, raw)
    if not any_row:
        yield Problem(0, "", "job.no_header", "The file holds no row.")


def _object(line: int, raw: str) -> Row | Problem:
    try:
        item = json.loads(raw)
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        return Problem(line, "", "line.unreadable", "The line is not a JSON object.")
    strange = [n for n, v in item.items() if isinstance(v, bool | float | list | dict)]
    if strange:
        return Problem(line, strange[0][:100], "not_a_string", "Give a text.")
    columns = [column(name) for name in item]
    if problem := header_problem(columns, list(item)):
        return problem._replace(line=line)
    values = ["" if value is None else str(value) for value in item.values()]
    return _row(line, dict(zip(columns, values, strict=True)))


def _row(line: int, cells: Mapping[str, str]) -> Row:
    roles = {
        role: value.strip()
        for name, value in cells.items()
        if (role := COLUMNS.get(name)) and value.strip()
    }
    return Row(line, roles, dict(cells))
