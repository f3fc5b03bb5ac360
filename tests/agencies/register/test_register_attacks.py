"""Documents and keys that somebody made to do harm: refused by their field, and nothing is done."""

import pytest

from bus.errors import ContractError
from bus.signatures.keys import SigningKey
from contracts.agencies import desk
from contracts.agencies import register as contracts
from tests.agencies.register.registrars import document, grant, new_jwk


def faults(refused):
    """Which fields of a document were refused."""
    assert refused["code"] == "field.wrong", refused
    return {fault["field"] for fault in refused["fields"]}


@pytest.mark.parametrize("pattern", ["*", "land_registry.*", "land_registry.sources_of_parcel.v?"])
def test_an_agency_serves_contracts_by_their_whole_names_so_that_the_broker_can_follow(
    register, pattern
):
    refused = register.propose(document(amqp={"serves": [pattern]}))
    assert faults(refused) == {"document.amqp.serves.0"}


def test_a_number_without_an_end_is_no_toml(register):
    request = {"toml": f"code = {'1' * 5000}", "base_version": 0, "reason": "letter 7"}
    assert faults(register.call(desk.PROPOSE, as_="karim", **request)) == {"toml"}


def test_what_no_database_holds_is_no_key(register):
    reply = {**SigningKey.new("k").public.jwk("k"), "n": "\x00"}
    keys = [{"id": "k", "jwk": reply, "until": "2030-01-01"}]
    assert faults(register.propose(document(keys=keys)))
    with pytest.raises(ContractError, match="jwk"):
        contracts.REGISTER_SANDBOX.load_data({"name": "New", "jwk": reply})


@pytest.mark.parametrize("same", ["ab" * 32, "AB:" * 31 + "AB", "ab " * 31 + "ab"])
def test_a_certificate_of_another_agency_is_known_however_it_is_written(register, same):
    register.put(document(certificates=[{"id": "c", "sha256": "ab" * 32, "until": "2030-01-01"}]))
    proposed = document("b-co", certificates=[{"id": "d", "sha256": same, "until": "2030-01-01"}])
    assert faults(register.propose(proposed)) == {"document.certificates.0.sha256"}


def test_an_id_never_names_another_key_so_that_tokens_of_a_stolen_one_end_with_it(register):
    register.put(document())

    def rotated(asker_key, *kids):
        keys = [new_jwk(kid) for kid in kids]
        return register.call(contracts.ROTATE_KEYS, asker="a-co", key=asker_key, keys=keys)

    assert faults(rotated("a-co-1", "a-co-1")) == {"keys.0.kid"}
    assert rotated("a-co-1", "a-co-2")["code"] == "a-co"
    assert faults(rotated("a-co-2", "a-co-3", "a-co-1")) == {"keys.1.kid"}


def test_a_key_that_stays_may_be_told_again_with_another_day(register):
    kept = SigningKey.new("a-co-1")
    entry = {"id": "a-co-1", "public_key": kept.public.base64(), "until": "2026-12-31"}
    register.put(document(keys=[entry]))
    keys = [{**kept.public.jwk("a-co-1"), "until": "2027-06-01"}]
    now = register.call(contracts.ROTATE_KEYS, asker="a-co", keys=keys)
    assert [(key["id"], key["until"]) for key in now["keys"]] == [("a-co-1", "2027-06-01")]


def test_who_approves_that_an_agency_comes_back_sees_all_that_comes_back(register):
    proposed = document(grants=[grant("inquiry.*")])
    register.put(proposed)
    version = register.revoke("agency")["version"]
    back = register.propose(proposed, version)
    assert {line["kind"] for line in back["lines"]} == {"new"}
    assert 'contract = "inquiry.*"' in {line["text"] for line in back["lines"]}


@pytest.mark.parametrize("as_", ["Karim", "KARIM"])
def test_the_same_officer_by_other_letters_is_the_same(register, as_):
    register.call(desk.WHO_AM_I, as_="karim")
    change = register.propose(document(), as_="nader")
    assert register.approve(change["id"], as_="NADER")["code"] == "register.same_person"
    assert register.propose(document("b-co"), as_=as_)["proposed_by"] == "karim"


def test_names_that_turn_the_direction_of_a_page_are_refused(register):
    refused = register.propose(document(name="Bank \u202eknaB"))
    assert faults(refused) == {"document.name"}


def test_nobody_fills_the_audit_by_changing_keys_again_and_again(register):
    register.put(document())

    def rotated(number):
        keys = [new_jwk(f"a-co-{number + 1}", at=register.moment)]
        asker = {"asker": "a-co", "key": f"a-co-{number}"}
        return register.call(contracts.ROTATE_KEYS, keys=keys, **asker)

    for number in range(1, 21):
        assert "keys" in rotated(number)
    assert rotated(21)["code"] == "limit.reached"
    register.later(days=1)
    assert "keys" in rotated(21)


@pytest.mark.parametrize(
    ("kind", "table", "field", "names"),
    [
        ("serving", "amqp", "serves", ["land_registry.sources_of_parcel.v1"]),
        ("hearing", "events", "hears", ["billing.*", "inquiry.registry_loaded.v1"]),
    ],
)
def test_what_an_agency_serves_or_hears_is_taken_back_by_one_officer_at_once(
    register, kind, table, field, names
):
    proposed = document(**{table: {field: names}})
    version = register.put(proposed)
    changed = register.revoke(kind, names[0])
    assert changed["version"] > version
    assert register.row()[2] == {**proposed, table: {field: names[1:]}}
    assert register.revoke(kind, names[0])["code"] == "right.not_found"
