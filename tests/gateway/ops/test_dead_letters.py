"""Dead letters at the ops face: one operator asks, another confirms, rights are judged again."""

import json
import secrets
from types import SimpleNamespace

import pytest

from bus.envelope import Envelope
from contracts.inquiry.questions import ANSWER_BATCH_PART, ASK
from contracts.ticketing.citizens import REGISTER
from gateway.ops.dead_letters.masking import lines
from services.ticketing.accounts import operators
from tests.bus.asking import Wire
from tests.gateway.conftest import GOOD, begin, environ_of
from tests.gateway.conftest import reads as get
from tests.gateway.desk.test_sessions import Browser, put
from tests.processes import Starter, run_main
from tests.stores import execute, told_to_proposers
from tests.waiting import wait_for

AGENCY = """
code = "{code}"
name = "An agency of a test"
[[keys]]
id = "{code}-key"
public_key = "{key}"
until = 2099-01-01
[[grants]]
contract = "inquiry.ask.v1"
purposes = ["fuel_quota"]
until = 2099-01-01
"""
GRANT = {"contract": "inquiry.ask.v1", "purpose": "fuel_quota", "until": "2099-01-01"}


@pytest.fixture(scope="module")
def house(shared_face, operator, tmp_path_factory):
    """An ops face with the register of agencies, and two operators who have signed in there."""
    starter = Starter(tmp_path_factory.mktemp("dead"))
    environ = {**environ_of(shared_face.inquiry), "AGENCIES_DIR": str(shared_face.register)}
    ops = begin(starter, "ops", **environ, AGENCY_URL=str(shared_face))
    desk = SimpleNamespace(db=operator.environ["DB_URL"], password="a password of tests")
    people = [sat(ops, desk, role) for role in ("operator", "operator", "observer")]
    yield SimpleNamespace(
        ops=ops,
        db=desk.db,
        amqp=shared_face.inquiry["AMQP_URL"],
        register=shared_face.register,
        people=people,
    )
    starter.end()


def sat(ops, desk, role):
    name = f"o{secrets.token_hex(4)}"
    assert put(desk, name, "clerk", "groundwater", desk.password).returncode == 0
    assert run_main(operators.main, "put", name, "--role", role, DB_URL=desk.db).returncode == 0
    browser = Browser(ops, at="")
    browser.session.headers["Accept"] = "text/html"
    assert browser.sign_in(name, desk.password).headers["location"] == "/"
    browser.name = name
    return browser


def dead_ids(house):
    letters = get(f"{house.ops}/dead-letters/inquiry").json()["letters"]
    return {letter["id"] for letter in letters}


def nameless(house):
    return {id_ for id_ in dead_ids(house) if id_.startswith("without-id-")}


def die(house, type_, body, headers, id_, queue="mirab.inquiry.commands"):
    """A message that died in a queue of inquiry, as the broker keeps it."""
    with Wire(house.amqp) as wire:
        wire.publish(
            "mirab.dead",
            "inquiry",
            body,
            message_id=id_,
            content_type="application/json",
            headers={**headers, "mirab-died-in": queue, "mirab-died-of": "internal"},
        )
    wait_for(lambda: id_ in dead_ids(house))


def asked_of_agency(house, code, id_):
    caller = {"agency": code, "key": f"{code}-key", "grants": [GRANT]}
    headers = Envelope.new(ASK.name, "gateway.agency", id=id_, caller=caller).headers()
    die(house, ASK.name, json.dumps(GOOD).encode(), headers, id_, "mirab.inquiry.requests")


def asks(browser, ids, act="replay"):
    letters = [f"inquiry {id_}" for id_ in ids]
    return browser.post("/dead-letters", letters=letters, act=act, reason="the cause is mended")


def newest(house):
    return execute(
        house.db,
        "select id, state, asked_by, decided_by, fates from replays order by id desc limit 1",
    )[0]


def decides(browser, id_, decision, **more):
    return browser.post(f"/dead-letters/asked/{id_}", decision=decision, **more)


def test_what_one_operator_asks_another_confirms_and_both_names_stay(house):
    first, second, observer = house.people
    with Wire(house.amqp) as wire:
        wire.publish(
            "mirab.commands",
            ANSWER_BATCH_PART.name,
            b"not json, of 9900000013",
            message_id="poison-2",
            headers={"ce-type": ANSWER_BATCH_PART.name},
        )
    wait_for(lambda: "poison-2" in dead_ids(house))
    assert asks(observer, ["poison-2"]).status_code == 403
    assert asks(first, ["nothing"]).status_code == 404
    assert asks(first, ["poison-2"]).status_code == 303
    id_, state, asked_by, _, _ = newest(house)
    assert (state, asked_by) == ("ASKED", first.name)
    assert decides(first, id_, "confirm").status_code == 403
    assert decides(observer, id_, "confirm").status_code == 403
    assert decides(second, id_, "withdraw").status_code == 403
    assert newest(house)[1] == "ASKED"
    assert "poison-2" in dead_ids(house)
    page = second.get("/dead-letters").text
    assert f'action="/dead-letters/asked/{id_}"' in page
    assert "the cause is mended" in page
    assert decides(second, id_, "confirm").status_code == 303
    assert newest(house) == (id_, "DONE", first.name, second.name, {"poison-2": "sent"})
    assert decides(second, id_, "confirm").status_code == 422
    # It broke the same rule again, and the page says so.
    wait_for(lambda: "دوباره مرد" in first.get("/dead-letters").text)
    log = execute(
        house.db,
        "select actor, act from account_log where act like 'dead%%' and actor = any(%s)"
        " order by seq",
        ([first.name, second.name],),
    )
    assert log == [
        (first.name, "dead_letters.replay"),
        (second.name, "dead_letters.confirm"),
        (second.name, "dead_letters.replay.done"),
    ]


def test_what_an_agency_asked_is_judged_by_its_right_of_now(house):
    first, second, _ = house.people
    key = "BMjawSfOHIvjXmXAKn3DUhFMpJpo+mbrT/5bAUkRlxU="
    code, gone = f"a{secrets.token_hex(3)}", f"b{secrets.token_hex(3)}"
    file = house.register / f"{code}.toml"
    file.write_text(AGENCY.format(code=code, key=key), encoding="utf-8")
    try:
        for agency in (code, gone):
            asked_of_agency(house, agency, f"of-{agency}")
        assert asks(first, [f"of-{code}", f"of-{gone}"]).status_code == 303
        decides(second, newest(house)[0], "confirm")
    finally:
        file.unlink()
    fates = newest(house)[4]
    assert fates == {f"of-{code}": "sent", f"of-{gone}": "identity.key_revoked"}
    assert f"of-{gone}" in dead_ids(house)
    assert f"of-{code}" not in dead_ids(house)


def test_letters_are_dropped_or_left_alone_as_two_operators_say(house):
    first, second, _ = house.people
    headers = Envelope.new(ANSWER_BATCH_PART.name, "test", id="x").headers()
    for id_ in ("drop-1", "drop-2"):
        die(house, ANSWER_BATCH_PART.name, b"{}", headers, id_)
    asks(first, ["drop-1"], "drop")
    reason = "نخست علت را برطرف کنید"
    assert decides(second, newest(house)[0], "refuse", why=reason).status_code == 303
    assert (newest(house)[1], "drop-1" in dead_ids(house)) == ("REFUSED", True)
    assert reason in first.get("/dead-letters").text
    assert told_to_proposers(house.db)[-1] == (first.name, "replay", False, reason)
    asks(first, ["drop-1"], "drop")
    assert decides(first, newest(house)[0], "withdraw").status_code == 303
    assert newest(house)[1] == "WITHDRAWN"
    form = {"service": "inquiry", "search": "drop-", "all": "1", "act": "drop", "reason": "old"}
    assert first.post("/dead-letters", **form).status_code == 303
    decides(second, newest(house)[0], "confirm")
    assert newest(house)[4] == {"drop-1": "dropped", "drop-2": "dropped"}
    assert not dead_ids(house) & {"drop-1", "drop-2"}
    # What came without an id is dropped, too.
    with Wire(house.amqp) as wire:
        wire.publish("", "mirab.inquiry.commands", b"nothing that we can read")
    wait_for(lambda: nameless(house))
    (nobody,) = nameless(house)
    asks(first, [nobody], "drop")
    decides(second, newest(house)[0], "confirm")
    assert newest(house)[4] == {nobody: "dropped"}
    assert not nameless(house)


def test_a_token_asks_and_never_confirms(house, operator):
    headers = Envelope.new(ANSWER_BATCH_PART.name, "test", id="y").headers()
    die(house, ANSWER_BATCH_PART.name, b"{}", headers, "by-token")
    answer = operator.post(f"{house.ops}/dead-letters/inquiry/replay", json={"ids": ["by-token"]})
    assert (answer.status_code, answer.json()["letters"]) == (202, ["by-token"])
    url = f"{house.ops}/dead-letters/asked/{answer.json()['id']}"
    assert operator.post(url, data={"decision": "confirm"}).status_code == 401
    assert newest(house)[1] == "ASKED"
    assert "by-token" in dead_ids(house)


def test_a_letter_is_shown_without_what_is_personal_until_somebody_looks_by_name(house):
    first, _, observer = house.people
    caller = {"agency": "fuel-co", "key": "fuel-co-demo", "grants": []}
    headers = Envelope.new(ASK.name, "gateway.agency", id="shown", caller=caller).headers()
    die(house, ASK.name, json.dumps(GOOD).encode(), headers, "shown")
    path = "/dead-letters/inquiry/letter"
    page = observer.get(f"{path}?id=shown").text
    assert GOOD["purpose"] in page
    assert GOOD["key"] not in page
    assert observer.post(path, id="shown").status_code == 403
    shown = first.post(path, id="shown")
    assert GOOD["key"] in shown.text
    assert shown.headers["cache-control"] == "no-store"
    rows = execute(
        house.db, "select subject from account_log where act = 'dead_letters.reveal'", ()
    )
    assert rows == [("inquiry: shown",)]
    assert first.get(f"{path}?id=else").status_code == 404


def test_only_kinds_that_can_hold_no_person_are_shown():
    data = {"body": "Ali lives here", "unit": "groundwater", "name": "Ali", "new_field": "Ali"}
    shown = {line.path: line.shown for line in lines(REGISTER.name, json.dumps(data).encode())}
    assert "Ali" not in str(shown)
    assert lines(REGISTER.name, b"not json") is None
    assert lines(REGISTER.name, b"[]") is None
    deep = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert lines(REGISTER.name, deep) is None, "what is dead may be anything"
    (half,) = lines("nobody.knows.v1", b'{"\\ud800": "\\ud800"}', reveal=True)
    assert (half.path, half.shown) == ("?", "?")
    assert all(line.hidden for line in lines("nobody.knows.v1", b'{"a": {"b": [1]}, "c": 2}'))
