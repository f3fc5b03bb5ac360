"""One request is one request, and half of one is none (cases 1 to 17)."""

import contextlib
import json
import socket
from urllib.parse import urlsplit

import pytest

from bus.signatures.signing import sign_request
from tests.attacks.conftest import ASK, QUESTION, grant
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def member(house):
    return house.member(grant())


def signed(member, host=None):
    """Headers and body of a good question, ready to be sent by hand."""
    url, body = member.house.url, json.dumps(QUESTION).encode()
    fields = {"Content-Type": "application/json"}
    fields |= sign_request(member.key, "POST", url + ASK, fields, body)
    return {"Host": host or urlsplit(url).netloc, **fields}, body


def head(headers, target=ASK, method="POST", end=b"\r\n"):
    lines = [f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return end.join(line.encode("latin-1") for line in lines) + end


def talk(member, *pieces, seconds=5):
    """What the face says until it closes, or falls silent."""
    parts, event = urlsplit(member.house.url), b""
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as line:
        with contextlib.suppress(OSError):
            for piece in pieces:
                line.sendall(piece)
        with contextlib.suppress(OSError):
            while part := line.recv(65536):
                event += part
    return event


def answers(event):
    return [int(part[:3]) for part in event.split(b"HTTP/1.1 ")[1:]]


def questions(member):
    return len(member.rows())


def test_the_hands_of_this_file_can_ask(member):
    headers, body = signed(member)
    before = questions(member)
    headers |= {"Content-Length": str(len(body)), "Connection": "close"}
    assert answers(talk(member, head(headers) + b"\r\n" + body)) == [200]
    assert questions(member) == before + 1


TWICE = {
    "1 CL.TE": "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n",
    "2 TE.CL": "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "3 TE.TE a word before": "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n",
    "3 TE.TE a space before the colon": "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n",
    "3 TE.TE two codings": "Content-Length: 5\r\nTransfer-Encoding: chunked, identity\r\n",
    "3 TE.TE twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "3 TE.TE a tab": "Content-Length: 5\r\nTransfer-Encoding:\tchunked\r\n",
    "4 CL and CL": "Content-Length: 5\r\nContent-Length: {length}\r\n",
    "4 CL of two numbers": "Content-Length: 5, {length}\r\n",
    "4 CL with a sign": "Content-Length: +{length}\r\n",
    "4 CL of another base": "Content-Length: 0x5\r\n",
}


@pytest.mark.parametrize("framing", TWICE.values(), ids=TWICE)
def test_case_1_2_3_4_a_request_hidden_in_the_body_of_another_is_not_asked(member, framing):
    headers, body = signed(member)
    hidden = head({**headers, "Content-Length": str(len(body))}) + b"\r\n" + body
    inner = b"0\r\n\r\n" + hidden
    outer = head({"Host": headers["Host"], "Content-Type": "application/json"})
    before = questions(member)
    event = talk(
        member, outer + framing.format(length=len(inner)).encode() + b"\r\n" + inner, seconds=3
    )
    assert 200 not in answers(event)
    assert questions(member) == before


CHUNKS = {
    "a size over 64 bits": b"FFFFFFFFFFFFFFFFF\r\n",
    "a size with a sign": b"-1\r\n",
    "a size that is none": b"zz\r\n",
    "an extension without end": b"1;a=" + b"x" * 200_000,
    "more than the size": b"1\r\nxyz\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_case_5_chunks_that_lie_are_no_body(member, chunks):
    headers, _ = signed(member)
    before = questions(member)
    event = talk(
        member, head({**headers, "Transfer-Encoding": "chunked"}) + b"\r\n" + chunks, seconds=3
    )
    assert not {200, 500} & set(answers(event))
    assert questions(member) == before


BEFORE = b"Content-Type: "
LINES = {
    "6 bare LF": (b"\r\n", b"\n"),
    "6 bare CR": (b"\r\n", b"\r"),
    "7 NUL in a header": (BEFORE, b"X-A: a\0b\r\n" + BEFORE),
    "7 CR in a header": (BEFORE, b"X-A: a\rb\r\n" + BEFORE),
    "7 NUL in a name": (BEFORE, b"X\0A: a\r\n" + BEFORE),
    "8 obs-fold": (BEFORE, b"X-A: a\r\n b\r\n" + BEFORE),
    "8 a folded signature": (b"Signature: ", b"Signature:\r\n "),
}


@pytest.mark.parametrize(("old", "new"), LINES.values(), ids=LINES)
def test_case_6_7_8_lines_that_servers_read_differently_are_refused_or_read_in_one_way(
    member, old, new
):
    headers, body = signed(member)
    headers |= {"Content-Length": str(len(body)), "Connection": "close"}
    before = questions(member)
    statuses = answers(talk(member, (head(headers) + b"\r\n").replace(old, new) + body, seconds=3))
    assert len(statuses) <= 1
    assert 500 not in statuses
    assert questions(member) - before == statuses.count(200)


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://elsewhere.example" + ASK, None),
        ("https://127.0.0.1" + ASK, None),
        ("http://elsewhere.example?" + ASK, None),
        (ASK, "elsewhere.example"),
        (ASK, "127.0.0.1"),
        (ASK, ""),
        ("elsewhere.example:443", None),
        ("*", None),
    ],
)
def test_case_9_10_what_was_signed_for_here_is_not_taken_as_sent_elsewhere(member, target, host):
    headers, body = signed(member)
    headers |= {"Content-Length": str(len(body)), "Connection": "close"}
    if host is not None:
        headers["Host"] = host
    before = questions(member)
    statuses = answers(talk(member, head(headers, target) + b"\r\n" + body))
    assert not {200, 500} & set(statuses), statuses
    assert questions(member) == before


def test_case_11_a_header_of_a_megabyte_is_cut_off(member):
    headers, _ = signed(member)
    event = talk(member, head({**headers, "X-Long": "a" * 1_000_000}) + b"\r\n")
    assert answers(event) in ([431], [400], [])
    assert member.send().status_code == 200


def is_silent(line):
    """Whether nothing came by a connection yet, neither a word nor its end."""
    line.setblocking(False)
    try:
        line.recv(1)
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize(
    "begun", [b"X-Drip: ", b"Expect: 100-continue\r\nContent-Length: 99\r\n\r\n"]
)
def test_case_12_15_requests_that_never_end_hold_up_nobody_else(member, begun):
    parts = urlsplit(member.house.url)

    def is_answered_meanwhile():
        with contextlib.ExitStack() as stack:
            lines = [
                stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
                for _ in range(100)
            ]
            for line in lines:
                line.sendall(f"POST {ASK} HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode() + begun)
            assert member.send().status_code == 200
            # Who expects 100 may have been told something at once.
            return begun.startswith(b"Expect") or all(map(is_silent, lines))

    wait_for(is_answered_meanwhile)  # again if a slow machine took as long as such lines may


def test_case_13_who_does_not_read_the_answers_holds_up_nobody(member):
    parts = urlsplit(member.house.url)
    get = f"GET /openapi.json HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            line = stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(2)
            with contextlib.suppress(OSError):
                line.sendall(get * 50)
        assert member.send().status_code == 200


def test_case_15_who_expects_a_hundred_and_sends_nothing_asks_nothing(member):
    headers, body = signed(member)
    headers |= {"Content-Length": str(len(body)), "Expect": "100-continue", "Connection": "close"}
    before = questions(member)
    assert 200 not in answers(talk(member, head(headers) + b"\r\n", seconds=2))
    assert questions(member) == before
    headers, body = signed(member)
    headers |= {"Content-Length": str(len(body)), "Expect": "a miracle", "Connection": "close"}
    assert answers(talk(member, head(headers) + b"\r\n" + body)) in ([200], [400], [417])


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "foo"])
def test_case_16_an_upgrade_is_an_ordinary_request(member, upgrade):
    headers, body = signed(member)
    headers |= {
        "Content-Length": str(len(body)),
        "Connection": "close, Upgrade, HTTP2-Settings",
        "Upgrade": upgrade,
        "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA",
    }
    before = questions(member)
    event = talk(member, head(headers) + b"\r\n" + body)
    assert answers(event) == [200]
    assert json.loads(event.partition(b"\r\n\r\n")[2])["agency"] == member.code
    assert questions(member) == before + 1


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "foo"])
def test_case_16_a_request_hidden_in_the_body_behind_an_upgrade_is_not_asked(member, upgrade):
    headers, body = signed(member)
    hidden = head({**headers, "Content-Length": str(len(body))}) + b"\r\n" + body
    outer = {
        "Host": headers["Host"],
        "Content-Type": "application/json",
        "Upgrade": upgrade,
        "Connection": "Upgrade",
        "Content-Length": str(len(hidden)),
    }
    before = questions(member)
    event = talk(member, head(outer) + b"\r\n", hidden, seconds=2)
    assert answers(event) == [401]
    assert questions(member) == before


@pytest.mark.parametrize("kept", [0, 1, -1])
def test_case_17_a_body_that_ends_early_has_no_effect(member, kept):
    headers, body = signed(member)
    before = questions(member)
    parts = urlsplit(member.house.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as line:
        line.sendall(head({**headers, "Content-Length": str(len(body))}) + b"\r\n" + body[:kept])
    assert member.send().status_code == 200
    assert questions(member) == before + 1
