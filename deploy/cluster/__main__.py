"""`python -m deploy.cluster`: a cluster on this machine, broken in every way, and what was lost.

Three nodes of RabbitMQ, PostgreSQL with a standby under Patroni and etcd, two of each process of
Mirab, each store on an address of its own in a network namespace. It needs root, half an hour and
six gigabytes; nothing of it stays but its logs. 0: nothing was lost or done twice, and no answer
took longer than it may; 1: something was.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bus.process.private import own_files_only
from deploy import apart
from deploy.cluster import book, earlier, report
from deploy.cluster.counts import counts, settled, states_of_letters
from deploy.cluster.installation import Say, installed
from deploy.cluster.load import running, streams
from deploy.cluster.plays import PLAYS, Play, earlier_release, play_all
from deploy.local.programs import CannotStart
from deploy.local.readiness import NotReady


def main(argv: Sequence[str] | None = None) -> int:
    """See the docstring of this module."""
    parser = argparse.ArgumentParser(prog="python -m deploy.cluster", description=__doc__)
    names = [play.name for play in PLAYS]
    parser.add_argument(
        "--only", metavar="WORDS", action="append", help="plays whose names have these words"
    )
    parser.add_argument("--write", type=Path, help="write the figures into this document")
    parser.add_argument("--list", action="store_true", help="tell the plays and end")
    arguments = parser.parse_args(argv)
    if arguments.list:
        print("\n".join(names))
        return 0
    if not apart.is_inside():
        return apart.run("deploy.cluster", sys.argv[1:] if argv is None else argv)
    apart.end_when_told()
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"  {time.monotonic() - began:4.0f} s  {line}", file=sys.stderr, flush=True)

    plays = chosen(arguments.only or [""], say)
    try:
        with installed(say) as cluster:
            say("ready; measuring what the shared book costs")
            cost = book.table(book.costs(cluster))
            print(cost)
            say("the load begins")
            kinds = streams()
            running(kinds, say)
            outcomes = play_all(cluster, kinds, plays, say)
            for stream in kinds:
                stream.stop()
            say("the load has ended; waiting until all is done")
            rest = settled(cluster)
            made = counts(cluster, kinds)
            say(f"letters: {states_of_letters(cluster)}")
            problems = {stream.name: dict(stream.problems) for stream in kinds}
    except (CannotStart, NotReady) as error:
        print(f"The cluster was not played: {error}", file=sys.stderr)
        return 1
    text = report.tables(outcomes, made, rest)
    print(text)
    print(report.problems(problems), file=sys.stderr)
    if arguments.write:
        report.write(arguments.write, "cluster", text)
        report.write(arguments.write, "book", cost)
    return 0 if report.is_good(outcomes, made, rest) else 1


def chosen(wanted: Sequence[str], say: Say) -> list[Play]:
    """The plays whose names have some of these words, but for what this clone cannot play."""
    plays = [play for play in PLAYS if any(words in play.name for words in wanted)]
    if earlier.commit() is None and any(play.act is earlier_release for play in plays):
        say(f"left out, since this clone has no {earlier.TAG} (git fetch --tags): its parts")
        plays = [play for play in plays if play.act is not earlier_release]
    return plays


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
