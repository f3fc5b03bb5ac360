"""Imports a first tariff into an empty treasury: `python -m services.billing.tariffs FILE`."""

import argparse
import datetime as dt
import sys
from pathlib import Path

from sqlalchemy import exists, select

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.billing.context import Context
from services.billing.tables import TARIFFS
from services.billing.tariffs.changes import add_drafts, approve
from services.billing.tariffs.csv_file import read_csv


def main(argv: list[str] | None = None) -> int:
    """Import a file. 0: imported; 1: nothing was changed, with the reason on stderr."""
    arguments = _parser().parse_args(argv)
    now = arguments.approved_on.astimezone(dt.UTC)
    try:
        drafts = read_csv(arguments.file.read_text(encoding="utf-8"))
        with Store(Settings().text("DB_URL"), source="tariffs").transaction() as tx:
            if tx.conn.execute(select(exists(select(TARIFFS.c.id)))).scalar_one():
                print("There is a tariff already.")
                return 0
            for id_ in add_drafts(Context(tx, now, arguments.drafted_by), drafts):
                approve(Context(tx, now, arguments.approved_by), id_)
            note_command(
                tx.conn,
                "billing.tariffs",
                drafted_by=arguments.drafted_by,
                approved_by=arguments.approved_by,
                rows=len(drafts),
            )
    except (BusError, MissingSettings, OSError, UnicodeDecodeError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 1
    print(f"{len(drafts)} rows are in force from their days on.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.billing.tariffs",
        description="Imports a first tariff into an empty treasury; later rows are drafted and "
        "approved at the desk. Does nothing if there are rows already.",
    )
    parser.add_argument("file", type=Path, help="CSV with the columns of a tariff row")
    parser.add_argument("--drafted-by", required=True)
    parser.add_argument("--approved-by", required=True)
    parser.add_argument(
        "--approved-on",
        type=dt.datetime.fromisoformat,
        default=dt.datetime.now(dt.UTC),
        help="when they were approved on paper (RFC 3339); now if left out",
    )
    return parser


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
