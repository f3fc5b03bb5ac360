"""`python -m bench`: measures ask at 1, 16 and 64 connections and writes docs/performance.md."""

import argparse
import asyncio
import csv
import datetime as dt
import itertools
import os
import platform
import statistics
import sys
from pathlib import Path

from bench.load import Measured, run, signed_requests
from bench.stack import ROOT, Stack
from bus.identifiers import Malformed, national_id
from bus.keys import SigningKey

LEVELS = {1: 600, 16: 4000, 64: 6000}
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def main(argv: list[str] | None = None) -> int:
    """Runs all levels, interleaved, several times; prints and writes the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each level is run (3)")
    parser.add_argument("--services", type=int, default=1, help="inquiry service processes (1)")
    parser.add_argument("--registry", type=Path, default=ROOT / "deploy/local/registry")
    parser.add_argument("--no-write", action="store_true", help="only print")
    given = parser.parse_args(argv)
    stack = Stack(given.registry, services=given.services)
    try:
        rows, cpu = measure(stack, given.registry, given.rounds)
    finally:
        stack.stop()
    table = report(rows, cpu)
    print(table)
    if not given.no_write:
        write(table)
        print(f"written to {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return 0


Rows = dict[int, list[Measured]]
Cpu = dict[int, dict[str, list[float]]]


def measure(stack: Stack, registry: Path, rounds: int) -> tuple[Rows, Cpu]:
    """Each level so many times, in turn, after a warm-up; CPU milliseconds a call by process."""
    key = SigningKey.load(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")
    ids = itertools.cycle(national_ids(registry))
    asyncio.run(run(stack.url, signed_requests(stack.url, key, ids, 500), 16))
    rows: Rows = {level: [] for level in LEVELS}
    cpu: Cpu = {level: {} for level in LEVELS}
    for n in range(rounds):
        for level, count in LEVELS.items():
            requests = signed_requests(stack.url, key, ids, count)
            before = stack.cpu()
            found = asyncio.run(run(stack.url, requests, level))
            after = stack.cpu()
            if found.wrong:
                raise SystemExit(f"not all were answered: {found.wrong}")
            rows[level].append(found)
            for name, used in after.items():
                cpu[level].setdefault(name, []).append((used - before[name]) / count * 1000)
            print(
                f"  round {n + 1}, {level} connections: {found.rate:.0f} a second", file=sys.stderr
            )
    return rows, cpu


def national_ids(registry: Path) -> list[str]:
    """National IDs of the registry that need no mending."""
    with (registry / "sources.csv").open(encoding="utf-8-sig") as file:
        found = [row["کد ملی / شناسه ملی"] for row in csv.DictReader(file)]
    return [id_ for id_ in found if _is_national_id(id_)]


def _is_national_id(text: str) -> bool:
    try:
        return national_id(text) == text
    except Malformed:
        return False


def report(rows: Rows, cpu: Cpu) -> str:
    """The tables, as Markdown; each figure is the median of its rounds."""
    lines = ["| connections | requests/s | p50 ms | p95 ms | p99 ms |", "|---|---|---|---|---|"]
    for level, found in rows.items():
        cells = [f"{middle(m.rate for m in found):.0f}"]
        cells += [
            f"{middle(m.percentile(share) for m in found):.1f}" for share in (0.5, 0.95, 0.99)
        ]
        lines.append(f"| {level} | " + " | ".join(cells) + " |")
    names = list(next(iter(cpu.values())))
    lines += [
        "",
        "CPU milliseconds a call, by process:",
        "",
        "| connections | " + " | ".join(names) + " | in all |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    for level, used in cpu.items():
        values = [middle(used[name]) for name in names]
        lines.append(
            f"| {level} | " + " | ".join(f"{v:.2f}" for v in [*values, sum(values)]) + " |"
        )
    return "\n".join(lines)


def middle(values: object) -> float:
    return statistics.median(list(values))  # type: ignore[call-overload]


def write(table: str) -> None:
    """Puts the tables into docs/performance.md between their marks."""
    day = dt.datetime.now(dt.UTC).date()
    told = (
        f"{BEGIN}\nMeasured {day} by `make bench` on {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}.\n\n{table}\n{END}"
    )
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    PAGE.write_text(before + told + rest.split(END, 1)[1], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
