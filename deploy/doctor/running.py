"""The parts themselves: which run, how each says that it is, and of which release it is."""

import asyncio
from collections.abc import Iterator

from bus.process.monitor import Status
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.installation import Installation
from gateway.ops.health.parts import Part, PartAnswer, ask_part

AREA = "parts"
RUNBOOK = "docs/operate.md tells what each sentence means and what to do."


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
    findings = [advice for answer in answers for advice in _of(answer)]
    yield from findings
    if parts and not findings:
        yield well(AREA, f"All {len(parts)} parts run and say that they are well.")


async def _ask(parts: list[Part]) -> list[PartAnswer]:
    return await asyncio.gather(*(ask_part(part) for part in parts))


def _of(answer: PartAnswer) -> Iterator[Advice]:
    unwell = {
        name: findings
        for name, findings in answer.checks.items()
        if findings.status is not Status.PASS
    }
    for name, finding in (unwell or {"": answer.finding}).items():
        if finding.status is Status.PASS:
            continue
        title = f"{answer.part}.{name}" if name else answer.part
        yield (wrong if finding.status is Status.FAIL else doubt)(
            AREA, f"{title}: {finding.sentence}", RUNBOOK
        )
