"""Who leaves a mobile with an own inquiry and pays is told by SMS that the answer is there."""

import re

from people.tracking import grouped
from tests.journeys.test_fee import FILE, KEY, House
from tests.notify.providers.played import PlayedSms
from tests.stores import execute
from tests.waiting import wait_for

MOBILE = "09900000012"


class Texting(House):
    """A house with notices beside it; who asks leaves a mobile."""

    def __init__(self, start, folder, amqp, dbs, phone):
        super().__init__(start, folder, amqp, dbs["inquiry"], dbs["billing"])
        providers = folder / "providers.toml"
        providers.write_text(phone.config(), encoding="utf-8")
        environ = {
            **self.environ,
            "DB_URL": dbs["notify"],
            "NOTIFY_PROVIDERS_FILE": str(providers),
        }
        notify = start("bus", "serve", "services.notify", **environ)
        start("bus", "relay", "services.notify", **environ)
        wait_for(lambda: "notify.commands" in notify.log, 60)

    def ask(self):
        form = re.search(r'name="form" value="([^"]+)"', self.get("/inquiry").text)[1]
        fields = {"form": form, "key": KEY, "file_no": FILE, "declared": "1", "mobile": MOBILE}
        assert self.post("/inquiry", **fields).status_code == 200
        return wait_for(
            lambda: re.search(r'href="(/bills/[0-9]+/[0-9]+)"', self.get("/inquiry/mine").text)
        )[1]


def test_who_left_a_mobile_is_texted_once_when_the_answer_is_there(
    start, tmp_path, vhost, demo_db, billing_db, notify_db
):
    phone = PlayedSms(start)
    dbs = {"inquiry": demo_db, "billing": billing_db, "notify": notify_db}
    house = Texting(start, tmp_path, vhost, dbs, phone)
    address, fields = house.pay(house.ask())
    for _ in range(2):
        house.browser.post(address, data=fields, timeout=30)
    wait_for(house.answered, 60)
    ((code,),) = execute(demo_db, "select code from own_inquiries")
    (sms,) = wait_for(lambda: phone.messages(to=MOBILE), 60)
    assert grouped(code) in sms["body"]
    assert "http" not in sms["body"]
    assert FILE not in sms["body"]
    wait_for(lambda: states(notify_db) == [("own_answered", "DELIVERED", code)], 60)
    assert phone.record(to=MOBILE)["doubles"] == []


def states(db):
    return execute(
        db,
        "select t.code, m.state, m.reference from messages m join templates t on t.id = m.template",
    )
