"""Who asks in another's name does so by that other's leave, within that other's rights."""

import json

import pytest
import requests

from bus.signatures.signing import sign_request
from connector import Refused
from tests.attacks.conftest import ASK, QUESTION, grant, refused
from tests.gateway.agency.oauth_hands import Client
from tests.stores import execute

HEADER = "Mirab-On-Behalf-Of"
NOT_GIVEN = "delegation.not_given"


def delegation(to, contract="inquiry.*", purposes=("fuel_quota",), until="2098-01-01", **more):
    return {"to": to, "contract": contract, "purposes": list(purposes), "until": until, **more}


@pytest.fixture
def pair(house):
    """A delegate with a right of its own, and who lets it ask in its name."""
    delegate = house.member(grant(purposes=["court_case"]))
    delegator = house.member(
        grant(blocks=["licence"], basis="Decree 3"), delegations=[delegation(delegate.code)]
    )
    return delegate, delegator


def test_what_is_asked_in_a_name_is_told_in_the_answer_and_in_the_log(pair):
    delegate, delegator = pair
    reply = delegate.acting_for(delegator.code).call("inquiry.ask.v1", QUESTION).data
    assert (reply["agency"], reply["on_behalf_of"]) == (delegate.code, delegator.code)
    assert delegate.rows("outcome, on_behalf_of, basis") == [
        ("NOT_FOUND", delegator.code, "Decree 3")
    ]
    assert delegator.rows() == []


def test_case_39_a_delegated_call_without_the_delegators_own_grant_is_refused_and_logged(house):
    delegate = house.member(grant())
    empty = house.member(delegations=[delegation(delegate.code)])
    ended = house.member(grant(until="2020-01-01"), delegations=[delegation(delegate.code)])
    for delegator, code in ((empty, "purpose.not_granted"), (ended, "grant.expired")):
        refused(delegate.send(headers={HEADER: delegator.code}), code)
        assert delegate.rows("outcome, on_behalf_of")[-1] == (code, delegator.code)
        read = delegate.send(
            {"tracking_code": "Q-2222-2222-2222"},
            path="/v1/inquiry/get",
            headers={HEADER: delegator.code},
        )
        assert read.status_code == 403


def test_case_39_nobody_learns_which_agencies_there_are(house, pair):
    delegate, _ = pair
    stranger = house.member(grant())
    answers = [
        delegate.send(headers={HEADER: code}).json()
        for code in (stranger.code, "nobody-at-all", delegate.code)
    ]
    assert {(answer["code"], answer["detail"]) for answer in answers} == {
        (NOT_GIVEN, answers[0]["detail"])
    }


def test_case_40_the_represented_party_cannot_be_swapped_put_in_or_taken_away(house, pair):
    delegate, delegator = pair
    other = house.member(grant(), delegations=[delegation(delegate.code)])
    named = {HEADER: delegator.code}
    refused(delegate.send(headers=named, late={HEADER: other.code}), "signature.bad")
    refused(delegate.send(unsigned={HEADER: delegator.code}), "signature.component_missing")
    url, body = delegate.house.url + ASK, json.dumps(QUESTION).encode()
    fields = {"Content-Type": "application/json", **named}
    fields |= sign_request(delegate.key, "POST", url, fields, body)
    fields.pop(HEADER)
    assert requests.post(url, data=body, headers=fields, timeout=20).status_code == 401
    doubled = {HEADER: f"{delegator.code}, {other.code}"}
    refused(delegate.send(headers=doubled), NOT_GIVEN)
    assert delegate.rows() == []


def test_case_40_one_idempotency_key_in_two_names_is_two_questions(house, pair):
    delegate, delegator = pair
    other = house.member(grant(), delegations=[delegation(delegate.code)])
    key = {"Idempotency-Key": '"the-same-in-two-names"'}
    replies = [
        delegate.send(headers={HEADER: item.code, **key}).json()
        for item in (delegator, other, delegator)
    ]
    assert [item["on_behalf_of"] for item in replies] == [
        delegator.code,
        other.code,
        delegator.code,
    ]
    assert replies[0] == replies[2]
    assert len(delegate.rows()) == 2


def test_case_41_rights_of_two_are_never_mixed(house, pair):
    delegate, delegator = pair
    # Its own right does not count in another's name, nor the other's in its own.
    own = {**QUESTION, "purpose": "court_case"}
    refused(delegate.send(own, headers={HEADER: delegator.code}), "purpose.not_granted")
    refused(delegate.send(), "purpose.not_granted")
    assert delegate.send(own).status_code == 200
    # A delegation is not passed on, and does not work the other way round.
    third = house.member(grant(purposes=["court_case"]))
    house.put({**delegate.document, "delegations": [delegation(third.code)]})
    refused(third.send(headers={HEADER: delegator.code}), NOT_GIVEN)
    refused(delegator.send(headers={HEADER: delegate.code}), NOT_GIVEN)


def test_case_41_what_everyone_may_call_is_nobody_elses(pair):
    delegate, delegator = pair
    answer = delegate.send({}, path="/v1/agencies/calls", headers={HEADER: delegator.code})
    refused(answer, NOT_GIVEN)


def test_case_41_a_service_that_does_not_heed_names_is_not_asked_in_one(house):
    """Else a delegate would use its own things by another's grant."""
    delegate = house.member()
    everything = ["billing.*", "notify.*", "inquiry.*"]
    delegator = house.member(
        *(grant(contract, []) for contract in everything),
        delegations=[delegation(delegate.code, contract, []) for contract in everything],
    )
    for path, data in (
        ("/v1/billing/list_bills", {}),
        ("/v1/notify/messages", {}),
        ("/v1/inquiry/verify", {"verification_code": "V-2222"}),
    ):
        refused(delegate.send(data, path=path, headers={HEADER: delegator.code}), NOT_GIVEN)


def test_what_was_asked_in_a_name_is_read_in_that_name_only(pair):
    delegate, delegator = pair
    acting = delegate.acting_for(delegator.code)
    code = acting.call("inquiry.ask.v1", QUESTION).data["tracking_code"]
    assert acting.call("inquiry.get.v1", {"tracking_code": code}).data["tracking_code"] == code
    for other in (delegate.caller, delegator.caller):
        with pytest.raises(Refused) as error:
            other.call("inquiry.get.v1", {"tracking_code": code})
        assert error.value.code == "answer.not_found"


def test_a_token_says_in_whose_name_it_is_used(house, pair):
    delegate, delegator = pair
    key = delegate.key._key
    client = Client(house.url, delegate.code, key=key, keyid=delegate.key.keyid)
    token = client.token(on_behalf_of=delegator.code, scope="inquiry.ask.v1")
    body = client.ask(token).json()
    assert (body["agency"], body["on_behalf_of"]) == (delegate.code, delegator.code)
    assert client.ask(token, headers={HEADER: delegator.code}).status_code == 200
    refused(client.ask(token, headers={HEADER: delegate.code}), "token.on_behalf_of")
    own = client.token(purpose="court_case")
    refused(client.ask(own, headers={HEADER: delegator.code}), "token.on_behalf_of")
    refusal = client.send_for_token(on_behalf_of="nobody-at-all")
    assert (refusal.status_code, refusal.json()["code"]) == (403, NOT_GIVEN)
    house.put({**delegator.document, "delegations": []})
    execute(house.db, "select pg_sleep(0.6)")  # the register is looked at twice a second
    refused(client.ask(token), NOT_GIVEN)


def test_api6_enumerating_citizens_ends_at_the_quota_of_the_delegator_too(house):
    delegate = house.member()
    delegator = house.member(grant(per_day=2), delegations=[delegation(delegate.code)])
    acting = {HEADER: delegator.code}
    assert [delegate.send(headers=acting).status_code for _ in range(2)] == [200, 200]
    answer = delegator.send()
    refused(answer, "grant.quota")
    assert (answer.status_code, 0 < int(answer.headers["Retry-After"]) <= 86_400) == (429, True)
    lines = b'{"key_kind":"national_id","key":"9900000013"}\n' * 3
    batch = delegator.caller.submit_batch(lines, purpose="fuel_quota").data["batch"]
    delegator.caller.wait_for_batch(batch, seconds=60, pause=0.1)
    page = delegator.caller.call("inquiry.read_batch.v1", {"batch": batch}).data
    assert [line["problem"]["code"] for line in page["results"]] == ["grant.quota"] * 3


@pytest.mark.parametrize(
    ("networks", "path", "status"),
    [
        (["127.0.0.0/8"], None, 200),
        (["192.0.2.0/24"], None, 403),
        (["192.0.2.0/24"], "192.0.2.7", 200),
        (["127.0.0.0/8"], "192.0.2.7", 403),
    ],
)
def test_a_grant_holds_for_its_networks_as_trusted_proxies_tell_them(house, networks, path, status):
    member = house.member(grant(networks=networks))
    headers = {"X-Forwarded-For": path} if path else {}
    answer = member.send(unsigned=headers)
    assert answer.status_code == status
    if status == 403:
        refused(answer, "grant.network")
        assert member.rows() == []
