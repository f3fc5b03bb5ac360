"""What a provider makes of a question, and how it keeps its connection."""

import json
import logging
import threading
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import NotFound, Unavailable
from connector import provider as providing
from connector.example import land_registry
from connector.provider import Memory, Provider, answer
from contracts.inquiry.parcels import SOURCES_OF_PARCEL

URL = "amqp://agency.land-registry:x@127.0.0.1:1/%2F"
NAME = SOURCES_OF_PARCEL.name


def answered(function, body=b'{"parcel_no": "990/17"}'):
    return json.loads(answer(SOURCES_OF_PARCEL, function, body))


def test_the_function_gets_the_fields_in_canonical_form():
    entries = []
    reply = answered(
        lambda parcel_no: entries.append(parcel_no) or {"file_nos": ["1001/5"]},
        '{"parcel_no": " ۹۹۰ / ۱۷ "}'.encode(),
    )
    assert (reply, entries) == ({"result": {"file_nos": ["1001/5"]}}, ["990/17"])


def test_fields_that_a_newer_mirab_adds_are_left_out():
    assert answered(lambda parcel_no: {"file_nos": []}, b'{"parcel_no": "1", "new": 1}') == {
        "result": {"file_nos": []}
    }


@given(st.binary())
def test_whatever_comes_is_answered_and_never_raises(body):
    reply = answered(lambda parcel_no: {"file_nos": []}, body)
    assert ("result" in reply) != ("error" in reply)
    SOURCES_OF_PARCEL.answer.load(reply)


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (NotFound("There is none.", code="parcel.unknown"), "NotFound", "parcel.unknown"),
        (Unavailable("Closed.", code="parcels.closed"), "Unavailable", "parcels.closed"),
    ],
)
def test_a_refusal_of_the_function_is_told_to_who_asked(raised, kind, code):
    def function(parcel_no):
        raise raised

    reply = answered(function)["error"]
    assert (reply["kind"], reply["code"], reply["message"]) == (kind, code, raised.message)


def test_77_any_other_exception_is_told_by_a_number_only(caplog):
    def function(parcel_no):
        raise ValueError("the password of our database is 1234")

    with caplog.at_level(logging.ERROR):
        reply = answered(function)["error"]
    assert (reply["kind"], reply["code"]) == ("Internal", "internal")
    assert "1234" not in json.dumps(reply)
    assert reply["details"]["error_id"] in caplog.text
    assert "1234" in caplog.text


@pytest.mark.parametrize("result", [None, {}, {"file_nos": "x"}, {"file_nos": [object()]}, [1]])
def test_a_result_that_does_not_follow_the_contract_is_the_providers_own_fault(result):
    assert answered(lambda parcel_no: result)["error"]["code"] == "internal"


def test_only_a_contract_that_agencies_serve_can_be_served():
    for name in ("inquiry.ask.v1", "inquiry.answer_batch_part.v1", "nothing"):
        with pytest.raises(ValueError, match=NAME):
            Provider(URL, "land-registry").serve(name, dict)


def test_the_same_question_begins_one_work_and_old_answers_are_forgotten(monkeypatch):
    memory, begun = Memory(), []

    def begin():
        begun.append(Future())
        return begun[-1]

    assert memory.recall("a", begin) is memory.recall("a", begin)
    monkeypatch.setattr(providing, "REMEMBERED", 2)
    for question in ("b", "c", "a"):
        memory.recall(question, begin)
    assert len(begun) == 4


def test_a_provider_without_a_broker_tries_again_and_can_be_stopped(caplog):
    provider = Provider(URL, "land-registry").serve(NAME, dict)
    thread = threading.Thread(target=provider.run)
    with caplog.at_level(logging.WARNING):
        thread.start()
        while caplog.text.count("broker lost") < 2:
            thread.join(0.05)
            assert thread.is_alive()
        provider.stop()
        thread.join(30)
    assert not thread.is_alive()


def test_the_example_takes_its_password_from_a_file(tmp_path, monkeypatch):
    (tmp_path / "password").write_text("a/b:c@d\n", encoding="utf-8")
    monkeypatch.setenv("AMQP_URL", "amqps://guest:guest@bus.example:5671/%2F")
    assert land_registry.address() == "amqps://guest:guest@bus.example:5671/%2F"
    monkeypatch.setenv("AMQP_PASSWORD_FILE", str(tmp_path / "password"))
    assert land_registry.address() == (
        "amqps://agency.land-registry:a%2Fb%3Ac%40d@bus.example:5671/%2F"
    )


def test_the_example_reads_its_book_at_each_question(tmp_path, monkeypatch):
    book = tmp_path / "parcels.csv"
    monkeypatch.setenv("PARCELS_FILE", str(book))
    with pytest.raises(Unavailable):
        land_registry.sources_of("990/17")
    book.write_text("parcel_no,file_no\n990/17,1001/5\n990/17,1002/1\n", encoding="utf-8")
    assert land_registry.sources_of("990/17") == {"file_nos": ["1001/5", "1002/1"]}
    with pytest.raises(NotFound):
        land_registry.sources_of("990/18")
