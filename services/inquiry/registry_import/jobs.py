"""Imports that ops asked for: a row each, worked in a process of its own.

A job is WAITING until a process takes it, then LOADING; it ends as DONE or FAILED, or waits again
where another import was in its way or the database was away. A LOADING job whose process died is
taken again, five times at most.
"""

import json
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import insert, select, update

from bus.database.chores import Chore
from bus.database.store import Store
from bus.errors import FieldError, NotFound, RuleBroken
from bus.process import log
from bus.settings import Settings
from contracts.inquiry.questions import LoadProgress, LoadRegistry
from services.inquiry.context import Context
from services.inquiry.tables import LOADS

LONGEST_MESSAGE = 1000
# What will have passed when it is tried again.
PASSING = ("Another load is running", "The database cannot be reached")
_log = log.get("loads")
_PROGRESS = select(*(LOADS.c[name] for name in LoadProgress.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of an import, as its row has it."""

    state: str
    message: str | None = None
    rows: int = 0
    bad_rows: int = 0
    data_version: int | None = None


def request(context: Context, question: LoadRegistry) -> LoadProgress:
    """Note that an export below the import folder is to be loaded; return its progress."""
    export_at(context.settings, question.folder)
    load = str(uuid.uuid4())
    context.conn.execute(
        insert(LOADS).values(
            load=load,
            folder=question.folder,
            allow_removals=question.allow_removals,
            state="WAITING",
        )
    )
    return progress(context, load)


def export_at(settings: Settings, folder: str) -> Path:
    """Find the export's path; RuleBroken if it leaves the import folder or is not there."""
    base = Path(settings.text("IMPORT_DIR")).resolve()
    path = (base / folder).resolve()
    if not path.is_relative_to(base) or not path.exists():
        reason = "There is no such export in the import folder; put its sheets there first."
        fault = FieldError("folder", "folder.not_found", reason)
        raise RuleBroken(reason, code="folder.not_found", fields=[fault])
    return path


def progress(context: Context, load: str) -> LoadProgress:
    """Say how far an import has come; NotFound ``load.not_found`` if there is none of that id."""
    row = context.conn.execute(_PROGRESS.where(LOADS.c.load == load)).one_or_none()
    if row is None:
        raise NotFound("There is no such import.", code="load.not_found")
    return LoadProgress(**row._mapping)


def work_next(store: Store, settings: Settings) -> None:
    """Run the oldest import that waits, or that a crash has interrupted; none is done twice."""
    oldest = (
        select(LOADS.c.load)
        .where(LOADS.c.state.in_(("WAITING", "LOADING")))
        .order_by(LOADS.c.created_at)
        .limit(1)
        .scalar_subquery()
    )
    begin = (
        update(LOADS)
        .where(LOADS.c.load == oldest)
        .values(state="LOADING")
        .returning(LOADS.c.load, LOADS.c.folder, LOADS.c.allow_removals)
    )
    with store.transaction() as tx:
        row = tx.conn.execute(begin).one_or_none()
    if row is None:
        return
    load, folder, allow_removals = row
    chore = Chore(store, "inquiry.load")
    if chore.begin(load):
        result = _result_of(settings, load, folder, allow_removals=allow_removals)
    else:
        # One that ends the process each time it is begun keeps no other waiting for ever.
        never = "It was begun five times and never came to its end."
        result = JobResult("FAILED", never)
    with store.transaction() as tx:
        tx.conn.execute(update(LOADS).where(LOADS.c.load == load).values(asdict(result)))
    chore.end(load)


def _result_of(settings: Settings, load: str, folder: str, *, allow_removals: bool) -> JobResult:
    """Run an import and say what became of it, whatever it met."""
    try:
        return _run(export_at(settings, folder), allow_removals=allow_removals)
    except RuleBroken as error:
        return JobResult("FAILED", error.message)
    except (OSError, ValueError, LookupError) as error:
        _log.exception("import_failed", load=load)
        return JobResult("FAILED", f"It cannot be run: {type(error).__name__}.")


def _run(path: Path, *, allow_removals: bool) -> JobResult:
    command = [sys.executable, "-m", "services.inquiry.load", str(path)]
    if allow_removals:
        command.append("--allow-removals")
    # Files and not pipes: nobody reads while it runs, and a full pipe would stop it.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, text=True)
        while process.poll() is None:
            time.sleep(0.2)
        out.seek(0)
        err.seek(0)
        return _parsed(process.returncode, out.read(), err.read())


def _parsed(code: int, out: str, err: str) -> JobResult:
    """Read the exit code and the output of the command."""
    if code < 0:
        return JobResult("FAILED", f"The import was ended by signal {-code}; try again.")
    if code:
        lines = [line for line in err.splitlines() if line.strip()]
        message = (lines or ["it did not say why"])[-1]
        if any(reason in message for reason in PASSING):
            return JobResult("WAITING", message)
        return JobResult("FAILED", message[:LONGEST_MESSAGE])
    result = json.loads(out)
    report = [f"Report: {result['report']}", *result["notes"]]
    return JobResult(
        state="DONE",
        message=" ".join(report)[:LONGEST_MESSAGE],
        rows=sum(result["rows"].values()),
        bad_rows=result["bad_rows"],
        data_version=result["data_version"],
    )
