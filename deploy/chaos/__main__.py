"""`python -m deploy.chaos`: faults on a running installation of its own, and what was counted.

It starts all of Mirab in a folder and a network namespace of its own, so that nobody's
installation is touched and no port is taken; lets citizens, agencies, payers, clerks and mail
servers work; makes faults one after another; and waits after each until everybody is served again.
At the end it counts what was accepted against databases, banks and telephones.
"""

import argparse
import sys
import time
from pathlib import Path

from bus.process.private import own_files_only
from deploy import apart
from deploy.chaos import report
from deploy.chaos.counts import Accounts, Count
from deploy.chaos.faults import Fault, all_faults
from deploy.chaos.installation import Installation, make_anew, only_one
from deploy.chaos.play import Play, play_all
from deploy.local.programs import pass_through
from deploy.local.state import State


def main(argv: list[str] | None = None) -> int:
    """0: all came back by itself and all counts are right; 1: not; 2: it cannot be played."""
    options = _options().parse_args(argv)
    faults = chosen(options.fault, quick=options.quick)
    if options.list:
        for fault in faults:
            print(f"{fault.name:24} {fault.title}")
        return 0
    if not apart.is_inside():
        return apart.run("deploy.chaos", sys.argv[1:] if argv is None else argv)
    home = State.of_checkout().home
    place = home.with_name(f"{home.name}-chaos")
    pass_through(place)
    with only_one(place):
        return play(place, faults, options)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos", description=__doc__)
    parser.add_argument("--fault", action="append", help="only those of this name, or beginning so")
    parser.add_argument("--quick", action="store_true", help="the short form, nine faults")
    parser.add_argument("--list", action="store_true", help="only name the faults")
    parser.add_argument("--minutes", type=float, help="after so many no further fault is made")
    parser.add_argument("--seed", type=int, default=1, help="of whom and what is asked")
    parser.add_argument("--write", type=Path, help="write the table into this document")
    return parser


def chosen(names: list[str] | None, *, quick: bool) -> list[Fault]:
    """The faults of these names or beginnings; SystemExit if there is none."""
    faults = [fault for fault in all_faults() if fault.quick or not quick or names]
    if names:
        exact = [fault for fault in faults if fault.name in names]
        faults = exact or [fault for fault in faults if fault.name.startswith(tuple(names))]
    if not faults:
        raise SystemExit(f"There is no fault {', '.join(names or [])}; --list names them.")
    return faults


def play(home: Path, faults: list[Fault], options: argparse.Namespace) -> int:
    """Start, hurt and count one installation."""
    started = time.monotonic()
    apart.end_when_told()
    installation = Installation(home)
    installation.stop()
    make_anew(home)
    try:
        say("starting an installation of its own")
        installation.start()
        play = Play(installation, options.seed, say)
        play.begin()
        end = None if options.minutes is None else started + options.minutes * 60
        recoveries = play_all(play, faults, say, end)
        counts = count(play)
    finally:
        installation.stop()
    seconds = time.monotonic() - started
    print(report.table(recoveries, counts))
    if options.write:
        report.write(options.write, recoveries, counts, seconds, len(faults))
    bad = [count for count in counts if count.wrong]
    slow = [row for row in recoveries if row.seconds is None]
    made = report.made(len(recoveries), len(faults), seconds)
    say(f"{made}; logs in {home / 'logs'}")
    return 1 if bad or slow else 0


def count(play: Play) -> list[Count]:
    """Let everybody come to an end, and count."""
    say("all come to their end")
    late = play.end()
    accounts = Accounts(play.installation, play.journal)
    answered = len(play.journal.accepted)
    unanswered = Count("everybody who asked was answered", str(answered), ", ".join(late))
    return [unanswered, accounts.drained(), *accounts.all()]


def say(line: str) -> None:
    """One line of progress, with the time."""
    print(f"  {time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
