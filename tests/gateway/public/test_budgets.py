"""What a stranger may fill, spend or hold up for others has an end, and an honest one goes on."""

import asyncio
import itertools
import os
import threading

import pytest

from bus.messages.message import to_wire
from gateway.papers import pdf
from people import tracking
from tests import pictures
from tests.gateway.papers.test_documents import bill_of
from tests.gateway.public.strangers import Portal

MEGABYTE = 1024 * 1024
BILL = to_wire(bill_of(bill_id="1462119", payment_id="175550912"))


def upload(portal, size=100, content=None, **more):
    files = {"file": ("a.png", pictures.png(content or os.urandom(size)))}
    return portal.send("POST", "/v1/attachments", files=files, **more)


def stored(folder):
    return sum(path.stat().st_size for path in (folder / "blobs").rglob("*") if path.is_file())


def test_s12_files_of_an_address_end_by_their_number_and_others_go_on(tmp_path):
    portal = Portal(tmp_path, UPLOADS_AN_HOUR="3")
    answers = [upload(portal) for _ in range(5)]
    assert [a.status_code for a in answers] == [201, 201, 201, 429, 429]
    assert answers[-1].json()["code"] == "attachment.budget"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600
    assert upload(portal, address="192.0.2.9").status_code == 201


def test_s12_files_of_an_address_end_by_their_bytes_and_leave_nothing_behind(tmp_path):
    portal = Portal(tmp_path, UPLOAD_MEGABYTES_AN_HOUR="3")
    answers = [upload(portal, MEGABYTE) for _ in range(6)]
    codes = [a.status_code for a in answers]
    assert codes[:2] == [201, 201]
    assert codes[2:] == [429] * 4
    assert stored(tmp_path) < 3 * MEGABYTE
    by_address = [
        upload(portal, MEGABYTE, address=f"2001:db8::{number:x}").status_code for number in range(4)
    ]
    assert 429 in by_address, "a subscriber's /64 is one address"


def test_s12_files_of_all_end_before_the_disk_does(tmp_path):
    portal = Portal(tmp_path, UPLOAD_MEGABYTES_A_DAY="2")
    answers = [upload(portal, MEGABYTE, address=f"192.0.2.{n}") for n in range(1, 5)]
    assert answers[0].status_code == 201
    assert answers[-1].status_code == 507
    assert answers[-1].json()["code"] == "attachment.disk"
    assert answers[-1].headers["retry-after"].isdigit()
    short = Portal(tmp_path, BLOBS_FREE_MEGABYTES=str(10**9))
    assert upload(short).status_code == 507


def test_s12_a_form_goes_on_without_the_file_and_keeps_what_was_typed(tmp_path):
    portal = Portal(tmp_path, UPLOADS_AN_HOUR="1")
    portal.services.replies["ticketing.form.v1"] = {
        "categories": [],
        "counties": [],
        "units": [],
        "hours_fa": "",
        "hours_en": "",
    }
    assert upload(portal).status_code == 201
    sealed = portal.form("/contact/new")
    fields = {"form": sealed, "step": "text", "text": "آنچه نوشتم", "category": "x"}
    files = {"attachments": ("a.png", pictures.png())}
    page = portal.send("POST", "/contact/new", data=fields, files=files)
    assert page.status_code == 429
    assert page.headers["retry-after"].isdigit()
    assert "آنچه نوشتم" in page.text
    assert "بدون فایل ثبت فرمایید" in page.text


def test_each_file_that_is_not_taken_is_named_with_its_reason(tmp_path):
    portal = Portal(tmp_path)
    lists = {"categories": [], "counties": [], "units": []}
    portal.services.replies["ticketing.form.v1"] = lists | {"hours_fa": "", "hours_en": ""}
    typed = {"step": "text", "text": "\u202eچاه", "category": "x"}
    lies = [("files", ("a.png", b"<svg onload=x>\0")), ("files", ("b.pdf", b""))]
    typed["form"] = portal.form("/contact/new")
    page = portal.send("POST", "/contact/new", data=typed, files=lies)
    assert "\u2068a.png\u2069: این فایل از گونه‌هایی نیست" in page.text
    assert "\u2068b.pdf\u2069: فایل خالی است" in page.text
    assert "\u202e" not in page.text, "what is checked is what is kept"


def test_s12_a_civic_app_is_told_when_its_pictures_are_too_many(tmp_path):
    portal = Portal(tmp_path, UPLOADS_AN_HOUR="0")
    answer = portal.send(
        "POST",
        "/open311/v2/requests.json",
        data={"service_code": "x"},
        files={"media": ("a.png", pictures.png())},
    )
    assert answer.status_code == 429
    assert answer.headers["retry-after"].isdigit()


@pytest.fixture
def press(monkeypatch):
    """A press that prints as long as it is held, and counts its sheets."""
    press = Press()
    monkeypatch.setattr(pdf, "bill", press.bill)
    yield press
    press.go.set()


class Press:
    def __init__(self):
        self.go, self.printed = threading.Event(), []

    def bill(self, bill, lang, *, portal):
        self.go.wait(10)
        self.printed.append((bill.bill_id, lang))
        return b"%PDF-" + bill.bill_id.encode()


PAPER = ("GET", "/bills/1462119/175550912/bill.pdf", {})


def many_bills(portal):
    """Each question is about another bill."""
    numbers = itertools.count(1)
    portal.services.replies["billing.look_up.v1"] = lambda _: {
        **BILL,
        "bill_id": str(next(numbers)),
    }


def test_s14_a_bill_is_printed_once_however_often_it_is_asked_for(tmp_path, press):
    portal = Portal(tmp_path)
    portal.services.replies["billing.look_up.v1"] = BILL
    threading.Timer(0.1, press.go.set).start()
    answers = portal.send_all([PAPER] * 60)
    assert {a.status_code for a in answers} == {200}
    assert {a.content for a in answers} == {b"%PDF-1462119"}
    portal.send(*PAPER[:2], address="192.0.2.9")
    assert press.printed == [("1462119", "fa")]
    portal.services.replies["billing.look_up.v1"] = {**BILL, "state": "PAID"}
    portal.send(*PAPER[:2])
    assert len(press.printed) == 2, "a bill that was paid is another paper"


def test_s14_an_honest_request_waits_behind_two_of_a_stranger_and_not_behind_sixty(tmp_path, press):
    portal = Portal(tmp_path)
    many_bills(portal)

    async def both():
        stranger = asyncio.create_task(portal.gather([PAPER] * 60, "192.0.2.66"))
        await asyncio.sleep(0.2)
        honest = asyncio.create_task(portal.gather([PAPER], "192.0.2.1"))
        await asyncio.sleep(0.1)
        press.go.set()
        return await stranger, await honest

    strangers, (honest,) = asyncio.run(both())
    assert honest.status_code == 200
    assert [a.status_code for a in strangers].count(200) == 2
    refused = [a for a in strangers if a.status_code == 429]
    assert len(refused) == 58
    assert {a.headers["retry-after"] for a in refused} == {"5"}
    assert len(press.printed) == 3


def test_s14_the_queue_of_papers_has_an_end_that_says_when_to_come_back(tmp_path, press):
    portal = Portal(tmp_path, DOCUMENTS_WAITING="3")
    many_bills(portal)

    async def many():
        requests = [
            asyncio.create_task(portal.gather([PAPER], f"192.0.2.{n}")) for n in range(1, 6)
        ]
        await asyncio.sleep(0.3)
        press.go.set()
        return [answer for task in requests for answer in await task]

    answers = asyncio.run(many())
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 503, 503]
    busy = [a for a in answers if a.status_code == 503]
    assert {a.headers["retry-after"] for a in busy} == {"5"}


def test_s13_acts_that_cost_somebody_end_for_an_address_and_reading_goes_on(tmp_path):
    portal = Portal(tmp_path, ACTS_AN_HOUR="20")
    portal.services.replies["notify.subscribe.v1"] = {
        "id": "00000000-0000-4000-8000-000000000000",
        "channel": "sms",
        "valid_minutes": 10,
    }
    ask = {"way": "sms", "address": "09121234567"}
    codes = [portal.send("POST", "/subscribe", data=ask).status_code for _ in range(4)]
    assert codes == [303, 303, 429, 429]
    made = [portal.send("POST", "/inbox", data={"form": ""}).status_code for _ in range(25)]
    assert made.count(303) == 20
    portal.services.replies["ticketing.track.v1"] = {"code": tracking.new()}
    headers = {"Ticket-Secret": "1" * 20}
    assert portal.send("GET", "/v1/tickets/4052138845", headers=headers).status_code == 200
    assert portal.send("POST", "/inbox", data={"form": ""}, address="192.0.2.9").status_code == 303


def test_s13_one_address_has_few_codes_sent_to_a_receiver_and_others_may_ask_too(tmp_path):
    portal = Portal(tmp_path)
    portal.services.replies["notify.subscribe.v1"] = {
        "id": "00000000-0000-4000-8000-000000000000",
        "channel": "sms",
        "valid_minutes": 10,
    }
    ask = {"way": "sms", "address": "09121234567"}
    codes = [portal.send("POST", "/subscribe", data=ask).status_code for _ in range(5)]
    assert codes == [303, 303, 303, 429, 429]
    other = {**ask, "address": "09121234568"}
    assert portal.send("POST", "/subscribe", data=other).status_code == 303
    owner = portal.send("POST", "/subscribe", data=ask, address="192.0.2.9")
    assert owner.status_code == 303
