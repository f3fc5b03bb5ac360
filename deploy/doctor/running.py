"""The parts themselves: which run, how each says that it is, and of which release it is."""

import asyncio
from collections.abc import Iterator

from bus.process.monitor import Finding, Status
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.installation import Installation
from gateway.ops.board.runbook import section_of
from gateway.ops.health.parts import Part, PartAnswer, ask_part

AREA = "parts"
# So many checks of one cause are named.
SHOWN = 6


def look(installation: Installation) -> Iterator[Advice]:
    """Yield what each part says of itself."""
    parts = [
        Part(name, host.strip("[]"), int(port))
        for name, environ in installation.parts.items()
        for host, _, port in [environ.get("METRICS_ADDRESS", "").rpartition(":")]
        if host and port.isdecimal()
    ]
    if len(parts) < len(installation.parts):
        silent = sorted(installation.parts.keys() - {part.name for part in parts})
        yield doubt(
            AREA,
            f"How these are cannot be known: {', '.join(silent)}.",
            "Set METRICS_ADDRESS for each part: a host and a port.",
        )
    answers = asyncio.run(_ask(parts))
    causes: dict[tuple[Status, str], dict[str, Finding]] = {}
    for answer in answers:
        for title, finding in _unwell(answer):
            causes.setdefault((finding.status, finding.code), {})[title] = finding
    for cause in causes.values():
        yield _advice(cause)
    if parts and not causes:
        yield well(AREA, f"All {len(parts)} parts run and say that they are well.")


async def _ask(parts: list[Part]) -> list[PartAnswer]:
    return await asyncio.gather(*(ask_part(part) for part in parts))


def _unwell(answer: PartAnswer) -> Iterator[tuple[str, Finding]]:
    """The checks of a part that are not well; the part itself, if it told of none."""
    checks = {f"{answer.part}.{name}": finding for name, finding in answer.checks.items()}
    unwell = {name: f for name, f in checks.items() if f.status is not Status.PASS}
    if not unwell and answer.finding.status is not Status.PASS:
        unwell = {answer.part: answer.finding}
    yield from unwell.items()


def _advice(cause: dict[str, Finding]) -> Advice:
    """One cause, however many checks find it."""
    titles, finding = list(cause), next(iter(cause.values()))
    more = f" and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
    say = wrong if finding.status is Status.FAIL else doubt
    heading = section_of(finding.code).heading
    return say(
        AREA,
        f"{', '.join(titles[:SHOWN])}{more}: {finding.sentence}",
        f"{heading} in docs/operate.md tells what it means and what to do.",
    )
