"""Lines of an upload: a bad one keeps its place and its reason, and spoils no other."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import ContractError
from bus.signatures.digest import DigestCheck, content_digest
from contracts.inquiry.questions import SUBMIT_BATCH
from gateway.agency.files.lines import CSV, JSONL, LINE_LIMIT, raw_lines, reader
from tests.gateway.http.test_bodies import piece, request

ID = '{"key_kind":"national_id","key":"%s"}'


def read(form, *lines):
    take = reader(form)
    return [line for raw in lines for line in take(raw)]


def codes(lines):
    return [line["problem"] and line["problem"]["code"] for line in lines]


BAD = {
    "not JSON": (b"{", "line.unreadable"),
    "a list": (b"[1]", "line.unreadable"),
    "invalid UTF-8": (b'{"key":"\xff"}', "line.unreadable"),
    "over-long": (ID.encode() % (b"9" * LINE_LIMIT), "line.unreadable"),
    "deep": (b'{"key":' + b"[" * 2000 + b"]" * 2000 + b"}", "line.unreadable"),
    "a member twice": (
        b'{"key_kind":"national_id","key":"9900000013","key":"9900000021"}',
        "json.member_twice",
    ),
    "an extra field": (b'{"key_kind":"national_id","key":"9900000013","a":1}', "unknown_field"),
    "no kind": (b'{"key":"9900000013"}', "choice"),
    "a kind that is a list": (b'{"key_kind":[],"key":"9900000013"}', "choice"),
    "a key that is a number": (b'{"key_kind":"national_id","key":9900000013}', "not_a_string"),
    "a check digit": (ID.encode() % b"9900000014", "national_id.check_digit"),
}


@pytest.mark.parametrize(("raw", "code"), BAD.values(), ids=BAD)
def test_a_bad_json_line_names_its_reason_between_two_good_ones(raw, code):
    good = ID.encode() % b"9900000013"
    assert codes(read(JSONL, good, raw, good)) == [None, code, None]


def test_blank_lines_are_no_lines():
    assert read(JSONL, b"", b"  ", b"\r") == []


def test_csv_columns_may_stand_in_either_order_after_a_byte_order_mark():
    lines = read(CSV, b"\xef\xbb\xbfkey,key_kind\r", b"9900000013,national_id\r")
    assert lines == [{"key_kind": "national_id", "key": "9900000013", "problem": None}]


@pytest.mark.parametrize(
    "header", [b"9900000013,national_id", b"key,key_kind,key", b"key", b"\xff\xfe", b'"key']
)
def test_csv_without_its_header_is_refused_whole(header):
    with pytest.raises(ContractError) as refused:
        read(CSV, header)
    assert refused.value.fields[0].code == "line.columns"


def test_a_bad_csv_line_names_its_reason():
    lines = read(
        CSV, b"key_kind,key", b"national_id", b'national_id,"9', b"national_id,\xff,", b","
    )
    assert codes(lines) == ["line.columns", "line.unreadable", "line.unreadable", "choice"]


@given(st.binary(max_size=200), st.sampled_from([JSONL, CSV]))
def test_whatever_a_line_holds_the_contract_takes_what_was_made_of_it(raw, form):
    lines = read(form, *([b"key_kind,key"] if form == CSV else []), raw.replace(b"\n", b""))
    reply = {"purpose": "fuel_quota", "batch": "b", "part": 0, "lines": lines, "last": True}
    assert len(SUBMIT_BATCH.load_data(json.loads(json.dumps(reply)))["lines"]) == len(lines)


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(1, 50))
def test_however_an_upload_is_cut_its_lines_are_the_same(lines, size):
    whole = b"\n".join(line.replace(b"\n", b"") for line in lines)
    cut = [whole[at : at + size] for at in range(0, len(whole), size)] or [b""]
    pieces = [piece(part, more=True) for part in cut] + [piece(b"")]

    async def take():
        check = DigestCheck({"content-digest": content_digest(whole)})
        result = [line async for line in raw_lines(request(*pieces), check)]
        check.finish()
        return result

    assert asyncio.run(take()) == (whole.removesuffix(b"\n").split(b"\n") if whole else [])


def test_a_line_without_end_is_not_kept_whole():
    pieces = [piece(b"x" * 60_000, more=True) for _ in range(20)] + [piece(b"\nok")]

    async def take():
        check = DigestCheck({"content-digest": content_digest(b"")})
        return [len(line) async for line in raw_lines(request(*pieces), check)]

    assert asyncio.run(take()) == [LINE_LIMIT + 1, 2]
