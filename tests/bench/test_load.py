"""bench/load.py sends each request once, and measures nothing that was not answered with 200."""

import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bench.load import run

pytestmark = pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk is not installed (deploy/local/bootstrap.sh test)"
)


class Door(BaseHTTPRequestHandler):
    """Answers 200, and 503 to who asks for it; keeps what it was asked."""

    protocol_version = "HTTP/1.1"
    received: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(body)
        self.send_response(503 if body == b"ill" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def door() -> Iterator[ThreadingHTTPServer]:
    Door.received = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    Thread(target=server.serve_forever, args=(0.01,)).start()
    yield server
    server.shutdown()
    server.server_close()


def request(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def test_each_request_is_sent_once(door):
    bodies = [str(n).encode() for n in range(300)]
    measured = run(f"http://127.0.0.1:{door.server_port}", [*map(request, bodies)], 8)
    assert sorted(Door.received) == sorted(bodies)
    assert measured.count == len(bodies)
    assert 0 < measured.percentiles[50] <= measured.percentiles[99] < measured.seconds * 1000
    assert measured.cpu > 0


def test_a_wrong_status_ends_the_measurement(door):
    bodies = [b"well", b"ill", b"well", b"ill"]
    with pytest.raises(SystemExit, match=r"wrong statuses: \{'503': 2\}"):
        run(f"http://127.0.0.1:{door.server_port}", [*map(request, bodies)], 2)
