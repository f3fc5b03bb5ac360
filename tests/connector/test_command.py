"""`python -m connector` as a process of its own: a sentence and an exit code, never a traceback."""

import pytest

from bus.signatures.keys import SigningKey
from connector import Caller
from connector.keys import make_key
from deploy.local.ports import free_port
from tests.connector.conftest import QUESTION, answer, problem
from tests.processes import run_module

ASK = ["ask", "--purpose", "fuel_quota", "--key", "9900000013"]


def run(folder, *words, module="connector", **environ):
    """The finished process; whatever went wrong, it never shows its inside."""
    output = run_module(module, *words, folder=folder, **environ)
    assert "Traceback" not in output.stderr
    return output


@pytest.fixture
def us(tmp_path, sandbox, agency):
    """The environment of an agency that is set up; its key is ``key.pem``."""
    make_key(tmp_path / "key.pem")
    sandbox.agency = SigningKey.load(tmp_path / "key.pem", agency.keyid)
    return {
        "MIRAB_URL": sandbox.url,
        "MIRAB_KEY_FILE": "key.pem",
        "MIRAB_KEY_ID": agency.keyid,
        "MIRAB_SERVER_KEY": f"{sandbox.key.keyid}={sandbox.key.public.base64()}",
    }


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "COMMAND"),
        (["askk"], "invalid choice"),
        (["ask", "--key", "1"], "--purpose"),
        ([*ASK, "--more"], "unrecognized arguments"),
        (["keygen"], "--out"),
        (ASK, "Give --url, --key-file, --key-id (or set MIRAB_URL, MIRAB_KEY_FILE, MIRAB_KEY_ID)."),
        (["verify", "evidence.json"], "Give --server-key"),
    ],
)
def test_wrong_or_missing_words_exit_2_and_say_which(tmp_path, words, text):
    output = run(tmp_path, *words)
    assert (output.returncode, output.stdout) == (2, "")
    assert text in output.stderr


@pytest.mark.parametrize("module", ["connector", "connector.check"])
def test_a_missing_key_file_is_named(tmp_path, us, module):
    words = ASK if module == "connector" else ["--purpose", "fuel_quota"]
    output = run(tmp_path, *words, module=module, **{**us, "MIRAB_KEY_FILE": "nothing.pem"})
    assert (output.returncode, output.stdout) == (2, "")
    assert "The key file nothing.pem cannot be used" in output.stderr


def test_an_address_where_nobody_answers_is_said_in_time(tmp_path, us):
    us["MIRAB_URL"] = f"http://127.0.0.1:{free_port()}"
    output = run(tmp_path, *ASK, "--timeout", "1", **us)
    assert (output.returncode, output.stdout) == (2, "")
    assert "did not answer (ConnectionError); check the address" in output.stderr


@pytest.mark.parametrize(
    ("forged", "text"),
    [
        (answer(unsigned=True), "not signed"),
        (answer(sent=b"{}"), "body is not the one"),
        (answer(key=SigningKey.new("mirab-2026")), "does not hold"),
    ],
)
def test_an_answer_that_is_not_proven_is_not_printed(tmp_path, us, sandbox, forged, text):
    sandbox.plan = [forged]
    output = run(tmp_path, *ASK, **us)
    assert (output.returncode, output.stdout) == (2, "")
    assert text in output.stderr


def test_a_refusal_exits_1(tmp_path, us, sandbox):
    sandbox.plan = [problem(403, "purpose.not_granted")]
    output = run(tmp_path, *ASK, **us)
    assert (output.returncode, output.stdout) == (1, "")
    assert output.stderr.startswith("Refused. purpose.not_granted")


def test_keygen_never_overwrites_a_key(tmp_path):
    first = run(tmp_path, "keygen", "--out", "key.pem")
    made = (tmp_path / "key.pem").read_bytes()
    again = run(tmp_path, "keygen", "--out", "key.pem")
    assert (first.returncode, again.returncode, again.stdout) == (0, 2, "")
    assert "never overwritten" in again.stderr
    assert (tmp_path / "key.pem").read_bytes() == made


def test_keygen_into_a_folder_that_is_not_there_says_so(tmp_path):
    output = run(tmp_path, "keygen", "--out", "nowhere/key.pem")
    assert output.returncode == 2
    assert "No such file or directory" in output.stderr


def test_verify_needs_no_network_and_tells_a_changed_answer_by_exit_1(tmp_path, us, sandbox):
    caller = Caller(sandbox.url, sandbox.agency)
    caller.ask(**QUESTION).evidence.save(tmp_path / "evidence.json")
    key = {"MIRAB_SERVER_KEY": us["MIRAB_SERVER_KEY"]}
    good = run(tmp_path, "verify", "evidence.json", **key)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("Genuine: signed by mirab-2026")
    file = tmp_path / "evidence.json"
    file.write_text(file.read_text().replace('"status": 200', '"status": 404'))
    changed = run(tmp_path, "verify", "evidence.json", **key)
    assert (changed.returncode, changed.stdout) == (1, "")
    assert "Not genuine (signature.bad)" in changed.stderr
