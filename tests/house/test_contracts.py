"""No agency is broken by accident: each contract keeps the form in which it was released."""

import dataclasses
import json
import re

import pytest

from connector.outcomes import Refused
from contracts import CATALOGUE, Event, Request, agency_contracts, hidden_names
from contracts.__main__ import form, markdown
from contracts.inquiry.questions import ASK, VERIFY
from tests.processes import ROOT

RELEASED = json.loads((ROOT / "tests/house/contracts.json").read_text(encoding="utf-8"))


def breaks(old, new, path=""):
    """What in ``new`` breaks somebody who relies on ``old``: only optional fields may come."""
    found = []
    for name, was in old.items():
        here = f"{path}.{name}".lstrip(".")
        if name not in new:
            found.append(f"{here} is gone")
            continue
        found += [
            f"{here}: {word} changed"
            for word in ("type", "null", "required")
            if was[word] != new[name][word]
        ]
        if set(was.get("choices", [])) - set(new[name].get("choices", [])):
            found.append(f"{here}: a choice is gone")
        found += breaks(was.get("members", {}), new[name].get("members", {}), here)
        if "of" in was:
            found += breaks({"of": was["of"]}, {"of": new[name]["of"]}, here)
    found += [
        f"{path}.{name} is new and required".lstrip(".")
        for name in new
        if name not in old and new[name]["required"]
    ]
    return found


def test_every_contract_was_released_and_none_is_gone():
    assert set(CATALOGUE) == set(RELEASED), "run: python -m contracts --json"


@pytest.mark.parametrize("name", RELEASED)
def test_a_contract_keeps_its_form(name):
    now = form(CATALOGUE[name])
    assert now["kind"] == RELEASED[name]["kind"]
    assert breaks(RELEASED[name]["fields"], now["fields"]) == []
    answer_now, answer_then = now.get("reply", {}), RELEASED[name].get("reply", {})
    assert [b for b in breaks(answer_then, answer_now) if "new and required" not in b] == []
    heard_now, heard_then = now.get("heard", {}), RELEASED[name].get("heard", {})
    assert set(heard_then.get("fields", ())) <= set(heard_now.get("fields", ()))
    assert not heard_then or heard_then["owner"] == heard_now["owner"]


def test_a_break_would_be_seen():
    old = {"key": {"type": "Text", "null": False, "required": True}}
    assert breaks(old, {}) == ["key is gone"]
    assert breaks(old, {"key": {**old["key"], "type": "Integer"}}) == ["key: type changed"]
    assert breaks({}, old) == ["key is new and required"]
    assert breaks({}, {"key": {**old["key"], "required": False}}) == []


def test_the_page_of_contracts_is_made_from_the_catalogue():
    page = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: make contracts"


def test_no_event_carries_a_personal_field():
    for contract in CATALOGUE.values():
        if isinstance(contract, Event):
            assert set(contract.schema.fields) & hidden_names() == set()


# A reader who meets a contract for the first time reads who does what.
BEGINS = re.compile(r"(Ask|Confirm|Rate|Read|Submit|[A-Z][a-z]+s) ")


@pytest.mark.parametrize("contract", agency_contracts(), ids=lambda contract: contract.name)
def test_d25_the_sentence_of_a_contract_begins_with_what_it_does(contract):
    assert BEGINS.match(contract.doc), contract.doc
    assert not re.match("Others |Is |Yours ", contract.doc)


def test_d25_two_sentences_that_are_joined_have_a_full_stop_between_them():
    problem = {"code": "x", "detail": "The first line is wrong", "what_to_do": "Mend the fields."}
    assert str(Refused(problem, 422)) == "x: The first line is wrong. Mend the fields."


def test_every_request_says_what_it_is_for_and_has_a_reply():
    for contract in CATALOGUE.values():
        assert re.match(r"[A-Z].*\.$", contract.doc), contract.name
        if isinstance(contract, Request):
            assert contract.reply_schema.fields


# Contracts that every agency with a grant for them may call, also by ``inquiry.*``: no service
# judges a purpose, and refusals stand in no log of its. A new one is put here knowingly.
JUDGED_BY_THE_DOOR_ALONE = {
    "agencies": {"health"},
    "billing": {"health", "list_bills", "look_up", "quote", "statement"},
    "inquiry": {"batch_status", "get", "health", "read_batch", "read_parcel", "verify"},
    "notify": {
        "callback_deliveries", "callbacks", "cancel", "cancel_job", "draft_template",
        "drop_callback", "health", "job", "job_preview", "jobs", "message", "messages", "preview",
        "put_callback", "replay_callback", "rotate_callback_secret", "send", "start_job",
        "submit_job", "template", "templates", "test_callback",
    },
    "ticketing": {"health"},
}  # fmt: skip


def test_a_contract_that_no_service_judges_is_named():
    found = {
        (contract.context, contract.operation)
        for contract in agency_contracts()
        if not (contract.everyone or contract.judges_purpose)
    }
    named = {
        (context, name) for context, names in JUDGED_BY_THE_DOOR_ALONE.items() for name in names
    }
    assert found == named


def test_a_contract_with_a_purpose_declares_that_its_service_judges_it():
    with pytest.raises(ValueError, match="judges_purpose"):
        dataclasses.replace(ASK, judges_purpose=False)
    with pytest.raises(ValueError, match="judges_purpose"):
        dataclasses.replace(VERIFY, judges_purpose=True)
