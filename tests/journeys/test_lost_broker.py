"""A broker that lost all its data: what was accepted before is there afterwards, once."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.journeys.test_fee import FILE, KEY, House
from tests.stores import execute
from tests.waiting import wait_for


@pytest.fixture
def house(start, tmp_path, own_broker, demo_db, billing_db):
    made = House(start, tmp_path, own_broker.url, demo_db, billing_db)
    made.inquiry_db = demo_db
    return made


def ask(house):
    """An inquiry of a person about an own source."""
    browser, address = requests.Session(), f"{house.portal}/inquiry"
    form = re.search(r'name="form" value="([^"]+)"', browser.get(address, timeout=60).text)[1]
    fields = {"form": form, "key": KEY, "file_no": FILE, "declared": "1"}
    assert browser.post(address, data=fields, timeout=60).status_code == 200


def test_b6_charges_that_lay_in_a_broker_which_lost_its_data_become_bills(house, own_broker):
    house.billing.stop()
    with ThreadPoolExecutor() as people:  # each page waits for billing as long as it may
        list(people.map(ask, [house] * 5))
    sent = "select count(*) from outbox where name = 'billing.charge.v1' and sent_at is not null"
    wait_for(lambda: execute(house.inquiry_db, sent) == [(5,)])
    own_broker.stop()
    shutil.rmtree(own_broker.home / "mnesia")
    own_broker.start()
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
