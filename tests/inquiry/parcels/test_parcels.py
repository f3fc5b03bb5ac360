"""Questions about parcels in inquiry: how they stand by the clock, and which answers are taken."""

import datetime as dt
import json
import shutil

import pytest

from bus.activator import Call, Fate
from bus.call_leaves import ADD_LEAVES, EVIDENCE, Evidence, caller_of_answer
from bus.envelope import Envelope
from bus.errors import ContractError
from bus.settings import Settings
from contracts.inquiry.parcels import ASK_PARCEL, READ_PARCEL, TAKE_SOURCES
from services.inquiry.service import Inquiry
from tests.inquiry.in_process import InProcessInquiry, log_of
from tests.processes import ROOT
from tests.stores import execute

NOTARY = {
    "agency": "notary-office",
    "key": "notary-office-demo",
    "grants": [{"purpose": "land_transfer", "until": "2099-01-01"}],
}
FOUND = {"result": {"file_nos": ["1001/5", "1001/5", "99/99999"]}}
REGISTRY = "land-registry"


class Parcels(InProcessInquiry):
    """The service, a register of agencies, and the answers of the land registry."""

    def __init__(self, db, folder):
        super().__init__(db, folder)
        self.register = folder / "agencies"
        shutil.copytree(ROOT / "deploy/agencies", self.register)
        reply = {"INQUIRY_LOG_KEY": "k", "AGENCIES_DIR": str(self.register)}
        self.service.settings = Settings(reply)
        self.moment = dt.datetime.now(dt.UTC)
        self.service.now = lambda: self.moment

    def ask_parcel(self, **more):
        reply = {"parcel_no": "990/17", "purpose": "land_transfer", **more}
        return self.call(ASK_PARCEL, caller=NOTARY, **reply)

    def read_parcel(self, code):
        return self.call(READ_PARCEL, caller=NOTARY, code=code)

    def question(self):
        return execute(self.db, "select question from parcel_questions")[-1][0]

    def take(self, answer=FOUND, *, agency=REGISTRY, problem=None, **envelope):
        """An answer, as the endpoint gives it to the service."""
        reply = {"correlation": self.question(), **envelope}
        message = Envelope.new(TAKE_SOURCES.name, "agency.land-registry", **reply)
        call = Call.of_answer(TAKE_SOURCES, message, agency=agency, answer=answer, problem=problem)
        (outcome,) = Inquiry.take_sources_of_parcel(self.service, [call])
        assert outcome.fate is Fate.DONE, outcome

    def refusals(self):
        return dict(execute(self.db, "select reason, times from refused_answers"))


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = Parcels(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


def test_an_answer_is_read_with_what_our_register_knows_of_it(inquiry):
    code = inquiry.ask_parcel()["code"]
    inquiry.take()
    reply = inquiry.read_parcel(code)
    assert (reply["state"], reply["sources"]) == (
        "ANSWERED",
        [{"file_no": "1001/5", "in_register": True}, {"file_no": "99/99999", "in_register": False}],
    )
    assert log_of(inquiry) == [("AWAITING",), ("ANSWERED",), ("READ",)]


def test_persian_digits_of_a_parcel_are_understood_and_strange_signs_refused(inquiry):
    code = inquiry.ask_parcel(parcel_no="۹۹۰/۱۷")["code"]
    assert inquiry.read_parcel(code)["parcel_no"] == "990/17"
    with pytest.raises(ContractError, match="parcel_no"):
        ASK_PARCEL.load_data({"parcel_no": "990;17", "purpose": "land_transfer"})


def test_a_question_stays_open_for_an_hour_to_the_second(inquiry):
    code = inquiry.ask_parcel()["code"]
    inquiry.moment += dt.timedelta(seconds=3599)
    assert inquiry.read_parcel(code)["state"] == "AWAITING"
    inquiry.moment += dt.timedelta(seconds=1)
    assert inquiry.read_parcel(code)["state"] == "UNANSWERED"
    inquiry.take()
    assert (inquiry.refusals(), inquiry.read_parcel(code)["state"]) == ({"late": 1}, "UNANSWERED")


def test_an_answer_in_the_last_second_counts(inquiry):
    code = inquiry.ask_parcel()["code"]
    inquiry.moment += dt.timedelta(seconds=3599)
    inquiry.take()
    inquiry.moment += dt.timedelta(days=1)
    assert inquiry.read_parcel(code)["state"] == "ANSWERED"


def test_a_refusal_of_the_registry_closes_the_question_with_its_code(inquiry):
    code = inquiry.ask_parcel()["code"]
    error = {"kind": "NotFound", "code": "parcel.unknown", "message": "There is none."}
    inquiry.take({"error": error})
    reply = inquiry.read_parcel(code)
    assert (reply["state"], reply["problem"], reply["sources"]) == ("REFUSED", "parcel.unknown", [])
    inquiry.take()
    assert inquiry.refusals() == {"doubled": 1}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"agency": None}, "sender_unproven"),
        ({"agency": "power-co"}, "not_served_by_sender"),
        ({"correlation": "unknown"}, "unasked"),
        ({"answer": None, "problem": "not_json"}, "malformed_not_json"),
    ],
)
def test_an_answer_that_may_not_be_believed_is_counted_and_changes_nothing(inquiry, more, reason):
    code = inquiry.ask_parcel()["code"]
    inquiry.take(**more)
    inquiry.take(**more)
    assert inquiry.refusals() == {reason: 2}
    assert inquiry.read_parcel(code)["state"] == "AWAITING"


def test_a_broken_file_changes_no_server_and_without_a_register_there_is_none(inquiry):
    inquiry.ask_parcel()
    (inquiry.register / "broken.toml").write_text("code = ", encoding="utf-8")
    assert inquiry.ask_parcel()["state"] == "AWAITING"
    shutil.move(inquiry.register, inquiry.register.with_name("away"))
    assert inquiry.ask_parcel()["code"] == "parcel.not_served"
    inquiry.take()
    assert inquiry.refusals() == {"not_served_by_sender": 1}


def test_a_parcel_question_that_was_not_served_is_asked_later_with_the_same_key(inquiry):
    shutil.move(inquiry.register, inquiry.register.with_name("away"))
    reply = {"parcel_no": "990/17", "purpose": "land_transfer"}
    assert (
        inquiry.call(ASK_PARCEL, caller=NOTARY, id="same", **reply)["code"] == "parcel.not_served"
    )
    shutil.move(inquiry.register.with_name("away"), inquiry.register)
    first = inquiry.call(ASK_PARCEL, caller=NOTARY, id="same", **reply)
    assert first["state"] == "AWAITING"
    assert inquiry.call(ASK_PARCEL, caller=NOTARY, id="same", **reply) == first


def test_a_code_that_was_never_given_is_refused_and_logged(inquiry):
    for code in ("Q-2222-2222-2222", "nothing", "' or 1=1"):
        assert inquiry.read_parcel(code)["code"] == "parcel.not_found"
    assert log_of(inquiry) == [("parcel.not_found",)] * 3


def test_questions_are_forgotten_after_a_year_and_the_log_stays(inquiry):
    inquiry.ask_parcel()
    inquiry.take(agency=None)
    inquiry.moment += dt.timedelta(days=366)
    Inquiry.forget_questions(inquiry.service)
    assert execute(inquiry.db, "select count(*) from parcel_questions") == [(0,)]
    assert execute(inquiry.db, "select count(*) from refused_answers") == [(0,)]
    assert log_of(inquiry) == [("AWAITING",)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda path: path.unlink(), "identity.key_revoked"),
        (
            lambda path: path.write_text(
                path.read_text(encoding="utf-8").replace('"land_transfer"', '"court_case"'),
                encoding="utf-8",
            ),
            "contract.grant_revoked",
        ),
    ],
)
def test_case_37_a_parcel_is_not_shown_to_an_agency_that_may_not_ask_any_more(
    inquiry, change, code
):
    question = inquiry.ask_parcel()["code"]
    change(inquiry.register / "notary-office.toml")
    inquiry.take()
    reply = inquiry.read_parcel(question)
    assert (reply["state"], reply["problem"], reply["sources"]) == ("REFUSED", code, [])
    assert execute(inquiry.db, "select file_nos from parcel_questions") == [([],)]


def test_what_we_ask_an_agency_is_a_leaf_for_both_and_what_it_answers_one_of_its_own(
    inquiry, monkeypatch
):
    monkeypatch.setenv("RECEIPTS_ORIGIN", "mirab.test/receipts")
    body = b'{"result":{"file_nos":["1001/5"]}}'
    evidence = Evidence("mirab.test/receipts", "signature", b"r" * 32, call="call-1").to_wire()
    reply = {"parcel_no": "990/17", "purpose": "land_transfer"}
    inquiry.call(ASK_PARCEL, caller={**NOTARY, EVIDENCE: evidence}, **reply)
    inquiry.take(caller=caller_of_answer(REGISTRY, body))
    inquiry.take(caller=caller_of_answer(REGISTRY, body))  # doubled: refused, and no leaf
    inquiry.take(correlation="nobody asked\u200c", caller=caller_of_answer(REGISTRY, body))
    rows = execute(inquiry.db, f"select body from outbox where name = '{ADD_LEAVES}' order by seq")
    leaves = [leaf for (row,) in rows for leaf in json.loads(bytes(row))["leaves"]]
    ends = [(json.loads(x["leaf"])["contract"], json.loads(x["leaf"])["outcome"]) for x in leaves]
    assert sorted(ends) == [
        ("inquiry.ask_parcel.v1", "answered"),
        ("inquiry.take_sources_of_parcel.v1", "answered"),
        ("land_registry.sources_of_parcel.v1", "asked"),
        ("land_registry.sources_of_parcel.v1", "asked"),
    ]
    question = inquiry.question()
    assert {x["call"] for x in leaves if x["agency"] == REGISTRY} == {question, f"asked:{question}"}
    (its_asker,) = (x for x in leaves if x["call"] == "asked:call-1")
    assert its_asker["agency"] == NOTARY["agency"]
    assert REGISTRY not in its_asker["terms"]
