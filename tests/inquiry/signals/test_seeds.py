"""Seeds: each agency's own, not kept in clear, rotated without losing a signal, then destroyed."""

import datetime as dt

from bus.signatures.keys import from_base64url
from contracts.inquiry import signals as contracts
from services.inquiry.service import Inquiry
from services.inquiry.signals.seeds import LIFE, OVERLAP, seed_of
from tests.inquiry.registry_import.exports import EXPIRY
from tests.inquiry.signals.hub import COURT, FUEL, OTHER, PERSON
from tests.stores import execute

DAY = dt.timedelta(days=1)
YEARS = iter(range(1410, 1490))


def turn(hub):
    Inquiry.forget_signals(hub.service)


def changed(hub, row=0):
    hub.change(row, **{EXPIRY: f"{next(YEARS)}/6/14"})
    hub.send()


def rotate(hub, **more):
    return hub.call(contracts.ROTATE_WATCH_SEED, caller=FUEL, **more)


def test_two_agencies_cannot_compare_their_lists(hub):
    assert hub.pseudonym(asker=FUEL) != hub.pseudonym(asker=COURT)
    assert hub.seeds() == hub.seeds()


def test_whoever_steals_the_database_has_no_seed_and_can_try_no_identifier(hub):
    seed = from_base64url(hub.seeds()[0]["seed"])
    ((salt,),) = execute(hub.db, "select salt from watch_seeds")
    assert seed_of("k", "fuel-co", bytes(salt)) == seed
    assert seed_of("another secret", "fuel-co", bytes(salt)) != seed
    assert seed_of("k", "justice", bytes(salt)) != seed
    assert bytes(salt) != seed


def test_no_seed_stands_in_the_inbox_or_the_outbox(hub):
    hub.watch(PERSON)
    rotate(hub)
    (new, old) = hub.seeds()
    kept = execute(hub.db, "select convert_from(body, 'UTF8') from outbox")
    kept += execute(hub.db, "select inbox::text from inbox")
    assert kept
    assert not [row for (row,) in kept if new["seed"] in row or old["seed"] in row]


def test_a_seed_is_rotated_and_both_hold_for_two_weeks_and_no_signal_is_lost(hub):
    hub.ask_and_watch(PERSON)
    hub.ask_and_watch(OTHER)
    hub.moment += LIFE + DAY
    turn(hub)
    turn(hub)
    new, old = hub.seeds()
    (announced,) = hub.signals()["signals"]
    assert (announced["type"], announced["seed"]) == ("SEEDUPDATE", new["id"])
    assert "pseudonym" not in announced
    changed(hub)
    assert hub.received()[1:] == [hub.pseudonym(PERSON, seed=1)]
    assert hub.watch(PERSON)["watches"] == 3
    changed(hub)
    assert hub.received()[2:] == [hub.pseudonym(PERSON)]
    changed(hub, row=1)
    assert hub.received()[3:] == [hub.pseudonym(OTHER, seed=1)]
    assert hub.watch(OTHER, seed=1)["watches"] == 3
    hub.moment += OVERLAP
    assert [seed["id"] for seed in hub.seeds()] == [new["id"]]
    turn(hub)
    assert execute(hub.db, "select id from watch_seeds") == [(new["id"],)]
    assert execute(hub.db, "select seed from watches") == [(new["id"],)]
    changed(hub)
    changed(hub, row=1)
    assert hub.received()[4:] == [hub.pseudonym(PERSON)]
    reply = hub.call(
        contracts.WATCH,
        caller=FUEL,
        purpose="fuel_quota",
        key_kind="national_id",
        seed=old["id"],
        pseudonyms=["A" * 43],
    )
    assert reply["code"] == "seed.ended"


def test_a_change_of_before_the_end_of_a_seed_is_still_heard_by_the_new_one(hub):
    hub.ask_and_watch(PERSON)
    rotate(hub)
    hub.watch(PERSON)
    hub.change(**{EXPIRY: f"{next(YEARS)}/6/14"})
    hub.moment += OVERLAP
    turn(hub)
    hub.send()
    assert hub.received()[1:] == [hub.pseudonym(PERSON)]


def test_a_leaked_seed_ends_at_once_with_its_watches(hub):
    hub.ask_and_watch(PERSON)
    leaked = hub.pseudonym(PERSON)
    assert rotate(hub)["watches"] == 1
    assert rotate(hub)["code"] == "seed.rotating"
    assert rotate(hub, at_once=True)["watches"] == 0
    assert len(hub.seeds()) == 1
    assert hub.pseudonym(PERSON) != leaked
    changed(hub)
    assert [signal["type"] for signal in hub.signals()["signals"]] == ["SEEDUPDATE"] * 2


def test_a_seed_is_not_rotated_while_nobody_would_hear_of_it(hub):
    short = {**FUEL, "grants": [{"purpose": "fuel_quota", "until": "2026-12-01"}]}
    hub.watch(PERSON, asker=short)
    hub.seeds(COURT)
    hub.moment += LIFE + DAY
    turn(hub)
    assert execute(hub.db, "select count(*) from watch_seeds") == [(2,)]
    hub.watch(PERSON)
    turn(hub)
    assert len(hub.seeds()) == 2
