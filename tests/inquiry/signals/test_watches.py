"""Watches are bounded, renewed and ended by their agency, and tell nothing of the register."""

import datetime as dt
import shutil

import pytest
from sqlalchemy import event

from bus.errors import ContractError
from bus.settings import Settings
from bus.signatures.keys import from_base64url
from contracts.inquiry import signals as contracts
from contracts.inquiry.signals import pseudonym_of
from services.inquiry.service import Inquiry
from services.inquiry.signals import watches
from tests.inquiry.in_process import log_of
from tests.inquiry.registry_import.exports import EXPIRY
from tests.inquiry.signals.hub import COURT, FUEL, OTHER, PERSON, STRANGER, caller
from tests.processes import ROOT
from tests.stores import execute

CHANGED = {EXPIRY: "1410/6/14"}
REGISTRY = ("source_versions", "source_keys", "decrees", "standings", "unread_keys")


def statements_of(hub, act):
    """The reply of an act, and the statements that it ran."""
    ran = []

    def note(conn, cursor, statement, *rest):
        ran.append(statement)

    event.listen(hub.service.store.engine, "before_cursor_execute", note)
    try:
        reply = act()
    finally:
        event.remove(hub.service.store.engine, "before_cursor_execute", note)
    return reply, ran


def test_who_is_not_registered_is_watched_exactly_like_who_is(hub):
    hub.seeds()
    statements_of(hub, lambda: hub.watch(OTHER))
    registered, ran = statements_of(hub, lambda: hub.watch(PERSON))
    stranger, ran_for_stranger = statements_of(hub, lambda: hub.watch(STRANGER))
    assert {**stranger, "watches": 0} == {**registered, "watches": 0}
    assert ran_for_stranger == ran
    assert not [table for table in REGISTRY if any(table in text for text in ran)]
    ended, ran = statements_of(hub, lambda: end(hub, PERSON))
    nobody, ran_for_nobody = statements_of(hub, lambda: end(hub, PERSON))
    assert (ended, ran) == (nobody, ran_for_nobody)


def end(hub, *keys, **more):
    pseudonyms = [hub.pseudonym(key) for key in keys]
    return hub.call(contracts.UNWATCH, caller=FUEL, pseudonyms=pseudonyms, **more)


def test_a_list_of_guesses_finds_out_nobody_who_was_not_asked_about(hub):
    hub.watch(PERSON, OTHER, STRANGER)
    hub.change(0, **CHANGED)
    hub.change(1, **CHANGED)
    hub.send()
    assert hub.received() == []
    hub.ask(PERSON)
    hub.change(0, **{EXPIRY: "1411/6/14"})
    hub.change(1, **{EXPIRY: "1411/6/14"})
    hub.send()
    assert hub.received() == [hub.pseudonym(PERSON)]


def test_an_answer_of_long_ago_lets_nobody_hear_and_a_new_question_does(hub):
    hub.ask(PERSON)
    hub.moment += dt.timedelta(days=401)
    hub.watch(PERSON)
    hub.change(**CHANGED)
    hub.send()
    assert hub.received() == []
    hub.ask(PERSON)
    hub.change(**{EXPIRY: "1411/6/14"})
    hub.send()
    assert hub.received() == [hub.pseudonym(PERSON)]


def test_to_have_been_asked_under_another_purpose_or_by_another_is_not_enough(hub):
    hub.ask(PERSON, purpose="court_case", caller=COURT)
    hub.watch(PERSON)
    hub.ask(PERSON, purpose="fuel_quota", caller={**FUEL, "on_behalf_of": "another"})
    hub.change(**CHANGED)
    hub.send()
    assert hub.received() == []


def test_every_refusal_of_a_deposit_is_the_same_whoever_is_registered(hub):
    refusals = [
        {"purpose": "no_such"},
        {"purpose": "court_case"},
        {"key_kind": "file_no"},
        {"by_seed": "00000000-0000-4000-8000-000000000000"},
    ]
    for changed in refusals:
        replies = [hub.watch(key, **changed) for key in (PERSON, STRANGER)]
        assert replies[0] == replies[1]
        assert replies[0]["code"]
    codes = [outcome for (outcome,) in log_of(hub)]
    assert codes[::2] == [
        "purpose.unknown",
        "purpose.not_granted",
        "key_kind.not_for_purpose",
        "seed.ended",
    ]


def test_a_key_that_is_declared_as_another_kind_is_never_matched(hub):
    person = hub.pseudonym(PERSON)
    hub.ask(PERSON)
    hub.watch(kind="licence_no", pseudonyms=[person])
    hub.change(**CHANGED)
    hub.send()
    assert hub.received() == []


def test_the_same_again_renews_and_the_list_shows_all_page_by_page(hub):
    keys = (PERSON, OTHER, STRANGER)
    assert hub.watch(*keys, days=10) == {"watches": 3, "until": "2026-12-02"}
    assert hub.watch(*keys, *keys, days=1)["watches"] == 3
    pages, after = [], None
    while True:
        page = hub.call(contracts.WATCHES, caller=FUEL, after=after, limit=2)
        pages += page["watches"]
        after = page["next"]
        if after is None:
            break
    assert {watch["pseudonym"] for watch in pages} == {hub.pseudonym(key) for key in keys}
    assert {watch["until"] for watch in pages} == {"2026-11-23"}
    assert hub.call(contracts.WATCHES, caller=COURT)["watches"] == []
    assert end(hub, PERSON, STRANGER, for_purpose="court_case") == {"watches": 3}
    assert end(hub, PERSON, STRANGER) == {"watches": 1}


def test_a_watch_ends_with_its_last_day_in_tehran(hub):
    hub.ask_and_watch(days=1)
    hub.moment = dt.datetime(2026, 11, 23, 20, 29, tzinfo=dt.UTC)
    hub.change(**CHANGED)
    hub.send(after=dt.timedelta(0))
    hub.send()
    assert hub.received() == []
    Inquiry.forget_signals(hub.service)
    assert execute(hub.db, "select count(*) from watches") == [(0,)]


def test_a_quota_bears_so_many_watches_as_can_be_asked_about_in_thirty_days(hub, monkeypatch):
    small = caller(per_day=1)
    seed = hub.seeds(small)[0]
    many = [pseudonym_of(seed["seed"], "file_no", str(n)) for n in range(31)]
    assert hub.watch(asker=small, pseudonyms=many)["code"] == "watch.too_many"
    assert hub.watch(asker=small, pseudonyms=many[:30])["watches"] == 30
    assert hub.watch(asker=small, pseudonyms=many[:30])["watches"] == 30
    assert hub.watch(asker=small, pseudonyms=many[30:])["code"] == "watch.too_many"
    monkeypatch.setattr(watches, "MOST_WATCHES", 30)
    assert hub.watch(asker=FUEL, pseudonyms=many[30:])["code"] == "watch.too_many"


def test_what_was_ended_meanwhile_is_not_signalled(hub):
    hub.ask_and_watch()
    hub.change(**CHANGED)
    end(hub, PERSON)
    hub.send()
    assert hub.received() == []


SHORT = caller(until="2026-11-24")
AFTERWARDS = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


def test_a_grant_that_ended_before_the_change_sends_nothing_and_the_watch_is_kept(hub):
    hub.ask_and_watch(asker=SHORT)
    hub.moment = AFTERWARDS
    hub.change(**CHANGED)
    assert execute(hub.db, "select count(*) from signals_due") == [(0,)]
    hub.send()
    assert (hub.published(), hub.signals(SHORT)["code"]) == ([], "watch.not_granted")
    assert hub.watch(asker=FUEL, pseudonyms=[hub.pseudonym(OTHER)])["watches"] == 2
    hub.change(**{EXPIRY: "1412/6/14"})
    hub.send()
    assert hub.received() == [hub.pseudonym(PERSON)]


def test_a_grant_that_ended_between_change_and_signal_sends_nothing(hub):
    hub.ask_and_watch(asker=SHORT)
    hub.change(**CHANGED)
    assert execute(hub.db, "select count(*) from signals_due") == [(1,)]
    hub.moment = AFTERWARDS
    hub.send()
    assert (hub.published(), hub.received()) == ([], [])


def test_what_was_signalled_is_not_read_after_the_grant_has_ended(hub):
    hub.ask_and_watch(asker=SHORT)
    hub.change(**CHANGED)
    hub.send()
    assert len(hub.received(SHORT)) == 1
    hub.moment = AFTERWARDS
    assert hub.signals(SHORT)["code"] == "watch.not_granted"
    assert hub.received(caller(purpose="court_case")) == []
    assert len(hub.received(FUEL)) == 1


def test_the_register_of_now_decides_and_not_the_grant_of_the_deposit(hub, tmp_path):
    folder = tmp_path / "agencies"
    shutil.copytree(ROOT / "deploy/agencies", folder)
    hub.service.settings = Settings({"INQUIRY_LOG_KEY": "k", "AGENCIES_DIR": str(folder)})
    hub.ask_and_watch()
    hub.change(**CHANGED)
    hub.send()
    assert len(hub.received()) == 1
    file = folder / "fuel-co.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"fuel_quota"', '"building_permit"'), encoding="utf-8")
    assert hub.watch(PERSON)["code"] == "watch.not_granted"
    hub.change(**{EXPIRY: "1411/6/14"})
    hub.send()
    assert hub.received() == []
    file.write_text(text, encoding="utf-8")
    assert len(hub.received()) == 1


def test_a_register_that_cannot_be_read_loses_no_signal(hub, tmp_path):
    folder = tmp_path / "agencies"
    hub.ask_and_watch()
    hub.service.settings = Settings({"INQUIRY_LOG_KEY": "k", "AGENCIES_DIR": str(folder)})
    hub.change(**CHANGED)
    assert execute(hub.db, "select count(*) from signal_changes") != [(0,)]
    shutil.copytree(ROOT / "deploy/agencies", folder)
    hub.compare()
    hub.send()
    assert len(hub.received()) == 1


def test_pseudonyms_that_are_none_are_refused_by_the_contract(hub):
    for text in ("a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\n"):
        with pytest.raises(ContractError, match="pseudonyms"):
            hub.watch(pseudonyms=[text])
    assert len(from_base64url("a" * 43)) == 32
    for place in ("x", "a" * 43, "a" * 43 + ".", "!" * 43 + ".fuel_quota", "é.x"):
        with pytest.raises(ContractError, match="after"):
            contracts.WATCHES.load_data({"after": place})
