"""The load: requests signed beforehand, sent by wrk over kept connections, each timed.

wrk is light, so that the processors are the stacks'. It is the same for all of them, and its own
share is shown. bench/load.lua gives it the requests, each once, and counts the answers.
"""

import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request

SCRIPT = Path(__file__).with_name("load.lua")
LONGEST_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run found: its seconds, the requests answered, the ms within which 50, 95 and 99 %
    of them were, and the CPU seconds of the load itself.
    """

    seconds: float
    count: int
    percentiles: dict[int, float]
    cpu: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.count / self.seconds


def signed_requests(url: str, key: SigningKey, ids: Iterator[str], count: int) -> list[bytes]:
    """Whole HTTP requests, signed now; they live five minutes."""
    target = f"{url}/v1/inquiry/ask"
    host = urlsplit(url).netloc
    made = []
    for id_ in itertools.islice(ids, count):
        body = json.dumps({"key_kind": "national_id", "key": id_, "purpose": "fuel_quota"}).encode()
        headers = {"Content-Type": "application/json"}
        headers |= sign_request(key, "POST", target, headers, body, life=300)
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = f"POST /v1/inquiry/ask HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        made.append((head + "\r\n".join(lines) + "\r\n\r\n").encode() + body)
    return made


def run(url: str, requests: Sequence[bytes], connections: int) -> Measured:
    """Send each request once over so many connections, each waiting for its answer.

    SystemExit unless all are answered with a good status (2xx).
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is not installed: sh deploy/local/bootstrap.sh bench")
    with tempfile.NamedTemporaryFile(suffix=".requests") as file:
        file.write(b"\0".join(requests))
        file.flush()
        text, cpu = _run(
            wrk,
            "--threads",
            "1",
            "--connections",
            str(connections),
            "--duration",
            f"{LONGEST_SECONDS}s",
            "--timeout",
            f"{LONGEST_SECONDS}s",
            "--script",
            str(SCRIPT),
            url,
            "--",
            file.name,
        )
    summary = json.loads(text.splitlines()[-1])
    broken = {name: count for name, count in summary["broken"].items() if count}
    if summary["wrong"] or broken or summary["count"] != len(requests):
        raise SystemExit(
            f"{url}: {summary['count']} of {len(requests)} were answered; wrong statuses: "
            f"{summary['wrong']}, broken connections: {broken}"
        )
    percentiles = {int(share): us / 1000 for share, us in summary["percentiles"].items()}
    return Measured(summary["us"] / 1e6, summary["count"], percentiles, cpu)


def _run(*command: str) -> tuple[str, float]:
    """What a command prints, and the CPU seconds that it took."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not text:
        raise SystemExit(f"{command[0]} failed with {process.returncode}: {text}")
    return text, usage.ru_utime + usage.ru_stime
