"""What is another agency's is nothing; what a contract does not name is not taken (API1, 3, 4)."""

import threading
import uuid

import pytest

from bus.errors import ContractError
from bus.messages.kinds import Request
from contracts import catalogue
from tests.attacks.conftest import QUESTION, grant, refused
from tests.stores import execute

LINE = b'{"key_kind":"national_id","key":"9900000013"}\n'


@pytest.fixture(scope="module")
def owner(house):
    return house.member(grant())


@pytest.fixture(scope="module")
def thief(house):
    return house.member(grant())


@pytest.fixture(scope="module")
def owned(owner):
    """The ids of what belongs to the owner, by the contracts that read it."""
    batch = owner.caller.submit_batch(LINE * 3, purpose="fuel_quota").data["batch"]
    owner.caller.wait_for_batch(batch, seconds=60, pause=0.1)
    code = owner.caller.call("inquiry.ask.v1", QUESTION).data["tracking_code"]
    return {
        "get": {"tracking_code": code},
        "batch_status": {"batch": batch},
        "read_batch": {"batch": batch},
    }


NOTHING = {
    "get": {"tracking_code": "Q-2222-2222-2222"},
    "batch_status": {"batch": str(uuid.uuid4())},
    "read_batch": {"batch": str(uuid.uuid4())},
}


@pytest.mark.parametrize("operation", NOTHING)
def test_api1_what_is_another_agencys_is_told_like_what_is_not_there(
    owner, thief, owned, operation
):
    path = f"/v1/inquiry/{operation}"
    assert owner.send(owned[operation], path=path).status_code == 200
    theirs = thief.send(owned[operation], path=path)
    nothing = thief.send(NOTHING[operation], path=path)
    assert theirs.status_code == nothing.status_code == 404
    for name in ("code", "detail", "title", "type"):
        assert theirs.json()[name] == nothing.json()[name]


def test_api1_case_59_the_same_idempotency_key_of_another_agency_is_another_question(owner, thief):
    key = {"Idempotency-Key": '"a-key-that-both-have"'}
    mine, theirs = owner.send(headers=key).json(), thief.send(headers=key).json()
    assert mine["tracking_code"] != theirs["tracking_code"]
    assert (mine["agency"], theirs["agency"]) == (owner.code, thief.code)


def test_api1_a_part_cannot_be_put_into_anothers_batch(owner, thief, owned):
    refused(thief.send({**QUESTION, "batch": owned["read_batch"]["batch"]}), "contract.broken")
    before = execute(thief.house.db, "select count(*) from batch_lines")
    answer = thief.send(
        {
            "purpose": "fuel_quota",
            "keys": [{"key_kind": "national_id", "key": "9900000013"}],
            "batch": owned["read_batch"]["batch"],
            "part": 1,
            "last": True,
        },
        path="/v1/inquiry/submit_batch",
    )
    refused(answer, "contract.broken")
    assert execute(thief.house.db, "select count(*) from batch_lines") == before


ASSIGNED = {
    "agency": "justice",
    "on_behalf_of": "justice",
    "caller": {"agency": "justice"},
    "grants": [{"purpose": "court_case", "until": "2099-01-01"}],
    "outcome": "FOUND",
    "tracking_code": "Q-2222-2222-2222",
    "answered_at": "2026-01-01T00:00:00Z",
    "blocks": ["debt"],
    "per_day": 1000,
    "basis": "because",
    "__proto__": {},
}


@pytest.mark.parametrize("name", ASSIGNED)
def test_api3_a_field_that_the_contract_does_not_have_is_refused_by_its_name(thief, name):
    before = len(thief.rows())
    answer = thief.send({**QUESTION, name: ASSIGNED[name]})
    refused(answer, "contract.broken")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(name, "unknown_field")]
    assert len(thief.rows()) == before


def test_api3_no_answer_holds_more_than_the_grant_gives(house):
    person = execute(house.db, "select value from source_keys where kind = 'national_id' limit 1")[
        0
    ][0]
    narrow = house.member(grant(purposes=["court_case"], blocks=["licence"]))
    body = narrow.send({"key_kind": "national_id", "key": person, "purpose": "court_case"}).json()
    assert body["sources"]
    for source in body["sources"]:
        assert set(source) == {"file_no", "role", "status", "licence"}


PAGED = sorted(
    (name, field)
    for name, contract in catalogue().items()
    if isinstance(contract, Request) and contract.agency
    for field in contract.schema.fields
    if field in ("limit", "most", "size")
)


def test_there_are_pages_to_ask_for():
    assert len(PAGED) > 3


@pytest.mark.parametrize(("name", "field"), PAGED)
def test_api4_no_page_has_a_million_lines(name, field):
    for wrong in (10**6, -1):
        with pytest.raises(ContractError) as error:
            catalogue()[name].load({field: wrong})
        assert field in {field_here.field for field_here in error.value.fields}


def test_case_61_one_key_many_times_at_once_is_one_question(house):
    member = house.member(grant())
    reply, headers = [], {"Idempotency-Key": '"many-times-at-once"'}
    threads = [
        threading.Thread(target=lambda: reply.append(member.send(headers=headers)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = [item.json()["tracking_code"] for item in reply if item.status_code == 200]
    assert answered
    assert set(answered) == {answered[0]}
    assert all(item.status_code in (200, 503) for item in reply)
    assert len(member.rows()) == 1
    other = {**QUESTION, "purpose": "court_case"}
    refused(member.send(other, headers=headers), "idempotency_key.reused")
