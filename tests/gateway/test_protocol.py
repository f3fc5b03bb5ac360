"""Before a request is one: headers without end, headers without haste, no HTTP at all."""

import json
import socket
import threading
import time

import pytest
import uvicorn
from starlette.routing import Route

from gateway import protocol
from gateway.web import Face, live
from tests.conftest import free_port, wait_for


@pytest.fixture
def port(monkeypatch):
    """A face in this process, with little patience."""
    monkeypatch.setattr(protocol, "HEADERS_SECONDS", 0.5)
    number = free_port()
    config = uvicorn.Config(
        Face("public", [Route("/health/live", live)]),
        host="127.0.0.1", port=number, http=protocol.Guarded, ws="none",
        log_config=None, access_log=False, timeout_keep_alive=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    yield number
    server.should_exit = True
    thread.join(10)


def talk(port, *pieces, pause=0.0):
    """What the face says to these bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        try:
            for piece in pieces:
                raw.sendall(piece)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass
        heard = b""
        try:
            while part := raw.recv(65536):
                heard += part
        except ConnectionResetError:
            pass
    return heard


def problem(heard):
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    told = json.loads(body)
    assert f"HTTP/1.1 {told['status']} ".encode() in head
    return told["code"]


GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"


def test_a_header_without_end_is_cut_off(port):
    endless = (b"x" * 8192 for _ in range(64))
    assert problem(talk(port, GET + b"X-Much: ", *endless, pause=0.001)) == "http.headers"


def test_an_address_without_end_is_cut_off(port):
    endless = (b"x" * 8192 for _ in range(64))
    assert problem(talk(port, b"GET /", *endless, pause=0.001)) == "http.headers"


def test_headers_that_drip_are_given_up(port):
    drops = [b"X-A: b\r\n"] * 8
    assert problem(talk(port, GET, *drops, pause=0.1)) == "http.timeout"


def test_a_connection_that_says_nothing_is_closed_without_a_word(port):
    assert talk(port) == b""


def test_what_is_not_http_is_told_so_as_a_problem(port):
    for junk in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ):
        assert problem(talk(port, junk)) == "http.malformed"


SMUGGLED = {
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "length and chunks": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a null in a header": b"X-A: a\x00b\r\n\r\n",
    "a folded header": b"X-A: a\r\n b\r\n\r\n",
    "a space before the colon": b"X-A : b\r\n\r\n",
}


@pytest.mark.parametrize("rest", SMUGGLED.values(), ids=SMUGGLED)
def test_a_request_that_two_servers_could_read_in_two_ways_is_never_two_requests(port, rest):
    heard = talk(port, GET + b"Connection: close\r\n" + rest)
    assert heard.count(b"HTTP/1.1 ") <= 1
    assert b" 500 " not in heard


def test_a_long_body_is_not_counted_as_headers(port):
    size = protocol.HEADERS_BYTES * 4
    head = GET.replace(b"GET", b"POST") + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size
    heard = talk(port, head, b"x" * size)
    assert heard.startswith(b"HTTP/1.1 405 ")


def test_several_requests_of_one_connection_are_answered_in_order(port):
    nowhere = GET.replace(b"/health/live", b"/nowhere")
    heard = talk(port, GET + b"\r\n" + nowhere + b"\r\n" + GET + b"Connection: close\r\n\r\n")
    told = [part[:3] for part in heard.split(b"HTTP/1.1 ")[1:]]
    assert told == [b"200", b"404", b"200"]


def test_a_request_to_become_a_web_socket_is_an_ordinary_one(port):
    ask = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(GET + ask)
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 ")
