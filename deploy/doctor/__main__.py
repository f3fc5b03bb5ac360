"""`python -m deploy.doctor`: what is wrong with this installation, in sentences.

Without an argument it looks at all that `make up` runs on this machine. With the name of a part it
looks at that part by the variables of this process: in a checkout on the part's server, with the
variables that its unit or container gets.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator

from bus.process.monitor import Status
from bus.process.private import own_files_only
from deploy.doctor import brokers, clocks, databases, dates, files, programs, running, variables
from deploy.doctor.advice import Advice, Look, wrong
from deploy.doctor.installation import Installation
from deploy.local import supervise
from deploy.local.parts import PARTS
from deploy.local.state import State

LOOKS: dict[str, Look] = {
    programs.AREA: programs.look,
    variables.AREA: variables.look,
    files.AREA: files.look,
    databases.AREA: databases.look,
    brokers.AREA: brokers.look,
    running.AREA: running.look,
    clocks.AREA: clocks.look,
    dates.AREA: dates.look,
}
SIGNS = {Status.PASS: "  ok  ", Status.WARN: "  look", Status.FAIL: "WRONG "}


def main(argv: list[str] | None = None) -> int:
    """0: nothing is wrong; 1: something is, and stands on stdout; 2: it cannot be looked at."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.doctor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=sorted(part.name for part in PARTS),
        metavar="part",
        help="look at this one part, by the variables of this process",
    )
    parser.add_argument("--json", action="store_true", help="print it for a program")
    parser.add_argument("--all", action="store_true", help="print what is right, too")
    arguments = parser.parse_args(argv)
    if arguments.part:
        installation = Installation.of_part(arguments.part)
    else:
        state = State.of_checkout()
        if not state.filled.exists():
            print(
                "Nothing was ever started here. `make up` starts Mirab; on a server name the "
                "part that runs there, such as `python -m deploy.doctor inquiry`.",
                file=sys.stderr,
            )
            return 2
        if not supervise.running(state):
            print("Mirab does not run here; `make up` starts it. Then ask again.", file=sys.stderr)
            return 2
        installation = Installation.of_checkout(state)
    findings = list(examine(installation, say=sys.stderr.isatty() and not arguments.json))
    print(as_json(findings) if arguments.json else as_text(findings, everything=arguments.all))
    return 1 if any(advice.status is Status.FAIL for advice in findings) else 0


def examine(installation: Installation, *, say: bool = False) -> Iterator[Advice]:
    """Look at everything, one area after another; one that fails hides no other."""
    for area, look in LOOKS.items():
        if say:
            print(f"looking at {area} …", end="\r", file=sys.stderr, flush=True)
        yield from safely(area, look, installation)


def safely(
    area: str, look: Callable[[Installation], Iterator[Advice]], installation: Installation
) -> list[Advice]:
    """What a look found; that it failed is advice too."""
    findings: list[Advice] = []
    try:
        findings.extend(look(installation))
    except Exception as error:
        findings.append(
            wrong(
                area,
                f"This could not be looked at to its end: {type(error).__name__}.",
                "Send us this line with `python -m deploy.doctor --json`: it is a fault of ours.",
            )
        )
    return findings


def as_text(findings: list[Advice], *, everything: bool = False) -> str:
    """Sentences by area, the gravest first, each with what to do."""
    lines: list[str] = []
    for area in LOOKS:
        advice_of_area = [
            a for a in findings if a.area == area and (everything or a.status is not Status.PASS)
        ]
        advice_of_area.sort(key=lambda advice: list(SIGNS).index(advice.status), reverse=True)
        for advice in advice_of_area:
            lines.append(f"{SIGNS[advice.status]} {area}: {advice.sentence}")
            if advice.todo:
                lines.append(f"       → {advice.todo}")
    count = {status: sum(a.status is status for a in findings) for status in SIGNS}
    lines.append(
        f"{count[Status.FAIL]} wrong, {count[Status.WARN]} to look at, {count[Status.PASS]} well."
    )
    return "\n".join(lines)


def as_json(findings: list[Advice]) -> str:
    """The same as JSON: a list of objects with area, status, sentence and todo."""
    return json.dumps([advice._asdict() for advice in findings], ensure_ascii=False, indent=1)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
