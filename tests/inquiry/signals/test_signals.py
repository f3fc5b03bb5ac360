"""Whoever watches hears that something changed of what its grant shows, and never what."""

import datetime as dt

import pytest

from bus.database.marks import Marks
from bus.signatures.keys import from_base64url
from contracts.inquiry.questions import ASK
from services.inquiry.registry_import.run import load
from services.inquiry.service import Inquiry
from tests.inquiry.registry_import.exports import EXPIRY, ID
from tests.inquiry.signals.hub import COURT, NOON, OTHER, PERSON, STRANGER, TONIGHT, caller
from tests.stores import execute

DEBT, MOBILE = "بدهی (ریال)", "تلفن همراه"


def test_a_change_is_heard_once_after_its_span_by_pseudonym_and_without_what_changed(hub):
    hub.ask_and_watch()
    hub.change(**{EXPIRY: "1410/6/14"})
    hub.send(after=dt.timedelta(minutes=13))
    assert hub.signals()["signals"] == []
    hub.change(**{EXPIRY: "1411/6/14"})
    hub.send(after=dt.timedelta(minutes=1))
    seed = hub.seeds()[0]["id"]
    (signal,) = hub.signals()["signals"]
    assert signal == {
        "id": 1,
        "type": "UPDATE",
        "pseudonym": hub.pseudonym(),
        "object_type": "subscriber",
        "seed": seed,
        "at": TONIGHT.isoformat().replace("+00:00", "Z"),
    }
    assert hub.published() == [{"agency": "fuel-co", "signals": [signal]}]
    hub.send()
    assert len(hub.received()) == 1


def test_the_same_export_again_and_another_persons_change_are_not_heard(hub):
    hub.ask_and_watch()
    hub.change()
    hub.change(row=1, **{EXPIRY: "1410/6/14"})
    hub.send()
    assert hub.received() == []


def test_what_its_date_alone_changes_is_heard_the_day_after_and_once(hub):
    hub.change(**{EXPIRY: "1405/9/3"})  # 2026-11-24
    Inquiry.note_new_day(hub.service)
    hub.ask_and_watch()
    hub.ask_and_watch(OTHER)
    for day, times in ((24, 0), (25, 1), (26, 1)):
        hub.moment = NOON.replace(day=day)
        for _ in range(2):
            Inquiry.note_new_day(hub.service)
        hub.compare()
        hub.send()
        assert hub.received() == [hub.pseudonym()] * times
    hub.moment = NOON.replace(year=2027, month=1)  # away for longer than it looks for days
    Inquiry.note_new_day(hub.service)
    hub.compare()
    hub.send()
    assert hub.received() == [hub.pseudonym()]


@pytest.mark.parametrize("cells", [{DEBT: "5000"}, {MOBILE: "09120000000"}])
def test_a_change_of_what_the_grant_does_not_show_is_not_heard(hub, cells):
    hub.ask_and_watch()
    hub.ask_and_watch(asker=COURT)
    hub.change(**cells)
    hub.send()
    assert (hub.received(), len(hub.received(COURT))) == ([], 1)


def test_a_grant_of_fewer_blocks_hears_of_these_alone(hub):
    narrow = caller("justice", "court_case", blocks=["licence"])
    hub.ask_and_watch(asker=narrow)
    hub.change(**{DEBT: "5000"})
    hub.send()
    assert hub.received(narrow) == []
    hub.change(**{EXPIRY: "1410/6/14"})
    hub.send()
    assert len(hub.received(narrow)) == 1


def test_a_debt_that_billing_announces_is_heard_by_whoever_may_ask_for_debts(hub):
    hub.ask_and_watch()
    hub.ask_and_watch(asker=COURT)
    hub.bill()
    hub.send()
    assert (hub.received(), len(hub.received(COURT))) == ([], 1)


def test_an_order_a_removal_and_an_entry_are_all_an_update(hub):
    hub.ask_and_watch()
    hub.ask_and_watch(STRANGER)
    hub.change(**{"دستور": "پلمپ", "تاریخ دستور": "1405/1/1"})
    hub.send()
    hub.change(**{ID: STRANGER})
    hub.send()
    signals = hub.signals()["signals"]
    assert {signal["type"] for signal in signals} == {"UPDATE"}
    first, *rest = [signal["pseudonym"] for signal in signals]
    assert first == hub.pseudonym()
    assert rest == sorted(rest, key=from_base64url)
    assert set(rest) == {hub.pseudonym(), hub.pseudonym(STRANGER)}


def test_a_row_that_cannot_be_read_and_a_decree_are_heard_where_an_answer_says_so(hub):
    hub.ask_and_watch()
    hub.change(**{"حجم مجاز سالانه": "?", "نوع منبع": "?"})
    hub.send()
    assert hub.received() == [hub.pseudonym()]
    hub.change(**{"حجم مجاز سالانه": "43200", "نوع منبع": "چاه نیمه‌عمیق"})
    hub.send()
    assert len(hub.received()) == 2


def test_a_decree_is_heard_by_those_whose_licence_it_extends(hub):
    (decree,) = hub.export.sheets["decrees"]
    hub.change(**{EXPIRY: decree["انقضا تا"]})
    for key in (PERSON, OTHER):
        hub.ask_and_watch(key)
    longer = {**decree, "تمدید تا": "1410/06/31"}
    hub.export.sheets["decrees"] = [longer]
    hub.change()
    hub.send()
    assert hub.received() == [hub.pseudonym()]
    hub.export.sheets["decrees"] = []
    load(hub.service.store, hub.export.write(), allow_removals=True)
    hub.compare()
    hub.send()
    assert hub.received() == [hub.pseudonym()] * 2


def test_a_number_of_a_source_is_watched_too_under_a_purpose_that_asks_by_it(hub):
    power = caller("power-co", "electricity_tariff")
    hub.call(ASK, caller=power, key_kind="file_no", key="0/1", purpose="electricity_tariff")
    hub.watch("0/1", asker=power, kind="file_no")
    hub.change(**{EXPIRY: "1410/6/14"})
    hub.send()
    (signal,) = hub.signals(power)["signals"]
    assert (signal["object_type"], signal["pseudonym"]) == (
        "source",
        hub.pseudonym("0/1", "file_no", power),
    )


def test_who_was_down_reads_on_page_by_page_and_the_numbers_only_rise(hub):
    for key in (PERSON, OTHER):
        hub.ask_and_watch(key)
    for year in range(1410, 1413):
        for row in (0, 1):
            hub.change(row, **{EXPIRY: f"{year}/6/14"})
        hub.send()
    first = hub.signals(limit=4)
    assert (first["more"], first["next"]) == (True, 4)
    second = hub.signals(after=first["next"], limit=4)
    assert (second["more"], second["next"]) == (False, 6)
    ids = [signal["id"] for page in (first, second) for signal in page["signals"]]
    assert ids == [1, 2, 3, 4, 5, 6]
    assert hub.signals(after=6)["signals"] == []
    assert hub.signals(after=7)["code"] == "signals.ahead"


def test_signals_are_kept_for_thirty_days_and_what_is_gone_is_said(hub):
    hub.ask_and_watch()
    hub.change(**{EXPIRY: "1410/6/14"})
    hub.send()
    hub.moment += dt.timedelta(days=31)
    type(hub.service).forget_signals(hub.service)
    assert execute(hub.db, "select count(*) from signals") == [(0,)]
    assert hub.signals(after=0)["code"] == "signals.too_old"
    assert hub.signals()["next"] == 1
    hub.change(**{EXPIRY: "1411/6/14"})
    hub.send()
    assert [signal["id"] for signal in hub.signals(after=1)["signals"]] == [2]


def test_a_restored_database_numbers_on_above_what_was_given(hub, tmp_path):
    hub.service.store.marks = Marks(tmp_path)
    hub.ask_and_watch()
    hub.change(**{EXPIRY: "1410/6/14"})
    hub.send()
    execute(hub.db, "update watchers set last = 0; delete from signals")
    assert hub.signals(after=1)["signals"] == []
    hub.change(**{EXPIRY: "1411/6/14"})
    hub.send()
    assert [signal["id"] for signal in hub.signals(after=1)["signals"]] == [2]


def test_a_hundred_signals_of_a_span_are_two_events(hub):
    execute(
        hub.db,
        "insert into watchers (agency, kinds) values ('fuel-co', '{national_id}'); "
        "insert into watches select 'fuel-co', sha256(n::text::bytea), 'fuel_quota', "
        "'national_id', 's', now(), '2099-01-01' from generate_series(1, 100) n; "
        "insert into signals_due select 'fuel-co', pseudonym, purpose, '2026-11-23T12:15:00Z' "
        "from watches; update watchers set grants = "
        """'[{"purpose": "fuel_quota", "until": "2099-01-01"}]'""",
    )
    hub.send()
    assert [len(event["signals"]) for event in hub.published()] == [50, 50]
    pseudonyms = [from_base64url(text) for text in hub.received()]
    assert len(pseudonyms) == 100
    assert pseudonyms == sorted(pseudonyms)
