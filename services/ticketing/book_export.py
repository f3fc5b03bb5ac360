"""Writes the book of the desk as TOML: `python -m services.ticketing.book_export > book.toml`."""

import argparse
import sys

from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.ticketing import books
from services.ticketing.domain.book_toml import HEAD, to_toml


def main(argv: list[str] | None = None) -> int:
    """0: the book in force was written to stdout; 1: there is none, and stderr says why."""
    argparse.ArgumentParser(
        prog="python -m services.ticketing.book_export",
        description="Writes the book of the desk that is in force as TOML, but for the calendar.",
    ).parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="book_export").transaction() as tx:
            document = books.newest(tx.conn).document
    except (BusError, MissingSettings) as error:
        print(f"The book was not written: {error}", file=sys.stderr)
        return 1
    print(HEAD + to_toml(document), end="")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
