"""API10: whoever answers us badly costs us neither memory nor time, and leads us nowhere."""

import contextlib
import gzip
import socket
import threading
import time

import pytest

from bus.foreign.http_call import NoAnswer, exchange

LIMIT, TIMEOUT = 10_000, 2.0
OK = b"HTTP/1.1 200 OK\r\n"


class Upstream:
    """Speaks raw bytes to whoever connects; counts who does, and what it could get rid of."""

    def __init__(self, say):
        self._say, self.connections, self.sent = say, 0, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with line, contextlib.suppress(OSError):
                line.recv(65536)
                for piece in self._say():
                    line.sendall(piece)
                    self.sent += len(piece)

    def close(self):
        self._listener.close()


@pytest.fixture
def upstream():
    made = []

    def play(say):
        made.append(Upstream(say))
        return made[-1]

    yield play
    for item in made:
        item.close()


def call(played):
    """Status and body, or why there is none; it must come though what is said never ends."""
    try:
        return exchange("GET", played.url, timeout=TIMEOUT, limit=LIMIT)
    except NoAnswer as error:
        return error.reason


def ten_gigabytes():
    yield OK + b"Content-Length: 10737418240\r\n\r\n"
    while True:
        yield b"x" * 65536


def endless_chunks():
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"10000\r\n" + b"x" * 65536 + b"\r\n"


def a_body_without_end():
    yield OK + b"Connection: close\r\n\r\n"
    while True:
        yield b"x" * 65536


@pytest.mark.parametrize("say", [ten_gigabytes, endless_chunks, a_body_without_end])
def test_api10_an_answer_without_end_is_read_to_its_limit_only(upstream, say):
    played = upstream(say)
    status, body = call(played)
    assert (status, LIMIT < len(body) <= LIMIT * 2 + 65536) == (200, True)
    time.sleep(0.3)
    before = played.sent
    time.sleep(0.3)
    assert played.sent == before < 50_000_000


def test_api10_a_small_body_that_unpacks_to_a_large_one_is_not_unpacked_whole(upstream):
    bomb = gzip.compress(b"x" * 200_000_000)

    def say():
        yield OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
        yield bomb

    status, body = call(upstream(say))
    assert (status, LIMIT < len(body) <= LIMIT * 3) == (200, True)


def dripped_body():
    yield OK + b"Content-Length: 100000\r\n\r\n"
    while True:
        yield b"x"
        time.sleep(0.2)


def silence():
    yield b""
    time.sleep(TIMEOUT * 2)


@pytest.mark.parametrize("say", [dripped_body, silence])
def test_api10_who_answers_slowly_is_given_up(upstream, say):
    assert isinstance(call(upstream(say)), str)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_api10_a_redirect_is_told_and_not_followed(upstream, status):
    inside = upstream(lambda: iter([OK + b"Content-Length: 0\r\n\r\n"]))

    def say():
        yield b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (
            status,
            inside.url.encode(),
        )

    assert call(upstream(say)) == (status, b"")
    assert inside.connections == 0


NONSENSE = {
    "no http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "a length that is no number": OK + b"Content-Length: many\r\n\r\n",
    "less than was said": OK + b"Content-Length: 100\r\n\r\nshort",
    "a chunk whose size is no number": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "gzip that is none": OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
    "a header without end": OK + b"X-A: " + b"a" * 1_000_000,
    "headers without number": OK + b"".join(b"X-%d: a\r\n" % n for n in range(1000)) + b"\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("text", NONSENSE.values(), ids=NONSENSE)
def test_api10_nonsense_is_no_answer_or_an_answer_and_never_another_error(upstream, text):
    reply = call(upstream(lambda: iter([text])))
    assert isinstance(reply, str) or (isinstance(reply[0], int) and len(reply[1]) <= LIMIT)


def test_api10_headers_that_an_upstream_forges_are_not_passed_on(upstream):
    """What goes on is a status and a body: there is no way for a header of theirs into ours."""

    def say():
        yield OK + (
            b"Content-Digest: sha-256=:AAAA:\r\nSignature: mirab=:AAAA:\r\n"
            b"Content-Type: application/problem+json\r\nSet-Cookie: a=b\r\n"
            b"Content-Length: 2\r\n\r\n{}"
        )

    assert call(upstream(say)) == (200, b"{}")
