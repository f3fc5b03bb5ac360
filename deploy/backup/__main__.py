"""`python -m deploy.backup take|list|restore`: backups of what `make up` runs on this machine."""

import argparse
import datetime as dt
import sys
from pathlib import Path

from bus.process.private import own_files_only
from deploy.backup.place import CannotBackUp, Place
from deploy.backup.restore import restore
from deploy.backup.take import as_lines, take
from deploy.local import supervise
from deploy.local.postgres import Postgres
from deploy.local.programs import CannotStart
from deploy.local.state import State


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: it could not be done, and one sentence on stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m deploy.backup", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    taking = acts.add_parser("take", help="back up databases and files, while all runs")
    listing = acts.add_parser("list", help="the backups that there are")
    restoring = acts.add_parser("restore", help="bring one back; Mirab must be down")
    for act in (taking, listing, restoring):
        act.add_argument(
            "--in",
            dest="place",
            type=Path,
            help="the folder of backups, on another disk (below the state's folder)",
        )
    restoring.add_argument("--name", help="which backup; the newest that ended before --at")
    restoring.add_argument(
        "--at",
        type=moment,
        help="until this moment, such as 2026-11-29T14:30:00Z; all, if left out",
    )
    arguments = parser.parse_args(argv)
    state = State.of_checkout()
    place = Place((arguments.place or state.home / "backups").resolve())
    try:
        return {"take": _take, "list": _list, "restore": _restore}[arguments.act](
            state, place, arguments
        )
    except (CannotBackUp, CannotStart) as error:
        print(f"Not done: {error}", file=sys.stderr)
    except OSError as error:
        print(f"Not done: {error.strerror or error} ({error.filename}).", file=sys.stderr)
    return 1


def moment(text: str) -> dt.datetime:
    """A moment of RFC 3339; one without a zone is refused, since its zone would be a guess."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment with its zone, such as 2026-11-29T14:30:00Z"
        )
    return read


def _take(state: State, place: Place, _: argparse.Namespace) -> int:
    postgres = _private(state)
    if not supervise.running(state):
        raise CannotBackUp("Mirab does not run; `make up` first. A backup is taken while it runs.")
    name = take(postgres, state.home, place, say)
    supervise.start_archive(state)
    backup = place.chosen(name, None)
    print(f"Backup {name} in {place.folder}; rows: {as_lines(backup.manifest.rows)}.")
    print("From now on each change is written there too: it can be brought back to any moment.")
    if place.folder.stat().st_dev == state.home.stat().st_dev:
        print("This folder is on the disk of the databases: copy it to another, or use TO=….")
    return 0


def _list(_: State, place: Place, __: argparse.Namespace) -> int:
    for backup in place.backups():
        manifest = backup.manifest
        print(f"{backup.name}  {manifest.release}  rows: {as_lines(manifest.rows)}")
    return 0


def _restore(state: State, place: Place, arguments: argparse.Namespace) -> int:
    postgres = _private(state)
    if supervise.running(state):
        raise CannotBackUp("Mirab runs; `make down` first.")
    backup = place.chosen(arguments.name, arguments.at)
    done = restore(postgres, state.home, backup, arguments.at, say)
    until = f"{done.until:%Y-%m-%d %H:%M:%S} UTC" if done.until else "the backup's own moment"
    print(f"Brought back until {until}; rows: {as_lines(done.rows)}.")
    print("What was there before is kept: " + ", ".join(map(str, done.aside)))
    print("Now `make up`, then `make backup`: what comes from now on needs a backup of its own.")
    return 0


def _private(state: State) -> Postgres:
    if state.postgres is None:
        raise CannotBackUp(
            "DB_URL names a PostgreSQL of somebody else's: it is backed up by its own means "
            "(docs/operate.md, Backup and restore)."
        )
    return state.postgres


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
