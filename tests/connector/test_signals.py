"""The connector's watch list: pseudonyms are made here, and a signal is read by its key."""

import stat

import pytest

from connector import Refused
from connector.signals import Watched, Watcher, WatchList
from contracts import catalogue
from contracts.inquiry.signals import pseudonym_of
from tests.inquiry.registry_import.exports import EXPIRY, Export
from tests.inquiry.signals.hub import (
    FUEL,
    OTHER,
    PERSON,
    SignalHub,
    exported_template,  # noqa: F401 - a fixture
)
from tests.processes import run_module

YEARS = iter(range(1410, 1490))


class CallerInProcess:
    """Calls the service as the agency face would, without HTTP."""

    def __init__(self, hub):
        self.hub, self.sent = hub, []

    def call(self, contract, data):
        self.sent.append((contract, data))
        reply = self.hub.call(catalogue()[contract], caller=FUEL, **data)
        if "code" in reply:
            raise Refused(reply, 422)
        return type("Answer", (), {"data": reply})


@pytest.fixture
def hub(new_database, exported_template, tmp_path):  # noqa: F811 - the fixture
    url = new_database(exported_template)
    made = SignalHub(url, tmp_path, Export(tmp_path / "export"))
    yield made
    made.service.store.engine.dispose()


@pytest.fixture
def watch_list(tmp_path):
    made = WatchList(tmp_path / "watches.db")
    yield made
    made.close()


@pytest.fixture
def watcher(hub, watch_list):
    return Watcher(CallerInProcess(hub), watch_list)


def change(hub, row=0):
    hub.change(row, **{EXPIRY: f"{next(YEARS)}/6/14"})
    hub.send()


def keys(signals):
    return [entry.key for signal in signals for entry in signal.watched]


def test_keys_are_watched_and_signals_come_by_keys(hub, watcher, watch_list, tmp_path):
    assert watcher.watch("national_id", ["۹۹۰۰۰۰۰۰۱۳", OTHER], "fuel_quota") == 2
    hub.ask(PERSON)
    change(hub)
    (signal,) = watcher.signals()
    assert signal.watched == [Watched("national_id", PERSON, "fuel_quota")]
    assert list(watcher.signals()) == []
    assert watch_list.after == 1
    assert stat.S_IMODE((tmp_path / "watches.db").stat().st_mode) == 0o600


def test_nothing_that_is_sent_names_anybody(hub, watcher):
    watcher.watch("national_id", [PERSON, OTHER], "fuel_quota")
    watcher.unwatch("national_id", [PERSON], "fuel_quota")
    sent = str(watcher._caller.sent)
    assert "inquiry.unwatch.v1" in sent
    assert PERSON not in sent
    assert OTHER not in sent


def test_who_is_killed_at_a_signal_reads_it_once_more(hub, watcher):
    watcher.watch("national_id", [PERSON, OTHER], "fuel_quota")
    for row, key in enumerate((PERSON, OTHER)):
        hub.ask(key)
        change(hub, row)
    signals = watcher.signals()
    assert keys([next(signals)]) == [PERSON]
    assert keys([next(signals)]) == [OTHER]
    signals.close()
    assert keys(watcher.signals()) == [OTHER]


def test_a_new_seed_is_answered_by_depositing_all_anew_and_no_signal_is_lost(
    hub, watcher, watch_list
):
    watcher.watch("national_id", [PERSON, OTHER], "fuel_quota")
    hub.ask(PERSON)
    change(hub)
    hub.call(catalogue()["inquiry.rotate_watch_seed.v1"], caller=FUEL)
    change(hub)
    assert [s.signal["type"] for s in watcher.signals()] == ["UPDATE", "SEEDUPDATE", "UPDATE"]
    change(hub)
    assert keys(watcher.signals()) == [PERSON]
    assert len(watch_list.pseudonyms_of(Watched("national_id", PERSON, "fuel_quota"))) == 2
    hub.call(catalogue()["inquiry.rotate_watch_seed.v1"], caller=FUEL, at_once=True)
    assert [s.signal["type"] for s in watcher.signals()] == ["SEEDUPDATE"]
    (pseudonym,) = watch_list.pseudonyms_of(Watched("national_id", PERSON, "fuel_quota"))
    assert pseudonym == pseudonym_of(hub.seeds()[0]["seed"], "national_id", PERSON)
    change(hub)
    assert keys(watcher.signals()) == [PERSON]


def test_a_deposit_that_broke_off_goes_on_where_it_was(hub, watcher, monkeypatch):
    monkeypatch.setattr("connector.signals.watching.AT_ONCE", 1)
    call = watcher._caller.call

    def break_off(contract, data):
        if contract == "inquiry.watch.v1" and len(watcher._caller.sent) == 2:
            raise ConnectionError
        return call(contract, data)

    watcher._caller.call = break_off
    with pytest.raises(ConnectionError):
        watcher.watch("national_id", [PERSON, OTHER], "fuel_quota")
    watcher._caller.call = call
    assert watcher.watch("national_id", [PERSON, OTHER], "fuel_quota") == 2


def test_a_key_that_is_none_is_named_and_nothing_is_sent(watcher):
    with pytest.raises(ValueError, match="Key 2:"):
        watcher.watch("national_id", [PERSON, "12345"], "fuel_quota")
    assert watcher._caller.sent == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["watch", "--purpose", "fuel_quota"], "Give keys, or --file with one a line."),
        (["watch", PERSON], "--purpose"),
        (["signals"], "Give --url, --key-file, --key-id"),
    ],
)
def test_wrong_words_are_a_sentence(tmp_path, words, text):
    environ = {} if words == ["signals"] else {"MIRAB_URL": "http://127.0.0.1:1"}
    output = run_module("connector", *words, folder=tmp_path, **environ)
    assert output.returncode == 2
    assert text in output.stderr
    assert "Traceback" not in output.stderr
