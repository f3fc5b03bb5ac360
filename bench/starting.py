"""How long `make up` takes, first and again, and what Mirab takes while nobody asks.

Measured on a copy of this checkout with a state of its own; the ports are those of `make up`, so
Mirab must not run beside it.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.stack import ROOT
from bench.tables import middle, table

QUIET_SECONDS, LOOK_SECONDS = 300.0, 60.0
STATE = "from deploy.local.state import State; print(State.of_checkout().home)"
MEBIBYTE = 1024**2


class Start(NamedTuple):
    """One start: seconds until all is ready, and seconds of processor time of all processes."""

    seconds: float
    cpu: float


class Copy:
    """A copy of this checkout's files with a state of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.folder)], check=True)
        self.home = Path(self._run("-c", STATE).strip())

    def up(self) -> Start:
        """Start it; CalledProcessError if it cannot start."""
        before, began = _of_children(), time.monotonic()
        self._run("-m", "deploy.local", "up", "--detach")
        seconds = time.monotonic() - began
        cpu = _of_children() - before + sum(_cpu(process) for process in self.processes())
        return Start(seconds, cpu)

    def down(self) -> None:
        """Stop all of it."""
        self._run("-m", "deploy.local", "down")

    def remove(self) -> None:
        """Stop it and delete its state."""
        self.down()
        shutil.rmtree(self.home)

    def steps(self) -> str:
        """What each step of the last start took, as `make status` tells."""
        return (self.home / "logs" / "start.txt").read_text(encoding="utf-8")

    def processes(self) -> list[psutil.Process]:
        """All that it has started and that runs on."""
        pid = int((self.home / "supervisord.pid").read_text(encoding="ascii"))
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]

    def _run(self, *words: str) -> str:
        command = [sys.executable, "-W", "ignore", *words]
        done = subprocess.run(
            command, cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


def measure(rounds: int, *, quick: bool = False) -> str:
    """Start a copy once and then ``rounds`` times again, and look at it while it is idle."""
    with tempfile.TemporaryDirectory(prefix="mirab-start-") as folder:
        copy = Copy(Path(folder))
        try:
            cold, warm = copy.up(), []
            for _ in range(rounds):
                copy.down()
                warm.append(copy.up())
            steps = copy.steps()
            time.sleep(0 if quick else QUIET_SECONDS)
            idle = table(("idle", "% of one core", "MiB", "processes"), _idle(copy))
        finally:
            copy.remove()
    again = Start(middle(start.seconds for start in warm), middle(start.cpu for start in warm))
    starts = table(
        ("`make up`", "seconds", "seconds of processor time"),
        [
            (name, f"{start.seconds:.1f}", f"{start.cpu:.1f}")
            for name, start in (("first", cold), ("again", again))
        ],
    )
    return f"{starts}\n\nThe steps of the last:\n\n```\n{steps}```\n\n{idle}"


def _idle(copy: Copy) -> Iterator[tuple[str, str, str, int]]:
    """What each kind of process takes within a minute, and all together."""
    before = {process.pid: _cpu(process) for process in copy.processes()}
    time.sleep(LOOK_SECONDS)
    shares: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for process in copy.processes():
        cpu = (_cpu(process) - before.get(process.pid, 0.0)) / LOOK_SECONDS * 100
        shares[_name(process)].append((cpu, _memory(process)))
    rows = [
        (name, sum(cpu for cpu, _ in of), sum(memory for _, memory in of), len(of))
        for name, of in shares.items()
    ]
    rows.sort(key=lambda row: -row[1])
    whole = [share for of in shares.values() for share in of]
    rows.append(("in all", sum(cpu for cpu, _ in whole), sum(m for _, m in whole), len(whole)))
    for name, cpu, memory, count in rows:
        yield name, f"{cpu:.2f}", f"{memory:.0f}", count


def _name(process: psutil.Process) -> str:
    """The part, or the program of a store."""
    words: list[str] = process.cmdline() or [process.name()]
    if words[0].startswith("postgres:"):
        words = words[0].split()
        return "PostgreSQL for " + words[1] if len(words) > 2 else "PostgreSQL"
    if "-m" in words:
        return " ".join(words[words.index("-m") + 1 :][:3]).split(" -")[0]
    return str(process.name())


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _memory(process: psutil.Process) -> float:
    """MiB, its share of what it shares with others (PSS)."""
    try:
        return float(process.memory_full_info().pss) / MEBIBYTE
    except psutil.Error:
        return 0.0


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
