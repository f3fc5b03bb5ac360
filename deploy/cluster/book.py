"""What the book of proofs that all machines share costs a question."""

import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from deploy.cluster.installation import CHECKOUT, Installation
from deploy.cluster.load import Questions
from deploy.local.ports import listening
from deploy.local.programs import CannotStart, wait_until

ALONE_PORT, SHARED_PORT = 8301, 8001
QUESTIONS, ROUNDS, WARM = 100, 3, 20
START_SECONDS = 120


class Cost(NamedTuple):
    """Of one question after another, in ms: the median and the 95th of a hundred."""

    median: float
    late: float


def costs(cluster: Installation) -> dict[str, Cost]:
    """Without and with the shared book, in turn, the median of the rounds."""
    with _face_alone(cluster):
        rounds: dict[str, list[list[float]]] = {"alone": [], "shared": []}
        for port in (ALONE_PORT, SHARED_PORT):
            _ask(port, WARM)
        for _ in range(ROUNDS):
            rounds["alone"].append(_ask(ALONE_PORT, QUESTIONS))
            rounds["shared"].append(_ask(SHARED_PORT, QUESTIONS))
    return {
        name: Cost(
            statistics.median(statistics.median(times) for times in lists),
            statistics.median(statistics.quantiles(times, n=20)[-1] for times in lists),
        )
        for name, lists in rounds.items()
    }


def table(made: dict[str, Cost]) -> str:
    """The costs as a table."""
    names = {"alone": "a book of its own", "shared": "and the one of all machines"}
    lines = ["| the face has | p50 ms | p95 ms |", "|---|---|---|"]
    lines += [f"| {names[k]} | {cost.median:.1f} | {cost.late:.1f} |" for k, cost in made.items()]
    return "\n".join(lines)


def _ask(port: int, count: int) -> list[float]:
    """Asks one question after another; the milliseconds of each."""
    questions = Questions("book", (port,), 0.0, 0)
    times: list[float] = []
    while len(times) < count:
        began = time.perf_counter()
        if questions.send(port, f"book-{uuid.uuid4().hex}") is not None:
            times.append((time.perf_counter() - began) * 1000)
        elif sum(questions.problems.values()) > count:
            raise CannotStart(f"questions are not answered: {questions.problems}.")
    return times


@contextmanager
def _face_alone(cluster: Installation) -> Iterator[None]:
    """One more agency face, which asks no other machine."""
    part = next(part for part in cluster.state.parts if part.name == "agency")
    environ = {
        **cluster.state.environ_of(part),
        "PORT": str(ALONE_PORT),
        "METRICS_ADDRESS": "",
        "REPLAYS_SHARED": "0",
        "REPLAY_DIR": str(cluster.state.folder("replays-alone")),
    }
    with (cluster.state.logs / "agency-alone.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *part.module],
            cwd=CHECKOUT,
            env=environ,
            stdout=log,
            stderr=log,
        )
    try:
        if not wait_until(lambda: listening(ALONE_PORT), process, START_SECONDS):
            raise CannotStart(f"a face did not start; see {log.name}.")
        time.sleep(2.0)  # it refuses what was signed before it began
        yield
    finally:
        process.terminate()
        process.wait(30)
