"""Where a call's CPU goes: microseconds by process and stage, from a sampled profile.

Needs py-spy (`pip install py-spy`), which looks into a running process from outside.
"""

import itertools
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from bench.ask import agency_key
from bench.load import run, signed_requests
from bench.stack import ROOT, Stack, Stores
from bench.tables import table

CONNECTIONS, CALLS, SAMPLES = 64, 8000, 250
PICTURES = ROOT / "docs" / "pictures"
REST = "the rest"
IDLE = "Hub.do_poll"  # py-spy takes the wait of green threads for work
# A sample belongs to the first of these that stands anywhere in its stack: ours before libraries'.
STAGES = {
    "door": {
        "verify_request (bus/signatures/signing.py": "signature of the request",
        "sign_response (bus/signatures/signing.py": "signature of the answer",
        "check_digest (bus/signatures/digest.py": "digests",
        "content_digest (bus/signatures/digest.py": "digests",
        "(gateway/agency/proofs/replays.py": "book of replays",
        "load_data (bus/messages/kinds.py": "contract",
        "(gateway/http/bodies.py": "body and JSON",
        "Client.call (bus/client.py": "question and reply over AMQP",
        "(bus/amqp/aggregator.py": "question and reply over AMQP",
        "(pika/": "question and reply over AMQP",
        "(structlog/": "log line",
        "RequestResponseCycle.send (uvicorn/": "HTTP",
        "data_received (": "HTTP",
        "(starlette/": "HTTP",
        "(gateway/": "routing, trace, rights",
        "(uvicorn/": "HTTP",
    },
    "service": {
        "(services/inquiry/registry/lookup.py": "look-up",
        "add_answers (services/inquiry/questions/inquiry_log.py": "answers kept",
        "add_log (services/inquiry/questions/inquiry_log.py": "chained log",
        "compose (services/inquiry/questions/composition.py": "answer composed",
        "answer_all (services/inquiry/questions/answering.py": "rights, codes, log rows",
        "(bus/database/inbox.py": "inbox",
        "_canonical_line (bus/activator.py": "log line",
        "_attempt (bus/activator.py": "begin and commit",
        "Endpoint._take (bus/message_endpoint.py": "contract and envelope",
        "split_calls (bus/amqp/aggregate.py": "reading AMQP",
        "Endpoint._settle (bus/message_endpoint.py": "reply and acknowledgement",
        "(kombu/": "reading AMQP",
        "(nameko/": "green threads",
        "(eventlet/": "green threads",
    },
}


def measure(stores: Stores, ids: list[str]) -> str:
    """The table, as Markdown; one sentence if py-spy is not there."""
    spy = shutil.which("py-spy")
    if spy is None:
        return "Not measured: `pip install py-spy` first."
    files = {part: stores.folder / f"{part}.profile" for part in STAGES}
    micros = _profile(stores, ids, spy, "raw", files)
    rows = [row for part, file in files.items() for row in _rows(part, micros[part], file)]
    return table(["process", "stage", "µs a call"], rows)


def draw(stores: Stores, ids: list[str]) -> str:
    """Draw a flame graph of each process into docs/pictures; says where, in Markdown."""
    spy = shutil.which("py-spy")
    if spy is None:
        return "Not drawn: `pip install py-spy` first."
    files = {part: PICTURES / f"flame-{part}.svg" for part in STAGES}
    _profile(stores, ids, spy, "flamegraph", files)
    for part, file in files.items():
        drawn = file.read_text(encoding="utf-8")
        title = f"An answer at {CONNECTIONS} connections: the {part}"
        file.write_text(re.sub(">[^<]*py-spy record[^<]*", f">{title}", drawn), encoding="utf-8")
    return "Flame graphs: " + ", ".join(
        f"[the {part}](pictures/{file.name})" for part, file in files.items()
    )


def _profile(
    stores: Stores, ids: list[str], spy: str, form: str, files: dict[str, Path]
) -> dict[str, float]:
    """Sample each process under load into its file; microseconds of processor time a call."""
    stack, key, cycle = Stack(stores, "Mirab"), agency_key(), itertools.cycle(ids)
    try:
        run(stack.url, signed_requests(stack.url, key, cycle, 1000), CONNECTIONS)
        requests = signed_requests(stack.url, key, cycle, CALLS)
        spies = [_watch(spy, stack.processes[part].pid, form, file) for part, file in files.items()]
        time.sleep(2)
        before = stack.cpu()
        run(stack.url, requests, CONNECTIONS)
        after = stack.cpu()
        for spy_process in spies:
            spy_process.send_signal(signal.SIGINT)
            spy_process.wait(60)
    finally:
        stack.stop()
    return {part: (after[part] - before[part]) / CALLS * 1e6 for part in files}


def _watch(spy: str, pid: int, form: str, file: Path) -> subprocess.Popen[bytes]:
    """Samples a process until it is interrupted; only while it uses the CPU."""
    return subprocess.Popen(
        [
            spy,
            "record",
            "--rate",
            str(SAMPLES),
            "--duration",
            "600",
            "--format",
            form,
            "--output",
            str(file),
            "--pid",
            str(pid),
        ],
        stdout=subprocess.DEVNULL,
        stderr=sys.stderr,
    )


def _rows(part: str, micros: float, file: Path) -> list[tuple[str, str, str]]:
    """The stages of one process, the dearest first, and what they are in all."""
    samples_of: Counter[str] = Counter()
    for line in file.read_text(encoding="utf-8").splitlines():
        stack, _, samples = line.rpartition(" ")
        if IDLE not in stack:
            samples_of[_stage(STAGES[part], stack)] += int(samples)
    share = micros / max(1, samples_of.total())
    rows = [(part, stage, f"{samples * share:.0f}") for stage, samples in samples_of.most_common()]
    return [*rows, (part, "in all", f"{micros:.0f}")]


def _stage(stages: dict[str, str], stack: str) -> str:
    return next((stage for mark, stage in stages.items() if mark in stack), REST)
