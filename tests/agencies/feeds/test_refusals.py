"""Why was I refused: told to the agency itself, in our words, and to nobody else."""

import datetime as dt
import json
import time

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ed25519

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from connector.__main__ import main
from connector.caller import Caller, Refused, load_key
from contracts.agencies.hearing import NOTE_REFUSALS, REFUSALS
from tests.agencies.feeds.hearers import Hand, Hearing
from tests.gateway.agency.oauth_hands import Client
from tests.processes import ROOT
from tests.stacks import run_face
from tests.stores import execute
from tests.waiting import wait_for

CODE, KEY = "fuel-co", "fuel-co-demo"
SECRET = "9905251782"


@pytest.fixture
def hand(agencies_db):
    made = Hand(agencies_db)
    yield made
    made.store.engine.dispose()


def refusal(agency=CODE, **more):
    return {
        "agency": agency,
        "at": "2026-11-25T08:00:00Z",
        "trace_id": "0" * 32,
        "contract": None,
        "status": 401,
        "code": "signature.bad",
        "message": "It does not fit.",
        "key": "k-1",
        "proven": False,
        **more,
    }


def test_an_agency_reads_its_own_refusals_newest_first_and_no_other_s(hand):
    reply = [refusal(trace_id=f"{n:032}") for n in range(5)]
    assert hand.call(NOTE_REFUSALS, refusals=[*reply, refusal("justice")]) == {"noted": 6}
    first = hand.call(REFUSALS, asker=CODE, limit=3)
    rest = hand.call(REFUSALS, asker=CODE, limit=3, before=first["next"])
    shown = first["refusals"] + rest["refusals"]
    assert [int(item["trace_id"]) for item in shown] == [4, 3, 2, 1, 0]
    assert rest["next"] is None
    assert shown[0] == {k: v for k, v in reply[4].items() if k != "agency"}
    assert hand.call(REFUSALS, asker="power-co")["refusals"] == []
    assert hand.call(REFUSALS)["code"] == "agency.only"


def test_after_thirty_days_a_refusal_is_forgotten(hand):
    hand.call(NOTE_REFUSALS, refusals=[refusal()])
    hand.moment += dt.timedelta(days=29)
    hand.forget()
    assert len(hand.call(REFUSALS, asker=CODE)["refusals"]) == 1
    hand.moment += dt.timedelta(days=2)
    hand.forget()
    assert hand.call(REFUSALS, asker=CODE)["refusals"] == []


# --- with a face that refuses ---


class Refusing:
    """An agency face before a running agencies service."""

    def __init__(self, start, folder, amqp, db):
        self.db, self.hearing = db, Hearing(start, folder, amqp, db)
        self.service = self.hearing.serve()
        self.face = run_face(start, folder, self.hearing.environ)
        self.key = load_key(ROOT / "deploy/local/demo_keys/fuel-co.pem", KEY)
        self.caller = Caller(str(self.face), self.key)

    def post(self, path="/v1/inquiry/ask", *, key=None, data=None, sent=None, **more):
        body = json.dumps(data or {"key_kind": "national_id", "key": SECRET}).encode()
        reply = {"Content-Type": "application/json"}
        reply |= sign_request(key or self.key, "POST", self.face + path, reply, body, **more)
        return requests.post(self.face + path, data=sent or body, headers=reply, timeout=20)

    def shown(self, **request):
        return self.caller.call(REFUSALS.name, request).data["refusals"]

    def wait_noted(self, count):
        sql = "select count(*) from refusals"
        return wait_for(lambda: execute(self.db, sql) == [(count,)], 60)


@pytest.fixture
def refusing(start, tmp_path, vhost, agencies_db):
    return Refusing(start, tmp_path, vhost, agencies_db)


def test_each_refusal_of_who_was_proven_is_shown_with_its_trace(refusing):
    broken = refusing.post()
    digest = refusing.post(sent=b"{}")
    none = refusing.post("/v1/ticketing/health", data={"x": 1})
    refusing.wait_noted(3)
    shown = refusing.shown()
    assert [item["trace_id"] for item in shown] == [
        answer.json()["trace_id"] for answer in (none, digest, broken)
    ]
    assert [(item["code"], item["status"]) for item in shown] == [
        (answer.json()["code"], answer.status_code) for answer in (none, digest, broken)
    ]
    assert {(item["key"], item["proven"]) for item in shown} == {(KEY, True)}
    assert shown[2]["contract"] == "inquiry.ask.v1"
    assert shown[2]["message"].startswith("The message does not follow its contract.")


def test_what_the_asker_wrote_stands_in_no_refusal(refusing):
    refusing.post(data={SECRET: SECRET, "purpose": SECRET})
    refusing.wait_noted(1)
    assert SECRET not in str(execute(refusing.db, "select r::text from refusals r"))
    assert SECRET not in str(execute(refusing.db, "select convert_from(body, 'UTF8') from outbox"))


def test_who_only_names_a_known_key_is_noted_as_unproven_and_fills_no_book(refusing):
    stranger = SigningKey.new(KEY)
    for _ in range(30):
        assert refusing.post(key=stranger).json()["code"] == "signature.bad"
    refusing.post()
    refusing.wait_noted(11)
    shown = refusing.shown()
    assert [item["proven"] for item in shown] == [True] + [False] * 10
    assert {item["code"] for item in shown[1:]} == {"signature.bad"}


def test_nobody_sees_of_it_whether_a_key_is_known(refusing):
    """The door answers as it did before anything was noted: no header and no member more."""
    expected, unknown = SigningKey.new(KEY), SigningKey.new("nobody-1")
    answers = [refusing.post(key=key) for key in (expected, unknown)]
    for answer, code in zip(answers, ("signature.bad", "signature.unknown_key"), strict=True):
        assert answer.status_code == 401
        assert set(answer.json()) == {
            "type",
            "title",
            "status",
            "detail",
            "instance",
            "code",
            "check",
            "trace_id",
            "what_to_do",
        }
        assert answer.json()["code"] == code
    assert set(answers[0].headers) == set(answers[1].headers)
    refusing.post()
    refusing.wait_noted(2)
    rows = execute(refusing.db, "select key, proven from refusals order by id")
    assert rows == [(KEY, False), (KEY, True)]


def test_a_token_that_was_not_given_and_one_of_another_s_key_are_noted_too(refusing):
    client = Client(str(refusing.face))
    assert client.send_for_token(assertion=client.assertion(aud="x")).status_code in (400, 401)
    stranger = Client(str(refusing.face), key=ed25519.Ed25519PrivateKey.generate())
    assert stranger.send_for_token().json()["code"] == "client.unproven"
    nobody = Client(str(refusing.face), agency="nobody", key=stranger.key)
    assert nobody.send_for_token().json()["code"] == "client.unproven"
    refusing.wait_noted(2)
    shown = [(item["code"], item["key"], item["proven"]) for item in refusing.shown()]
    assert shown == [("client.unproven", KEY, False), ("assertion.audience", KEY, True)]


def test_another_agency_and_a_stranger_read_nothing_of_it(refusing):
    refusing.post()
    refusing.wait_noted(1)
    other = load_key(ROOT / "deploy/local/demo_keys/power-co.pem", "power-co-demo")
    assert Caller(str(refusing.face), other).call(REFUSALS.name, {}).data["refusals"] == []
    with pytest.raises(Refused):
        Caller(str(refusing.face), SigningKey.new(KEY)).call(REFUSALS.name, {})


def test_the_command_of_the_connector_shows_a_line_for_each(refusing, capsys):
    key = str(ROOT / "deploy/local/demo_keys/fuel-co.pem")
    reply = ["refusals", "--url", str(refusing.face), "--key-file", key, "--key-id", KEY]
    assert main(reply) == 0
    assert capsys.readouterr().out == "Nothing was refused in the last 30 days.\n"
    answer = refusing.post()
    refusing.wait_noted(1)
    assert main(reply) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert answer.json()["trace_id"] in line
    assert " 422 contract.broken inquiry.ask.v1 key fuel-co-demo trace " in line


def test_what_could_not_be_told_waits_until_the_service_is_back(refusing):
    refusing.service.kill()
    refusing.post()
    time.sleep(2)  # about time: refusals are sent every second
    assert execute(refusing.db, "select count(*) from refusals") == [(0,)]
    refusing.hearing.serve()
    refusing.wait_noted(1)


def test_what_the_service_does_not_take_keeps_nothing_back_that_is_noted_after_it(refusing):
    key = SigningKey.new("k" * 65)  # a file that was made by hand may name such a key
    text = f'code = "a-one"\nname = "a"\n[[keys]]\nid = "{key.keyid}"\n'
    text += f'public_key = "{key.public.base64()}"\nuntil = 2099-01-01\n'
    (refusing.face.register / "a-one.toml").write_text(text)
    wait_for(lambda: refusing.post(key=key).json()["code"] != "signature.unknown_key", 30)
    wait_for(lambda: "refusals_lost" in refusing.face.process.log, 30)
    refusing.post()
    refusing.wait_noted(1)


def test_a_face_that_is_stopped_tells_what_it_noted_last(refusing):
    refusing.post()
    refusing.face.process.stop()
    refusing.wait_noted(1)
