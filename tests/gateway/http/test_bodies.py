"""What a body and an Accept may say, without a server."""

import asyncio
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from gateway.http import bodies
from gateway.http.problems import HttpError

JSON, LINES, CSV = "application/json", "application/jsonl", "text/csv"


def request(*events, **headers):
    waiting = list(events)

    async def receive():
        if not waiting:
            await asyncio.sleep(60)  # about time: nothing more comes; it is cancelled
        return waiting.pop(0)

    replies = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": replies}, receive)


def piece(data, more=False):
    return {"type": "http.request", "body": data, "more_body": more}


ACCEPTED = {
    "nothing": ({}, JSON),
    "anything": ({"accept": "*/*"}, JSON),
    "by name": ({"accept": "text/csv"}, CSV),
    "by family": ({"accept": "text/*"}, CSV),
    "the better liked": ({"accept": "application/json;q=0.4, text/csv;q=0.9"}, CSV),
    "the order does not count": ({"accept": "text/csv;q=0.1, application/jsonl"}, LINES),
    "a name before a family": ({"accept": "*/*;q=0.5, application/json;q=0"}, LINES),
    "capital letters": ({"accept": "Text/CSV"}, CSV),
    "a q that is no number": ({"accept": "text/csv;q=x, application/jsonl;q=0.1"}, LINES),
}


@pytest.mark.parametrize(("headers", "form"), ACCEPTED.values(), ids=ACCEPTED)
def test_the_answer_goes_in_the_form_that_accept_likes_best(headers, form):
    assert bodies.answer_type(request(**headers), JSON, LINES, CSV) == form


@pytest.mark.parametrize("accept", ["text/xml", "application/json;q=0", "image/*"])
def test_a_form_that_we_do_not_have_is_refused(accept):
    with pytest.raises(HttpError) as refused:
        bodies.answer_type(request(accept=accept), JSON)
    assert refused.value.code == "http.not_acceptable"


NAMES = st.sampled_from(["a", "b", "a:", ":", "{", "a{", "\u06f1", '"'])
MEMBERS = st.lists(st.tuples(NAMES, st.sampled_from([1, ":", "{:}", "a", None, [":"], {}])))


@given(MEMBERS)
def test_a_member_twice_is_seen_in_flat_objects_too(members):
    pairs = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members)
    if len({name for name, _ in members}) == len(members):
        assert bodies.parse_object(f"{{{pairs}}}".encode()) == dict(members)
        return
    with pytest.raises(HttpError) as refused:
        bodies.parse_object(f"{{{pairs}}}".encode())
    assert refused.value.code == "json.member_twice"


TWICE = [b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}', b'{"x":[{"a":1,"b":2,"a":3}]}']


@pytest.mark.parametrize("raw", TWICE)
def test_a_member_that_stands_twice_is_refused(raw):
    with pytest.raises(HttpError) as refused:
        bodies.parse_object(raw)
    assert refused.value.code == "json.member_twice"


def test_brackets_in_a_text_are_not_depth():
    text = "[{" * 100 + '\\"[['
    assert bodies.parse_object(b'{"a":"' + text.encode() + b'"}')["a"].startswith("[{[{")


def test_thirty_two_levels_are_taken_and_thirty_three_are_not():
    assert bodies.parse_object(b'{"a":' + b"[" * 31 + b"]" * 31 + b"}")
    with pytest.raises(HttpError) as refused:
        bodies.parse_object(b'{"a":' + b"[" * 32 + b"]" * 32 + b"}")
    assert refused.value.code == "json.too_deep"


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_body_breaks_the_reader(raw):
    with contextlib.suppress(HttpError):
        assert isinstance(bodies.parse_object(raw), dict)


def test_a_long_number_is_no_trouble():
    assert bodies.parse_object(b'{"a":0.' + b"1" * 10_000 + b"}")


def test_a_body_is_counted_while_it_comes():
    pieces = [piece(b"x" * 100, more=True) for _ in range(3)]
    with pytest.raises(HttpError) as refused:
        asyncio.run(bodies.body(request(*pieces), 250))
    assert refused.value.code == "http.too_large"


def test_a_told_length_over_the_limit_is_refused_before_a_byte_is_read():
    with pytest.raises(HttpError) as refused:
        asyncio.run(bodies.body(request(content_length="251"), 250))
    assert refused.value.code == "http.too_large"


def test_a_body_that_stands_still_is_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "BODY_PAUSE", 0.05)
    with pytest.raises(HttpError) as refused:
        asyncio.run(bodies.body(request(piece(b"{", more=True))))
    assert refused.value.code == "http.timeout"


def test_a_whole_body_is_given_back_as_it_was():
    pieces = (piece(b"ab", more=True), piece(b"", more=True), piece(b"c"))
    assert asyncio.run(bodies.body(request(*pieces))) == b"abc"
