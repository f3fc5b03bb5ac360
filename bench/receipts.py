"""What receipts cost a question: one stack with a log of receipts, asked by a door that has each
call receipted, and by one that does not.
"""

import itertools
import sys
import time

from bench.ask import agency_key
from bench.load import run, signed_requests
from bench.stack import PLAIN_DOOR, RECEIPTS, Stack, Stores
from bench.tables import middle, table

COUNTS = {1: 1000, 16: 5000, 64: 10000}
DOORS = {"without": PLAIN_DOOR, "with": "door"}
PARTS = ("service", "relay", "agencies", "PostgreSQL", "RabbitMQ")
# Five processes start at once; a busy machine takes its time.
SETTLE_SECONDS = 15
ORIGIN = "bench.mirab.example/receipts"
MIDDLE = "p50 ms"
Spent = dict[tuple[str, int], list[dict[str, float]]]


def measure(stores: Stores, ids: list[str], rounds: int) -> str:
    """Ask both doors in turn, so many rounds at each load; read the processor time a call."""
    key, cycle = agency_key(), itertools.cycle(ids)
    log = {
        "AGENCIES_DB_URL": stores.agencies(),
        "RECEIPTS_ORIGIN": ORIGIN,
        "RECEIPTS_KEY_FILE": str(stores.folder / "signing.pem"),
        "REGISTER_KEY_FILE": str(stores.folder / "signing.pem"),
        "AGENCIES_KEY": "bench",
        "MARKS_DIR": str(stores.folder / "marks"),
    }
    stack = Stack(stores, RECEIPTS, services=1, doors=1, **log)
    urls = {"without": f"http://127.0.0.1:{stack.plain_port}", "with": stack.url}
    spent: Spent = {}
    try:
        time.sleep(SETTLE_SECONDS)
        for url in urls.values():
            run(url, signed_requests(url, key, cycle, 300), 16)
        for n, (level, count) in itertools.product(range(rounds), COUNTS.items()):
            # Who is first changes: a machine that gets slower would favour one of them.
            for name in urls if n % 2 else reversed(urls):
                before = stack.cpu()
                measured = run(urls[name], signed_requests(urls[name], key, cycle, count), level)
                after = stack.cpu()
                used = {part: (after[part] - before[part]) / count * 1000 for part in after}
                used[MIDDLE] = measured.percentiles[50]
                spent.setdefault((name, level), []).append(used)
            print(f"  receipts {n + 1} of {rounds}: {level} connections", file=sys.stderr)
    finally:
        stack.stop()
    return _table(spent)


def _table(spent: Spent) -> str:
    rows = []
    for level in COUNTS:
        base_cpu = base_time = 0.0
        for name, door in DOORS.items():
            rounds = spent[name, level]
            used = [middle(cpu[part] for cpu in rounds) for part in (door, *PARTS)]
            waited = middle(cpu[MIDDLE] for cpu in rounds)
            base_cpu, base_time = base_cpu or sum(used), base_time or waited
            row = [name, level, *(f"{ms:.3f}" for ms in (*used, sum(used)))]
            rows.append(
                [*row, _more(sum(used), base_cpu), f"{waited:.1f}", _more(waited, base_time)]
            )
    heads = ["receipts", "connections", "door", *PARTS, "CPU ms a call", "more"]
    return table([*heads, MIDDLE, "longer"], rows)


def _more(part: float, base: float) -> str:
    return f"{(part / base - 1) * 100:+.1f} %"
