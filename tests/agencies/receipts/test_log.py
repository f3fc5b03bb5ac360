"""The log of receipts: every leaf once, in one tree, under heads that never contradict another."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from bus.activator import Fate
from bus.call_leaves import anchor
from bus.database import own_keys
from bus.database.migrate import migrate
from bus.evidence.errors import EvidenceError
from bus.evidence.merkle import (
    check_consistency,
    check_inclusion,
    leaf_hash,
    root_of,
)
from bus.process.monitor import MONITOR
from bus.signatures.keys import base64url
from contracts.agencies import receipts as contracts
from people import retention
from services.agencies.receipts import heads, journal
from tests.agencies.receipts.logs import ORIGIN, statement
from tests.processes import run_programs
from tests.tables import to_revision
from tests.waiting import wait_for

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
def test_each_leaf_of_a_head_is_proven_and_heads_only_grow_whatever_the_clock_says(log, size):
    leaves = [statement(f"call-{n}") for n in range(size)]
    log.add(leaves[: size // 2])
    log.sign()
    old = log.head().checkpoint if size > 1 else None
    log.later(days=-400)
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
    log.empty()
    log.forget_journal()
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


@pytest.mark.parametrize("first", ["the signer", "a leaf"])
def test_a_restored_backup_loses_no_leaf_that_was_taken(log, first):
    """Neither one under a head that others hold, nor one that no head covers yet."""
    leaves = [statement(f"call-{n}") for n in range(9)]
    log.add(leaves[:2])
    log.back_up()
    log.add(leaves[2:4], leaves[4:5])
    log.sign()
    signed = log.head().checkpoint
    log.add(leaves[5:8])
    log.restore()
    # The newest was noted, and the database died before it had it: it comes again.
    file = log.journal()[-1]
    with file.open("a") as lines:
        lines.write('{"leaf":"half')
    if first == "the signer":
        log.sign()
        assert log.head().checkpoint.size == 8
    log.add(leaves[6:])
    log.sign()
    head = log.head().checkpoint
    assert (head.size, head.root) == (9, root_of([leaf.hash for leaf in leaves]))
    reply = log.call(contracts.LOG_CONSISTENCY, old=signed.size, new=head.size)
    proof = [base64.b64decode(hash) for hash in reply["proof"]]
    check_consistency(signed.size, head.size, signed.root, head.root, proof)
    assert [log.proven(f"call-{n}").index for n in range(9)] == list(range(9))


def test_leaves_that_were_taken_without_a_note_are_missed_by_nobody(log):
    """As by another release, or while there was no folder; those that were noted count on."""
    leaves = [statement(f"call-{n}") for n in range(6)]
    log.add(leaves[:2])
    log.back_up()
    marks = log.marks
    log.service.settings = log.named(ORIGIN, MARKS_DIR="")
    log.add(leaves[2:4])
    log.service.settings = log.named(ORIGIN, MARKS_DIR=str(marks))
    log.add(leaves[4:])
    log.restore()
    log.sign()
    # Their places are others, and no head has said otherwise.
    assert [log.proven(f"call-{n}").index for n in (0, 1, 4, 5)] == [0, 1, 2, 3]
    assert log.head().checkpoint.size == 4


def test_a_damaged_note_takes_and_signs_nothing_until_somebody_looks(log):
    log.add([statement("call-1")])
    log.back_up()
    log.add([statement("call-2")])
    log.restore()
    file = log.journal()[-1]
    text = file.read_text()
    file.write_text(text.replace('"leaf"', '"life"'))
    assert log.sign_refused() == "receipts.folder"
    assert log.add([statement("call-3")])[0].trouble == "receipts.folder"
    file.write_text(text)
    log.sign()
    assert log.head().checkpoint.size == 2


def test_a_strange_file_beside_the_notes_is_none_of_them(log):
    log.add([statement("call-1")])
    file = log.journal()[-1]
    for name in (f"{file.stem} copy.leaves", "old.leaves"):
        file.with_name(name).write_text("of somebody")
    assert log.add([statement("call-2")])[0].trouble is None
    log.sign()
    assert log.head().checkpoint.size == 2


def test_what_is_noted_is_bounded_and_what_no_head_covers_stays(log, monkeypatch):
    monkeypatch.setattr(journal, "FILE_BYTES", 1500)
    monkeypatch.setattr(journal, "MOST_BYTES", 8000)
    for n in range(24):
        log.add([statement(f"call-{n}"), statement(f"more-{n}")])
    assert sum(file.stat().st_size for file in log.journal()) > 16_000
    log.sign()
    log.add([statement("call-24")], [statement("call-25")], [statement("call-26")])
    assert sum(file.stat().st_size for file in log.journal()) <= 8000
    log.sign()
    log.later(days=1)
    log.add([statement("call-27")])
    log.sign()
    # No leaf comes any more: the chore forgets by itself, so many days after that of the leaf.
    log.later(days=retention.days("receipt_notes"))
    log.service.forget_receipts()
    assert "call-27" in "".join(file.read_text() for file in log.journal())
    log.later(days=1)
    log.service.forget_receipts()
    assert "call-" not in "".join(file.read_text() for file in log.journal())
    log.add([statement("call-28")])
    log.sign()
    assert log.head().checkpoint.size == 53


def test_a_restored_backup_that_lost_more_than_was_noted_is_seen_and_nothing_is_signed(log):
    log.add([statement(f"call-{n}") for n in range(3)])
    log.sign()
    signed = log.head().checkpoint
    log.empty()
    log.forget_journal()
    log.add([statement("call-0")])
    assert log.sign_refused() == "receipts.leaves_lost"
    # Others in the place of the lost ones are no better.
    log.add([statement(f"other-{n}") for n in range(5)])
    assert log.sign_refused() == "receipts.rewritten"
    log.sign()
    # The board and `make doctor` have it from the part's health.
    wait_for(lambda: MONITOR.findings()["receipts"].code == "receipts.rewritten")
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


def test_a_folder_that_cannot_be_used_takes_and_signs_nothing(log):
    log.marks.parent.mkdir(exist_ok=True)
    log.marks.write_text("no folder")
    assert log.add([statement("call-1")])[0].trouble == "receipts.folder"
    assert log.sign_refused() == "receipts.folder"
    log.marks.unlink()
    log.add([statement("call-1")])
    log.sign()
    assert log.head().checkpoint.size == 1


def test_the_log_has_one_name(log):
    log.add([statement("call-1")])
    log.service.settings = log.named("other.test/receipts")
    outcomes = log.add([statement("call-2", origin="other.test/receipts")])
    assert outcomes[0].trouble == "receipts.other_log"
    # Nor does another log take what was noted of this one, if the folder alone is left.
    log.empty()
    again = log.add([statement("call-2", origin="other.test/receipts")])
    assert again[0].trouble == "receipts.other_log"
    assert log.sql("select count(*) from receipt_bundles") == [(0,)]
    log.service.settings = log.named(ORIGIN)
    log.sign()
    assert log.head().checkpoint.origin == ORIGIN


def test_a_key_that_is_lost_or_another_one_signs_no_head_until_it_counts(
    log, tmp_path, monkeypatch
):
    log.add([statement("call-1")])
    log.sign()
    right = Path(log.service.settings.text("RECEIPTS_KEY_FILE")).read_bytes()
    file = tmp_path / "receipts.pem"
    log.service.settings = log.named(ORIGIN, RECEIPTS_KEY_FILE=str(file))
    monkeypatch.setenv("RECEIPTS_KEY_FILE", str(file))
    monkeypatch.setenv("DB_URL", log.db)
    check = own_keys.check(log.store, (), ("RECEIPTS_KEY", "REGISTER_KEY"))
    log.add([statement("call-2")])
    assert (check().code, log.sign_refused()) == ("secret.missing", "secret.unavailable")
    run_programs({}, ("connector", "keygen", "--out", str(file)))
    assert (check().code, log.sign_refused()) == ("secret.other", "secret.unavailable")
    another, _ = file.read_bytes(), file.write_text("no key")
    assert log.sign_refused() == "secret.unavailable"
    file.write_bytes(right)
    log.sign()
    assert log.head().checkpoint.size == 2
    file.write_bytes(another)
    assert own_keys.main(["RECEIPTS_KEY"]) == 0
    assert check().code == "well"


def test_notes_that_an_earlier_build_began_without_the_logs_name_are_gone_on_with(log):
    log.add([statement("call-1")])
    (file,) = (log.marks / "receipts.leaves").iterdir()
    file.write_text(file.read_text().replace(f" {ORIGIN}\n", "\n", 1))
    assert log.add([statement("call-2")])[0].trouble is None
    log.sign()
    assert log.head().checkpoint.size == 2


def test_leaves_that_were_lost_are_put_back_from_a_copy_and_the_log_goes_on(log, tmp_path, capsys):
    leaves = [statement(f"call-{n}") for n in range(700)]
    log.add(leaves[:300])
    log.sign()
    log.sql("update receipt_heads set cosigned = true")
    log.back_up()
    log.add(leaves[300:690])
    log.sign()
    signed = log.head().checkpoint
    copy = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    log.add(leaves[690:])
    log.restore(journal_too=True)
    log.add(leaves[300:310], [statement("call-since")], leaves[312:314])
    assert log.sign_refused() == "receipts.leaves_lost"
    file = tmp_path / "copy"
    file.write_text("".join(f"{text}\n" for text in copy[:-1]))
    assert log.put_back(file) == 1
    file.write_text("".join(f"{text}\n" for text in copy))
    assert log.put_back(file) == 0
    assert "378 leaves were put back" in capsys.readouterr().out
    log.sign()
    wait_for(lambda: MONITOR.findings()["receipts"].status == "pass")
    head = log.head().checkpoint
    assert (head.size, head.origin) == (691, signed.origin)
    reply = log.call(contracts.LOG_CONSISTENCY, old=signed.size, new=head.size)
    proof = [base64.b64decode(hash) for hash in reply["proof"]]
    check_consistency(signed.size, head.size, signed.root, head.root, proof)
    assert [log.proven(f"call-{n}").index for n in (0, 299, 305, 313)] == [0, 299, 305, 313]
    assert log.proven("call-since").index == 690
    assert log.call(contracts.LOG_INCLUSION, leaf=base64url(leaves[400].hash))["index"] == 400
    # What a witness has signed stays, and what was aside is gone.
    assert log.sql("select size from receipt_heads where cosigned") == [(300,)]
    assert log.sql(LEAF_COUNT) == [(691, 691)]
    # Of a leaf that was lost the log cannot make a receipt any more; it stands there.
    assert log.receipt(base64url(leaves[330].hash))["code"] == "receipt.not_found"


def test_a_log_that_was_rewritten_is_made_anew_from_a_copy(log, tmp_path):
    leaves = [statement(f"call-{n}") for n in range(40)]
    log.add(leaves)
    log.sign()
    signed = log.head().checkpoint
    copy = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    forged = statement("call-forged")
    log.sql(REWRITE, values=(forged.hash, 3, 3, forged.text.decode()))
    log.sql("update receipt_nodes set hash = sha256(hash)")
    file = tmp_path / "copy"
    file.write_text("".join(f"{text}\n" for text in copy))
    assert log.put_back(file) == 0
    log.add([statement("call-40")])
    log.sign()
    texts = log.call(contracts.LOG_ENTRIES, start=0, limit=1000)["leaves"]
    assert root_of([leaf_hash(text.encode()) for text in texts[:40]]) == signed.root
    # The forged one stands behind what was signed: who put it there is to be asked.
    assert len(texts) == 42
    assert log.proven("call-39").index == 39


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
