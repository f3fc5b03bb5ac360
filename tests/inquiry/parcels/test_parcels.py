"""Questions about parcels in hand: how they stand by the clock, and which answers are taken."""

import datetime as dt
import shutil

import pytest

from bus.activator import Call, Fate
from bus.envelope import Envelope
from bus.errors import ContractError
from bus.settings import Settings
from contracts.inquiry.parcels import ASK_PARCEL, READ_PARCEL, TAKE_SOURCES
from services.inquiry.service import Inquiry
from tests.inquiry.questions.test_service import Hand, log_of
from tests.processes import ROOT
from tests.stores import execute

NOTARY = {
    "agency": "notary-office",
    "key": "notary-office-demo",
    "grants": [{"purpose": "land_transfer", "until": "2099-01-01"}],
}
FOUND = {"result": {"file_nos": ["1001/5", "1001/5", "99/99999"]}}
REGISTRY = "land-registry"


class Parcels(Hand):
    """The service, a register of agencies, and the answers of the land registry."""

    def __init__(self, db, folder):
        super().__init__(db, folder)
        self.register = folder / "agencies"
        shutil.copytree(ROOT / "deploy/agencies", self.register)
        told = {"INQUIRY_LOG_KEY": "k", "AGENCIES_DIR": str(self.register)}
        self.service.settings = Settings(told)
        self.moment = dt.datetime.now(dt.UTC)
        self.service.now = lambda: self.moment

    def ask_parcel(self, **more):
        told = {"parcel_no": "990/17", "purpose": "land_transfer", **more}
        return self.call(ASK_PARCEL, caller=NOTARY, **told)

    def read_parcel(self, code):
        return self.call(READ_PARCEL, caller=NOTARY, code=code)

    def question(self):
        return execute(self.db, "select question from parcel_questions")[-1][0]

    def take(self, answer=FOUND, *, agency=REGISTRY, problem=None, **envelope):
        """An answer, as the endpoint gives it to the service."""
        told = {"correlation": self.question(), **envelope}
        message = Envelope.new(TAKE_SOURCES.name, "agency.land-registry", **told)
        call = Call.of_answer(TAKE_SOURCES, message, agency=agency, answer=answer, problem=problem)
        (outcome,) = Inquiry.take_sources_of_parcel(self.service, [call])
        assert outcome.fate is Fate.DONE, outcome

    def refusals(self):
        return dict(execute(self.db, "select reason, times from refused_answers"))


@pytest.fixture
def hand(demo_db, tmp_path):
    made = Parcels(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


def test_an_answer_is_read_with_what_our_register_knows_of_it(hand):
    code = hand.ask_parcel()["code"]
    hand.take()
    told = hand.read_parcel(code)
    assert (told["state"], told["sources"]) == (
        "ANSWERED",
        [{"file_no": "1001/5", "in_register": True}, {"file_no": "99/99999", "in_register": False}],
    )
    assert log_of(hand) == [("AWAITING",), ("ANSWERED",), ("READ",)]


def test_persian_digits_of_a_parcel_are_understood_and_strange_signs_refused(hand):
    code = hand.ask_parcel(parcel_no="۹۹۰/۱۷")["code"]
    assert hand.read_parcel(code)["parcel_no"] == "990/17"
    with pytest.raises(ContractError, match="parcel_no"):
        ASK_PARCEL.load_data({"parcel_no": "990;17", "purpose": "land_transfer"})


def test_a_question_stays_open_for_an_hour_to_the_second(hand):
    code = hand.ask_parcel()["code"]
    hand.moment += dt.timedelta(seconds=3599)
    assert hand.read_parcel(code)["state"] == "AWAITING"
    hand.moment += dt.timedelta(seconds=1)
    assert hand.read_parcel(code)["state"] == "UNANSWERED"
    hand.take()
    assert (hand.refusals(), hand.read_parcel(code)["state"]) == ({"late": 1}, "UNANSWERED")


def test_an_answer_in_the_last_second_counts(hand):
    code = hand.ask_parcel()["code"]
    hand.moment += dt.timedelta(seconds=3599)
    hand.take()
    hand.moment += dt.timedelta(days=1)
    assert hand.read_parcel(code)["state"] == "ANSWERED"


def test_a_refusal_of_the_registry_closes_the_question_with_its_code(hand):
    code = hand.ask_parcel()["code"]
    error = {"kind": "NotFound", "code": "parcel.unknown", "message": "There is none."}
    hand.take({"error": error})
    told = hand.read_parcel(code)
    assert (told["state"], told["problem"], told["sources"]) == ("REFUSED", "parcel.unknown", [])
    hand.take()
    assert hand.refusals() == {"doubled": 1}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"agency": None}, "sender_unproven"),
        ({"agency": "power-co"}, "not_served_by_sender"),
        ({"correlation": "unknown"}, "unasked"),
        ({"answer": None, "problem": "not_json"}, "malformed_not_json"),
    ],
)
def test_an_answer_that_may_not_be_believed_is_counted_and_changes_nothing(hand, more, reason):
    code = hand.ask_parcel()["code"]
    hand.take(**more)
    hand.take(**more)
    assert hand.refusals() == {reason: 2}
    assert hand.read_parcel(code)["state"] == "AWAITING"


def test_a_broken_file_leaves_who_serves_and_a_register_that_is_away_lets_nobody_serve(hand):
    hand.ask_parcel()
    (hand.register / "broken.toml").write_text("code = ", encoding="utf-8")
    assert hand.ask_parcel()["state"] == "AWAITING"
    shutil.move(hand.register, hand.register.with_name("away"))
    assert hand.ask_parcel()["code"] == "parcel.not_served"
    hand.take()
    assert hand.refusals() == {"not_served_by_sender": 1}


def test_who_was_told_to_ask_later_may_ask_with_the_same_key(hand):
    shutil.move(hand.register, hand.register.with_name("away"))
    told = {"parcel_no": "990/17", "purpose": "land_transfer"}
    assert hand.call(ASK_PARCEL, caller=NOTARY, id="same", **told)["code"] == "parcel.not_served"
    shutil.move(hand.register.with_name("away"), hand.register)
    first = hand.call(ASK_PARCEL, caller=NOTARY, id="same", **told)
    assert first["state"] == "AWAITING"
    assert hand.call(ASK_PARCEL, caller=NOTARY, id="same", **told) == first


def test_a_code_that_was_never_given_is_refused_and_logged(hand):
    for code in ("Q-2222-2222-2222", "nothing", "' or 1=1"):
        assert hand.read_parcel(code)["code"] == "parcel.not_found"
    assert log_of(hand) == [("parcel.not_found",)] * 3


def test_questions_are_forgotten_after_a_year_and_the_log_stays(hand):
    hand.ask_parcel()
    hand.take(agency=None)
    hand.moment += dt.timedelta(days=366)
    Inquiry.forget_old_batches(hand.service)
    assert execute(hand.db, "select count(*) from parcel_questions") == [(0,)]
    assert execute(hand.db, "select count(*) from refused_answers") == [(0,)]
    assert log_of(hand) == [("AWAITING",)]


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
def test_case_37_a_parcel_is_not_told_to_who_may_not_ask_any_more(hand, change, code):
    asked = hand.ask_parcel()["code"]
    change(hand.register / "notary-office.toml")
    hand.take()
    told = hand.read_parcel(asked)
    assert (told["state"], told["problem"], told["sources"]) == ("REFUSED", code, [])
    assert execute(hand.db, "select file_nos from parcel_questions") == [([],)]
