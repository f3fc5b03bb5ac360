"""Imports that ops asked for: a row each, worked in a process of its own."""

import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from bus.errors import FieldError, NotFound, RuleBroken
from bus.process import log
from bus.settings import Settings

FIELDS = ("load", "state", "rows", "bad_rows", "data_version", "message")
LONGEST_MESSAGE = 1000
# What will have passed when it is tried again.
PASSING = ("Another load is running", "The database cannot be reached")
_log = log.get("loads")
_PROGRESS = text(
    f"select {', '.join(FIELDS)} from loads where load = :load"  # noqa: S608 - made of constants
)


def request(tx: Tx, settings: Settings, folder: str, allow_removals: bool) -> dict[str, Any]:
    """Notes that an export below the import folder is to be loaded; its progress."""
    export_at(settings, folder)
    load = str(uuid.uuid4())
    tx.conn.execute(
        text(
            "insert into loads (load, folder, allow_removals, state) "
            "values (:load, :folder, :allow_removals, 'WAITING')"
        ),
        {"load": load, "folder": folder, "allow_removals": allow_removals},
    )
    return progress(tx, load)


def export_at(settings: Settings, folder: str) -> Path:
    """The export's path; RuleBroken if it leaves the import folder or is not there."""
    base = Path(settings.text("IMPORT_DIR")).resolve()
    path = (base / folder).resolve()
    if not path.is_relative_to(base) or not path.exists():
        why = "There is no such export in the import folder; put its sheets there first."
        raise RuleBroken(
            why, code="folder.not_found", fields=[FieldError("folder", "folder.not_found", why)]
        )
    return path


def progress(tx: Tx, load: str) -> dict[str, Any]:
    """How far an import has come; NotFound if there is none of that id."""
    found = (
        tx.conn.execute(
            _PROGRESS,
            {"load": load},
        )
        .mappings()
        .one_or_none()
    )
    if found is None:
        raise NotFound("There is no such import.", code="load.not_found")
    return dict(found)


_NEXT = text("""
    update loads set state = 'LOADING' where load = (
        select load from loads where state in ('WAITING', 'LOADING') order by created_at limit 1)
    returning *""")


def work_next(store: Store, settings: Settings) -> None:
    """Runs the oldest import that waits, or that a crash has interrupted; none is done twice."""
    with store.transaction() as tx:
        found = tx.conn.execute(_NEXT).mappings().one_or_none()
    if found is None:
        return
    chore = Chore(store, "inquiry.load")
    told = _told_of(settings, found) if chore.begin(found["load"]) else _given_up()
    with store.transaction() as tx:
        tx.conn.execute(
            text(
                "update loads set state = :state, rows = :rows, bad_rows = :bad_rows, "
                "data_version = :data_version, message = :message where load = :load"
            ),
            {
                "rows": 0,
                "bad_rows": 0,
                "data_version": None,
                "message": None,
                **told,
                "load": found["load"],
            },
        )
    chore.end(found["load"])


def _told_of(settings: Settings, found: Mapping[str, Any]) -> dict[str, Any]:
    """Runs an import; what became of it, whatever it met."""
    try:
        return _run(export_at(settings, found["folder"]), found["allow_removals"])
    except RuleBroken as error:
        return {"state": "FAILED", "message": error.message}
    except (OSError, ValueError, LookupError) as error:
        _log.exception("import_failed", load=found["load"])
        return {"state": "FAILED", "message": f"It cannot be run: {type(error).__name__}."}


def _given_up() -> dict[str, Any]:
    """One that ends the process each time it is begun keeps no other waiting for ever."""
    return {"state": "FAILED", "message": "It was begun five times and never came to its end."}


def _run(path: Path, allow_removals: bool) -> dict[str, Any]:
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
        return _told(process.returncode, out.read(), err.read())


def _told(code: int, out: str, err: str) -> dict[str, Any]:
    if code < 0:
        return {"state": "FAILED", "message": f"The import was ended by signal {-code}; try again."}
    if code:
        lines = [line for line in err.splitlines() if line.strip()]
        message = (lines or ["it did not say why"])[-1]
        if any(reason in message for reason in PASSING):
            return {"state": "WAITING", "message": message}
        return {"state": "FAILED", "message": message[:LONGEST_MESSAGE]}
    result = json.loads(out)
    report = [f"Report: {result['report']}", *result["notes"]]
    return {
        "state": "DONE",
        "rows": sum(result["rows"].values()),
        "bad_rows": result["bad_rows"],
        "data_version": result["data_version"],
        "message": " ".join(report)[:LONGEST_MESSAGE],
    }
