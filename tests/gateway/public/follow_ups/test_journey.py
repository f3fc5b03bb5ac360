"""From the answer of the unit to the answer of the citizen weeks later, over the real doors."""

import re
import uuid

import pytest
import requests

from bus.database.store import Store
from bus.settings import Settings
from services.ticketing.follow_ups import asking
from services.ticketing.service import Ticketing
from tests.gateway.desk.seats import Seat
from tests.gateway.desk.test_desk_pages import registered
from tests.stores import execute
from tests.waiting import wait_for


@pytest.fixture
def chores(shared_desk):
    """The service's chores, run when a test says so; they come every five minutes."""
    service = Ticketing()
    service.settings = Settings(shared_desk.environ)
    service.store = Store(shared_desk.db, source="ticketing", connections=1)
    yield service
    service.store.engine.dispose()


def answered_weeks_ago(desk, address):
    """The code of a ticket that was answered at the desk, and the clock put on."""
    code = registered(desk, email=address)["code"]
    seat = Seat(desk, "karim")
    page = seat.get(f"/tickets/{code}").text
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    done = seat.post(f"/tickets/{code}/answer", version=version, text="بازدید شد.", final="1")
    assert done.status_code == 200, done.text
    execute(
        desk.db,
        "update tickets set ended_at = ended_at - interval '28 days' where code = %s and "
        "state = 'ANSWERED'",
        (code,),
    )
    return code, seat


def question_in(desk, address):
    """The link of the question in the letters to somebody; None before it is there."""
    texts = [m.get_body(("plain",)).get_content() for m in desk.letters(address)]
    links = {link for t in texts for link in re.findall(r"http\S+/contact/follow-up/\d{16}", t)}
    assert len(links) <= 1
    return links.pop() if links else None


def test_the_question_comes_by_letter_and_its_answer_stands_at_the_desk(shared_desk, chores):
    address = f"{uuid.uuid4().hex}@example.com"
    code, seat = answered_weeks_ago(shared_desk, address)
    for _ in range(2):
        asking.ask_due(chores.store, chores.context)
    link = wait_for(lambda: question_in(shared_desk, address), 30)
    page = requests.get(link, timeout=20).text
    form = re.search(r'name="form" value="([^"]+)"', page)[1]
    fields = {"mended": "no", "first_time": "yes", "text": "باز نشت می‌کند", "form": form}
    done = requests.post(link, data=fields, timeout=20)
    assert (done.status_code, "رسیدگی دوباره آغاز نشده است" in done.text) == (200, True)
    other = requests.post(link, data={**fields, "mended": "yes", "form": ""}, timeout=20)
    assert "پاسخ شما: حل نشده است" in other.text
    ticket = seat.get(f"/tickets/{code}").text
    assert "پاسخ شهروند به پرسش پس از پایان کار: حل نشده است" in ticket
    assert "باز نشت می‌کند" in ticket
    figures = Seat(shared_desk, "mina").get("/figures").text
    assert "پرسش پس از پایان کار، ماه به ماه" in figures
    csv = Seat(shared_desk, "mina").get("/figures/follow_ups.csv").text
    assert "حل نشده است" in csv
    public = requests.get(f"{shared_desk.portal}/reports.json", timeout=20).text
    assert "نشت" not in public


def test_the_secret_of_the_question_opens_no_ticket(shared_desk, chores):
    address = f"{uuid.uuid4().hex}@example.com"
    code, _ = answered_weeks_ago(shared_desk, address)
    asking.ask_due(chores.store, chores.context)
    number = wait_for(lambda: question_in(shared_desk, address), 30).rsplit("/", 1)[1]
    url = f"{shared_desk.portal}/v1/tickets/{code}"
    for secret in (number, number + "0000"):
        reply = requests.get(url, headers={"Ticket-Secret": secret}, timeout=20)
        assert reply.json()["code"] == "ticket.not_opened"
