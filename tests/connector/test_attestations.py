"""`python -m connector attest`, `present` and `verify` of an answer as an SD-JWT."""

import json
import re
import shlex
import time

import pytest

from bus.evidence.leaves import parse_leaf
from bus.signatures.keys import SigningKey, base64url
from bus.signatures.sd_jwt import issue
from connector.__main__ import main
from connector.commands.words import parser
from connector.keys import make_key
from contracts.inquiry.attestations import KIND
from tests.bus.evidence.logs import log_of, make_leaf
from tests.connector.conftest import answer, problem
from tests.processes import ROOT

FIELDS = {"day": "2026-11-29", "status.group": "IN_FORCE", "file_no": "1001/5", "debt": None}
CLAIMS = {"iss": "https://mirab.example.ir", "iat": int(time.time()) // 86_400 * 86_400}


@pytest.fixture
def us(tmp_path, sandbox, agency, monkeypatch):
    """An agency that is set up, in its folder, before a Mirab that attests."""
    monkeypatch.chdir(tmp_path)
    make_key("key.pem")
    key = sandbox.agency = SigningKey.load("key.pem", agency.keyid)
    text = issue(sandbox.key, KIND, CLAIMS, FIELDS, key.public)
    sandbox.plan = [answer(reply={"sd_jwt": text, "fields": [*FIELDS], "key": sandbox.key.keyid})]
    for name, value in {
        "MIRAB_URL": sandbox.url,
        "MIRAB_KEY_FILE": "key.pem",
        "MIRAB_KEY_ID": agency.keyid,
        "MIRAB_SERVER_KEY": f"{sandbox.key.keyid}={sandbox.key.public.base64()}",
    }.items():
        monkeypatch.setenv(name, value)
    return sandbox


def test_an_answer_is_attested_and_one_field_of_it_shown(us, tmp_path, capsys):
    assert main(["attest", "Q-2222-2222-2222", "--bind", "--out", "answer.sdjwt"]) == 0
    path, _, body, _ = us.visits[-1]
    assert path == "/v1/inquiry/attest"
    assert json.loads(body)["holder_key"] == us.agency.keyid
    assert (tmp_path / "answer.sdjwt").stat().st_mode & 0o777 == 0o600
    capsys.readouterr()
    assert main(["present", "answer.sdjwt"]) == 0
    assert capsys.readouterr().out.split() == [*FIELDS]
    show = ["present", "answer.sdjwt", "--show", "day,status.group", "--out", "shown.sdjwt"]
    assert main(show) == 0
    assert main(["verify", "shown.sdjwt"]) == 0
    output = capsys.readouterr().out
    assert "status.group: IN_FORCE" in output
    assert "1001/5" not in output
    assert "Not proven" in output
    assert "not signed by it" in output


def test_a_presentation_is_bound_to_who_asked_for_it(us, capsys):
    main(["attest", "Q-2222-2222-2222", "--bind", "--out", "answer.sdjwt"])
    to = ["--audience", "agri-bank", "--nonce", "n-1"]
    assert main(["present", "answer.sdjwt", "--show", "day", *to, "--out", "shown.sdjwt"]) == 0
    assert main(["verify", "shown.sdjwt", *to, "--json"]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert (reply["fields"], reply["bound_to"]["audience"]) == ({"day": "2026-11-29"}, "agri-bank")
    assert main(["verify", "shown.sdjwt", "--audience", "agri-bank", "--nonce", "n-2"]) == 1
    assert "sd_jwt.other_audience" in capsys.readouterr().err


def test_what_does_not_hold_is_said(us, tmp_path, capsys, monkeypatch):
    main(["attest", "Q-2222-2222-2222", "--out", "answer.sdjwt"])
    whole = (tmp_path / "answer.sdjwt").read_text()
    forged = issue(SigningKey.new(us.key.keyid), KIND, CLAIMS, FIELDS)
    (tmp_path / "forged.sdjwt").write_text(forged)
    assert main(["verify", "forged.sdjwt"]) == 1
    (tmp_path / "swapped.sdjwt").write_text(whole.split("~", 1)[0] + "~" + forged.split("~", 1)[1])
    assert main(["verify", "swapped.sdjwt"]) == 1
    keys = {"keys": [us.key.public.jwk(us.key.keyid) | {"exp": CLAIMS["iat"] - 1}]}
    (tmp_path / "jwks.json").write_text(json.dumps(keys))
    assert main(["verify", "answer.sdjwt", "--server-key", "jwks.json"]) == 1
    output = capsys.readouterr().err
    for code in ("sd_jwt.forged", "sd_jwt.field_added", "sd_jwt.key_ended"):
        assert code in output


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["present", "answer.sdjwt", "--show", "colour"], "There is no field colour"),
        (["present", "nowhere.sdjwt", "--show", "day"], "cannot be read"),
        (["present", "answer.sdjwt", "--show", "day", "--nonce", "n"], "together"),
        (["verify", "answer.sdjwt", "--server-key", ""], "Give --server-key"),
    ],
)
def test_wrong_words_say_what_to_do(us, capsys, words, text):
    main(["attest", "Q-2222-2222-2222", "--out", "answer.sdjwt"])
    assert main(words) == 2
    assert text in capsys.readouterr().err


def test_a_refusal_is_shown(us, capsys):
    us.plan = [problem(404, "answer.not_found")]
    assert main(["attest", "Q-2222-2222-2222", "--out", "answer.sdjwt"]) == 1
    assert "answer.not_found" in capsys.readouterr().err


def test_the_commands_of_the_guide_work_as_they_stand_there(tmp_path, us, monkeypatch, capsys):
    """docs/receipts.md, from the question to the bound presentation."""
    text = (ROOT / "docs/receipts.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python -m connector (.+)$", text, re.MULTILINE)
    assert [words.split()[0] for words in commands[:4]] == ["ask", "receipt", "verify", "attest"]
    log = log_of(3)
    (tmp_path / "keys.txt").write_text(f"{log.verifier}\n")
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [us.key.public.jwk(us.key.keyid)]}))
    monkeypatch.setenv("MIRAB_SERVER_KEY", "jwks.json")
    monkeypatch.setenv("MIRAB_LOG_KEYS", "keys.txt")
    (attested,) = us.plan
    body = json.dumps(ANSWER_OF_GUIDE).encode()

    def ask(visit, request):
        leaf = make_leaf(request=us.visits[-1][2], answer=body)
        log.leaves.append(leaf.encode())
        answer(body=body, mirab_receipt=base64url(leaf.hash))(visit, request)

    def receipt(visit, request):
        whole = log.receipt(parse_leaf(log.leaves[-1]), len(log.leaves) - 1).write()
        answer(body=whole)(visit, request)

    us.plan = [ask, receipt, attested, attested]
    for words in commands:
        if words.split()[0] in OF_AUDITORS:
            parser().parse_args(shlex.split(words))
        else:
            assert main(shlex.split(words)) == 0, (words, capsys.readouterr().err)
    assert us.plan == []
    output = capsys.readouterr().out
    assert "The answer is the one that was sent" in output
    assert "Presented to agri-bank, nonce 7f3a9c, by the holder's key." in output


# What these do is in test_audit.py; here they are understood as they stand in the guide.
OF_AUDITORS = {"audit", "keygen", "witness"}
ANSWER_OF_GUIDE = {
    "outcome": "NOT_FOUND",
    "sources": [],
    "limits": [],
    "as_of": "2026-11-29T08:30:00Z",
    "as_of_jalali": "1405-09-08 12:00:00",
    "valid_until": "2026-12-29T08:30:00Z",
    "tracking_code": "Q-T29D-DBQY-Y45J",
    "verification_code": "V-HJK8-HN4D-2D3Y-C3M8-8BVQ",
}
