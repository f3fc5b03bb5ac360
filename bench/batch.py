"""Many keys in one upload, end to end: signed, taken, answered and kept, every line logged."""

import itertools
import json
import sys
import tempfile
import time

from bench.ask import agency_key
from bench.stack import Stack, Stores
from bench.tables import middle, table
from connector.caller import Caller

KEYS = 20_000
# As many as one upload may have: read back as a file, while the service's memory is looked at.
LARGE = 100_000


def measure(
    stores: Stores, ids: list[str], rounds: int, processes: tuple[int, ...] = (1, 2)
) -> str:
    """Measure keys a second from the upload's first byte to the last answer kept.

    ``processes`` says how many service processes answer, each number measured in turn.
    """
    rows, large = [], ""
    for services in processes:
        stack = Stack(stores, "Mirab", services=services)
        try:
            rates = [_one(stack, ids) for _ in range(rounds)]
            if services == 1 and len(processes) > 1:
                large = _large(stack, ids)
        finally:
            stack.stop()
        print(f"  batch: {services} services: {middle(rates):.0f} keys a second", file=sys.stderr)
        rows.append([services, KEYS, f"{middle(rates):.0f}"])
    rates_of = table(["service processes", "keys", "keys/s"], rows)
    return f"{rates_of}\n\n{large}" if large else rates_of


def _one(stack: Stack, ids: list[str]) -> float:
    caller = Caller(stack.url, agency_key())
    upload = _upload(ids, KEYS)
    started = time.perf_counter()
    _answered(caller, upload)
    return KEYS / (time.perf_counter() - started)


def _large(stack: Stack, ids: list[str]) -> str:
    """Have the largest upload answered and read it back; as a table, as Markdown."""
    caller, before = Caller(stack.url, agency_key()), stack.memory()["service"]
    batch = _answered(caller, _upload(ids, LARGE))
    answered = stack.memory()["service"]
    started = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        caller.download_batch(batch, out)
        seconds, size = time.perf_counter() - started, out.tell()
    memory = [before, answered, stack.memory()["service"]]
    cells = [f"{seconds:.1f}", f"{size / 2**20:.0f}", *(f"{m / 2**20:.0f}" for m in memory)]
    head = ["keys", "s to read back", "MiB read", "service before, MiB", "answered", "read back"]
    return table(head, [[LARGE, *cells]])


def _upload(ids: list[str], count: int) -> bytes:
    lines = (
        json.dumps({"key_kind": "national_id", "key": id_})
        for id_ in itertools.islice(itertools.cycle(ids), count)
    )
    return "\n".join(lines).encode()


def _answered(caller: Caller, upload: bytes) -> str:
    """Send an upload and wait until each line is answered; the id of the batch."""
    batch: str = caller.submit_batch(upload, purpose="fuel_quota").data["batch"]
    caller.wait_for_batch(batch, seconds=600, pause=0.1)
    return batch
