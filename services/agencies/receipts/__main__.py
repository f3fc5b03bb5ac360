"""Puts leaves that were lost back into the log: `python -m services.agencies.receipts FILE`."""

import argparse
import datetime as dt
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.agencies.receipts import restoring

DONE, REFUSED, UNABLE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0: the leaves are back; 1: the copy is not what was signed; 2: not tried."""
    parser = argparse.ArgumentParser(
        prog="python -m services.agencies.receipts",
        description=(
            "After a restored backup: puts the leaves of a copy of the log back in their places. "
            "FILE has the leaves of /v1/log/entries as JSON texts, one a line, from the first on. "
            "Needs DB_URL, RECEIPTS_ORIGIN and MARKS_DIR, whose head the copy must lead to."
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    try:
        settings = Settings()
        settings.require("DB_URL", "RECEIPTS_ORIGIN", "MARKS_DIR")
        store = Store(settings.text("DB_URL"), source="receipts", connections=1)
        origin, folder = settings.text("RECEIPTS_ORIGIN"), Path(settings.text("MARKS_DIR"))
        now = dt.datetime.now(dt.UTC)
        with store.transaction() as tx:
            back = restoring.put_back(tx, options.file, origin, folder, now)
    except BusError as error:
        print(f"Nothing was changed: {error.message}", file=sys.stderr)
        return REFUSED
    except (MissingSettings, OSError, ValueError, SQLAlchemyError) as error:
        print(f"Nothing was tried: {str(error).splitlines()[0]}", file=sys.stderr)
        return UNABLE
    print(f"{back} leaves were put back; the next head is signed in seconds.")
    return DONE


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
