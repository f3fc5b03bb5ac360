"""`inquiry.ask` over HTTP, everything on, beside the peers on the same stores."""

import itertools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.load import Measured, run, signed_requests
from bench.stack import ROOT, STACKS, Stack, Stores
from bench.tables import middle, table
from bus.signatures.keys import SigningKey

# So many that what all connections send at once in the beginning is under the slowest hundredth.
LEVELS = {1: 600, 16: 5000, 64: 10000}
# A peer that is several times slower is asked less, so that a run ends.
FEWER = 4
LOAD = "load"


def measure(stores: Stores, ids: list[str], rounds: int) -> str:
    """Measure all stacks and levels in turn, so many rounds; return the tables, as Markdown."""
    key = agency_key()
    cycle = itertools.cycle(ids)
    stacks = [Stack(stores, name) for name in STACKS]
    try:
        for stack in stacks:
            run(stack.url, signed_requests(stack.url, key, cycle, 300), 16)
        runs = _rounds(stacks, key, cycle, rounds)
    finally:
        for stack in stacks:
            stack.stop()
    return f"{_rates(runs)}\n\n{_ratios(runs)}\n\n{_cpu(runs)}"


def agency_key() -> SigningKey:
    """The key of the agency that asks."""
    return SigningKey.load(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")


# By stack and level: each round's times, and the CPU milliseconds a call of each process.
Runs = dict[tuple[str, int], list[tuple[Measured, Mapping[str, float]]]]


def _rounds(stacks: list[Stack], key: SigningKey, ids: Iterator[str], rounds: int) -> Runs:
    runs: Runs = {}
    for n in range(rounds):
        for level, count in LEVELS.items():
            for stack in stacks:
                most = count if stack.name == "Mirab" else count // FEWER
                timed = one_run(stack, key, ids, level, most)
                runs.setdefault((stack.name, level), []).append(timed)
                rate = f"{timed[0].rate:.0f} a second"
                print(f"  ask {n + 1}: {stack.name}, {level}: {rate}", file=sys.stderr)
    return runs


def one_run(
    stack: Stack, key: SigningKey, ids: Iterator[str], level: int, count: int
) -> tuple[Measured, dict[str, float]]:
    """Measure one run: its times, and the CPU milliseconds a call of each process."""
    requests = signed_requests(stack.url, key, ids, count)
    before = stack.cpu()
    measured = run(stack.url, requests, level)
    after = stack.cpu()
    used = {name: (after[name] - before[name]) / count * 1000 for name in after}
    return measured, {**used, LOAD: measured.cpu / count * 1000}


def _rates(runs: Runs) -> str:
    rows = [
        [
            name,
            level,
            f"{middle(m.rate for m, _ in rounds):.0f}",
            *(f"{middle(m.percentiles[s] for m, _ in rounds):.1f}" for s in (50, 95, 99)),
        ]
        for (name, level), rounds in runs.items()
    ]
    return table(["stack", "connections", "requests/s", "p50 ms", "p95 ms", "p99 ms"], rows)


def _ratios(runs: Runs) -> str:
    """Divide each round's rate by the peer's of the same round; the median is shown."""
    rows = []
    for peer in [name for name in STACKS if name != "Mirab"]:
        cells: list[object] = [f"Mirab / {peer}"]
        for level in LEVELS:
            pairs = zip(runs["Mirab", level], runs[peer, level], strict=True)
            cells.append(
                f"{middle(ours.rate / theirs.rate for (ours, _), (theirs, _) in pairs):.1f}"
            )
        rows.append(cells)
    return table(["ratio of requests/s", *(f"{level} connections" for level in LEVELS)], rows)


def _cpu(runs: Runs) -> str:
    rows = []
    for (name, level), rounds in runs.items():
        used = {
            part: middle(cpu.get(part, 0.0) for _, cpu in rounds)
            for part in ("door", "service", "PostgreSQL", "RabbitMQ")
        }
        of_load = middle(cpu[LOAD] for _, cpu in rounds)
        shown = [*used.values(), sum(used.values()), of_load]
        rows.append([name, level, *(f"{ms:.2f}" for ms in shown)])
    head = [
        "CPU ms a call",
        "connections",
        "door",
        "service",
        "PostgreSQL",
        "RabbitMQ",
        "in all",
        "load (wrk)",
    ]
    return table(head, rows)


def registry_ids(registry: Path) -> list[str]:
    """List the national IDs of the registry that need no correction."""
    import csv

    from iran.identifiers import Malformed, national_id

    def whole(text: str) -> bool:
        try:
            return national_id(text) == text
        except Malformed:
            return False

    with (registry / "sources.csv").open(encoding="utf-8-sig") as file:
        ids = [row["کد ملی / شناسه ملی"] for row in csv.DictReader(file)]
    return [id_ for id_ in ids if whole(id_)]
