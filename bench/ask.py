"""`inquiry.ask` over HTTP, everything on, beside the peers on the same stores."""

import itertools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvloop

from bench.load import Measured, run, signed_requests
from bench.stack import ROOT, STACKS, Stack, Stores
from bench.tables import middle, table
from bus.signatures.keys import SigningKey

LEVELS = {1: 300, 16: 1500, 64: 3000}
# A peer that is several times slower is asked less, so that a run ends.
FEWER = 4


def measure(stores: Stores, ids: list[str], rounds: int) -> str:
    """All stacks and levels in turn, so many rounds; the tables, as Markdown."""
    key = agency_key()
    told = itertools.cycle(ids)
    stacks = [Stack(stores, name) for name in STACKS]
    try:
        for stack in stacks:
            uvloop.run(run(stack.url, signed_requests(stack.url, key, told, 300), 16))
        found = _rounds(stacks, key, told, rounds)
    finally:
        for stack in stacks:
            stack.stop()
    return f"{_rates(found)}\n\n{_ratios(found)}\n\n{_cpu(found)}"


def agency_key() -> SigningKey:
    """The key of the agency that asks."""
    return SigningKey.load(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")


Found = dict[tuple[str, int], list[tuple[Measured, Mapping[str, float]]]]


def _rounds(stacks: list[Stack], key: SigningKey, ids: Iterator[str], rounds: int) -> Found:
    found: Found = {}
    for n in range(rounds):
        for level, count in LEVELS.items():
            for stack in stacks:
                most = count if stack.name == "Mirab" else count // FEWER
                told = one(stack, key, ids, level, most)
                found.setdefault((stack.name, level), []).append(told)
                rate = f"{told[0].rate:.0f} a second"
                print(f"  ask {n + 1}: {stack.name}, {level}: {rate}", file=sys.stderr)
    return found


def one(
    stack: Stack, key: SigningKey, ids: Iterator[str], level: int, count: int
) -> tuple[Measured, dict[str, float]]:
    """One run: what was measured, and the CPU milliseconds a call of each process."""
    requests = signed_requests(stack.url, key, ids, count)
    before = stack.cpu()
    measured = uvloop.run(run(stack.url, requests, level))
    after = stack.cpu()
    if measured.wrong:
        raise SystemExit(f"{stack.name}: not all were answered: {measured.wrong}")
    return measured, {name: (after[name] - before[name]) / count * 1000 for name in after}


def _rates(found: Found) -> str:
    rows = [
        [
            name,
            level,
            f"{middle(m.rate for m, _ in told):.0f}",
            *(f"{middle(m.percentile(s) for m, _ in told):.1f}" for s in (0.5, 0.95, 0.99)),
        ]
        for (name, level), told in found.items()
    ]
    return table(["stack", "connections", "requests/s", "p50 ms", "p95 ms", "p99 ms"], rows)


def _ratios(found: Found) -> str:
    """Each round's rate over that of the peer in the same round; the middle one is told."""
    rows = []
    for peer in [name for name in STACKS if name != "Mirab"]:
        cells: list[object] = [f"Mirab / {peer}"]
        for level in LEVELS:
            pairs = zip(found["Mirab", level], found[peer, level], strict=True)
            cells.append(
                f"{middle(ours.rate / theirs.rate for (ours, _), (theirs, _) in pairs):.1f}"
            )
        rows.append(cells)
    return table(["ratio of requests/s", *(f"{level} connections" for level in LEVELS)], rows)


def _cpu(found: Found) -> str:
    rows = []
    for (name, level), told in found.items():
        used = {
            part: middle(cpu.get(part, 0.0) for _, cpu in told)
            for part in ("door", "service", "PostgreSQL", "RabbitMQ")
        }
        rows.append(
            [name, level, *(f"{ms:.2f}" for ms in used.values()), f"{sum(used.values()):.2f}"]
        )
    head = ["CPU ms a call", "connections", "door", "service", "PostgreSQL", "RabbitMQ", "in all"]
    return table(head, rows)


def registry_ids(registry: Path) -> list[str]:
    """National IDs of the registry that need no mending."""
    import csv

    from iran.identifiers import Malformed, national_id

    def whole(text: str) -> bool:
        try:
            return national_id(text) == text
        except Malformed:
            return False

    with (registry / "sources.csv").open(encoding="utf-8-sig") as file:
        found = [row["کد ملی / شناسه ملی"] for row in csv.DictReader(file)]
    return [id_ for id_ in found if whole(id_)]
