"""One question in the three styles: at once, later, and told to the agency's address, signed."""

import pytest

from tests.agencies.calling import Calling
from tests.journeys.conftest import demo_caller
from tests.notify.webhooks.listener import Listener
from tests.waiting import wait_for

QUESTION = {"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"}
KEY = "one question, three styles".replace(" ", "-")


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def calling(start, tmp_path, vhost, demo_db, agencies_db, notify_db):
    """Inquiry, agencies and notify with their relays, and an agency face."""
    made = Calling(start, tmp_path, vhost, demo_db, agencies_db)
    environ = {**made.environ, "DB_URL": notify_db, "CALLBACKS_SANDBOX": "1"}
    notify = start("bus", "serve", "services.notify", **environ)
    start("bus", "relay", "services.notify", **environ)
    start("bus", "relay", "services.agencies", **{**environ, "DB_URL": agencies_db})
    for kind in ("requests", "commands"):
        wait_for(lambda k=kind: f"mirab.notify.{k}" in notify.log, 60)
    return made


def test_a_question_is_answered_at_once_later_and_by_call_back_with_one_answer(calling, listener):
    fuel_co = demo_caller(calling.face, "fuel-co")
    put = {"url": listener.url, "types": ["call.settled"]}
    endpoint = fuel_co.later("notify.put_callback.v1", put).result()
    later = fuel_co.later("inquiry.ask.v1", QUESTION, call_back=True, idempotency_key=KEY)
    wait_for(lambda: listener.deliveries, 60)
    (reply,) = [item.verified(endpoint["secret"]) for item in listener.deliveries]
    assert (reply["type"], reply["data"]) == (
        "call.settled",
        {
            "id": later.id,
            "contract": "inquiry.ask.v1",
            "state": "DONE",
            "link": f"/v1/calls/{later.id}",
        },
    )
    at_once = fuel_co.ask(**QUESTION, idempotency_key=KEY)
    assert later.result() == calling.read(reply["data"]["link"]).json()["result"] == at_once.data
    assert calling.codes() == [at_once.data["tracking_code"]]
    assert len(listener.deliveries) == 1
