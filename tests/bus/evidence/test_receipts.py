"""Leaves and receipts: read strictly; a receipt proves its own call and nothing else."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.evidence.errors import EvidenceError
from bus.evidence.leaves import (
    Anchor,
    Leaf,
    Terms,
    commitment,
    moment_text,
    parse_leaf,
    salts_of,
)
from bus.evidence.receipts import Receipt
from bus.evidence.strict_json import read_json
from iran.persian import TEHRAN
from tests.bus.evidence.logs import (
    ANSWER,
    ORIGIN,
    REQUEST,
    SECRET,
    TERMS,
    MemoryLog,
    log_of,
    make_leaf,
    sha256,
)

LOG = log_of(7)
LEAF = parse_leaf(LOG.leaves[3])
RECEIPT = LOG.receipt(LEAF, 3, request=REQUEST, answer=ANSWER)
ANCHOR = Anchor(ORIGIN, LEAF.at, "inquiry.log", 12, LEAF.terms)


def refusal(act, *arguments):
    """The code of the EvidenceError that this raises."""
    with pytest.raises(EvidenceError) as error:
        act(*arguments)
    return error.value.code


def test_a_receipt_that_was_written_is_read_and_proves_its_call():
    proven = Receipt.parse(RECEIPT.write()).verify(LOG.trusted)
    assert (proven.leaf, proven.index, proven.terms) == (LEAF, 3, TERMS)
    assert proven.opened == {"request", "answer", "terms"}
    assert proven.head.checkpoint.size == 7


def test_request_and_answer_may_stand_beside_the_receipt():
    alone = LOG.receipt(LEAF, 3)
    assert alone.verify(LOG.trusted).opened == {"terms"}
    proven = alone.verify(LOG.trusted, {"answer": sha256(ANSWER)})
    assert proven.opened == {"answer", "terms"}
    assert refusal(alone.verify, LOG.trusted, {"answer": sha256(b"{}")}) == "evidence.other_answer"
    assert refusal(alone.verify, LOG.trusted, {"request": sha256(ANSWER)}) == (
        "evidence.other_request"
    )
    # What is true beside it proves nothing of what stands in it.
    changed = replace(RECEIPT, contents={**RECEIPT.contents, "answer": b"{}"})
    assert refusal(changed.verify, LOG.trusted, {"answer": sha256(ANSWER)}) == (
        "evidence.other_answer"
    )


def test_a_refusal_is_proven_by_its_code():
    leaf = make_leaf(outcome="refused", code="purpose.not_granted")
    log = MemoryLog([*LOG.leaves, leaf.encode()])
    assert log.receipt(leaf, 7).verify(log.trusted).opened == {"answer", "terms"}
    granted = log.receipt(leaf, 7, answer=ANSWER)
    assert refusal(granted.verify, log.trusted) == "evidence.other_answer"


def test_a_leaf_has_one_text():
    assert LEAF.encode().startswith(b'{"answer":"')
    assert list(json.loads(LEAF.encode())) == sorted(json.loads(LEAF.encode()))
    assert parse_leaf(LEAF.encode()) == LEAF
    assert parse_leaf(ANCHOR.encode()) == ANCHOR


def test_a_leaf_shows_nothing_of_the_call():
    shown = LEAF.encode().decode()
    assert not any(text in shown for text in ("9900000013", "fuel", "مجاز"))
    salts = salts_of(SECRET)
    assert len({commitment(salts[part], part, sha256(b"")) for part in salts}) == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b" " + LEAF.encode(),
        LEAF.encode().replace(b'"v":1', b'"v":2'),
        LEAF.encode().replace(b'"v":1', b'"v":1.0'),
        LEAF.encode().replace(b'"v":1', b'"v":1,"v":1'),
        LEAF.encode().replace(b'"code":"",', b""),
        LEAF.encode().replace(b'"code":"",', b'"code":"","extra":"",'),
        LEAF.encode().replace(b'"answered"', b'"refused"'),
        LEAF.encode().replace(b'"answered"', b'"lost"'),
        LEAF.encode().replace(b"2026-11-29T", b"2026-13-29T"),
        LEAF.encode().replace(b".123Z", b"Z"),
        LEAF.encode().replace(b"call-3", b"call 3"),
        LEAF.encode().replace(b"call-3", b"\\u0063all-3"),
        ANCHOR.encode().replace(b":12", b":-1"),
        ANCHOR.encode().replace(b":12", b":true"),
        ANCHOR.encode() + b" " * 5000,
    ],
)
def test_a_malformed_leaf_is_refused(raw):
    assert refusal(parse_leaf, raw) == "evidence.unreadable"


def changed(**members):
    """The receipt's document with these members changed; None takes one away."""
    document = {**json.loads(RECEIPT.write()), **members}
    return json.dumps({k: v for k, v in document.items() if v is not None}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"NaN",
        b"x" * 8_000_001,
        changed(v=2),
        changed(v=True),
        changed(v=None),
        changed(leaf=None),
        changed(leaf=7),
        changed(leaf="{}"),
        changed(leaf=ANCHOR.encode().decode()),
        changed(leaf="\ud800"),
        changed(terms=TERMS.encode().decode() + "\ud800"),
        changed(terms={"agency": "fuel-co"}),
        changed(answer={}),
        changed(index="3"),
        changed(index=-1),
        changed(index=3.0),
        changed(index=True),
        changed(size=2**63),
        changed(salts=[]),
        changed(salts={"request": "AA", "answer": "AA", "terms": "AA"}),
        changed(salts={**json.loads(RECEIPT.write())["salts"], "more": ""}),
        changed(proof="AAAA"),
        changed(proof=["AAAA"]),
        changed(proof=["-" * 44]),
        changed(proof=[7]),
        changed(proof=["A" * 43 + "="] * 64),
        changed(checkpoint=None),
        changed(stamp=""),
        changed(stamp="="),
        changed(more="x"),
        RECEIPT.write().replace(b'"v"', b'"v": 1, "v"', 1),
    ],
)
def test_a_malformed_receipt_is_refused(raw):
    assert refusal(Receipt.parse, raw) == "evidence.unreadable"


OTHER = log_of(9)
SALTS = salts_of(b"t" * 32)


@pytest.mark.parametrize(
    ("receipt", "code"),
    [
        # A swapped leaf: a true leaf of the same log in another's place, or one that never was.
        (replace(RECEIPT, leaf=parse_leaf(LOG.leaves[4])), "evidence.not_included"),
        (
            replace(RECEIPT, leaf=replace(LEAF, at="2026-11-29T21:10:00.124Z")),
            "evidence.not_included",
        ),
        (
            replace(RECEIPT, leaf=replace(LEAF, outcome="failed", code="internal")),
            "evidence.not_included",
        ),
        (replace(RECEIPT, index=4), "evidence.not_included"),
        (replace(RECEIPT, index=9), "evidence.not_included"),
        # A proof of another tree, of the same log at another time, cut, or made longer.
        (replace(RECEIPT, proof=tuple(OTHER.inclusion(3, 9))), "evidence.not_included"),
        (replace(RECEIPT, proof=RECEIPT.proof[:-1]), "evidence.not_included"),
        (replace(RECEIPT, proof=(*RECEIPT.proof, b"h" * 32)), "evidence.not_included"),
        (replace(RECEIPT, checkpoint=str(LOG.head(5))), "evidence.other_checkpoint"),
        (replace(RECEIPT, size=5, checkpoint=str(LOG.head(5))), "evidence.not_included"),
        # A forged head, and one of another log.
        (replace(RECEIPT, checkpoint=str(OTHER.head(7))), "evidence.unknown_log"),
        (
            replace(RECEIPT, checkpoint=RECEIPT.checkpoint.replace("\n7\n", "\n8\n")),
            "evidence.forged",
        ),
        (replace(RECEIPT, leaf=replace(LEAF, log="other.example")), "evidence.other_log"),
        (replace(RECEIPT, checkpoint="x"), "evidence.unreadable"),
        # A replayed receipt: true, and shown for another question, answer or grant.
        (
            replace(RECEIPT, contents={**RECEIPT.contents, "request": b"{}"}),
            "evidence.other_request",
        ),
        (
            replace(RECEIPT, contents={**RECEIPT.contents, "answer": REQUEST}),
            "evidence.other_answer",
        ),
        (
            replace(RECEIPT, contents={"terms": Terms(agency="bank").encode()}),
            "evidence.other_terms",
        ),
        (replace(RECEIPT, salts=SALTS), "evidence.other_request"),
    ],
)
def test_a_receipt_that_does_not_hold_says_which_check_failed(receipt, code):
    assert refusal(Receipt.parse(receipt.write()).verify, LOG.trusted) == code


def test_a_receipt_of_a_log_that_nobody_trusts_proves_nothing():
    assert refusal(RECEIPT.verify, OTHER.trusted) == "evidence.unknown_log"


@given(st.data())
def test_no_byte_of_a_receipt_can_be_changed(data):
    """A change is refused, or nothing that is proven is another."""
    raw = bytearray(RECEIPT.write())
    place, bit = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 7))
    raw[place] ^= 1 << bit
    try:
        receipt = Receipt.parse(bytes(raw))
        proven = receipt.verify(LOG.trusted)
    except EvidenceError:
        return
    assert (proven.leaf, proven.index, proven.terms) == (LEAF, 3, TERMS)
    assert receipt.contents == RECEIPT.contents


@given(
    st.recursive(
        st.none() | st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
        st.lists,
        max_leaves=10,
    )
)
def test_json_is_read_as_it_was_written(value):
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    "raw", [b'{"a":1,"a":1}', b"NaN", b"1e999", b"-Infinity", b'"\\ud800"', b"[1,]"]
)
def test_json_without_one_meaning_is_refused(raw):
    assert refusal(read_json, raw) == "evidence.unreadable"


def test_terms_are_texts_by_their_names():
    assert Terms.parse(TERMS.encode()) == TERMS
    for raw in (b"{}x", b"[]", b'{"agency":1}', b'{"who":"x"}', b'{"key":"\\u001b"}'):
        assert refusal(Terms.parse, raw) == "evidence.unreadable"


def test_a_moment_is_written_in_utc_and_milliseconds():
    at = datetime(2026, 11, 30, 0, 40, 0, 123_999, tzinfo=TEHRAN)
    assert moment_text(at) == "2026-11-29T21:10:00.123Z"


@pytest.mark.parametrize(("salt", "part"), [(b"s", "request"), (b"s" * 32, "other")])
def test_a_commitment_with_a_wrong_salt_or_part_is_a_mistake_of_ours(salt, part):
    with pytest.raises(ValueError, match="a salt of"):
        commitment(salt, part, b"d" * 32)


def test_leaf_needs_no_code_only_if_it_was_answered():
    assert isinstance(make_leaf(outcome="asked"), Leaf)
    assert refusal(lambda: make_leaf(outcome="refused")) == "evidence.unreadable"
