"""Many keys in one upload, end to end: signed, taken, answered and kept, every line logged."""

import itertools
import json
import sys
import time

from bench.ask import agency_key
from bench.stack import Stack, Stores
from bench.tables import middle, table
from connector.caller import Caller

KEYS = 20_000


def measure(
    stores: Stores, ids: list[str], rounds: int, processes: tuple[int, ...] = (1, 2)
) -> str:
    """Measure keys a second from the upload's first byte to the last answer kept.

    ``processes`` says how many service processes answer, each number measured in turn.
    """
    rows = []
    for services in processes:
        stack = Stack(stores, "Mirab", services=services)
        try:
            rates = [_one(stack, ids) for _ in range(rounds)]
        finally:
            stack.stop()
        print(f"  batch: {services} services: {middle(rates):.0f} keys a second", file=sys.stderr)
        rows.append([services, KEYS, f"{middle(rates):.0f}"])
    return table(["service processes", "keys", "keys/s"], rows)


def _one(stack: Stack, ids: list[str]) -> float:
    caller = Caller(stack.url, agency_key())
    lines = (
        json.dumps({"key_kind": "national_id", "key": id_})
        for id_ in itertools.islice(itertools.cycle(ids), KEYS)
    )
    upload = "\n".join(lines).encode()
    started = time.perf_counter()
    progress = caller.submit_batch(upload, purpose="fuel_quota")
    caller.wait_for_batch(progress.data["batch"], seconds=300, pause=0.1)
    return KEYS / (time.perf_counter() - started)
