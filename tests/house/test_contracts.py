"""No agency is broken by accident: each contract keeps the form in which it was released."""

import dataclasses
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from connector.outcomes import Refused
from contracts import (
    Contract,
    Event,
    Request,
    agency_contracts,
    catalogue,
    catalogue_of,
    hidden_names,
    modules,
    page,
    shapes,
)
from contracts.__main__ import main
from contracts.inquiry import questions
from contracts.inquiry.questions import ASK, VERIFY
from contracts.shapes import breaks, shape
from contracts.shown_first import REHEARSALS, SHOWN_FIRST
from services.agencies.service import Agencies
from services.billing.service import Billing
from services.notify.service import Notify
from services.ticketing.service import Ticketing
from tests.processes import ROOT

RELEASED = json.loads((ROOT / "tests/house/contracts.json").read_text(encoding="utf-8"))


def test_every_contract_was_released_and_none_is_gone():
    assert set(catalogue()) == set(RELEASED), "run: make contracts"


def test_a_new_module_of_a_context_is_in_the_catalogue_by_itself():
    catalogued = {Path(module.__file__) for module in modules()}
    files = {path for path in (ROOT / "contracts").glob("*/**/*.py") if path.name != "__init__.py"}
    assert catalogued == files
    assert not [c for c in vars(shapes).values() if isinstance(c, Contract)]
    assert not [c for c in vars(page).values() if isinstance(c, Contract)]


def test_what_a_page_shows_first_is_an_act_that_its_service_can_try_out():
    services = {service.name: service for service in (Ticketing, Billing, Agencies, Notify)}
    assert set(services) == set(REHEARSALS)
    for name in SHOWN_FIRST:
        contract = catalogue()[name]
        job = getattr(services[contract.context], contract.operation).job
        assert contract.effect, name
        assert (job.contract, job.outside, job.batch) == (contract, False, 1), name


def test_two_contracts_of_one_name_are_refused():
    copy = ModuleType("copy")
    copy.ASK_AGAIN = dataclasses.replace(ASK)
    with pytest.raises(ValueError, match=r"copy: inquiry\.ask\.v1 is declared twice"):
        catalogue_of([questions, copy])
    copy.ASK_AGAIN = ASK
    assert catalogue_of([questions, copy]) == catalogue_of([questions])


@pytest.mark.parametrize("name", RELEASED)
def test_a_contract_keeps_its_form(name):
    assert breaks(RELEASED[name], shape(catalogue()[name])) == []


KEY = {"type": "Text", "null": False, "required": True}


def of(**fields):
    return {"kind": "Command", "fields": fields}


def test_a_break_would_be_seen():
    key = KEY
    assert breaks(of(key=key), of()) == ["key is gone"]
    assert breaks(of(key=key), of(key={**key, "type": "Integer"})) == ["key: type changed"]
    assert breaks(of(), of(key=key)) == ["key is new and required"]
    assert breaks(of(), of(key={**key, "required": False})) == []


OPTIONAL, NULL = {**KEY, "required": False}, {**KEY, "null": True}
CHOICES = {**KEY, "choices": ["a", "b"]}
LONGER, SHORTER = {**KEY, "choices": ["a", "b", "c"]}, {**KEY, "choices": ["a"]}
AT_MOST, AT_LEAST = {**KEY, "most": 9}, {**KEY, "least": 2}


def request(key, **promise):
    """A Request with one field."""
    return {"kind": "Request", "effect": False, "agency": True, "fields": {"key": key}} | promise


def replying(key):
    """A Request with one field in its reply."""
    return request(KEY, reply={"key": key})


@pytest.mark.parametrize(
    ("looser", "stricter", "fault"),
    [
        (OPTIONAL, KEY, "required changed"),
        (NULL, KEY, "null changed"),
        (LONGER, CHOICES, "a choice is gone"),
        (KEY, AT_MOST, "most changed"),
        ({**KEY, "most": 10}, AT_MOST, "most changed"),
        (KEY, AT_LEAST, "least changed"),
        ({**KEY, "least": 1}, AT_LEAST, "least changed"),
    ],
)
def test_what_is_asked_may_become_looser_and_not_stricter(looser, stricter, fault):
    assert breaks(request(stricter), request(looser)) == []
    assert breaks(request(looser), request(stricter)) == [f"key: {fault}"]


@pytest.mark.parametrize(
    ("looser", "stricter", "fault"),
    [
        (OPTIONAL, KEY, "required changed"),
        (NULL, KEY, "null changed"),
        ({**KEY, "most": 10}, AT_MOST, "most changed"),
        (KEY, AT_LEAST, "least changed"),
    ],
)
def test_what_is_answered_may_become_stricter_and_not_looser(looser, stricter, fault):
    assert breaks(replying(looser), replying(stricter)) == []
    assert breaks(replying(stricter), replying(looser)) == [f"reply.key: {fault}"]


@pytest.mark.parametrize("other", [OPTIONAL, NULL])
def test_a_message_that_lies_in_a_queue_changes_neither_way(other):
    assert len(breaks(of(key=KEY), of(key=other))) == 1
    assert len(breaks(of(key=other), of(key=KEY))) == 1


def test_a_limit_to_some_values_breaks_who_sends_and_its_end_who_reads():
    assert breaks(request(KEY), request(CHOICES)) == ["key: only some values are taken now"]
    assert breaks(request(CHOICES), request(KEY)) == []
    assert breaks(replying(CHOICES), replying(KEY)) == ["reply.key: any value may come now"]
    assert breaks(replying(KEY), replying(CHOICES)) == []
    assert breaks(replying(CHOICES), replying(SHORTER)) == ["reply.key: a choice is gone"]


def test_the_rule_holds_within_nested_members_and_lists():
    def nested(key):
        return {**KEY, "type": "Nested", "members": {"key": key}}

    def listed(key):
        return {**KEY, "type": "List", "of": nested(key)}

    assert breaks(request(listed(KEY)), request(listed(OPTIONAL))) == []
    assert breaks(request(nested(NULL)), request(nested(KEY))) == ["key.key: null changed"]
    assert breaks(replying(listed(KEY)), replying(listed(OPTIONAL))) == [
        "reply.key.of.key: required changed"
    ]
    gone = breaks(replying(listed(KEY)), replying({**KEY, "type": "Text"}))
    assert gone == ["reply.key: type changed"]


@pytest.mark.parametrize(
    ("promise", "fault"),
    [
        ("agency", "agencies may be granted it no more"),
        ("everyone", "it needs a grant now"),
        ("delegable", "it can be called in another's name no more"),
    ],
)
def test_who_may_call_a_contract_may_grow_and_not_shrink(promise, fault):
    wide, narrow = request(KEY, **{promise: True}), request(KEY, **{promise: False})
    assert breaks(narrow, wide) == []
    assert breaks(wide, narrow) == [fault]
    # The released shapes name ``everyone`` and ``delegable`` only where they are true.
    assert breaks(wide, {k: v for k, v in narrow.items() if k != promise}) == [fault]


def test_a_contract_that_changes_nothing_does_not_begin_to_nor_the_other_way():
    reads, changes = request(KEY), request(KEY, effect=True)
    assert breaks(reads, changes) == breaks(changes, reads) == ["effect changed"]


def test_a_personal_field_stays_one():
    personal = {**KEY, "personal": True}
    assert breaks(request(personal), request(KEY)) == ["key counts as personal no more"]
    assert breaks(request(KEY), request(personal)) == []


def test_a_release_adds_what_is_new_and_refuses_what_breaks(tmp_path, capsys):
    file = tmp_path / "contracts.json"
    name, *rest = sorted(RELEASED)
    file.write_text(json.dumps({n: RELEASED[n] for n in rest}), encoding="utf-8")
    assert main(["--release", str(file)]) == 0
    assert json.loads(file.read_text(encoding="utf-8")) == RELEASED
    more = {**RELEASED, name: {**RELEASED[name], "fields": {"lost": KEY}}}
    file.write_text(json.dumps(more), encoding="utf-8")
    assert main(["--release", str(file)]) == 1
    assert f"{name}: lost is gone; make a new version instead." in capsys.readouterr().err
    assert json.loads(file.read_text(encoding="utf-8")) == more


def test_no_event_carries_a_personal_field():
    for contract in catalogue().values():
        if isinstance(contract, Event):
            assert set(contract.schema.fields) & hidden_names() == set()


# A reader who meets a contract for the first time reads who does what.
BEGINS = re.compile(r"[A-Z][a-z]+s ")


@pytest.mark.parametrize("contract", agency_contracts(), ids=lambda contract: contract.name)
def test_d25_the_sentence_of_a_contract_begins_with_what_it_does(contract):
    assert BEGINS.match(contract.doc), contract.doc
    assert not re.match("Others |Is |Yours ", contract.doc)


def test_d25_two_sentences_that_are_joined_have_a_full_stop_between_them():
    problem = {"code": "x", "detail": "The first line is wrong", "what_to_do": "Mend the fields."}
    assert str(Refused(problem, 422)) == "x: The first line is wrong. Mend the fields."


def test_every_request_says_what_it_is_for_and_has_a_reply():
    for contract in catalogue().values():
        assert re.match(r"[A-Z].*\.$", contract.doc), contract.name
        if isinstance(contract, Request):
            assert contract.reply_schema.fields


# Contracts that every agency with a grant for them may call, also by ``inquiry.*``: no service
# judges a purpose, and no service logs a refusal. A new one is put here knowingly.
JUDGED_BY_THE_DOOR_ALONE = {
    "agencies": {"health"},
    "billing": {"health", "list_bills", "look_up", "quote", "statement"},
    "inquiry": {
        "attest",
        "batch_status",
        "get",
        "health",
        "read_batch",
        "read_parcel",
        "rotate_watch_seed",
        "signals",
        "unwatch",
        "verify",
        "watch_seeds",
        "watches",
    },
    "notify": {
        "callback_deliveries",
        "callbacks",
        "cancel",
        "cancel_job",
        "draft_template",
        "drop_callback",
        "health",
        "job",
        "job_preview",
        "jobs",
        "message",
        "messages",
        "preview",
        "put_callback",
        "replay_callback",
        "rotate_callback_secret",
        "send",
        "start_job",
        "submit_job",
        "template",
        "templates",
        "test_callback",
    },
    "ticketing": {"health"},
}


def test_a_contract_that_no_service_judges_is_named():
    result = {
        (contract.context, contract.operation)
        for contract in agency_contracts()
        if not (contract.everyone or contract.judges_purpose)
    }
    named = {
        (context, name) for context, names in JUDGED_BY_THE_DOOR_ALONE.items() for name in names
    }
    assert result == named


def test_a_contract_with_a_purpose_declares_that_its_service_judges_it():
    with pytest.raises(ValueError, match="judges_purpose"):
        dataclasses.replace(ASK, judges_purpose=False)
    with pytest.raises(ValueError, match="judges_purpose"):
        dataclasses.replace(VERIFY, judges_purpose=True)
