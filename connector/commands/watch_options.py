"""The options of `python -m connector watch`, `unwatch` and `signals`."""

import argparse
import os
from pathlib import Path

from connector.commands.options import connection


def watch_options(command: argparse.ArgumentParser) -> None:
    """Whom to watch, and for how long."""
    from contracts.inquiry.signals import MOST_DAYS

    unwatch_options(command)
    command.add_argument(
        "--days", type=int, default=MOST_DAYS, help=f"for how long; {MOST_DAYS} if left out"
    )


def unwatch_options(command: argparse.ArgumentParser) -> None:
    """Whom to watch no more."""
    from contracts.inquiry.keys import KEY_KINDS

    connection(command)
    _list(command)
    command.add_argument("keys", nargs="*", metavar="KEY", help="such as national IDs")
    command.add_argument("--file", type=Path, help="more keys, one a line")
    command.add_argument(
        "--kind",
        default="national_id",
        choices=sorted(KEY_KINDS),
        metavar="KIND",
        help="of all keys; national_id if left out",
    )
    command.add_argument("--purpose", required=True, help="for which you will ask about them")


def signal_options(command: argparse.ArgumentParser) -> None:
    """From where to read."""
    connection(command)
    _list(command)
    command.add_argument(
        "--anew",
        action="store_true",
        help="from the oldest signal that is kept",
    )


def _list(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--list",
        default=os.environ.get("MIRAB_WATCH_LIST", "mirab-watches.db"),
        metavar="FILE",
        help="your watch list, with your seed; mirab-watches.db here if left out",
    )
