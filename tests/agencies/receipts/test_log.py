"""The log of receipts: every leaf once, in one tree, under heads that never contradict another."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from bus.activator import Fate
from bus.call_leaves import anchor
from bus.database.migrate import migrate
from bus.evidence.errors import EvidenceError
from bus.evidence.merkle import (
    check_consistency,
    check_inclusion,
    leaf_hash,
    root_of,
)
from bus.signatures.keys import base64url
from contracts.agencies import receipts as contracts
from services.agencies.receipts import heads
from tests.agencies.receipts.logs import ORIGIN, statement
from tests.tables import to_revision

TABLES = "receipt_log, receipt_bundles, receipt_places, receipt_nodes, receipt_heads"
LEAF_COUNT = "select sum(octet_length(hashes)) / 32, (select count(*) from receipt_places) "
LEAF_COUNT += "from receipt_bundles"
REWRITE = """
    update receipt_bundles set hashes = overlay(hashes placing %s from %s * 32 + 1 for 32),
        leaves = (select string_agg(case when n = %s + 1 then %s else line end, e'\n' order by n)
                  from string_to_table(leaves, e'\n') with ordinality as line(line, n))"""


def test_a_leaf_has_a_receipt_as_soon_as_a_head_covers_it(log):
    leaf = statement("call-1")
    assert log.receipt(base64url(leaf.hash))["code"] == "receipt.not_found"
    assert log.add([leaf])[0].fate is Fate.DONE
    waiting = log.receipt(base64url(leaf.hash))
    assert (waiting["state"], waiting["leaf"]) == ("WAITING", base64url(leaf.hash))
    log.sign()
    by_hash, by_call = log.proven(base64url(leaf.hash)), log.proven("call-1")
    assert by_hash.leaf == by_call.leaf
    assert by_hash.leaf.outcome == "answered"
    assert by_hash.terms.agency == "a-co"
    assert by_hash.terms.version == "3"


def test_a_receipt_is_for_the_agency_whose_call_it_was(log):
    leaf = statement("call-1")
    log.add([leaf])
    log.sign()
    for id_ in ("call-1", base64url(leaf.hash), "call-2", "x" * 43, "." * 43):
        assert log.receipt(id_, asker="b-co")["code"] == "receipt.not_found"


def test_a_message_that_comes_again_adds_nothing(log):
    leaves = [statement(f"call-{n}") for n in range(5)]
    log.add(leaves)
    log.add(leaves[2:], [*leaves, statement("call-5")])
    log.sign()
    assert log.head().checkpoint.size == 6
    assert log.sql(LEAF_COUNT) == [(6, 6)]


def test_what_is_no_leaf_of_this_log_spoils_no_other(log):
    good, foreign = statement("call-1"), statement("call-2", origin="other.test/receipts")
    outcomes = log.add([good], [foreign])
    assert [outcome.fate for outcome in outcomes] == [Fate.DONE, Fate.DEAD]
    assert outcomes[1].trouble == "receipt.malformed"
    log.sign()
    assert log.head().checkpoint.size == 1


@pytest.mark.parametrize("size", [1, 2, 3, 15, 16, 17, 33, 100])
def test_each_leaf_of_a_head_is_proven_and_heads_only_grow(log, size):
    leaves = [statement(f"call-{n}") for n in range(size)]
    log.add(leaves[: size // 2])
    log.sign()
    old = log.head().checkpoint if size > 1 else None
    log.add(leaves[size // 2 :])
    log.sign()
    new = log.head().checkpoint
    assert new.root == root_of([leaf.hash for leaf in leaves])
    for leaf in leaves:
        reply = log.call(contracts.LOG_INCLUSION, leaf=base64url(leaf.hash))
        proof = [base64.b64decode(hash) for hash in reply["proof"]]
        check_inclusion(leaf.hash, reply["index"], size, proof, new.root)
    if old is not None:
        reply = log.call(contracts.LOG_CONSISTENCY, old=old.size, new=new.size)
        proof = [base64.b64decode(hash) for hash in reply["proof"]]
        check_consistency(old.size, new.size, old.root, new.root, proof)
    texts = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    assert [leaf_hash(text.encode()) for text in texts] == [leaf.hash for leaf in leaves]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_way_of_bringing_leaves_makes_one_tree(log, data):
    """However leaves are cut into messages, repeated and signed between: each stands once, and each
    head is the root of the leaves in the order of the entries.
    """
    log.sql(f"truncate {TABLES}")
    (heads_file := log.marks / heads.FILE).unlink(missing_ok=True)
    leaves = [statement(f"call-{n}") for n in range(data.draw(st.integers(1, 40)))]
    messages = data.draw(
        st.lists(st.lists(st.sampled_from(leaves), min_size=1, max_size=12), max_size=8)
    )
    signed = []
    for message in [*messages, leaves]:
        log.add(message)
        if data.draw(st.booleans()) or message is leaves:
            log.sign()
            signed.append(log.head().checkpoint)
    texts = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    hashes = [leaf_hash(text.encode()) for text in texts]
    assert sorted(hashes) == sorted(leaf.hash for leaf in leaves)
    for head in signed:
        assert head.root == root_of(hashes[: head.size])
    assert heads_file.exists()


def test_nothing_new_is_nothing_to_sign(log):
    log.sign()
    assert log.call(contracts.LOG_HEAD)["code"] == "receipts.no_head"
    log.add([statement()])
    log.sign()
    log.sign()
    assert log.sql("select count(*) from receipt_heads")[0][0] == 1


def test_a_head_whose_transaction_was_lost_is_the_head_of_that_size(log):
    log.add([statement("call-1")])
    log.sign()
    note = log.call(contracts.LOG_HEAD)["note"]
    log.sql("truncate receipt_heads")
    log.sign()
    assert log.call(contracts.LOG_HEAD)["note"] == note


def test_a_restored_backup_that_lost_leaves_is_noticed_and_nothing_is_signed(log):
    log.add([statement(f"call-{n}") for n in range(3)])
    log.sign()
    signed = log.head().checkpoint
    log.sql(f"truncate {TABLES}")
    log.add([statement("call-0")])
    assert log.sign_refused() == "receipts.leaves_lost"
    # Others in the place of the lost ones are no better.
    log.add([statement(f"other-{n}") for n in range(5)])
    assert log.sign_refused() == "receipts.rewritten"
    assert log.sql("select count(*) from receipt_heads")[0][0] == 0
    assert (log.marks / heads.FILE).read_text().split("\n")[1] == str(signed.size)


@pytest.mark.parametrize("index", [3, 18])
def test_a_rewritten_leaf_is_noticed(log, index):
    """The signer reads kept subtrees, and beside them the last leaves alone: what is rewritten
    below a subtree has no proof any more, and whoever reads the whole log finds it.
    """
    log.add([statement(f"call-{n}") for n in range(20)])
    log.sign()
    head = log.head().checkpoint
    forged = statement("call-forged")
    log.sql(REWRITE, values=(forged.hash, index, index, forged.text.decode()))
    key = int.from_bytes(forged.hash[:8], "big", signed=True)
    log.sql("update receipt_places set hash = %s where index = %s", values=(key, index))
    texts = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    assert root_of([leaf_hash(text.encode()) for text in texts]) != head.root
    reply = log.call(contracts.LOG_INCLUSION, leaf=base64url(forged.hash))
    proof = [base64.b64decode(hash) for hash in reply["proof"]]
    with pytest.raises(EvidenceError):
        check_inclusion(forged.hash, reply["index"], head.size, proof, head.root)
    if index == 3:
        log.sql("update receipt_nodes set hash = sha256(hash)")
    log.add([statement("call-20")])
    assert log.sign_refused() == "receipts.rewritten"


def test_a_folder_that_cannot_be_used_signs_nothing(log):
    log.add([statement("call-1")])
    log.marks.parent.mkdir(exist_ok=True)
    log.marks.write_text("no folder")
    assert log.sign_refused() == "receipts.folder"
    log.marks.unlink()
    log.sign()
    assert log.head().checkpoint.size == 1


def test_the_log_has_one_name(log):
    log.add([statement("call-1")])
    log.service.settings = log.named("other.test/receipts")
    outcomes = log.add([statement("call-2", origin="other.test/receipts")])
    assert outcomes[0].trouble == "receipts.other_log"
    log.service.settings = log.named(ORIGIN)
    log.sign()
    assert log.head().checkpoint.origin == ORIGIN


def test_leaves_that_were_lost_are_put_back_from_a_copy_and_the_log_goes_on(log, tmp_path, capsys):
    leaves = [statement(f"call-{n}") for n in range(40)]
    log.add(leaves)
    log.sign()
    signed = log.head().checkpoint
    copy = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    log.sql(f"truncate {TABLES}")
    log.add(leaves[:10], [statement("call-since")], leaves[12:14])
    assert log.sign_refused() == "receipts.leaves_lost"
    file = tmp_path / "copy"
    file.write_text("".join(f"{text}\n" for text in copy[:-1]))
    assert log.restore(file) == 1
    file.write_text("".join(f"{text}\n" for text in copy))
    assert log.restore(file) == 0
    assert "28 leaves were put back" in capsys.readouterr().out
    log.sign()
    head = log.head().checkpoint
    assert (head.size, head.origin) == (41, signed.origin)
    reply = log.call(contracts.LOG_CONSISTENCY, old=signed.size, new=head.size)
    proof = [base64.b64decode(hash) for hash in reply["proof"]]
    check_consistency(signed.size, head.size, signed.root, head.root, proof)
    assert log.proven("call-3").leaf.call == "call-3"
    assert log.proven("call-since").index == 40
    # Of a leaf that was lost the log cannot make a receipt any more; it stands there.
    assert log.receipt(base64url(leaves[30].hash))["code"] == "receipt.not_found"


def test_leaves_of_a_release_before_bundles_keep_their_places_and_receipts(log, postgres):
    head_of_log = anchor(ORIGIN, "inquiry", 7, bytes(32), datetime.now(UTC))
    leaves = [statement(f"call-{n}", agency=f"{'ab'[n % 2]}-co") for n in range(300)]
    log.add([*leaves[:150], head_of_log], leaves[150:])
    log.sign()
    texts = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    owner = postgres.url(make_url(log.db).database)
    to_revision(owner, "services.agencies", "downgrade", "0018")
    before = log.sql("select hash, leaf, agency, call, secret, terms from receipt_leaves")
    rows = {bytes(hash): row for hash, *row in before}
    assert len(rows) == 301
    for leaf in (leaves[0], leaves[299], head_of_log):
        text, agency, call, secret, terms = rows[leaf.hash]
        assert (text.encode(), agency, call) == (leaf.text, leaf.agency, leaf.call)
        assert (bytes(secret), terms.encode()) == (leaf.secret, leaf.terms)
    migrate("services.agencies", owner)
    assert log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"] == texts
    log.add(leaves[:3], [statement("call-new")])
    log.sign()
    assert log.head().checkpoint.size == 302
    assert log.proven("call-299", "b-co").leaf.encode() == leaves[299].text
    assert log.receipt("call-299")["code"] == "receipt.not_found"
    for leaf in (leaves[0], head_of_log):
        assert texts[log.call(contracts.LOG_INCLUSION, leaf=base64url(leaf.hash))["index"]] == (
            leaf.text.decode()
        )


def test_what_opens_a_leaf_is_destroyed_after_ten_years_and_the_tree_stays(log):
    leaf = statement("call-1")
    log.add([leaf])
    log.sign()
    head = log.head()
    log.service.forget_receipts()
    assert log.proven("call-1").leaf.call == "call-1"
    log.later(days=3660)
    log.service.forget_receipts()
    assert log.receipt("call-1")["code"] == "receipt.expired"
    assert log.head().checkpoint == head.checkpoint
    assert log.call(contracts.LOG_INCLUSION, leaf=base64url(leaf.hash))["index"] == 0


def test_old_heads_are_deleted_unless_somebody_else_signed_them(log):
    for n in range(4):
        log.add([statement(f"call-{n}")])
        log.sign()
    log.sql("update receipt_heads set stamp = 'x' where size = 2")
    log.sql("update receipt_heads set note = note || E'\u2014 witness AAAA\n' where size = 3")
    log.later(days=31)
    log.service.forget_receipts()
    assert log.sql("select size from receipt_heads order by 1") == [(2,), (3,), (4,)]
