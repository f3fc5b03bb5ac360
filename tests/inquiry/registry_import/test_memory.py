"""An import holds no sheet in memory: neither what it reads, nor what the database finds."""

import contextlib
import datetime as dt
import tracemalloc

from services.inquiry.registry_import import staging
from services.inquiry.registry_import.report import Report
from services.inquiry.registry_import.sheets import close_all, open_export
from services.inquiry.registry_import.staging import CHUNK_BYTES, Meter, streamed
from tests.inquiry.registry_import.exports import FILE

TODAY = dt.date(2026, 11, 29)
ROWS = 4000
# So many rows are some 20 MiB as lists of cells.
MOST = 4 * 2**20


def long_export(export):
    (first, *_) = export.sources
    export.sheets["sources"] = [{**first, FILE: f"{n}/1"} for n in range(ROWS)]
    folder = export.write()
    export.sheets.clear()
    return folder


@contextlib.contextmanager
def staged_lines(folder):
    """The sheet of sources, and its rows as COPY takes them."""
    sheets = open_export(folder)
    try:
        with Report(folder / "report.csv") as report:
            meter = Meter(lambda progress: None, report)
            yield sheets["sources"], staging._lines("sources", sheets["sources"], meter, TODAY)
    finally:
        close_all(sheets)


def test_a_chunk_for_the_database_takes_no_more_of_a_file_than_it_needs(export):
    with staged_lines(long_export(export)) as (sheet, lines):
        assert len(staging._Reading(lines).read(CHUNK_BYTES)) == CHUNK_BYTES
        assert sheet.percent() < 30


def test_a_sheet_is_staged_in_memory_that_does_not_grow_with_it(export):
    with staged_lines(long_export(export)) as (_, lines):
        next(lines)
        tracemalloc.start()
        try:
            assert sum(1 for _ in lines) == ROWS - 1
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < MOST


def test_rows_that_the_database_finds_come_some_at_a_time_and_all(store, monkeypatch):
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 7)
    with store.transaction() as tx:
        cursor = tx.conn.connection.cursor()
        cursor.execute("select 1")
        for count in (0, 1, 7, 20):
            rows = streamed(cursor, f"select generate_series(1, {count})")
            assert [n for (n,) in rows] == list(range(1, count + 1))
