"""Streams the sheets of an export into staging tables by COPY; nothing is held in memory."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from services.inquiry.domain.registry import rows as registry
from services.inquiry.domain.registry.rows import BadRow, Fault
from services.inquiry.registry_import.report import Report
from services.inquiry.registry_import.sheets import Cells, Sheet

CHUNK_BYTES = 1 << 18
TELL_SECONDS = 1.0
ROWS_BETWEEN_LOOKS = 500
NULL = "\\N"

# A row that is not imported is staged all the same, without item, as far as it can be attributed:
# its source keeps what it had. ``other`` is the subscription code, which names a source too;
# ``says`` are the keys and orders that can be read of it.
STAGING = """
    create temp table load_{name} (line integer, key text, other text, item jsonb, says jsonb)
    on commit drop
"""


class Progress(NamedTuple):
    """How far a load is: which step, rows read and refused so far, and the speed."""

    step: str
    rows: int
    bad_rows: int
    rows_per_second: int
    percent: float | None


Tell = Callable[[Progress], None]


@dataclass
class Meter:
    """Counts rows and tells the progress about once a second."""

    tell: Tell
    report: Report
    counts: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    told: float = 0.0

    def say(self, step: str, percent: float | None = None) -> None:
        """Tells the progress now."""
        self.told = time.monotonic()
        rows = sum(self.counts.values())
        speed = round(rows / max(self.told - self.started, 0.001))
        self.tell(Progress(step, rows, self.report.bad_rows, speed, percent))

    def look(self, step: str, percent: float | None) -> None:
        """Tells the progress if it has not been told for a second."""
        if time.monotonic() - self.told >= TELL_SECONDS:
            self.say(step, percent)


class Item(NamedTuple):
    """A row as it is staged: what it belongs to, and what it says."""

    key: str
    other: str
    item: dict[str, Any]
    warnings: list[Fault]


def _source(row: Cells, today: dt.date) -> Item:
    record, warnings = registry.source(row, today)
    return Item(record["file_no"], record["subscription_code"] or NULL, record, warnings)


def _partner(row: Cells, today: dt.date) -> Item:
    warnings: list[Fault] = []
    file_no, record = registry.partner(row, warnings)
    return Item(file_no, NULL, record, warnings)


def _violation(row: Cells, today: dt.date) -> Item:
    warnings: list[Fault] = []
    file_no, record = registry.violation(row, warnings, today)
    return Item(file_no, NULL, record, warnings)


def _decree(row: Cells, today: dt.date) -> Item:
    warnings: list[Fault] = []
    record = registry.decree(row, warnings, today)
    return Item(record["number"], NULL, record, warnings)


READERS: dict[str, Callable[[Cells, dt.date], Item]] = {
    "sources": _source,
    "partners": _partner,
    "violations": _violation,
    "decrees": _decree,
}


def stage(cursor: Any, name: str, sheet: Sheet, meter: Meter, today: dt.date) -> None:
    """Fills the staging table ``load_<name>``; every bad row goes to the report."""
    meter.counts[name] = 0
    cursor.execute(STAGING.format(name=name))
    source = _Reading(_lines(name, sheet, meter, today))
    try:
        cursor.copy_expert(f"copy load_{name} from stdin", source, CHUNK_BYTES)
    except Exception:
        if source.error:
            # psycopg2 tells only that reading failed, not why.
            raise source.error from None
        raise
    cursor.execute(f"analyze load_{name}")


def _lines(name: str, sheet: Sheet, meter: Meter, today: dt.date) -> Iterator[bytes]:
    read, report = READERS[name], meter.report
    count = 0
    for line, row in sheet.rows():
        count += 1
        if count % ROWS_BETWEEN_LOOKS == 0:
            meter.counts[name] = count
            meter.look(sheet.label, sheet.percent())
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
    """A row without item: whose it is, and what it says that answers must know of."""
    keys, orders = registry.readable(name, cells, today)
    by_kind = dict(keys)
    key = by_kind.get("decree" if name == "decrees" else "file_no") or NULL
    if key == NULL:
        # It may be anybody's.
        keys.append(["row", name])
    other = by_kind.get("subscription_code") or NULL
    says = orjson.dumps({"keys": keys, "orders": orders})
    return _copied(line, key, other, NULL.encode(), says)


def _copied(line: int, key: str, other: str, item: bytes, says: bytes) -> bytes:
    """A line of COPY; backslashes within JSON are doubled."""
    cells = [
        cell if cell == NULL.encode() else cell.replace(b"\\", b"\\\\") for cell in (item, says)
    ]
    return b"%s%s\t%s\n" % (f"{line}\t{key}\t{other}\t".encode(), *cells)


class _Reading:
    """What COPY reads from: rows joined to chunks, made when they are asked for."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._left = b""
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, empty at the end."""
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
