"""What the tests share that start an installation and walk on it: two people who draft and approve,
lines with the seconds, somebody who walks outside of it, and the frame of the command.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.compose_test.engine import Failed
from deploy.compose_test.images import program
from deploy.compose_test.place import Place
from deploy.local.state import CHECKOUT

# Who works at the desk: role and unit.
COLLEAGUES = {
    "sara": ("clerk", "subscribers"),
    "karim": ("clerk", "groundwater"),
    "nader": ("supervisor", "inspection"),
}
TWO_PEOPLE = ("--drafted-by", "karim", "--approved-by", "nader")


class Teller:
    """Says what happens, each line with the seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self._begun:6.0f} s  {text}", flush=True)


def walk(
    say: Callable[[str], None],
    namespace: str,
    place: Place,
    mailbox: Path,
    words: Sequence[str],
) -> None:
    """Walk the journeys in a network namespace, as somebody outside of what is tested; ``words``
    are a password, a key of the Notify API and the steps. Failed if one does not go.
    """
    command = [sys.executable, "-m", "deploy.compose_test.walk", str(place.own), str(mailbox)]
    with subprocess.Popen(
        ["ip", "netns", "exec", namespace, *command, *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    ) as walking:
        for line in walking.stdout or ():
            say("  " + line.strip())
    if walking.returncode:
        raise Failed("a journey does not go as the documents say")


def command(
    name: str,
    parser: argparse.ArgumentParser,
    argv: list[str] | None,
    needed: Sequence[str],
    run: Callable[[argparse.Namespace], None],
) -> int:
    """Run a test as root with the programs it needs. 0: it runs as the documents say; 1: it does
    not, and stderr says where.
    """
    arguments = parser.parse_args(argv)
    missing = [wanted for wanted in needed if not program(wanted)]
    if os.geteuid() or missing:
        print(f"Needs root{' and ' + ', '.join(missing) if missing else ''}.", file=sys.stderr)
        return 1
    try:
        run(arguments)
    except (Failed, subprocess.SubprocessError) as error:
        print(f"{name} failed. {error}", file=sys.stderr)
        return 1
    return 0
