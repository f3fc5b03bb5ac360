"""A right that was taken back ends what it had begun, with real processes."""

import json

import pytest

from connector import Refused
from tests.attacks.conftest import QUESTION, grant
from tests.stores import execute
from tests.waiting import wait_for

LINES = 6_000
LINE = b'{"key_kind":"national_id","key":"9900000013"}\n'


def begun(member):
    """A batch of thousands of lines of which some are answered, and many are not."""
    batch = member.caller.submit_batch(LINE * LINES, purpose="fuel_quota").data["batch"]
    answered = "select answered from batches where batch = %s"
    wait_for(lambda: execute(member.house.db, answered, (batch,))[0][0] > 0, 60, pause=0.01)
    return batch


def ended(member, batch):
    """How a batch ended: state, answered, and how many lines have which problem."""
    row = "select state, answered, lines from batches where batch = %s"
    db = member.house.db
    wait_for(lambda: execute(db, row, (batch,))[0][0] == "DONE", 120, pause=0.2)
    _, answered, lines = execute(db, row, (batch,))[0]
    problems = dict(
        execute(
            db,
            "select problem ->> 'code', count(*) from batch_lines where batch = %s group by 1",
            (batch,),
        )
    )
    assert answered == lines == LINES
    assert sum(problems.values()) == LINES
    assert execute(
        db,
        "select count(*) from batch_lines where batch = %s and (tracking_code is null) = "
        "(problem is null)",
        (batch,),
    ) == [(0,)]
    return problems


def taken_back(member, name):
    document = json.loads(json.dumps(member.document))
    if name == "the agency":
        member.house.remove(member.code)
        return "identity.key_revoked"
    if name == "its key":
        member.house.put({**document, "keys": []})
        return "identity.key_revoked"
    if name == "its grant":
        member.house.put({**document, "grants": []})
    else:  # its day
        member.house.put({**document, "grants": [grant(until="2020-01-01")]})
    return "contract.grant_revoked"


@pytest.mark.parametrize("name", ["the agency", "its grant"])
def test_case_37_a_right_taken_back_in_the_middle_of_a_batch_ends_it_there(house, name):
    member = house.member(grant())
    batch = begun(member)
    code = taken_back(member, name)
    problems = ended(member, batch)
    assert set(problems) == {None, code}, "the batch was over before the right was taken back"
    refused = [row for row in member.rows("outcome, contract") if row[0] == code]
    assert len(refused) == problems[code]


def test_case_37_a_key_taken_back_in_the_middle_of_a_batch_ends_it_there(house):
    member = house.member(grant())
    batch = begun(member)
    code = taken_back(member, "its key")
    assert set(ended(member, batch)) == {None, code}


def test_case_38_a_purpose_that_ends_between_taking_and_answering_is_not_answered(house):
    member = house.member(grant())
    house.relay.stop()
    batch = member.caller.submit_batch(LINE * 3, purpose="fuel_quota").data["batch"]
    taken_back(member, "its day")
    house.begin_relay()
    row = "select state from batches where batch = %s"
    wait_for(lambda: execute(house.db, row, (batch,)) == [("DONE",)], 60)
    result = "select problem ->> 'code' from batch_lines where batch = %s"
    assert execute(house.db, result, (batch,)) == [("contract.grant_revoked",)] * 3
    assert execute(
        house.db, "select count(*) from inquiries where agency = %s", (member.code,)
    ) == [(0,)]


def test_case_38_a_grant_that_was_narrowed_meanwhile_gives_only_what_both_give(house):
    member = house.member(grant(purposes=["land_transfer"]))
    house.relay.stop()
    line = b'{"key_kind":"file_no","key":"1001/5"}\n'
    batch = member.caller.submit_batch(line, purpose="land_transfer").data["batch"]
    house.put(
        {**member.document, "grants": [grant(purposes=["land_transfer"], blocks=["licence"])]}
    )
    house.begin_relay()
    member.caller.wait_for_batch(batch, seconds=60, pause=0.1)
    (reply,) = member.caller.call("inquiry.read_batch.v1", {"batch": batch}).data["results"]
    (source,) = reply["answer"]["sources"]
    assert set(source) == {"file_no", "role", "status", "licence"}


def test_case_66_what_is_sent_again_after_the_right_was_taken_back_is_refused(house):
    member = house.member(grant())
    again = {"idempotency_key": "the-same-question-again"}
    reply = member.caller.call("inquiry.ask.v1", QUESTION, **again).data
    assert member.caller.call("inquiry.ask.v1", QUESTION, **again).data == reply
    house.put({**member.document, "grants": []})

    def is_refused():
        try:
            member.caller.call("inquiry.get.v1", {"tracking_code": reply["tracking_code"]})
        except Refused as error:
            return error.code == "contract.not_granted"
        return False

    wait_for(is_refused, 10)
    with pytest.raises(Refused) as error:
        member.caller.call("inquiry.ask.v1", QUESTION)
    assert error.value.code == "purpose.not_granted"
