"""The load: requests signed beforehand, sent over kept connections, each timed."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request


@dataclass
class Measured:
    """What one run found: seconds in all, each request's ms, and statuses that were not 200."""

    seconds: float = 0.0
    ms: list[float] = field(default_factory=list)
    wrong: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.ms) / self.seconds

    def percentile(self, share: float) -> float:
        """The time, in ms, within which that share of the requests was answered."""
        ordered = sorted(self.ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


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


async def run(url: str, requests: list[bytes], connections: int) -> Measured:
    """Sends all requests over so many connections, each waiting for its answer."""
    measured, waiting = Measured(), iter(requests)
    host, port = urlsplit(url).hostname, urlsplit(url).port
    started = time.perf_counter()
    await asyncio.gather(*(_worker(host, port, waiting, measured) for _ in range(connections)))
    measured.seconds = time.perf_counter() - started
    return measured


async def _worker(
    host: str | None, port: int | None, waiting: Iterator[bytes], measured: Measured
) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for request in waiting:
        began = time.perf_counter()
        writer.write(request)
        status = await _answer(reader)
        measured.ms.append((time.perf_counter() - began) * 1000)
        if status != 200:
            measured.wrong[status] = measured.wrong.get(status, 0) + 1
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return status
