"""The steps of a start that fill databases and brokers: side by side, each in a process forked from
this one, which has imported Mirab once for all of them.
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple, NoReturn

from deploy.local import preloaded
from deploy.local.programs import CannotStart, last_line
from deploy.local.state import CHECKOUT


class Step(NamedTuple):
    """One module that is run to its end; ``result`` takes what it printed."""

    words: tuple[str, ...]
    environ: Mapping[str, str]
    stdin: str = ""
    result: Callable[[str], object] | None = None

    @property
    def name(self) -> str:
        """Its name in sentences."""
        return " ".join(self.words[:3])


class Running(NamedTuple):
    """A step that runs, with the file that it writes into and the steps that follow it."""

    step: Step
    out: IO[str]
    rest: Sequence[Step]
    begun: float


class Took(NamedTuple):
    """How long a step took: seconds since the start when it began, and seconds of its own."""

    name: str
    at: float
    seconds: float
    cpu: float


def run_side_by_side(chains: Sequence[Sequence[Step]], started: float) -> list[Took]:
    """Runs chains of steps beside each other, the steps of each one after another.

    ``started`` is the moment from which Took counts. CannotStart with the last line of a step that
    fails; what runs beside it ends first.
    """
    preloaded.load(preloaded.STEPS)
    running: dict[int, Running] = {}
    took: list[Took] = []
    problems: list[str] = []
    for chain in chains:
        begin(running, chain)
    while running:
        process, status, usage = os.wait3(0)
        ended = running.pop(process)
        with ended.out as out:
            out.seek(0)
            text = out.read()
        now = time.monotonic()
        cpu = usage.ru_utime + usage.ru_stime
        took.append(Took(ended.step.name, ended.begun - started, now - ended.begun, cpu))
        if os.waitstatus_to_exitcode(status):
            problems.append(f"{ended.step.name}: {last_line(text)}")
            continue
        if ended.step.result:
            ended.step.result(text)
        begin(running, ended.rest)
    if problems:
        raise CannotStart("; ".join(problems))
    return took


def begin(running: dict[int, Running], chain: Sequence[Step]) -> None:
    """Begins the first step of a chain, if it has one."""
    if not chain:
        return
    step, *rest = chain
    out = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed when the step ends
    read, write = os.pipe()
    process = os.fork()
    if not process:
        os.close(write)
        become(step, (read, out.fileno()))
    os.close(read)
    with suppress(BrokenPipeError), os.fdopen(write, "w", encoding="utf-8") as pipe:
        pipe.write(step.stdin)
    running[process] = Running(step, out, rest, time.monotonic())


def become(step: Step, files: tuple[int, int]) -> NoReturn:
    """Goes on in a new process as the module of the step."""
    read, out = files
    for number, file in enumerate((read, out, out)):
        os.dup2(file, number)
    os.closerange(preloaded.FILES, preloaded.LAST_FILE)
    preloaded.run(step.words, step.environ, CHECKOUT)
