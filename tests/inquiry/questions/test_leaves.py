"""Leaves of questions: durable with the answer, one message for many, nothing twice; anchors."""

import json
import os
from hashlib import sha256
from unittest import mock

import orjson
import psycopg2
import pytest

from bus.activator import Call
from bus.amqp import relay
from bus.call_leaves import EVIDENCE, Evidence, Mark, require_origin
from bus.database.marks import Marks
from bus.envelope import Envelope
from bus.evidence.leaves import Leaf, commitment, parse_leaf, salts_of
from bus.evidence.merkle import leaf_hash
from bus.settings import Settings
from bus.signatures.keys import from_base64url
from contracts.agencies.receipts import ADD_LEAVES
from contracts.inquiry import questions as contracts
from services.inquiry import audit
from services.inquiry.service import Inquiry
from tests.inquiry.in_process import CALLER, NOBODY, InProcessInquiry
from tests.stores import execute

ORIGIN, REQUEST = "mirab.test/receipts", b"r" * 32
ASKER = {**CALLER, EVIDENCE: Evidence(ORIGIN, "signature", REQUEST, 7).to_wire()}
MATTER = {"purpose": "fuel_quota", "digest": None}
DATA = {"key_kind": "national_id", "key": NOBODY, "purpose": "fuel_quota"}


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = InProcessInquiry(demo_db, tmp_path)
    made.service.settings = Settings({"INQUIRY_LOG_KEY": "k", "RECEIPTS_ORIGIN": ORIGIN})
    made.service.store.marks = Marks(tmp_path / "marks")
    yield made
    made.service.store.engine.dispose()


def ask(inquiry, *ids, caller=ASKER, **more):
    """The outcomes of questions that came in one message."""
    calls = [
        Call.of(
            contracts.ASK,
            Envelope.new(contracts.ASK.name, "test", id=id_, caller=caller),
            {**DATA, **more},
        )
        for id_ in ids
    ]
    return Inquiry.ask(inquiry.service, calls)


def messages(inquiry):
    """The leaves of each message for the log that waits in the outbox."""
    rows = execute(
        inquiry.db, f"select body, awaits from outbox where name = '{ADD_LEAVES.name}' order by seq"
    )
    assert all(awaits == ["agencies"] for _, awaits in rows)
    bodies = [ADD_LEAVES.load_data(json.loads(bytes(body))) for body, _ in rows]
    return [body["leaves"] for body in bodies]


def marks(outcomes):
    return [Mark.parse(orjson.loads(orjson.dumps(end.reply))["receipt"]) for end in outcomes]


def test_an_answer_commits_with_its_leaf_and_a_repeat_after_a_kill_has_the_same(inquiry):
    first = ask(inquiry, "one", "two", "three")  # the process died: nobody got these answers
    (leaves,) = messages(inquiry)
    assert [leaf["call"] for leaf in leaves] == ["one", "two", "three"]
    again = ask(inquiry, "one", "two", "three", "one")
    assert messages(inquiry) == [leaves]
    assert marks(again)[:3] == marks(first)
    assert [mark.leaf for mark in marks(first)] == [leaf_hash(x["leaf"].encode()) for x in leaves]


def test_the_leaf_commits_to_what_travelled(inquiry):
    (outcome,) = ask(inquiry, "one")
    ((wire,),) = messages(inquiry)
    leaf = parse_leaf(wire["leaf"].encode())
    assert isinstance(leaf, Leaf)
    salts = salts_of(from_base64url(wire["secret"]))
    answer = orjson.dumps(orjson.loads(orjson.dumps(outcome.reply))["result"])
    for part, content in (("answer", answer), ("terms", wire["terms"].encode())):
        leaf.check_part(part, salts[part], sha256(content).digest())
    assert leaf.request == commitment(salts["request"], "request", REQUEST)
    terms = json.loads(wire["terms"])
    assert terms["grant"] == "inquiry.ask.v1 until 2099-01-01"
    assert (terms["agency"], terms["version"], terms["way"]) == ("fuel-co", "7", "signature")
    assert NOBODY not in wire["leaf"] + wire["terms"]


def test_a_refusal_that_is_logged_has_its_leaf_with_the_code(inquiry):
    (outcome,) = ask(inquiry, "one", purpose="court_case")
    ((wire,),) = messages(inquiry)
    leaf = json.loads(wire["leaf"])
    assert (leaf["outcome"], leaf["code"]) == ("refused", outcome.code)


def test_who_did_not_come_by_a_face_that_logs_has_no_leaf(inquiry):
    ask(inquiry, "one", caller=CALLER)
    for broken in ({}, {"log": ORIGIN}, "text", {**ASKER[EVIDENCE], "version": "x"}):
        ask(inquiry, f"two {broken}", caller={**CALLER, EVIDENCE: broken})
    assert messages(inquiry) == []


def run_audit(inquiry, *words):
    with mock.patch.dict(os.environ, {"DB_URL": inquiry.db}):
        return audit.main(list(words))


def test_old_rows_of_the_chain_verify_under_anchors_that_the_log_of_receipts_has(
    inquiry, tmp_path, capsys
):
    inquiry.service.anchor_log()
    ask(inquiry, "one", caller=CALLER)
    inquiry.service.anchor_log()
    inquiry.service.anchor_log()
    ask(inquiry, "two", "three", caller=CALLER)
    inquiry.service.anchor_log()
    anchors = [leaf["leaf"] for message in messages(inquiry) for leaf in message]
    assert [json.loads(text)["rows"] for text in anchors] == [1, 3]
    (file := tmp_path / "leaves").write_text("".join(f"{text}\n" for text in anchors))
    assert run_audit(inquiry, "--anchors", str(file)) == audit.WHOLE
    forged = json.loads(anchors[0]) | {"head": "A" * 43}
    file.write_text(f"{json.dumps(forged)}\n{anchors[1]}\n")
    assert run_audit(inquiry, "--anchors", str(file)) == audit.BROKEN
    assert "row 1 does not have the hash" in capsys.readouterr().out
    file.write_text("{}\n")
    assert run_audit(inquiry, "--anchors", str(file)) == audit.UNABLE


@pytest.mark.parametrize("origin", ["with a blank/receipts", "a+b", "دفتر"])
def test_a_log_has_a_name_that_heads_can_have(origin):
    require_origin(ORIGIN)
    with pytest.raises(ValueError, match="RECEIPTS_ORIGIN"):
        require_origin(origin)


def test_leaves_that_wait_travel_together_and_nothing_else_does(inquiry):
    ask(inquiry, "one", "two")
    inquiry.call(contracts.SUBMIT_BATCH, id="b", batch="b", part=0, lines=[], last=False, **MATTER)
    ask(inquiry, "three")
    ask(inquiry, "four", "five")
    together = [leaf for message in messages(inquiry) for leaf in message]
    connection = psycopg2.connect(inquiry.db)
    with connection, connection.cursor() as cursor:
        cursor.execute(relay.TAKE, (500,))
        due = [relay.Row._make(values) for values in cursor.fetchall()]
        rows = relay.with_leaves_joined(cursor, due)
        (row,) = [row for row in rows if row.name == ADD_LEAVES.name]
        assert json.loads(bytes(row.body))["leaves"] == together
        # The first may have gone out before, unknown to us: what joined it is another message.
        assert row.id == row.headers["ce-id"]
        assert row.id not in {earlier.id for earlier in due}
        others = [row for row in due if row.name != ADD_LEAVES.name]
        assert [row for row in rows if row.name != ADD_LEAVES.name] == others
    connection.close()
    assert messages(inquiry) == [together]
    query = f"select id, headers ->> 'ce-id' from outbox where name = '{ADD_LEAVES.name}'"
    assert execute(inquiry.db, query) == [(row.id, row.id)]
