"""Make all figures of senders anew: `python -m services.notify.statistics`."""

import argparse
import sys

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.notify.statistics import counting


def main(argv: list[str] | None = None) -> int:
    """0: the service counts all days anew within minutes; 1: it does not, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.notify.statistics",
        description="Has the service count all figures of senders anew, from the first message on.",
    )
    parser.parse_args(argv)
    try:
        settings = Settings().require("DB_URL")
    except MissingSettings as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1
    with Store(settings.text("DB_URL"), source="statistics").transaction() as tx:
        note_command(tx.conn, "notify.count_figures_anew")
        counting.forget(tx.conn)
    print("The service counts all days anew within some minutes.")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
