"""`python -m tests.simulation --histories 100000`: the nightly form, on a database of its own.

Histories are played in runs of some hundred, each with a seed of its own; a history that fails is
shortened, printed with its moves, and played again by ``--seed N --histories N``.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from deploy.local.stores import start_postgres
from tests.databases import make_empty_database
from tests.simulation.machine import machine_on, settled
from tests.simulation.world import Database

RUN = 500


def main(argv=None):
    """0: everything held in all histories; 1: not in one, which is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="mirab-") as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            url = make_empty_database(server, "tests.probe", "simulation")
            database = Database(url)
            return play(database, options.histories, options.seed)
        finally:
            server.kill()


def play(database, histories, first):
    """Play so many histories, and say after each run how many there were."""
    started, played, number = time.monotonic(), 0, first
    while played < histories:
        count = min(RUN, histories - played)
        try:
            machine = seed(number)(machine_on(database))
            run_state_machine_as_test(machine, settings=settled(count, print_blob=True))
        except Exception as error:
            print(f"A history of seed {number} fails: {error}", file=sys.stderr)
            print(f"Again: --seed {number} --histories {count}", file=sys.stderr)
            return 1
        played, number = played + count, number + 1
        rate = played / (time.monotonic() - started)
        print(f"  {played} of {histories} histories, {rate:.0f} a second", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
