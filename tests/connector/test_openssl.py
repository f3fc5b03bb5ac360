"""The recipe for those who have only bash, openssl and curl: docs/examples/ask.sh."""

import base64
import json
import os
import subprocess

import pytest
import requests

from bus.signatures.keys import PublicKey, SigningKey
from connector.keys import load_key, make_key
from tests.connector.conftest import ANSWER, QUESTION, answer, hang_up, problem
from tests.processes import ROOT

DEMO_KEY = ROOT / "deploy/local/demo_keys/fuel-co.pem"
SCRIPT = ROOT / "docs/examples/ask.sh"


def ask(question=QUESTION, **environ):
    """Runs the recipe with nothing in its environment but what is said."""
    return subprocess.run(
        ["bash", str(SCRIPT), json.dumps(question)],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def real(shared_face):
    """The environment of the demo agency before the real agency face."""
    [key] = requests.get(f"{shared_face}/.well-known/jwks.json", timeout=5).json()["keys"]
    return {
        "MIRAB_URL": str(shared_face),
        "MIRAB_KEY_FILE": str(DEMO_KEY),
        "MIRAB_KEY_ID": "fuel-co-demo",
        "MIRAB_SERVER_KEY": f"{key['kid']}={key['x']}",
    }


@pytest.fixture
def misled(sandbox, agency, tmp_path):
    """The environment of an agency before a Mirab that can be told to misbehave."""
    make_key(tmp_path / "key.pem")
    sandbox.agency = load_key(tmp_path / "key.pem", agency.keyid)
    return {
        "MIRAB_URL": sandbox.url,
        "MIRAB_KEY_FILE": str(tmp_path / "key.pem"),
        "MIRAB_KEY_ID": agency.keyid,
        "MIRAB_SERVER_KEY": f"{sandbox.key.keyid}={sandbox.key.public.base64()}",
    }


def test_the_files_of_tls_go_to_curl_and_a_missing_one_is_named(misled, tmp_path):
    (tmp_path / "bin").mkdir()
    curl = tmp_path / "bin/curl"
    curl.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\nexit 7\n')
    curl.chmod(0o755)
    names = {"CERT": "tls.crt", "CERT_KEY": "tls.key", "CA": "ca.crt"}
    files = {f"MIRAB_{name}_FILE": str(tmp_path / file) for name, file in names.items()}
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    reply = ask(**misled, **files, PATH=path)
    assert (reply.returncode, reply.stdout) == (2, "")
    assert f"MIRAB_CERT_FILE: {tmp_path}/tls.crt cannot be read." in reply.stderr
    for file in files.values():
        open(file, "wb").close()
    assert "did not answer" in ask(**misled, **files, PATH=path).stderr
    words = (tmp_path / "words").read_text().splitlines()
    for option, file in zip(("--cert", "--key", "--cacert"), files.values(), strict=True):
        assert words[words.index(option) + 1] == file


def test_bash_openssl_and_curl_ask_the_real_face_and_prove_its_answer(real):
    reply = ask(**real)
    assert (reply.returncode, reply.stderr) == (0, "")
    assert json.loads(reply.stdout)["outcome"] == "NOT_FOUND"


def test_the_same_idempotency_key_gets_the_same_answer_and_no_other_question(real):
    real["IDEMPOTENCY_KEY"] = "by-openssl-" + os.urandom(8).hex()
    first, again = ask(**real), ask(**real)
    assert first.returncode == 0
    assert again.stdout == first.stdout
    other = ask({**QUESTION, "key": "9900000021"}, **real)
    assert other.returncode == 1
    assert "idempotency_key.reused" in other.stderr


def test_a_refusal_of_the_real_face_is_proven_and_told_with_exit_1(real):
    reply = ask({**QUESTION, "purpose": "court_case"}, **real)
    assert (reply.returncode, reply.stdout) == (1, "")
    assert reply.stderr.startswith("Refused. ")
    assert json.loads(reply.stderr.removeprefix("Refused. "))["code"] == "purpose.not_granted"


def test_kept_evidence_holds_years_later_without_the_network(real, tmp_path):
    assert ask(**real, EVIDENCE_DIR=str(tmp_path / "kept")).returncode == 0
    base = (tmp_path / "kept/answer-base").read_bytes()
    signature = (tmp_path / "kept/answer-signature").read_bytes()
    key = PublicKey.from_base64(real["MIRAB_SERVER_KEY"].partition("=")[2])
    assert key.verify(signature, base)
    assert not key.verify(signature, base.replace(b'"@status": 200', b'"@status": 404'))
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


def test_what_is_sent_is_what_the_connector_would_send(misled, sandbox):
    assert json.loads(ask(**misled).stdout) == ANSWER
    [(path, headers, body, verified)] = sandbox.visits
    assert (path, json.loads(body)) == ("/v1/inquiry/ask", QUESTION)
    assert headers["idempotency-key"].startswith('"')
    assert verified.expires - verified.created == 120


@pytest.mark.parametrize(
    ("forged", "text"),
    [
        (answer(sent=b'{"outcome":"FOUND"}'), "its body was changed"),
        (answer(status_sent=202), "its signature does not hold"),
        (answer(Content_Type="text/plain"), "its signature does not hold"),
        (answer(key=SigningKey.new("mirab-2026")), "its signature does not hold"),
        (answer(key=SigningKey.new("mirab-2099")), "another key than mirab-2026"),
        (answer(unsigned=True), "it is not signed"),
        (answer(503, unsigned=True), "it is not signed"),
        (problem(403, "forbidden", status_sent=404), "its signature does not hold"),
        (answer(Signature="mirab=::"), "its signature does not hold"),
        (answer(Signature_Input='mirab=("@status");tag="mirab-answer"'), "covers too little"),
        (hang_up, "did not answer"),
    ],
)
def test_an_answer_that_is_not_proven_is_not_printed(misled, sandbox, forged, text):
    sandbox.plan = [forged]
    reply = ask(**misled)
    assert (reply.returncode, reply.stdout) == (2, "")
    assert text in reply.stderr
    assert "IDEMPOTENCY_KEY=" in reply.stderr


def test_the_answer_to_another_question_is_not_printed(misled, sandbox):
    kept = []

    def keep(visit, request):
        kept.append(request)
        answer()(visit, request)

    sandbox.plan = [keep]
    assert ask(**misled).returncode == 0
    sandbox.plan = [answer(to=kept[0])]
    reply = ask(**misled)
    assert (reply.returncode, reply.stdout) == (2, "")
    assert "its signature does not hold" in reply.stderr


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"MIRAB_SERVER_KEY": ""}, "Set MIRAB_SERVER_KEY"),
        ({"MIRAB_KEY_ID": ""}, "Set MIRAB_KEY_ID"),
        ({"MIRAB_KEY_FILE": "nothing.pem"}, "nothing.pem cannot be read"),
        ({"MIRAB_KEY_FILE": "/etc/hostname"}, "holds no Ed25519 key"),
        ({"MIRAB_URL": "http://127.0.0.1:1"}, "did not answer"),
    ],
)
def test_what_cannot_be_tried_is_said_in_a_sentence(misled, sandbox, change, text):
    reply = ask(**{**misled, **change})
    assert (reply.returncode, reply.stdout) == (2, "")
    assert text in reply.stderr
    assert sandbox.visits == []


def test_a_key_made_by_openssl_is_as_good_as_one_of_keygen(tmp_path):
    file = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", file], check=True)
    words = ["openssl", "pkey", "-in", file, "-pubout", "-outform", "DER"]
    der = subprocess.run(words, check=True, capture_output=True).stdout
    assert load_key(file, "us").public.base64() == base64.b64encode(der[-32:]).decode()
