"""One import of a registry export: staged by COPY, compared, written; one transaction.

The same export twice changes nothing.
"""

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes it small

from bus.database.commands_run import note_command
from bus.database.store import Store, Tx
from contracts.inquiry.questions import REGISTRY_LOADED, RegistryLoaded
from iran.persian import tehran_day
from services.inquiry.registry.lookup import current_data_version
from services.inquiry.registry_import import report as reports
from services.inquiry.registry_import.changes import Changes, compare, orphans, repeated, write
from services.inquiry.registry_import.doubts import doubts
from services.inquiry.registry_import.report import Report
from services.inquiry.registry_import.sheets import LoadFailed, Sheet, close_all, open_export
from services.inquiry.registry_import.staging import Meter, Progress, ShowProgress, stage

LOCK = "select pg_try_advisory_xact_lock(hashtext('services.inquiry.load'))"
# An import may take minutes, which the store's limits for questions do not allow. A statement sorts
# and joins so much in memory, the rest on disk: a server holds no more for a large register.
PATIENCE = (
    "set local statement_timeout = 0",
    "set local lock_timeout = 0",
    "set local idle_in_transaction_session_timeout = 0",
    "set local work_mem = '16MB'",
    "set local hash_mem_multiplier = 2",
    "set local temp_buffers = '16MB'",
    "set local jit = off",
)
NOT_MIGRATED = "42P01"
# Answers name the data version: a restored database must not give it to other data.
VERSIONS = "inquiry.data_version"


@dataclass(frozen=True)
class LoadResult:
    """The result of an import.

    ``changed`` is false if no source and no decree changed; a new data version is also made when
    other rows cannot be read than before.
    """

    data_version: int
    changed: bool
    rows: dict[str, int]
    sources_added: int
    sources_changed: int
    sources_removed: int
    decrees_changed: int
    bad_rows: int
    warnings: dict[str, int]
    notes: list[str]
    report: str
    seconds: float
    cells_left_out: int
    warnings_report: str | None


def load(  # noqa: PLR0913 - the options of the command
    store: Store,
    path: Path,
    *,
    report: Path | None = None,
    warnings: Path | None = None,
    allow_removals: bool = False,
    progress: ShowProgress = lambda _: None,
) -> LoadResult:
    """Import the export at ``path`` (a folder of CSV files or one .xlsx).

    Bad rows, and cells left out of others, go to ``report`` (beside the input if None), doubts to
    ``warnings`` (beside the report if None).
    Raises LoadFailed, and then nothing was changed, or bus.errors.Unavailable.
    """
    started = time.monotonic()
    if path.is_file():
        progress(Progress("reading the workbook", 0, 0, 0, None))
    sheets = open_export(path)
    try:
        report = report or reports.beside(path)
        warnings = warnings or reports.warnings_beside(report)
        with Report(report, warnings) as written:
            meter = Meter(progress, written)
            version, changes = _transact(store, sheets, meter, allow_removals=allow_removals)
    finally:
        close_all(sheets)
    return LoadResult(
        version,
        changes.data,
        meter.counts,
        changes.added,
        changes.changed,
        changes.removed,
        changes.decrees_changed,
        written.bad_rows,
        dict(written.warnings),
        _notes(sheets),
        str(written.path),
        round(time.monotonic() - started, 2),
        written.left_out,
        str(warnings) if warnings else None,
    )


def _transact(
    store: Store, sheets: dict[str, Sheet], meter: Meter, *, allow_removals: bool
) -> tuple[int, Changes]:
    with store.transaction() as tx:
        # psycopg2's own cursor: SQLAlchemy has no COPY.
        cursor = tx.conn.connection.cursor()
        assert isinstance(cursor, Cursor)
        try:
            _begin(cursor)
            _stage_all(cursor, sheets, meter)
            meter.report_now("comparing")
            unread = {name: sheet.unread is not None for name, sheet in sheets.items()}
            changes = compare(cursor, unread, allow_removals=allow_removals)
            if not changes:
                return current_data_version(tx.conn), changes
            meter.report_now("writing")
            floor = tx.numbers.floor(VERSIONS)
            version = write(cursor, changes, meter.report.bad_rows, floor)
            tx.numbers.give(VERSIONS, version)
        except psycopg2.Error as error:
            raise _failure(error) from error
        _publish(tx, version, changes, meter.report.bad_rows)
    return version, changes


def _failure(error: psycopg2.Error) -> LoadFailed:
    if error.pgcode == NOT_MIGRATED:
        return LoadFailed(
            "database.not_migrated",
            "The database has no register yet; run `python -m bus migrate services.inquiry`.",
        )
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return LoadFailed("database.failed", f"The database broke off the load: {reason}")


def _begin(cursor: Cursor) -> None:
    for statement in PATIENCE:
        cursor.execute(statement)
    cursor.execute("select from source_versions limit 0")
    if not _is_true(cursor, LOCK):
        raise LoadFailed("load.busy", "Another load is running; try again when it has ended.")


def _is_true(cursor: Cursor, statement: str) -> bool:
    """Run a statement that returns one boolean."""
    cursor.execute(statement)
    ((value,),) = cursor.fetchall()
    return bool(value)


def _stage_all(cursor: Cursor, sheets: dict[str, Sheet], meter: Meter) -> None:
    report, today = meter.report, tehran_day(dt.datetime.now(dt.UTC))
    for name, sheet in sheets.items():
        stage(cursor, name, sheet, meter, today)
    for name in ("sources", "decrees"):
        for line, fault in repeated(cursor, name):
            report.bad(sheets[name], line, [fault])
    if not _is_true(cursor, "select exists (select from load_sources where item is not null)"):
        raise LoadFailed(
            "export.no_sources",
            f"Not one row of {sheets['sources'].label} can be imported; the report "
            f"{report.path} says why.",
        )
    for name in ("partners", "violations"):
        for line, fault in orphans(cursor, name):
            report.bad(sheets[name], line, [fault])
    for doubt in doubts(cursor):
        report.warn(sheets[doubt.sheet], doubt.line, [doubt.fault])


def _publish(tx: Tx, version: int, changes: Changes, bad_rows: int) -> None:
    note_command(tx.conn, "inquiry.load", data_version=version, bad_rows=bad_rows)
    loaded = RegistryLoaded(
        data_version=version,
        sources_added=changes.added,
        sources_changed=changes.changed,
        sources_removed=changes.removed,
        bad_rows=bad_rows,
    )
    tx.publish(REGISTRY_LOADED, loaded, subject=str(version))


def _notes(sheets: dict[str, Sheet]) -> list[str]:
    notes = []
    for sheet in sheets.values():
        notes += sheet.notes
        if sheet.unread:
            notes.append(
                f"{sheet.label} could not be read whole, so that nothing was removed for its sake: "
                f"{sheet.unread}"
            )
        if sheet.unknown:
            notes.append(f"{sheet.label}: columns not used: {'، '.join(sheet.unknown)}.")
    return notes
