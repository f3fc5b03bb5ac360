"""Before a request is one: headers without end, headers without haste, no HTTP at all."""

import contextlib
import json
import re
import socket
import threading
import time
from itertools import product

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_port
from gateway.http import bodies, protocol
from gateway.web import Face, json_response, live
from tests.gateway.http.odd_requests import BODIES, GET, HEADS, HIDDEN, LAST, POST, UPGRADES
from tests.waiting import wait_for


async def mirror(request: Request) -> Response:
    """What came: the body, and the names of hosts and headers."""
    body = (await bodies.body(request)).decode("latin-1")
    names = sorted(request.headers.keys())
    return json_response({"body": body, "host": request.headers.get("host"), "headers": names})


@pytest.fixture(scope="module")
def port():
    """A face in this process, with little patience."""
    patience = pytest.MonkeyPatch()
    patience.setattr(protocol, "HEADERS_SECONDS", 0.5)
    number = free_port()
    config = uvicorn.Config(
        Face(
            "public",
            [Route("/health/live", live), Route("/mirror", mirror, methods=["GET", "POST"])],
        ),
        host="127.0.0.1",
        port=number,
        http=protocol.Guarded,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    yield number
    server.should_exit = True
    thread.join(10)
    patience.undo()


def talk(port, *pieces, pause=0.0):
    """What the face says to these bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        try:
            for piece in pieces:
                raw.sendall(piece)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass
        event = b""
        try:
            while part := raw.recv(65536):
                event += part
        except ConnectionResetError:
            pass
    return event


def problem(event):
    head, _, body = event.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    payload = json.loads(body)
    assert f"HTTP/1.1 {payload['status']} ".encode() in head
    return payload["code"]


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
    event = talk(port, GET + b"Connection: close\r\n" + rest)
    assert event.count(b"HTTP/1.1 ") <= 1
    assert b" 500 " not in event


def test_a_long_body_is_not_counted_as_headers(port):
    size = protocol.HEADERS_BYTES * 4
    head = GET.replace(b"GET", b"POST") + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size
    event = talk(port, head, b"x" * size)
    assert event.startswith(b"HTTP/1.1 405 ")


def test_several_requests_of_one_connection_are_answered_in_order(port):
    nowhere = GET.replace(b"/health/live", b"/nowhere")
    event = talk(port, GET + b"\r\n" + nowhere + b"\r\n" + GET + b"Connection: close\r\n\r\n")
    replies = [part[:3] for part in event.split(b"HTTP/1.1 ")[1:]]
    assert replies == [b"200", b"404", b"200"]


def test_a_request_to_become_a_web_socket_is_an_ordinary_one(port):
    ask = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(GET + ask)
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 ")


# --- one request is one request, whatever else its head names ---

CUTS = ("one segment", "behind the head", "in the head", "in the body", "byte by byte")


def statuses(event):
    """The answers in order, but for those that only ask to go on."""
    matches = re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", event)
    return [int(status) for status in matches if status != b"100"]


def mirrored(event):
    """What the mirror says first."""
    return json.JSONDecoder().raw_decode(event.partition(b"\r\n\r\n")[2].decode())[0]


def pieces(raw, cut):
    head = raw.index(b"\r\n\r\n") + 4
    at = {"behind the head": head, "in the head": head - 9, "in the body": head + 20}.get(cut)
    if cut == "byte by byte":
        return [raw[i : i + 1] for i in range(len(raw))]
    return [raw] if at is None else [raw[:at], raw[at:]]


@pytest.mark.parametrize(
    ("upgrade", "framing", "cut"),
    list(product(UPGRADES, BODIES, CUTS)),
)
def test_d1_d2_a_body_is_read_as_one_whatever_protocol_is_offered(port, upgrade, framing, cut):
    raw = POST + UPGRADES[upgrade] + BODIES[framing]
    pause = 0.0 if cut in ("one segment", "byte by byte") else 0.03
    event = talk(port, *pieces(raw, cut), LAST, pause=pause)
    assert statuses(event) == [200, 200], event
    first = mirrored(event)
    assert first["body"].encode() == HIDDEN
    assert first["host"] == "x"


def test_d1_hundreds_of_upgrades_in_one_segment_are_as_many_requests(port):
    ask = GET + UPGRADES["h2c"] + b"\r\n"
    assert statuses(talk(port, ask * 400 + LAST)) == [200] * 401


@pytest.mark.parametrize(("raw", "answers"), HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("cut", ["one segment", "byte by byte"])
def test_d1_no_syntax_makes_one_request_two(port, raw, answers, cut):
    event = talk(port, *([raw] if cut == "one segment" else pieces(raw, cut)))
    if "byte" in cut and b"501 A method" not in event:
        # The first letter already is that of no method: whether a method follows, nobody knows.
        answers = [400 if raw.startswith((b"get", b"BREW")) else status for status in answers]
    assert statuses(event) == answers, event
    assert b" 500 " not in event


HOSTS = {
    "none": [b""],
    "two": [b"Host: x\r\nHost: x\r\n", b"Host: x\r\nhost: evil.example\r\n"],
    "empty": [b"Host:\r\n", b"Host: \r\n"],
    "no name": [
        b"Host: %b\r\n" % value
        for value in (
            b"a b",
            b"x/y",
            b"user@x",
            b"x:port",
            b"x:99999",
            b"x,y",
            b"http://x",
            b"[::1",
            b"[x]",
            b"x?y",
            b"x#y",
            b"\xd8\xa7",
            b"<x>",
            b"x:80:80",
            b"x\\y",
        )
    ],
}


@pytest.mark.parametrize("lines", [line for kind in HOSTS.values() for line in kind])
@pytest.mark.parametrize("target", [b"/mirror", b"http://x/mirror"])
def test_d3_a_request_names_one_host(port, lines, target):
    event = talk(port, b"GET %b HTTP/1.1\r\n" % target + lines + b"\r\n" + HIDDEN)
    assert problem(event) == "http.host_header"


@pytest.mark.parametrize("host", [b"x", b"x:80", b"X.Example.:8001", b"127.0.0.1", b"[::1]:8001"])
def test_d3_a_host_is_a_name_or_an_address(port, host):
    event = talk(port, b"GET /mirror HTTP/1.1\r\nConnection: close\r\nHost: %b\r\n\r\n" % host)
    assert statuses(event) == [200]
    assert mirrored(event)["host"] == host.decode()


@pytest.mark.parametrize("target", [b"http://other:8/mirror?a=b", b"HTTP://other:8/mirror"])
def test_d3_an_address_with_a_host_in_it_wins_over_host(port, target):
    event = talk(port, b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)
    assert mirrored(event)["host"] == "other:8"


def test_d1_what_follows_a_body_is_no_header_of_its_request(port):
    trailers = b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Late: b\r\nHost: evil\r\n\r\n"
    event = talk(port, POST + trailers + LAST)
    assert statuses(event) == [200, 200]
    first = mirrored(event)
    assert (first["host"], "x-late" in first["headers"]) == ("x", False)


def test_d1_trailers_and_extensions_without_end_are_cut_off(port):
    endless = [b"x" * 8192] * 64
    begin = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    for lines in (b"1;a=", b"1\r\na\r\n0\r\nX-Late: "):
        event = talk(port, begin + lines, *endless, pause=0.001)
        assert statuses(event) == [431], event


def test_d1_who_expected_a_hundred_and_was_refused_begins_a_new_connection(port):
    ask = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 90\r\n\r\n"
    event = talk(port, ask, HIDDEN * 3, pause=0.05)
    assert statuses(event) == [404]
    assert b"connection: close" in event.lower()


def test_d1_a_refusal_waits_for_the_answers_before_it(port):
    slow = POST + b"Content-Length: 4\r\n\r\n"
    event = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(slow)
        time.sleep(0.05)
        raw.sendall(b"abcd" + b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while part := raw.recv(65536):
                event += part
    assert statuses(event) == [200, 501]


@pytest.mark.parametrize("path", [b"/mirror", b"/nowhere"])
def test_d1_who_is_refused_while_he_sends_hears_why(port, path):
    size = 3_000_000
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    event = talk(port, head % (path, size), *([b"x" * 50_000] * (size // 50_000)))
    assert statuses(event) == [413 if path == b"/mirror" else 404]
