"""The land registry hears: in order, each event once, and what it missed from its feed."""

import logging
import os
import re
import threading

import pytest

from bus import topology
from connector.caller import Caller, load_key
from connector.listener import Listener
from contracts.agencies.register import CHANGED
from contracts.inquiry.questions import REGISTRY_LOADED
from tests.agencies.feeds.hearers import LOADED, Hearing, new_ids, put, tell
from tests.bus.asking import Wire
from tests.databases import make_database
from tests.processes import ROOT, Process, Starter
from tests.serving.conftest import REGISTRY, Rights
from tests.stacks import run_face
from tests.stores import execute, forget_agencies, own_vhost
from tests.waiting import wait_for

QUEUE = topology.agency_events(REGISTRY).name
KEY = ROOT / "deploy/local/demo_keys/land-registry.pem"


class Wide(Rights):
    """A broker with rights, the agencies service and its relay, and the agency face."""

    def __init__(self, start, brokers, amqp, folder, db):
        super().__init__(*brokers, amqp, folder)
        self.db, self._start, self.examples = db, start, []
        self.hearing = Hearing(start, folder, amqp, db)
        self.hearing.serve()
        self.hearing.relay()
        self.face = run_face(start, folder, self.hearing.environ)

    def clear(self):
        """An empty feed and an empty queue."""
        execute(self.db, "truncate feed, feeds, inbox, outbox")
        put(self.db, REGISTRY, REGISTRY_LOADED.name, queue=True)
        self.applied()
        self.purge(QUEUE)
        return self

    def happens(self, *versions):
        """New exports are in force; each is in the feed and in the queue when this returns."""
        for version in versions:
            due = self.heard_of() + 1
            tell(self.amqp, new_ids(1), **{**LOADED, "data_version": version})
            wait_for(lambda d=due: self.heard_of() == d, 60)
        sql = "select count(*) from outbox where sent_at is null and exchange = 'mirab.agency'"
        wait_for(lambda: execute(self.db, sql) == [(0,)], 60)

    def heard_of(self):
        return execute(self.db, "select coalesce(max(last), 0) from feeds")[0][0]

    def caller(self):
        return Caller(str(self.face), load_key(KEY, "land-registry-demo"))

    def example(self, language, request):
        """The worked example, hearing."""
        if language == "node":
            amqplib = request.getfixturevalue("amqplib")
            process = Process(
                [
                    "sh",
                    "-c",
                    'cd "$0" && exec node "$1"',
                    str(amqplib),
                    str(ROOT / "connector/example/land_registry.mjs"),
                ],
                {**os.environ, "AMQP_URL": self.url(), "HEARS": "1"},
                self.folder / f"node-{len(self.examples)}.log",
            )
        else:
            process = self._start(
                "connector.example.land_registry",
                AMQP_URL=f"amqp://{self.agency_address()}",
                AMQP_PASSWORD_FILE=str(self.passwords / REGISTRY),
                HEARD_FILE=str(self.folder / "heard"),
                MIRAB_URL=str(self.face),
                MIRAB_KEY_FILE=str(KEY),
                MIRAB_KEY_ID="land-registry-demo",
            )
        self.examples.append(process)
        wait_for(lambda: "serving land_registry" in process.log, 60)
        return process


def heard_versions(process):
    """What an example says that it heard: sequence and version."""
    return [(int(s), int(v)) for s, v in re.findall(r"heard \S+ (\d+): version (\d+)", process.log)]


@pytest.fixture(scope="module")
def shared_wide(tmp_path_factory, ruled_broker, agency_broker, postgres, agencies_template):
    folder = tmp_path_factory.mktemp("wide")
    db = make_database(postgres, "wide", agencies_template)
    starter = Starter(folder)
    forget_agencies(ruled_broker, agency_broker)
    with own_vhost(ruled_broker) as amqp:
        yield Wide(starter, (ruled_broker, agency_broker), amqp, folder, db)
        starter.end()


@pytest.fixture
def wide(shared_wide):
    (shared_wide.folder / "heard").unlink(missing_ok=True)
    yield shared_wide.clear()
    for process in shared_wide.examples:
        if process.alive:
            process.kill()


@pytest.fixture
def listen(wide, tmp_path):
    """Starts a Listener in a thread; it ends with the test."""
    begun = []

    def listen(function, *, kept="kept", with_feed=True, **more):
        listener = Listener(
            wide.url(),
            REGISTRY,
            function,
            kept=tmp_path / kept,
            caller=wide.caller() if with_feed else None,
            **more,
        )
        thread = threading.Thread(target=listener.run)
        thread.start()
        begun.append((listener, thread))

        def stop():
            listener.stop()
            thread.join(60)

        return stop

    yield listen
    for listener, thread in begun:
        listener.stop()
        thread.join(60)
        assert not thread.is_alive()


def count(wide, queue):
    with Wire(wide.inside_agency()) as wire:
        return wire.count(queue)


class Ear:
    """Keeps what it is given; refuses so many times first."""

    def __init__(self, refuses=0):
        self.events, self.refuses = [], refuses

    def __call__(self, event):
        if self.refuses:
            self.refuses -= 1
            raise RuntimeError("not now")
        self.events.append(event)

    @property
    def sequences(self):
        return [int(event["sequence"]) for event in self.events]

    def wait(self, *sequences):
        wait_for(lambda: self.sequences == list(sequences), 60)


@pytest.mark.parametrize("language", ["python", "node"])
def test_the_land_registry_says_in_a_line_what_it_hears(wide, language, request):
    process = wide.example(language, request)
    wide.happens(1405, 1406, 1407)
    wait_for(lambda: heard_versions(process) == [(1, 1405), (2, 1406), (3, 1407)], 60)


@pytest.mark.parametrize("language", ["python", "node"])
def test_what_does_not_concern_it_is_noted_and_holds_nothing_up(wide, language, request):
    put(wide.db, REGISTRY, REGISTRY_LOADED.name, CHANGED.name, queue=True)
    process = wide.example(language, request)
    tell(wide.amqp, new_ids(1), CHANGED, code=REGISTRY, version=9)
    wait_for(lambda: wide.heard_of() == 1, 60)
    wide.happens(1405)
    wait_for(lambda: heard_versions(process) == [(2, 1405)], 60)
    assert "heard agencies.changed.v1 1: noted" in process.log
    wait_for(lambda: wide.waiting(QUEUE) == 0, 60)
    assert process.stop() == 0


def test_killed_and_started_again_it_goes_on_where_it_was(wide, request):
    wide.happens(1, 2)
    first = wide.example("python", request)
    wait_for(lambda: heard_versions(first) == [(1, 1), (2, 2)], 60)
    wait_for(lambda: (wide.folder / "heard").read_text().strip() == "2", 60)
    first.kill()
    wide.happens(3)
    second = wide.example("python", request)
    wait_for(lambda: heard_versions(second) == [(3, 3)], 60)
    assert second.stop() == 0


def test_the_event_of_the_queue_and_that_of_the_feed_are_the_same(wide, listen):
    by_queue, by_feed = Ear(), Ear()
    wide.happens(1)
    stop = listen(by_queue, with_feed=False)
    by_queue.wait(1)
    stop()
    listen(by_feed, kept="other")
    by_feed.wait(1)
    assert by_queue.events == by_feed.events
    assert by_feed.events[0]["data"]["data_version"] == 1


def test_what_was_dropped_from_the_queue_comes_from_the_feed_in_its_place(wide, listen):
    ear = Ear()
    listen(ear)
    wide.happens(1)
    ear.wait(1)
    put(wide.db, REGISTRY, REGISTRY_LOADED.name, queue=False)
    wide.happens(2, 3)
    put(wide.db, REGISTRY, REGISTRY_LOADED.name, queue=True)
    wide.happens(4)
    ear.wait(1, 2, 3, 4)


def test_a_queue_that_was_emptied_while_it_was_away_costs_nothing(wide, listen):
    ear = Ear()
    stop = listen(ear)
    wide.happens(1)
    ear.wait(1)
    stop()
    wide.happens(2, 3)
    wide.purge(QUEUE)
    listen(ear)
    ear.wait(1, 2, 3)


def test_what_comes_twice_is_given_once(wide, listen):
    wide.happens(1, 2)
    wait_for(lambda: count(wide, QUEUE) == 2, 60)
    with Wire(wide.inside_agency()) as wire:
        for properties, body in [wire.take(QUEUE), wire.take(QUEUE)] * 3:
            wire.channel.basic_publish("", QUEUE, body, properties)
    ear = Ear()
    listen(ear)
    ear.wait(1, 2)
    wait_for(lambda: wide.waiting(QUEUE) == 0, 60)
    wide.happens(3)
    ear.wait(1, 2, 3)


def test_an_event_that_the_function_does_not_take_comes_again_before_all_later_ones(wide, listen):
    ear = Ear(refuses=2)
    listen(ear)
    wide.happens(1, 2)
    ear.wait(1, 2)
    wait_for(lambda: wide.waiting(QUEUE) == 0, 60)


def test_without_a_feed_what_is_missing_is_told_in_the_log_and_passed_over(wide, listen, caplog):
    ear = Ear()
    with caplog.at_level(logging.ERROR):
        listen(ear, with_feed=False)
        wide.happens(1)
        ear.wait(1)
        put(wide.db, REGISTRY, REGISTRY_LOADED.name, queue=False)
        wide.happens(2)
        put(wide.db, REGISTRY, REGISTRY_LOADED.name, queue=True)
        wide.happens(3)
        ear.wait(1, 3)
    assert "events 2 to 2 were missed" in caplog.text


def test_who_was_away_longer_than_the_feed_keeps_goes_on_with_its_oldest(
    wide, listen, tmp_path, caplog
):
    wide.happens(1, 2, 3)
    wide.purge(QUEUE)
    execute(wide.db, "delete from feed where sequence < 3")
    execute(wide.db, "update feeds set oldest = 3")
    (tmp_path / "kept").write_text("1\n", encoding="ascii")
    ear = Ear()
    with caplog.at_level(logging.ERROR):
        listen(ear)
        ear.wait(3)
    assert "events after 1 are kept no more" in caplog.text


def test_what_is_no_event_stops_nobody(wide, listen):
    with Wire(wide.inside_agency()) as wire:
        wire.channel.basic_publish("", QUEUE, b"{}")
        wire.publish("", QUEUE, b"no json", headers={"ce-sequence": "1"})
    ear = Ear()
    listen(ear)
    wide.happens(1)
    ear.wait(1)
    wait_for(lambda: wide.waiting(QUEUE) == 0, 60)


def test_whose_right_is_taken_back_hears_no_more(wide, listen):
    ear = Ear()
    listen(ear)
    wide.happens(1)
    ear.wait(1)
    put(wide.db, REGISTRY)
    tell(wide.amqp, new_ids(1))
    with pytest.raises(Exception, match=r"feed\.not_granted"):
        wide.caller().call("agencies.feed.v1", {})
    text = (ROOT / "deploy/agencies/land-registry.toml").read_text(encoding="utf-8")
    (wide.register / "land-registry.toml").write_text(
        text.replace("queue = true", "queue = false"), encoding="utf-8"
    )
    assert "delete queue agency.land-registry.events" in wide.apply().stdout
    assert ear.sequences == [1]
    (wide.register / "land-registry.toml").write_text(text, encoding="utf-8")
