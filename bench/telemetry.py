"""What the operational record and traces cost a question: the same load, with and without them."""

import itertools
import subprocess
import sys
from collections.abc import Iterator

from bench.ask import agency_key, one_run
from bench.load import run, signed_requests
from bench.stack import PYTHON, ROOT, Stack, Stores
from bench.tables import middle, table
from deploy.local.ports import free_port, listening

LEVEL, COUNT = 16, 3000
RATIO = "parentbased_traceidratio"
# A collector that takes all and keeps nothing.
COLLECTOR = """
import http.server, sys
class Takes(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Takes).serve_forever()
"""


def measure(stores: Stores, ids: list[str], rounds: int) -> str:
    """Measure four stacks in turn, so many rounds; return the table, as Markdown."""
    port = free_port()
    collector = subprocess.Popen([PYTHON[0], "-c", COLLECTOR, str(port)], cwd=ROOT)
    try:
        while not listening(port):
            pass
        return _measure(stores, itertools.cycle(ids), rounds, f"http://127.0.0.1:{port}")
    finally:
        collector.terminate()
        collector.wait()


def _stack(stores: Stores, settings: dict[str, str]) -> Stack:
    return Stack(stores, "Mirab", services=1, doors=1, **settings)


def _measure(stores: Stores, ids: Iterator[str], rounds: int, url: str) -> str:
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_TRACES_SAMPLER": RATIO}
    settings: dict[str, dict[str, str]] = {
        "calls only counted": {"RECORDS_A_SECOND": "0"},
        "20 calls a second recorded": {},
        "and 1 % traced": {**traced, "OTEL_TRACES_SAMPLER_ARG": "0.01"},
        "and all traced": {**traced, "OTEL_TRACES_SAMPLER_ARG": "1"},
    }
    key = agency_key()
    stacks = {name: _stack(stores, more) for name, more in settings.items()}
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in stacks}
    try:
        for stack in stacks.values():
            run(stack.url, signed_requests(stack.url, key, ids, 300), LEVEL)
        for n in range(rounds):
            for name, stack in stacks.items():
                measured, used = one_run(stack, key, ids, LEVEL, COUNT)
                ours = used["door"] + used["service"]
                figures[name].append((measured.rate, measured.percentiles[50], ours))
                print(f"  telemetry {n + 1}: {name}: {measured.rate:.0f}", file=sys.stderr)
    finally:
        for stack in stacks.values():
            stack.stop()
    base = middle(ours for _, _, ours in figures["calls only counted"])
    rows = [
        [
            name,
            f"{middle(rate for rate, _, _ in of):.0f}",
            f"{middle(p50 for _, p50, _ in of):.1f}",
            f"{middle(ours for _, _, ours in of):.3f}",
            f"{(middle(ours for _, _, ours in of) / base - 1) * 100:+.1f} %",
        ]
        for name, of in figures.items()
    ]
    head = [f"{LEVEL} connections", "requests/s", "p50 ms", "CPU ms a call", "more CPU"]
    return table(head, rows)
