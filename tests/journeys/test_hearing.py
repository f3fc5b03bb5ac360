"""An agency hears by call-back: from an event of inquiry over feed and notify to its address."""

import pytest

from contracts.inquiry.questions import BATCH_ANSWERED, REGISTRY_LOADED
from contracts.notify.callbacks import PUT_CALLBACK
from tests.agencies.feeds.hearers import Hearing, new_ids, put, tell
from tests.bus.asking import ask_all
from tests.environments import secrets_in
from tests.notify.webhooks.listener import Listener
from tests.stores import execute
from tests.waiting import wait_for

CALLER = {"agency": "power-co", "key": "power-co-demo", "grants": []}


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def hearing(start, tmp_path, vhost, agencies_db, notify_db):
    """The agencies service and notify with their relays."""
    notify = {
        "AMQP_URL": vhost,
        "DB_URL": notify_db,
        "CALLBACKS_SANDBOX": "1",
        **secrets_in(tmp_path),
    }
    service = start("bus", "serve", "services.notify", **notify)
    start("bus", "relay", "services.notify", **notify)
    wait_for(lambda: "mirab.notify.requests" in service.log, 60)
    wait_for(lambda: "mirab.notify.commands" in service.log, 60)
    made = Hearing(start, tmp_path, vhost, agencies_db)
    made.serve()
    made.relay()
    return made


def endpoint_at(amqp, url):
    """The endpoint that the agency puts there; None while notify does not take it yet."""
    request = PUT_CALLBACK.load_data({"url": url, "types": ["event.heard"]})
    (reply,) = ask_all(amqp, [(PUT_CALLBACK, "the-endpoint", request)], caller=CALLER)
    return None if isinstance(reply, Exception) else reply


def test_what_an_agency_hears_is_told_its_address_signed_and_as_the_feed_has_it(hearing, listener):
    put(hearing.db, "power-co", REGISTRY_LOADED.name, BATCH_ANSWERED.name)
    put(hearing.db, "fuel-co", REGISTRY_LOADED.name)
    endpoint = wait_for(lambda: endpoint_at(hearing.amqp, listener.url), 60)
    tell(hearing.amqp, new_ids(2))
    tell(hearing.amqp, new_ids(1), BATCH_ANSWERED, batch="b-1", agency="fuel-co", lines=1)
    tell(hearing.amqp, new_ids(1), BATCH_ANSWERED, batch="b-2", agency="power-co", lines=1)
    wait_for(lambda: len(listener.deliveries) == 3, 60)
    replies = [item.verified(endpoint["secret"]) for item in listener.deliveries]
    assert {item["type"] for item in replies} == {"event.heard"}
    message = sorted((item["data"] for item in replies), key=lambda event: event["sequence"])
    assert message == hearing.feed("power-co")["events"]
    assert execute(hearing.db, "select last from feeds where agency = 'fuel-co'") == [(2,)]
