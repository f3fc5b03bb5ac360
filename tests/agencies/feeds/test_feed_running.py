"""Hearing with real processes: killed in the middle, two at once, a relay that dies."""

import threading
import time
from collections import Counter

import pytest

from contracts.inquiry.questions import BATCH_ANSWERED, REGISTRY_LOADED
from tests.agencies.feeds.hearers import (
    Hearing,
    make_queue,
    new_ids,
    numbers,
    put,
    rows,
    take_all,
    tell,
)
from tests.bus.asking import Wire
from tests.stores import execute
from tests.waiting import wait_for

HEARS = (REGISTRY_LOADED.name, BATCH_ANSWERED.name)
CODES = ("fuel-co", "power-co")


@pytest.fixture
def hearing(start, tmp_path, vhost, agencies_db):
    for code in CODES:
        put(agencies_db, code, *HEARS, queue=True)
    return Hearing(start, tmp_path, vhost, agencies_db)


def contiguous(db, code):
    """The numbers of a feed as they stand now; they must be 1, 2, 3 … whatever the moment."""
    result = [sequence for sequence, _ in rows(db, code)]
    assert result == list(range(1, len(result) + 1))
    return result


def test_two_processes_leave_no_hole_that_a_reader_could_skip(hearing):
    for _ in range(2):
        hearing.serve()
    ids = [new_ids(30) for _ in range(4)]
    tellers = [threading.Thread(target=tell, args=(hearing.amqp, batch)) for batch in ids]
    for teller in tellers:
        teller.start()
    read = {code: [] for code in CODES}

    def all_read():
        for code in CODES:
            contiguous(hearing.db, code)
            after = numbers(read[code])[-1] if read[code] else 0
            read[code] += hearing.feed(code, after=after, limit=7)["events"]
        return all(len(events) == 120 for events in read.values())

    wait_for(all_read, 120)
    for teller in tellers:
        teller.join()
    for code in CODES:
        assert numbers(read[code]) == list(range(1, 121))
        assert {event["id"] for event in read[code]} == {id_ for batch in ids for id_ in batch}


def test_a_service_killed_again_and_again_hears_each_event_once(hearing):
    service, ids = hearing.serve(), new_ids(60)
    for batch in (ids[:20], ids[20:40], ids[40:]):
        tell(hearing.amqp, batch)
        time.sleep(0.05)  # in the middle of the work, wherever that is
        service.kill()
        service = hearing.serve()
    wait_for(lambda: len(hearing.event_ids(CODES[0])) >= 60, 120)
    for code in CODES:
        assert Counter(hearing.event_ids(code)) == Counter(ids)
        contiguous(hearing.db, code)


def test_what_was_committed_reaches_the_queue_after_a_kill_with_the_same_ids(hearing):
    queue, ids = make_queue(hearing.amqp, "power-co"), new_ids(40)
    service = hearing.serve()
    tell(hearing.amqp, ids)
    wait_for(lambda: len(hearing.event_ids("power-co")) == 40, 60)
    service.kill()
    assert take_all(hearing.amqp, queue) == []
    relay = hearing.relay()
    with Wire(hearing.amqp) as wire:
        wait_for(lambda: wire.count(queue) > 0, 60)
    relay.kill()
    hearing.relay()
    unsent = "select count(*) from outbox where sent_at is null and exchange = 'mirab.agency'"
    make_queue(hearing.amqp, "fuel-co")
    wait_for(lambda: execute(hearing.db, unsent) == [(0,)], 120)
    result = [
        (int(p.headers["ce-sequence"]), p.headers["ce-id"])
        for p, _ in take_all(hearing.amqp, queue)
    ]
    assert set(result) == set(rows(hearing.db, "power-co"))


def test_what_an_agency_leaves_in_its_queue_is_dropped_from_its_head_and_stands_in_the_feed(
    hearing,
):
    queue = make_queue(hearing.amqp, "power-co")
    make_queue(hearing.amqp, "fuel-co")
    hearing.serve()
    hearing.relay()
    tell(hearing.amqp, new_ids(3))
    with Wire(hearing.amqp) as wire:
        wait_for(lambda: wire.count(queue) == 3, 60)
    take_all(hearing.amqp, queue)
    assert numbers(hearing.feed("power-co")["events"]) == [1, 2, 3]
