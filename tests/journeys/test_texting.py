"""A complaint is registered at the portal, and its code arrives on the played telephone."""

import requests

from people.tracking import grouped
from tests.notify.providers.played import PlayedSms
from tests.stacks import Desk
from tests.stores import execute
from tests.waiting import wait_for

KEY = "5a0f4a1e-52a6-4a07-9a06-8b6b7f1c0002"
MOBILE = "09900000012"
COMPLAINT = {
    "kind": "complaint",
    "category": "illegal_well",
    "text": "شب‌ها چاه می‌زنند.",
    "declared": True,
    "privacy": "private",
    "name": "زهرا کاظمی",
    "mobile": MOBILE,
}


def post(desk, key):
    return requests.post(
        f"{desk.portal}/v1/tickets",
        json=COMPLAINT,
        headers={"Idempotency-Key": f'"{key}"'},
        timeout=30,
    )


def test_a_complaint_texts_its_code_once_though_it_is_sent_twice(
    start, tmp_path, vhost, postgres, new_database, ticketing_template, notify_db
):
    phone = PlayedSms(start)
    providers = tmp_path / "providers.toml"
    providers.write_text(phone.config(), encoding="utf-8")
    desk = Desk(start, tmp_path, vhost, postgres, new_database(ticketing_template))
    try:
        environ = {
            **desk.environ,
            "DB_URL": notify_db,
            "NOTIFY_PROVIDERS_FILE": str(providers),
        }
        start("bus", "serve", "services.notify", **environ)
        start("bus", "relay", "services.notify", **environ)
        answer = post(desk, KEY)
        assert answer.status_code == 201, answer.text
        code = answer.json()["code"]
        assert post(desk, KEY).json()["code"] == code
        (sms,) = wait_for(lambda: phone.messages(to=MOBILE), 60)
        assert grouped(code) in sms["body"]
        assert "http" not in sms["body"]
        wait_for(lambda: states(notify_db) == [("sms", "DELIVERED", code)], 60)
        assert phone.record(to=MOBILE)["doubles"] == []
    finally:
        desk.end()


def states(db):
    return execute(db, "select channel, state, reference from messages")
