"""The handle of a call that is answered later."""

import pytest

from connector import Caller, Later, Refused, Unreachable
from tests.connector.conftest import ANSWER, QUESTION, answer, problem

ID = "0d0e8f7a-5b1c-5c1e-9d52-0a4f1d1f2b3c"


def kept():
    return answer(202, {"id": ID, "state": "ACCEPTED"}, Preference_Applied="respond-async")


def call(state, **fields):
    return answer(reply={"id": ID, "state": state, "result": None, "problem": None, **fields})


def test_a_call_is_taken_now_and_its_answer_comes_later(caller, sandbox):
    sandbox.plan = [kept(), call("ACCEPTED"), call("RUNNING"), call("DONE", result=ANSWER)]
    later = caller.later("inquiry.ask.v1", QUESTION)
    assert later.id == ID
    assert later.result() == ANSWER
    assert later.result() == ANSWER
    paths = [path for path, *_ in sandbox.visits]
    assert paths == ["/v1/inquiry/ask", *["/v1/agencies/call"] * 3]
    assert sandbox.visits[0][1]["prefer"] == "respond-async"
    assert "prefer" not in sandbox.visits[1][1]


def test_who_wants_it_has_its_endpoints_told(caller, sandbox):
    sandbox.plan = [kept()]
    caller.later("inquiry.ask.v1", QUESTION, call_back=True)
    assert sandbox.visits[0][1]["prefer"] == "respond-async, call-back"


def test_what_is_answered_at_once_is_there(caller, sandbox):
    assert caller.later("inquiry.ask.v1", QUESTION).result() == ANSWER
    assert len(sandbox.visits) == 1


@pytest.mark.parametrize("state", ["REFUSED", "FAILED"])
def test_its_refusal_is_raised_as_of_a_call_at_once(caller, sandbox, state):
    fields = {"code": "purpose.not_granted", "status": 403, "detail": "No."}
    sandbox.plan = [kept(), call(state, problem=fields)]
    with pytest.raises(Refused, match=r"purpose\.not_granted") as refused:
        caller.later("inquiry.ask.v1", QUESTION).result()
    assert refused.value.status == 403


def test_waiting_has_an_end_and_the_call_goes_on(caller, sandbox):
    sandbox.plan = [kept(), *[call("RUNNING")] * 9]
    with pytest.raises(Unreachable, match=ID):
        caller.later("inquiry.ask.v1", QUESTION).result(timeout=0.3)
    sandbox.plan = [call("DONE", result=ANSWER)]
    assert Later(caller.call, ID).result() == ANSWER


def test_it_is_taken_back_or_refused_to_be(caller, sandbox):
    sandbox.plan = [call("CANCELLED"), call("CANCELLED"), problem(409, "call.begun")]
    later = Later(caller.call, ID)
    later.cancel()
    with pytest.raises(Unreachable, match="taken back"):
        later.result()
    with pytest.raises(Refused, match=r"call\.begun"):
        later.cancel()


def test_in_anothers_name_is_asked_and_in_ones_own_is_read(sandbox, agency):
    sandbox.plan = [kept(), call("DONE", result=ANSWER)]
    caller = Caller(sandbox.url, agency, timeout=5, on_behalf_of="power-co")
    assert caller.later("inquiry.ask.v1", QUESTION).result() == ANSWER
    named = [visit[1].get("mirab-on-behalf-of") for visit in sandbox.visits]
    assert named == ["power-co", None]
