"""What receipts cost a question: the same load with a log of receipts beside it, and without."""

import itertools
import sys

from bench.ask import agency_key, one_run
from bench.load import run, signed_requests
from bench.stack import RECEIPTS, Stack, Stores
from bench.tables import middle, table

COUNTS = {1: 400, 16: 3000, 64: 4000}
NAMES = ("Mirab", RECEIPTS)
PARTS = ("door", "service", "relay", "agencies", "PostgreSQL", "RabbitMQ")
ORIGIN = "bench.mirab.example/receipts"


def measure(stores: Stores, ids: list[str], rounds: int) -> str:
    """Measure both in turn, so many rounds at each load; processor time a call is what to read."""
    key, cycle = agency_key(), itertools.cycle(ids)
    log = {
        "AGENCIES_DB_URL": stores.agencies(),
        "RECEIPTS_ORIGIN": ORIGIN,
        "RECEIPTS_KEY_FILE": str(stores.folder / "signing.pem"),
        "REGISTER_KEY_FILE": str(stores.folder / "signing.pem"),
        "AGENCIES_KEY": "bench",
        "MARKS_DIR": str(stores.folder / "marks"),
    }
    stacks = {
        "Mirab": Stack(stores, "Mirab"),
        RECEIPTS: Stack(stores, RECEIPTS, services=1, doors=1, **log),
    }
    spent: dict[tuple[str, int], list[dict[str, float]]] = {}
    rates: dict[tuple[str, int], list[float]] = {}
    try:
        for stack in stacks.values():
            run(stack.url, signed_requests(stack.url, key, cycle, 300), 16)
        for n, (level, count) in itertools.product(range(rounds), COUNTS.items()):
            # Who is first changes: a machine that gets slower would favour one of them.
            for name in NAMES if n % 2 else reversed(NAMES):
                measured, cpu = one_run(stacks[name], key, cycle, level, count)
                spent.setdefault((name, level), []).append(cpu)
                rates.setdefault((name, level), []).append(measured.rate)
            print(f"  receipts {n + 1} of {rounds}: {level} connections", file=sys.stderr)
    finally:
        for stack in stacks.values():
            stack.stop()
    return _table(spent, rates)


def _table(
    spent: dict[tuple[str, int], list[dict[str, float]]], rates: dict[tuple[str, int], list[float]]
) -> str:
    rows = []
    for level in COUNTS:
        whole = {}
        for name in NAMES:
            used = {p: middle(cpu.get(p, 0.0) for cpu in spent[name, level]) for p in PARTS}
            whole[name] = middle(sum(cpu.get(p, 0.0) for p in PARTS) for cpu in spent[name, level])
            more = f"{(whole[name] / whole['Mirab'] - 1) * 100:+.1f} %"
            shown = [*(f"{used[part]:.3f}" for part in PARTS), f"{whole[name]:.3f}", more]
            rows.append([name, level, f"{middle(rates[name, level]):.0f}", *shown])
    return table(["CPU ms a call", "connections", "requests/s", *PARTS, "in all", "more"], rows)
