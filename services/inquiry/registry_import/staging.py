"""Streams the sheets of an export into staging tables by COPY; no sheet is held in memory."""

import datetime as dt
import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes it small
from psycopg2.sql import SQL, Composable, Identifier

from services.inquiry.domain.records import Decree, Partner, SourceRecord, Violation
from services.inquiry.domain.registry import rows
from services.inquiry.domain.registry.cells import BadRow, Fault
from services.inquiry.registry_import.report import Report
from services.inquiry.registry_import.sheets import Cells, Sheet

CHUNK_BYTES = 1 << 18
REPORT_SECONDS = 1.0
ROWS_BETWEEN_LOOKS = 500
ROWS_AT_ONCE = 2000
NULL = "\\N"

# A row that is not imported is staged all the same, without item, as far as it can be attributed:
# its source keeps what it had. ``other`` is the subscription code, which names a source too;
# ``says`` are the keys and orders that can be read of it.
STAGING = SQL("""
    create temp table {load} (line integer, key text, other text, item jsonb, says jsonb)
    on commit drop
""")


class Progress(NamedTuple):
    """How far an import is: which step, rows read and refused so far, and the speed."""

    step: str
    rows: int
    bad_rows: int
    rows_per_second: int
    percent: float | None


ShowProgress = Callable[[Progress], None]


@dataclass
class Meter:
    """Counts rows and shows the progress about once a second."""

    show: ShowProgress
    report: Report
    counts: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    shown_at: float = 0.0

    def report_now(self, step: str, percent: float | None = None) -> None:
        """Show the progress now."""
        self.shown_at = time.monotonic()
        rows = sum(self.counts.values())
        speed = round(rows / max(self.shown_at - self.started, 0.001))
        self.show(Progress(step, rows, self.report.bad_rows, speed, percent))

    def report_if_due(self, step: str, percent: float | None) -> None:
        """Show the progress if it has not been shown for a second."""
        if time.monotonic() - self.shown_at >= REPORT_SECONDS:
            self.report_now(step, percent)


class Item(NamedTuple):
    """A row as it is staged: what it belongs to, and what it says."""

    key: str
    other: str
    item: SourceRecord | Partner | Violation | Decree
    warnings: list[Fault]


def _source(row: Cells, today: dt.date) -> Item:
    record, warnings = rows.source(row, today)
    return Item(record["file_no"], record["subscription_code"] or NULL, record, warnings)


def _partner(row: Cells, today: dt.date) -> Item:
    warnings: list[Fault] = []
    file_no, record = rows.partner(row, warnings)
    return Item(file_no, NULL, record, warnings)


def _violation(row: Cells, today: dt.date) -> Item:
    warnings: list[Fault] = []
    file_no, record = rows.violation(row, warnings, today)
    return Item(file_no, NULL, record, warnings)


def _decree(row: Cells, today: dt.date) -> Item:
    warnings: list[Fault] = []
    record = rows.decree(row, warnings, today)
    return Item(record["number"], NULL, record, warnings)


READERS: dict[str, Callable[[Cells, dt.date], Item]] = {
    "sources": _source,
    "partners": _partner,
    "violations": _violation,
    "decrees": _decree,
}


def streamed(
    cursor: Cursor, statement: str | Composable
) -> Iterator[tuple[Any, ...]]:  # Any: its columns
    """Read what a statement finds some thousand rows at a time: it may be every row of a sheet."""
    query = SQL(statement) if isinstance(statement, str) else statement
    cursor.execute(SQL("declare load_found no scroll cursor for {query}").format(query=query))
    while True:
        cursor.execute(f"fetch forward {ROWS_AT_ONCE} from load_found")
        fetched = cursor.fetchall()
        yield from fetched
        if len(fetched) < ROWS_AT_ONCE:
            break
    cursor.execute("close load_found")


def stage(cursor: Cursor, name: str, sheet: Sheet, meter: Meter, today: dt.date) -> None:
    """Fill the staging table ``load_<name>``; every bad row goes to the report."""
    meter.counts[name] = 0
    load = Identifier(f"load_{name}")
    cursor.execute(STAGING.format(load=load))
    lines = _Reading(_lines(name, sheet, meter, today))
    try:
        cursor.copy_expert(SQL("copy {load} from stdin").format(load=load), lines, CHUNK_BYTES)
    except Exception:
        if lines.error:
            # psycopg2 says only that reading failed, not why.
            raise lines.error from None
        raise
    cursor.execute(SQL("analyze {load}").format(load=load))


def _lines(name: str, sheet: Sheet, meter: Meter, today: dt.date) -> Iterator[bytes]:
    read, report = READERS[name], meter.report
    count = 0
    for line, row in sheet.rows():
        count += 1
        if count % ROWS_BETWEEN_LOOKS == 0:
            meter.counts[name] = count
            meter.report_if_due(sheet.label, sheet.percent())
        try:
            if isinstance(row, BadRow):
                raise row
            key, other, item, warnings = read(row, today)
        except BadRow as bad:
            report.bad(sheet, line, bad.faults)
            yield _refused(name, line, bad.cells if isinstance(row, BadRow) else row, today)
            continue
        if warnings:
            report.warn(sheet, line, warnings)
        yield _copied(line, key, other, orjson.dumps(item), NULL.encode())
    meter.counts[name] = count


def _refused(name: str, line: int, cells: Mapping[str, str], today: dt.date) -> bytes:
    """Write a row without item: what it belongs to, and what it says that answers must heed."""
    keys, orders = rows.readable(name, cells, today)
    by_kind = dict(keys)
    key = by_kind.get("decree" if name == "decrees" else "file_no") or NULL
    if key == NULL:
        # It may belong to any source.
        keys.append(["row", name])
    other = by_kind.get("subscription_code") or NULL
    says = orjson.dumps({"keys": keys, "orders": orders})
    return _copied(line, key, other, NULL.encode(), says)


def _copied(line: int, key: str, other: str, item: bytes, says: bytes) -> bytes:
    """Write a line of COPY; backslashes within JSON are doubled."""
    cells = [
        cell if cell == NULL.encode() else cell.replace(b"\\", b"\\\\") for cell in (item, says)
    ]
    return b"%s%s\t%s\n" % (f"{line}\t{key}\t{other}\t".encode(), *cells)


class _Reading(io.RawIOBase):
    """A file for COPY to read: rows joined to chunks, made when they are wanted."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        super().__init__()
        self._lines = lines
        self._left = b""
        self.error: BaseException | None = None

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        """Read at most ``size`` bytes, none at the end."""
        chunks, length = [self._left], len(self._left)
        try:
            while length < size and (line := next(self._lines, b"")):
                chunks.append(line)
                length += len(line)
        except BaseException as error:
            self.error = error
            raise
        chunk = b"".join(chunks)
        self._left = chunk[size:]
        return chunk[:size]
