"""Stores that are stopped, killed or lose all they had: nothing is lost, and nothing is doubled.

One broker serves these tests, as starting one costs more than most of them; the last takes its
data.
"""

import contextlib
import json
import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector import Refused, Unreachable
from deploy.local import stores
from tests.databases import make_empty_database
from tests.journeys.conftest import demo_caller
from tests.journeys.test_batch import jsonl, results_of
from tests.journeys.test_complaints import Flood, check
from tests.journeys.test_fee import FILE, KEY, House
from tests.processes import run_programs
from tests.stacks import Desk, run_face, run_inquiry
from tests.stores import end, execute
from tests.waiting import wait_for

OUTAGE = 20  # seconds; a request gives up after ten
LINES = 10_000


@pytest.fixture(scope="module")
def hurt_broker(tmp_path_factory):
    server = stores.start_rabbitmq(tmp_path_factory.mktemp("hurt") / "rabbitmq")
    yield server
    end(server)


# --- a batch ---


@pytest.fixture
def own_stack(start, tmp_path, hurt_broker, own_postgres):
    """An agency face and its service, on stores that are killed."""
    db = make_empty_database(own_postgres, "services.inquiry", "inquiry")
    load = ("services.inquiry.load", "deploy/local/registry", "--report", os.devnull)
    run_programs({"DB_URL": db}, load)
    inquiry = run_inquiry(start, tmp_path, hurt_broker.url, db)
    return run_face(start, tmp_path, inquiry)


def kill_in_work(stack, store, before):
    """Kills a store when more is answered than before, and starts it again; how much that was."""

    def answered():
        return execute(stack.inquiry["DB_URL"], "select answered from batches")[0][0]

    wait_for(lambda: answered() > before or before == LINES, 60)
    count = answered()
    store.kill()
    time.sleep(0.5)
    store.start()
    return count


def replies_of(caller, batch):
    def done():
        with contextlib.suppress(Refused, Unreachable):
            return caller.batch_status(batch)["state"] == "DONE"

    wait_for(done, 120, pause=0.5)
    return [json.loads(line) for line in results_of(caller, batch).splitlines()]


def refused(reply):
    """Lines that were questions, and were refused."""
    return sum((line["problem"] or {}).get("code") == "key_kind.not_for_purpose" for line in reply)


def test_killing_each_store_during_a_batch_of_ten_thousand_loses_and_doubles_nothing(
    own_stack, hurt_broker, own_postgres, demo_ids
):
    caller, db = demo_caller(own_stack, "fuel-co", timeout=60), own_stack.inquiry["DB_URL"]
    batch = caller.submit_batch(jsonl((demo_ids * 3)[:LINES]), purpose="fuel_quota").data["batch"]
    caught = [0]
    for store in (hurt_broker, own_postgres) * 2:
        caught.append(kill_in_work(own_stack, store, caught[-1]))
    for counts in (caught[1::2], caught[2::2]):
        assert any(0 < count < LINES for count in counts), "no kill of a store fell into the work"
    replies = replies_of(caller, batch)
    answered = [line for line in replies if line["answer"]]
    assert [line["line"] for line in replies] == list(range(1, LINES + 1))
    assert execute(db, "select count(*) from inquiries") == [(len(answered),)]
    logged = execute(
        db,
        "select count(*), count(distinct message_id) from inquiry_log where "
        "contract = 'inquiry.ask.v1'",
    )
    assert logged[0] == (len(answered) + refused(replies),) * 2
    assert all(line["answer"] or line["problem"] for line in replies)


# --- complaints ---


@pytest.fixture
def desk(start, tmp_path, hurt_broker, new_database, postgres, ticketing_template):
    desk = Desk(start, tmp_path, hurt_broker.url, postgres, new_database(ticketing_template))
    yield desk
    desk.end()


def test_a_flood_while_the_broker_is_down_loses_and_doubles_nothing(desk, hurt_broker):
    flood = Flood(desk)
    wait_for(lambda: len(flood.registered) >= 10, 60)
    hurt_broker.stop()
    entries = len(flood.registered)
    time.sleep(OUTAGE)  # about time: an outage is longer than any request waits
    assert len(flood.registered) <= entries + 6  # whose answer was on its way
    hurt_broker.start()
    wait_for(lambda: len(flood.registered) >= entries + 10, 120)
    flood.end()
    assert flood.refused > 0
    check(flood)
    # the letters to the units were rows meanwhile, and went out
    waiting = "select count(*) from mails where state = 'WAITING'"
    wait_for(lambda: execute(desk.db, waiting) == [(0,)], 60)
    box = desk.letters("groundwater@staff.water.example")
    assert len({m["X-Mirab-Ticket"] for m in box}) == len(box) == len(flood.registered)


# --- fees ---


@pytest.fixture
def house(start, tmp_path, hurt_broker, demo_db, billing_db):
    made = House(start, tmp_path, hurt_broker.url, demo_db, billing_db)
    made.inquiry_db = demo_db
    return made


def ask(house):
    """An inquiry of a person about an own source."""
    browser, address = requests.Session(), f"{house.portal}/inquiry"
    form = re.search(r'name="form" value="([^"]+)"', browser.get(address, timeout=60).text)[1]
    fields = {"form": form, "key": KEY, "file_no": FILE, "declared": "1"}
    assert browser.post(address, data=fields, timeout=60).status_code == 200


def test_b6_charges_that_lay_in_a_broker_which_lost_its_data_become_bills(house, hurt_broker):
    house.billing.stop()
    with ThreadPoolExecutor() as people:  # each page waits for billing as long as it may
        list(people.map(ask, [house] * 5))
    sent = "select count(*) from outbox where name = 'billing.charge.v1' and sent_at is not null"
    wait_for(lambda: execute(house.inquiry_db, sent) == [(5,)])
    hurt_broker.stop()
    shutil.rmtree(hurt_broker.home / "mnesia")
    hurt_broker.start()
    house.billing = house.serve()
    # As if the half minute had passed after which the first is sent again.
    execute(house.inquiry_db, "update outbox set resend_at = now() where resend_at is not null")
    states = "select distinct state from own_inquiries"
    wait_for(lambda: execute(house.inquiry_db, states) == [("UNPAID",)], 60)
    assert execute(house.db, "select count(*) from bills") == [(5,)]
    awaited = "select count(*) from outbox where awaits @> array['billing']"
    wait_for(lambda: execute(house.inquiry_db, awaited) == [(0,)])
    # The data of a charge stays no longer than it is needed.
    kept = "select sum(length(body)) from outbox where name = 'billing.charge.v1'"
    assert execute(house.inquiry_db, kept) == [(0,)]
