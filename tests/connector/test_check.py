"""The conformance run against the real agency face, and against faces that fail it."""

import json
import re
import time

import pytest

from connector.check import main
from tests.connector.conftest import answer, problem
from tests.processes import ROOT
from tests.stacks import run_face


def words(url, key_id="fuel-co-demo", key="fuel-co", purpose="fuel_quota"):
    file = ROOT / f"deploy/local/demo_keys/{key}.pem"
    return ["--url", str(url), "--key-id", key_id, "--key-file", str(file), "--purpose", purpose]


@pytest.fixture
def real(start, tmp_path, shared_face):
    return run_face(start, tmp_path, shared_face.inquiry)


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_all_checks_hold_against_the_real_agency_face(real, capsys):
    assert main(words(real)) == 0
    reply = lines(capsys)
    assert [line for line in reply if not line.startswith("OK ")] == [
        "All checks hold; your agency is joined."
    ]
    assert len(reply) == 13
    assert main([*words(real), "--json"]) == 0
    assert {result["what_to_do"] for result in json.loads(capsys.readouterr().out)} == {None}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"key_id": "notary-office-demo"}, "FAILED  your key is known: The key file does not fit"),
        ({"key_id": "nobody"}, "FAILED  your key is known: signature.unknown_key"),
        ({"purpose": "court_case"}, "FAILED  a signed question is answered: purpose.not_granted"),
    ],
)
def test_what_is_wrong_with_an_agency_is_named_with_its_remedy(real, capsys, changes, line):
    assert main(words(real, **changes)) == 1
    assert lines(capsys)[-1].startswith(line)


def test_nobody_at_the_address_is_the_only_line(capsys):
    assert main(words("http://127.0.0.1:1")) == 1
    assert lines(capsys) == [
        "FAILED  the address answers: No connection (ConnectionError); check --url, the network "
        "and the firewall."
    ]


def test_what_cannot_be_begun_exits_2(capsys):
    assert main([*words("nowhere")]) == 2
    assert "nowhere is no address" in capsys.readouterr().err


def test_a_face_that_takes_replays_or_tells_two_answers_fails(sandbox, agency, tmp_path, capsys):
    file = _registered(sandbox, agency, tmp_path)
    sandbox.careless = True
    replies = [answer(reply={"n": n}) for n in range(9)]
    sandbox.plan = [problem(404, "answer.not_found"), *replies]
    options = ["--url", sandbox.url, "--key-id", agency.keyid, "--key-file", str(file)]
    assert main([*options, "--purpose", "fuel_quota"]) == 1
    failed = [line for line in lines(capsys) if line.startswith("FAILED")]
    assert [line.split(":")[0].removeprefix("FAILED  ") for line in failed] == [
        "an unsigned question is refused",
        "an altered question is refused",
        "a replayed question is refused",
        "a repeat gets the same answer",
        "a repeat with another question is refused",
    ]


def test_an_answer_without_any_zero_is_altered_too(sandbox, agency, tmp_path, capsys):
    file = _registered(sandbox, agency, tmp_path)
    sandbox.plan = [problem(404, "answer.not_found"), answer(reply={"outcome": "NOT_FOUND"})]
    options = ["--url", sandbox.url, "--key-id", agency.keyid, "--key-file", str(file)]
    main([*options, "--purpose", "fuel_quota"])
    assert "OK      an altered answer is noticed" in lines(capsys)


def test_a_wrong_clock_is_named(sandbox, agency, tmp_path, capsys):
    file = _registered(sandbox, agency, tmp_path)
    sandbox.clock = time.time() - 3600
    options = ["--url", sandbox.url, "--key-id", agency.keyid, "--key-file", str(file)]
    assert main([*options, "--purpose", "fuel_quota"]) == 1
    assert re.search(r"Your clock differs by 36\d\d s", lines(capsys)[-1])


def _registered(sandbox, agency, tmp_path):
    from connector.keys import load_key, make_key

    make_key(tmp_path / "key.pem")
    sandbox.agency = load_key(tmp_path / "key.pem", agency.keyid)
    return tmp_path / "key.pem"
