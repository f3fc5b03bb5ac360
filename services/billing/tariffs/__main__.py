"""Imports a first tariff into an empty treasury: `python -m services.billing.tariffs FILE`."""

import argparse
import datetime as dt
import sys
from pathlib import Path

from sqlalchemy import text

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.billing.tariffs.changes import approve, draft, read_csv


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
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
    given = parser.parse_args(argv)
    now = given.approved_on.astimezone(dt.UTC)
    try:
        rows = read_csv(given.file.read_text(encoding="utf-8"))
        with Store(Settings().text("DB_URL"), source="tariffs").transaction() as tx:
            if tx.conn.execute(text("select exists (select 1 from tariffs)")).scalar_one():
                print("There is a tariff already.")
                return 0
            for id_ in draft(tx.conn, now, given.drafted_by, rows):
                approve(tx.conn, now, given.approved_by, id_)
            note_command(
                tx.conn, "billing.tariffs", drafted_by=given.drafted_by,
                approved_by=given.approved_by, rows=len(rows),
            )  # fmt: skip
    except (BusError, MissingSettings, OSError, UnicodeDecodeError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 1
    print(f"{len(rows)} rows are in force from their days on.")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
