"""Put templates of a file in force: `python -m services.notify.templates`."""

import argparse
import datetime as dt
import sys
import tomllib
from pathlib import Path

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.errors import BusError, ContractError, RuleBroken
from bus.messages.kinds import InputForm
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from contracts.notify.messages import DraftTemplate
from services.notify.domain.template import OURS
from services.notify.templates.versions import import_forms

DRAFT = InputForm("notify.template_form.v1", DraftTemplate)


def read(path: Path) -> list[DraftTemplate]:
    """The forms of a file of ours. RuleBroken ``field.wrong`` names what is wrong, OSError."""
    requests, faults = [], []
    for row in tomllib.loads(path.read_text(encoding="utf-8")).get("templates", []):
        try:
            requests.append(DRAFT.load(row))
        except ContractError as error:
            name = f"{row.get('code')} ({row.get('channel')})"
            faults += [f"{name}: {f.field}: {f.message}" for f in error.fields]
    if faults:
        raise RuleBroken("; ".join(faults), code="field.wrong")
    return requests


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.notify.templates",
        description="Puts templates in force: those that are new or read otherwise.",
    )
    parser.add_argument("file", type=Path, help="TOML with [[templates]]")
    parser.add_argument("--owner", default=OURS, help=f"their owner; {OURS} by default")
    parser.add_argument("--drafted-by", required=True)
    parser.add_argument("--approved-by", required=True)
    options = parser.parse_args(argv)
    author, approver = options.drafted_by, options.approved_by
    try:
        requests = read(options.file)
        with Store(Settings().text("DB_URL"), source="templates").transaction() as tx:
            now = dt.datetime.now(dt.UTC)
            count = import_forms(tx.conn, now, requests, author, approver, options.owner)
            note_command(
                tx.conn,
                "notify.templates",
                drafted_by=author,
                approved_by=approver,
                owner=options.owner,
                forms=count,
            )
    except (BusError, MissingSettings, OSError, ValueError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 1
    print(f"{count} forms were put in force.")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
