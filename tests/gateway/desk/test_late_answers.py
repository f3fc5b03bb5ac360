"""An act of the desk whose answer was late: its page says what nobody knows, and how to look."""

import html
import re

import pytest

from bus.errors import Forbidden, Unavailable
from bus.settings import Settings
from contracts.billing.treasury import OPEN_BILLS_OF_TICKET
from contracts.ticketing import accounts, answers, colleagues, desk, queue
from gateway.desk import api
from tests.gateway.public.strangers import Portal, StandIn

CODE, FORM = "4052138845", "desk-0f0e0d0c-0b0a-4908-8706-050403020100-1785500000"
LATE = Unavailable("ticketing did not answer within 5 s.", code="deadline.passed")
MINA = {
    "username": "mina",
    "name": "مینا",
    "role": "clerk",
    "unit": "groundwater",
    "may": [],
    "pending": False,
    "factor": None,
    "factors": [],
    "operator": None,
    "failures": 0,
    "started_at": "2026-11-23T08:30:00Z",
    "unread": 0,
}
ROW = {
    "code": CODE,
    "version": 1,
    "kind": "complaint",
    "category": {"code": "illegal_well", "fa": "چاه غیرمجاز"},
    "unit": {"code": "groundwater", "fa": "آب زیرزمینی"},
    "county": None,
    "state": "NEW",
    "state_fa": "تازه",
    "assignee": None,
    "subject": "چاه",
    "registered_at": "2026-11-23T08:30:00Z",
    "due_at": None,
    "due_clock": None,
    "late": False,
}
NOTHING_NEW = {"notices": [], "unread": 0, "email": None, "mails": False}


class DeskOfMina(Portal):
    """The desk in this process before a stand-in for ticketing; mina has signed in."""

    def __init__(self, folder):
        self.services = StandIn()
        self.services.replies = {accounts.SESSION.name: MINA, desk.STAFF_NAMES.name: {"names": {}}}
        settings = {
            "AMQP_URL": "amqp://nowhere",
            "DESK_KEY": "the desk of tests",
            "DESK_URL": "http://portal.test/desk",
            "BLOBS_DIR": str(folder),
        }
        before, api.Client = api.Client, lambda *_, **__: self.services
        try:
            self.face = api.make(Settings(settings))
        finally:
            api.Client = before

    def press(self, path, **form):
        cookie = {"Cookie": "mirab_desk=a-session-of-tests"}
        return self.send("POST", f"/desk{path}", data=form, headers=cookie)


@pytest.fixture
def mina(tmp_path):
    return DeskOfMina(tmp_path)


@pytest.mark.parametrize("act", ["sort", "assign"])
def test_who_moved_a_ticket_and_had_no_answer_reads_that_and_repeats_it_harmlessly(mina, act):
    contract = {"sort": desk.SORT, "assign": desk.ASSIGN}[act]
    replies = mina.services.replies
    replies[contract.name] = LATE
    replies[desk.READ.name] = Forbidden("This ticket is another unit's.", code="desk.unit")
    typed = {"version": "1", "form": f"{FORM}-{act}", "back": "state=NEW"}
    typed |= {"kind": "complaint", "category": "illegal_well", "unit": "inspection"}
    page = mina.press(f"/tickets/{CODE}/{act}", **typed)
    assert page.status_code == 504
    assert "پاسخ به‌موقع نرسید" in page.text
    assert "دیگر در صف شما نیست" in page.text
    assert "انجام نشد</h1>" not in page.text
    replies[contract.name] = {"code": CODE, "version": 2, "state": "OPEN"}
    form = page.text.split(f'action="/desk/tickets/{CODE}/{act}"')[1].split("</form>")[0]
    pairs = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    again = mina.press(f"/tickets/{CODE}/{act}", **{n: html.unescape(v) for n, v in pairs})
    assert again.status_code == 303, again.text
    first, second = (q[1:3] for q in mina.services.questions if q[0] == contract.name)
    assert first == second, "the same act, which ticketing does once"
    replies[contract.name] = Forbidden("This ticket is another unit's.", code="desk.unit")
    assert mina.press(f"/tickets/{CODE}/{act}", **typed).status_code == 403


def test_a_form_whose_fate_nobody_knows_keeps_its_id_on_the_page_and_a_refused_one_does_not(mina):
    replies = mina.services.replies
    replies[colleagues.MY_NOTICES.name] = NOTHING_NEW
    typed = {"form": f"{FORM}-mails", "email": "mina@example.com", "mails": "1"}
    replies[colleagues.SET_NOTICES.name] = LATE
    page = mina.press("/for-me/mails", **typed)
    assert (page.status_code, f'value="{FORM}-mails"' in page.text) == (504, True)
    assert "<h2>پاسخ به‌موقع نرسید</h2>" in page.text
    replies[colleagues.SET_NOTICES.name] = Forbidden("Not you.", code="desk.role")
    page = mina.press("/for-me/mails", **typed)
    assert (page.status_code, f'value="{FORM}-mails"' in page.text) == (403, False)
    assert "<h2>انجام نشد</h2>" in page.text


def test_among_many_tickets_the_one_without_an_answer_is_not_called_undone(mina):
    replies = mina.services.replies
    page = {"tickets": [ROW], "total": 1, "page": 1, "pages": 1, "units": []}
    replies |= {queue.QUEUE.name: page, desk.ASSIGN.name: LATE}
    form = {"act": "assign", "to": "u:inspection", "selected": f"{CODE}.1", "form": FORM}
    report = mina.press("/queue/bulk", **form).text
    assert "پاسخ نرسید" in report
    assert "معلوم نیست انجام شده باشد" in report
    assert ">انجام نشد<" not in report


def test_an_act_is_tried_out_for_as_long_as_it_may_take(mina):
    replies = mina.services.replies
    replies[colleagues.OPEN_TICKETS.name] = {
        "username": "karim",
        "unit": "groundwater",
        "tickets": [],
        "basis": "b1",
    }
    replies[answers.REHEARSE.name] = {"name": colleagues.HAND_OVER.name}
    typed = {"username": "karim", "to": "sara", "reason": "مرخصی", "form": f"{FORM}-hand_over"}
    assert mina.press("/colleagues/hand_over", **typed).status_code == 200
    assert mina.services.deadlines[answers.REHEARSE.name] == colleagues.HAND_OVER_SECONDS


def test_of_many_that_are_joined_one_with_an_unpaid_bill_stays(mina):
    rows = [{**ROW, "code": code} for code in (CODE, "5720000008", "9775970248")]
    bill = {"number": "1", "state": "ISSUED", "total_rials": 5, "due_on": "2026-12-01"}
    replies = mina.services.replies
    replies |= {
        queue.QUEUE.name: {"tickets": rows, "total": 3, "page": 1, "pages": 1, "units": []},
        OPEN_BILLS_OF_TICKET.name: lambda about: {
            "bills": [bill] if about["ticket"] == rows[1]["code"] else []
        },
        desk.MERGE.name: lambda typed: {"code": typed["code"], "version": 2, "state": "MERGED"},
    }
    form = {"act": "merge", "into": CODE, "form": FORM, "looked": "1"}
    report = mina.press("/queue/bulk", **form, selected=[f"{row['code']}.1" for row in rows]).text
    joined = [data["code"] for name, data, *_ in mina.services.questions if name == desk.MERGE.name]
    assert joined == [rows[2]["code"]]
    assert "قبض باز می‌ماند" in report
