"""What it costs to count: `inquiry.ask` with all metrics, and by processes that count nothing."""

import itertools
import sys

from bench.ask import agency_key, one_run
from bench.load import run, signed_requests
from bench.stack import UNCOUNTED, Stack, Stores
from bench.tables import middle, table

CONNECTIONS, CALLS = 16, 1500
NAMES = ("Mirab", UNCOUNTED)
PARTS = ("door", "service")


def measure(stores: Stores, ids: list[str], rounds: int) -> str:
    """Measure both in turn, three times as many rounds as asked: a few percent are looked for.

    The table says processor time a call, which a busy machine disturbs less than rates.
    """
    key, cycle = agency_key(), itertools.cycle(ids)
    stacks = [Stack(stores, name) for name in NAMES]
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    rates: dict[str, list[float]] = {name: [] for name in NAMES}
    try:
        for stack in stacks:
            run(stack.url, signed_requests(stack.url, key, cycle, 300), CONNECTIONS)
        for n in range(3 * rounds):
            # Who is first changes: a machine that gets slower would favour one of them.
            for stack in stacks if n % 2 else reversed(stacks):
                measured, cpu = one_run(stack, key, cycle, CONNECTIONS, CALLS)
                spent[stack.name].append(cpu)
                rates[stack.name].append(measured.rate)
            print(f"  metrics {n + 1} of {3 * rounds}", file=sys.stderr)
    finally:
        for stack in stacks:
            stack.stop()
    rows = [
        [
            name,
            f"{middle(rates[name]):.0f}",
            *(f"{middle(cpu[part] for cpu in spent[name]):.3f}" for part in PARTS),
        ]
        for name in NAMES
    ]
    pairs = list(zip(spent["Mirab"], spent[UNCOUNTED], strict=True))
    costs = [
        f"{100 * (middle(ours[part] / other[part] for ours, other in pairs) - 1):.1f} %"
        for part in PARTS
    ]
    faster = middle(
        ours / other for ours, other in zip(rates["Mirab"], rates[UNCOUNTED], strict=True)
    )
    rows.append(["what counting costs", f"{100 * (1 - faster):.1f} %", *costs])
    return table(["metrics", "requests/s", "door, CPU ms a call", "service, CPU ms a call"], rows)
