"""`python -m connector`: what people see, and the exit codes that programs see."""

import base64
import json
import subprocess
import sys
from importlib import import_module

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bus.signatures.keys import PublicKey
from connector.__main__ import PLACES, main
from connector.certificates import tls_session, trouble_of
from connector.commands.words import COMMANDS
from connector.keys import keys_of_jwks, load_key, make_key, read_server_keys
from deploy.certificates import certificate
from tests.connector.conftest import answer, hang_up_half_way, problem

FOUND = {
    "outcome": "FOUND",
    "sources": [
        {
            "file_no": "1001/5",
            "role": "owner",
            "status": {"code": "EXPIRED", "label_fa": "منقضی", "since": "2007-09-06"},
        }
    ],
    "limits": [{"text_en": "This answer is not a title deed."}],
    "as_of": "2026-11-23T08:30:00Z",
    "as_of_jalali": "1405-09-02 12:00:00",
    "valid_until": "2026-12-23T08:30:00Z",
    "tracking_code": "Q-2222-2222-2222",
    "verification_code": "V-2222-2222-2222-2222-2222",
}
CALL = {
    "at": "2026-11-29T08:30:00Z",
    "contract": "inquiry.ask.v1",
    "on_behalf_of": None,
    "message_id": None,
    "trace_id": "t" * 32,
    "request_in": 1795941000000,
    "request_out": None,
    "response_in": None,
    "response_out": 1795941000012,
    "request_bytes": 67,
    "response_bytes": 402,
    "status": 403,
    "outcome": "refused",
    "code": "grant.network",
}
ASK = ["ask", "--purpose", "fuel_quota", "--key", "9900000013"]
DONE = {"batch": "b" * 36, "state": "DONE", "answered": 2, "lines": 2}


@pytest.fixture
def settled(sandbox, agency, tmp_path, monkeypatch):
    """A shell in which the MIRAB_ variables are set, in a folder of its own."""
    make_key(tmp_path / "key.pem")
    sandbox.agency = load_key(tmp_path / "key.pem", agency.keyid)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIRAB_URL", sandbox.url)
    monkeypatch.setenv("MIRAB_KEY_FILE", "key.pem")
    monkeypatch.setenv("MIRAB_KEY_ID", agency.keyid)
    key = sandbox.key.public.base64()
    monkeypatch.setenv("MIRAB_SERVER_KEY", f"{sandbox.key.keyid}={key}")
    return sandbox


def test_an_answer_is_told_for_people(settled, capsys):
    settled.plan = [answer(reply=FOUND)]
    assert main(ASK) == 0
    reply = capsys.readouterr().out
    assert "FOUND: 1 source" in reply
    assert "1001/5 (owner): EXPIRED منقضی since 2007-09-06" in reply
    assert "note: This answer is not a title deed." in reply
    assert "verification code V-2222-2222-2222-2222-2222" in reply


def test_l1_a_status_that_is_not_known_says_why_to_people(settled, capsys):
    unknown = {
        **FOUND["sources"][0]["status"],
        "code": "NOT_DETERMINABLE",
        "label_fa": "قابل احراز نیست",
        "flags": ["OPEN_VIOLATION"],
        "reason_en": "The licence was issued after this day.",
    }
    settled.plan = [
        answer(reply={**FOUND, "sources": [{**FOUND["sources"][0], "status": unknown}]})
    ]
    assert main(ASK) == 0
    printed = capsys.readouterr().out
    for words in ("NOT_DETERMINABLE", "flags: OPEN_VIOLATION", unknown["reason_en"]):
        assert words in printed


def test_an_answer_is_told_for_programs(settled, capsys):
    settled.plan = [answer(reply=FOUND)]
    assert main([*ASK, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == FOUND


def test_kept_evidence_is_verified_and_an_altered_one_is_not(settled, capsys):
    settled.plan = [answer(reply=FOUND)]
    assert main([*ASK, "--save", "evidence.json"]) == 0
    settled.server_close()
    assert main(["verify", "evidence.json"]) == 0
    assert "Genuine: signed by mirab-2026 at 20" in capsys.readouterr().out
    with open("evidence.json", "rb+") as file:
        body = json.loads(file.read())
        body["response_body"] = base64.b64encode(b"{}").decode()
        file.seek(0)
        file.truncate()
        file.write(json.dumps(body).encode())
    assert main(["verify", "evidence.json"]) == 1
    assert "Not genuine (digest.mismatch)" in capsys.readouterr().err


def test_a_refusal_tells_code_field_trace_and_next_step_and_exits_1(settled, capsys):
    settled.plan = [problem(403, "purpose.not_granted")]
    assert main(ASK) == 1
    reply = capsys.readouterr().err
    assert "purpose.not_granted: No. Do otherwise." in reply
    assert "purpose: No. (purpose.not_granted)" in reply
    assert "trace id tttt" in reply


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["askk"], "invalid choice: 'askk'"),
        ([], "COMMAND"),
        (["ask", "--key", "1"], "--purpose"),
        ([*ASK, "--kind", "shoe_size"], "invalid choice: 'shoe_size'"),
        ([*ASK, "--more"], "unrecognized arguments: --more"),
        ([*ASK, "--timeout", "soon"], "invalid float value: 'soon'"),
    ],
)
def test_wrong_words_give_a_clear_sentence_and_exit_2(words, text, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([*ASK[:-1], "1234567890"], "check digit"),
        ([*ASK, "--key-file", "nothing.pem"], "The key file nothing.pem cannot be used"),
        ([*ASK, "--key-file", "/etc/hostname"], "cannot be used"),
        ([*ASK, "--url", "nowhere"], "nowhere is no address"),
        ([*ASK, "--url", ""], "Give --url (or set MIRAB_URL)"),
        ([*ASK, "--server-key", "nothing.json"], "neither ID=BASE64 nor a file"),
        ([*ASK, "--idempotency-key", "short"], "16 to 128"),
        ([*ASK, "--as-of", "yesterday"], "as_of"),
        (["verify", "nothing.json"], "nothing.json cannot be read"),
        (["batch", "nothing.csv", "--purpose", "fuel_quota"], "No such file"),
        (["keygen", "--out", "key.pem"], "never overwritten"),
    ],
)
def test_what_cannot_be_tried_is_said_in_a_sentence_and_exits_2(settled, words, text, capsys):
    assert main(words) == 2
    assert text in capsys.readouterr().err
    assert settled.visits == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "usage: python -m connector " + command in capsys.readouterr().out
    assert callable(getattr(import_module(PLACES[command]), f"run_{command}"))


def test_a_batch_is_sent_watched_and_fetched(settled, capsys, tmp_path):
    (tmp_path / "keys.csv").write_text("key_kind,key\nfile_no,1001/5\nfile_no,1001/6\n")
    settled.plan = [
        answer(202, {**DONE, "state": "RECEIVING", "answered": 0}),
        answer(reply=DONE),
        answer(body=b"line,key\n", media_type="text/csv"),
    ]
    words = ["batch", "keys.csv", "--purpose", "fuel_quota", "--out", "results.csv"]
    assert main(words) == 0
    assert (tmp_path / "results.csv").read_bytes() == b"line,key\n"
    assert "2 of 2 lines" in capsys.readouterr().err
    assert settled.visits[2][1]["accept"] == "text/csv"


def test_a_batch_without_out_tells_its_id_for_status_and_download(settled, capsys, tmp_path):
    (tmp_path / "keys.jsonl").write_text('{"key_kind":"file_no","key":"1001/5"}\n')
    settled.plan = [answer(202, DONE), answer(reply=DONE), answer(body=b"{}\n")]
    assert main(["batch", "keys.jsonl", "--purpose", "fuel_quota", "--json"]) == 0
    batch = json.loads(capsys.readouterr().out)["batch"]
    assert main(["status", batch]) == 0
    assert "DONE: 2 of 2 lines" in capsys.readouterr().out
    assert main(["download", batch, "--out", "results.jsonl"]) == 0
    assert (tmp_path / "results.jsonl").read_bytes() == b"{}\n"


def test_a_download_that_breaks_off_leaves_no_file(settled, capsys, tmp_path):
    settled.plan = [hang_up_half_way]
    assert main(["download", "b" * 36, "--out", "results.jsonl"]) == 2
    assert "broke off" in capsys.readouterr().err
    assert list(tmp_path.glob("results*")) == []


def test_own_calls_are_listed_a_line_each_and_more_can_be_read(settled, capsys):
    settled.plan = [
        answer(reply={"records": [CALL], "next": 41}),
        answer(reply={"records": [], "next": None}),
    ]
    words = ["--limit", "1", "--since", "2026-11-29T00:00:00Z", "--outcome", "refused"]
    assert main(["records", *words]) == 0
    line, more = capsys.readouterr().out.splitlines()
    assert line == (
        "2026-11-29T08:30:00Z 12 ms 403 refused grant.network inquiry.ask.v1 67+402 bytes trace "
        + "t" * 32
    )
    assert more == "older ones: --before 41"
    path, _, body, _ = settled.visits[0]
    assert path == "/v1/agencies/records"
    query = {"limit": 1, "since": "2026-11-29T00:00:00Z", "outcome": "refused"}
    assert json.loads(body) == query
    assert main(["records", "--before", "41"]) == 0
    assert "no such call" in capsys.readouterr().out


# certificates


@pytest.fixture
def pairs(tmp_path):
    """``ours`` and ``other``, certificates with their keys as files; and some of no use."""
    for name in ("ours", "other"):
        certificate(name).write(tmp_path / name)
    certificate("old", days=-1).write(tmp_path / "old")
    (tmp_path / "empty.crt").write_text("nothing\n")
    locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "locked.key").write_bytes(locked)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--cert-file", "none.crt"], "The certificate none.crt cannot be used: No such file"),
        (
            ["--cert-file", "ours.crt", "--cert-key-file", "none.key"],
            "The key of the certificate none.key cannot be used: No such file",
        ),
        (["--cert-file", "empty.crt"], "empty.crt cannot be used: it holds no certificate in PEM"),
        (["--cert-file", "ours.crt"], "ours.crt cannot be used: it holds no private key in PEM"),
        (
            ["--cert-file", "ours.crt", "--cert-key-file", "other.key"],
            "other.key cannot be used: it is of another certificate",
        ),
        (["--cert-file", "ours.crt", "--cert-key-file", "locked.key"], "has a password"),
        (["--cert-file", "old.crt", "--cert-key-file", "old.key"], "it ended on"),
        (["--cert-key-file", "ours.key"], "give --cert-file (or set MIRAB_CERT_FILE)"),
        (["--ca-file", "none.crt"], "The file of the authority none.crt cannot be used: No such"),
        (["--ca-file", "empty.crt"], "empty.crt cannot be used: it holds no certificate in PEM"),
    ],
)
def test_a_certificate_of_no_use_is_named_before_anything_is_sent(
    settled, pairs, words, text, capsys
):
    assert main([*ASK, *words]) == 2
    assert text in capsys.readouterr().err
    assert settled.visits == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, "
            "certificate is not valid for 'a.test'. (_ssl.c:1000)",
            "is not believed (Hostname mismatch, certificate is not valid for 'a.test'.). Give",
        ),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)", "give --cert-file"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert", "ended the handshake"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", None),
        ("Connection refused", None),
    ],
)
def test_why_tls_failed_is_said_in_a_sentence(fault, text):
    sentence = trouble_of(OSError(fault), tls_session())
    assert (sentence is None) if text is None else (text in sentence)


# keys


def test_a_made_key_is_its_owners_alone_and_its_public_half_is_printed(tmp_path, capsys):
    file = tmp_path / "key.pem"
    assert main(["keygen", "--out", str(file)]) == 0
    public = PublicKey.from_base64(capsys.readouterr().out)
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_key(file, "us").public.raw == public.raw


def test_mirabs_keys_are_read_from_a_word_or_a_file(sandbox, tmp_path):
    jwk = sandbox.key.public.jwk("mirab-2026")
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk, {"kty": "RSA", "kid": "x"}]}))
    item = read_server_keys(f"mirab-2026={sandbox.key.public.base64()}")
    other = read_server_keys(str(tmp_path / "keys.json"))
    assert item["mirab-2026"].raw == other["mirab-2026"].raw == sandbox.key.public.raw
    assert list(keys_of_jwks((tmp_path / "keys.json").read_bytes())) == ["mirab-2026"]


def test_the_module_runs_from_a_shell():
    output = subprocess.run(
        [sys.executable, "-m", "connector", "--help"], capture_output=True, text=True, check=True
    )
    assert "COMMAND" in output.stdout
