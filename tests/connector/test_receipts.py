"""Receipts from the shell: fetched, verified offline; which check failed is said in a sentence."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from bus.evidence.leaves import parse_leaf
from bus.evidence.notes import COSIGNATURE, Verifier, cosign
from bus.evidence.receipts import Receipt
from bus.signatures.keys import SigningKey, base64url
from connector import Caller
from connector.__main__ import main
from connector.evidence import Evidence
from connector.keys import load_key, make_key
from connector.receipts.verdicts import judge
from tests.bus.evidence.logs import ANSWER, REQUEST, MemoryLog, log_of, make_leaf
from tests.connector.conftest import QUESTION, answer, problem
from tests.processes import ROOT

WITNESS = SigningKey.new("witness")
LOG = log_of(7)
LEAF = parse_leaf(LOG.leaves[3])
RECEIPT = LOG.receipt(LEAF, 3)


@pytest.fixture
def here(tmp_path, monkeypatch, sandbox, agency):
    """A shell in a folder with the log's keys in keys.txt, in front of a Mirab that plays."""
    monkeypatch.chdir(tmp_path)
    make_key("key.pem")
    sandbox.agency = load_key("key.pem", agency.keyid)
    for name, text in {
        "URL": sandbox.url,
        "KEY_FILE": "key.pem",
        "KEY_ID": agency.keyid,
        "SERVER_KEY": f"{sandbox.key.keyid}={sandbox.key.public.base64()}",
        "LOG_KEYS": "keys.txt",
    }.items():
        monkeypatch.setenv(f"MIRAB_{name}", text)
    witness = Verifier("witness.example/w1", COSIGNATURE, WITNESS.public)
    (tmp_path / "keys.txt").write_text(f"# the log\n{LOG.verifier}\n# a witness\n{witness}\n")
    (tmp_path / "receipt.json").write_bytes(RECEIPT.write())
    return tmp_path


def test_a_receipt_is_verified_offline_and_says_what_is_proven_and_what_is_not(
    here, sandbox, capsys
):
    sandbox.server_close()
    assert main(["verify", "receipt.json"]) == 0
    proven, _, unproven = capsys.readouterr().out.partition("Not proven:")
    assert "it answered call call-3 of inquiry.ask.v1." in proven
    assert "Asked by fuel-co, by grant inquiry.ask.v1, for fuel_quota, key fuel-co-2026" in proven
    assert "entry 3 of the log mirab.example/log, under its signed head of 7 entries" in proven
    assert "What was asked" in unproven
    assert "What was answered" in unproven
    assert "no witness whose key you trust" in unproven
    assert "has no time stamp" in unproven


def test_contents_beside_it_and_witnesses_are_proven_too(here, capsys):
    text = LOG.head().text
    note = LOG.head().with_signatures([cosign(text, WITNESS, "witness.example/w1", 1_790_000_000)])
    (here / "receipt.json").write_bytes(replace(RECEIPT, checkpoint=str(note)).write())
    (here / "asked").write_bytes(REQUEST)
    (here / "sent").write_bytes(ANSWER)
    assert main(["verify", "receipt.json", "--request", "asked", "--answer", "sent"]) == 0
    proven, _, unproven = capsys.readouterr().out.partition("Not proven:")
    assert "The request is the one that was asked" in proven
    assert "The answer is the one that was sent" in proven
    assert "witness.example/w1 saw this head at 2026-09-21T14:13:20Z" in proven
    assert "What was" not in unproven
    assert "witness" not in unproven


def test_a_program_reads_the_verdict_as_json(here, capsys):
    assert main(["verify", "receipt.json", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["holds"], facts["index"], facts["outcome"]) == (True, 3, "answered")
    assert facts["terms"]["purpose"] == "fuel_quota"
    assert facts["opened"] == ["terms"]


@pytest.mark.parametrize(
    ("receipt", "words", "code"),
    [
        (replace(RECEIPT, leaf=parse_leaf(LOG.leaves[4])), [], "evidence.not_included"),
        (replace(RECEIPT, checkpoint=str(log_of(7).head())), [], "evidence.unknown_log"),
        (replace(RECEIPT, checkpoint=str(LOG.head()).replace("7", "8", 1)), [], "evidence.forged"),
        (RECEIPT, ["--answer", "keys.txt"], "evidence.other_answer"),
        (RECEIPT, ["--request", "keys.txt"], "evidence.other_request"),
    ],
)
def test_a_receipt_that_does_not_hold_exits_1_and_says_why(here, capsys, receipt, words, code):
    (here / "receipt.json").write_bytes(receipt.write())
    assert main(["verify", "receipt.json", *words]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert f"Does not hold ({code})." in output.err


@pytest.mark.parametrize(
    ("raw", "words", "text"),
    [
        (b'{"leaf": "x"}', [], "no receipt of version 1"),
        (RECEIPT.write(), ["--log-keys", "nothing.txt"], "neither a key NAME+ID+KEY nor a file"),
        (RECEIPT.write(), ["--log-keys", "a+b+c"], "malformed"),
        (RECEIPT.write(), ["--log-keys", "receipt.json"], "no key of a log"),
        (RECEIPT.write(), ["--log-keys", ""], "Give --log-keys (or set MIRAB_LOG_KEYS)."),
        (RECEIPT.write(), ["--evidence", "keys.txt"], "no evidence file"),
        (RECEIPT.write(), ["--answer", "nothing"], "No such file"),
    ],
)
def test_what_cannot_be_judged_exits_2(here, capsys, raw, words, text):
    (here / "receipt.json").write_bytes(raw)
    assert main(["verify", "receipt.json", *words]) == 2
    assert text in capsys.readouterr().err


def ask_for_receipt(sandbox, reply=None, **more):
    """The log after one question of ours, and its leaf; its evidence is kept."""
    caller = Caller(sandbox.url, sandbox.agency)
    body = json.dumps(QUESTION, separators=(",", ":")).encode()
    leaf = make_leaf("trace-1", request=body, **more)
    log = MemoryLog([*LOG.leaves, leaf.encode()], key=LOG.key)
    answered = reply or answer(body=ANSWER, mirab_receipt=base64url(leaf.hash))
    sandbox.plan = [answered]
    caller.ask(**QUESTION).evidence.save("evidence.json")
    return log, leaf


def test_the_receipt_of_kept_evidence_is_fetched_with_its_question_and_answer(
    here, sandbox, capsys
):
    log, leaf = ask_for_receipt(sandbox)
    whole = log.receipt(leaf, 7).write()
    sandbox.plan = [answer(202, {}, Retry_After="0"), answer(body=whole)]
    assert main(["receipt", "--evidence", "evidence.json", "--out", "ours.json"]) == 0
    assert sandbox.visits[-1][0] == f"/v1/receipts/{base64url(leaf.hash)}"
    assert (here / "ours.json").stat().st_mode & 0o77 == 0
    receipt = Receipt.parse((here / "ours.json").read_bytes())
    assert receipt.contents["answer"] == ANSWER
    assert main(["verify", "ours.json", "--evidence", "evidence.json"]) == 0
    assert "The answer is the one that was sent" in capsys.readouterr().out


def test_a_receipt_of_another_answer_is_not_taken_for_the_one_that_was_promised(
    here, sandbox, capsys
):
    ask_for_receipt(sandbox)
    sandbox.plan = [answer(body=RECEIPT.write())]
    assert main(["receipt", "--evidence", "evidence.json", "--out", "ours.json"]) == 1
    assert "evidence.other_leaf" in capsys.readouterr().err
    assert not (here / "ours.json").exists()
    sandbox.plan = [answer(body=RECEIPT.write())]
    assert main(["receipt", "A" * 43, "--out", "ours.json"]) == 1
    assert "evidence.other_leaf" in capsys.readouterr().err


def test_a_receipt_by_the_calls_id_is_verified_before_it_is_kept(here, sandbox, capsys):
    sandbox.plan = [answer(body=RECEIPT.write())]
    assert main(["receipt", "call-3", "--out", "ours.json"]) == 0
    assert Receipt.parse((here / "ours.json").read_bytes()) == RECEIPT
    forged = log_of(7).receipt(LEAF, 3).write()
    sandbox.plan = [answer(body=forged)]
    assert main(["receipt", "call-3", "--out", "other.json"]) == 1
    assert "evidence.unknown_log" in capsys.readouterr().err
    assert not (here / "other.json").exists()


@pytest.mark.parametrize(
    ("plan", "words", "code", "text"),
    [
        (
            [answer(202, {}, Retry_After="9")],
            ["call-3", "--wait", "0"],
            2,
            "fetch its receipt later",
        ),
        ([problem(404, "receipt.unknown")], ["call-3"], 1, "receipt.unknown"),
        ([answer(body=b"{}")], ["call-3"], 2, "no receipt"),
        ([], [], 2, "Name the call"),
    ],
)
def test_a_receipt_that_is_not_there_leaves_no_file(here, sandbox, capsys, plan, words, code, text):
    sandbox.plan = list(plan)
    assert main(["receipt", *words, "--out", "ours.json"]) == code
    assert text in capsys.readouterr().err
    assert not (here / "ours.json").exists()


def test_the_receipt_of_a_refusal_is_proven_by_the_code_of_the_kept_one(here, sandbox):
    log, leaf = ask_for_receipt(sandbox)
    refused = replace(leaf, outcome="refused", code="grant.network")
    evidence = Evidence.load("evidence.json")
    kept = replace(evidence, response_body=b'{"code":"grant.network"}', response_headers={})
    kept.save("evidence.json")
    contents = {"outcome": "refused", "code": "grant.network"}
    refused = make_leaf("trace-1", request=evidence.request_body, **contents)
    log = MemoryLog([refused.encode()], key=LOG.key)
    (here / "receipt.json").write_bytes(log.receipt(refused, 0).write())
    words = ["verify", "receipt.json", "--evidence", "evidence.json", "--server-key", ""]
    assert main(words) == 0
    replace(kept, response_body=b'{"code":"grant.other"}').save("evidence.json")
    assert main(words) == 1


ALONE = """
import sys
from connector.__main__ import main
assert main(["verify", "receipt.json", "--log-keys", "keys.txt"]) == 0
print({"requests", "contracts", "marshmallow", "cryptography.x509"} & sys.modules.keys())
"""


def test_a_receipt_is_verified_in_less_than_a_tenth_of_a_second(here):
    """The proof; and the command imports nothing that would keep it."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", ALONE], env=environ, check=True, capture_output=True, text=True
    )
    assert done.stdout.endswith("set()\n")
    log = log_of(1)
    raw, trusted = log.receipt(parse_leaf(log.leaves[0]), 0, answer=ANSWER).write(), log.trusted
    spent = []
    for _ in range(5):  # of the processor, and the best of some: other work of the machine is none
        began = time.process_time()
        judge(Receipt.parse(raw), trusted)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.1
