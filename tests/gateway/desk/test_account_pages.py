"""The pages of the treasury's account at the desk, with the real billing service behind them."""

import re

import pytest
import requests

from tests.billing.test_account import statement
from tests.billing.test_rules import bills_file
from tests.gateway.desk.seats import running
from tests.gateway.desk.test_treasury_pages import PRICE, Treasury, day, last


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, billing_template):
    templates = {"ticketing": ticketing_template, "billing": billing_template}
    with running(Treasury, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


@pytest.fixture
def karim(house):
    return house.sit("karim")


@pytest.fixture
def nader(house):
    return house.sit("nader")


def give(officer, text, kind="csv"):
    return officer.post("/account", kind=kind, files={"text": ("account.csv", text.encode())})


def test_a_statement_is_taken_and_what_is_unclear_is_booked_by_two_officers(house, karim, nader):
    number = karim.issue()
    bill_id, payment_id = karim.ids(number)
    karim.take(bills_file((bill_id, payment_id, PRICE, 7)))
    assert "در راه" in karim.get("/account").text
    entries = [(day(-2), PRICE, "881", "تجمیع قبوض"), (day(-1), -7_000, "882", "کارمزد پیامک")]
    answer = give(karim, statement(*entries))
    assert "2 گردش تازه بود، 1 مورد تطبیق شد، 1 مغایرت ثبت شد" in answer.text
    assert "رسیده" in answer.text
    assert "پیش‌تر دریافت شده بود" in give(karim, statement(*entries)).text
    id_ = last(karim, "/exceptions", r'id="e([0-9]+)"')
    page = karim.get(f"/exceptions/{id_}").text
    assert "کارمزد پیامک" in page
    shown = karim.press(f"/exceptions/{id_}/book/fee", act=f"book-fee-{id_}", note="پیامک آبان")
    assert "تأییدکننده‌ای جز شما" in shown.text
    proposed = karim.confirm(shown)
    assert "همکار دوم باید تصمیم بگیرد" in proposed.text
    booking = last(karim, "/account", r"bookings/([0-9]+)/back")
    refused = karim.press(f"/bookings/{booking}/approve").text
    assert "تأییدکننده" in refused
    done = nader.post(f"/bookings/{booking}/approve")
    assert "مغایرت پایان یافت" in done.text
    journal = karim.get("/journal", account="bank_fees").text
    assert "7,000" in journal
    assert "کارمزد پیامک" not in journal, "what a bank writes may name somebody"


def test_the_faults_of_a_statement_are_named_by_line_in_persian(karim):
    answer = give(karim, statement((day(-1), 1, "1", "x"), opening=1))
    assert answer.status_code == 422
    assert "سطر 3: این صورت‌حساب دنباله آنچه ثبت شده نیست" in answer.text
    assert "چنین" not in give(karim, "x", kind="mt940").text
    missing = karim.post("/account", kind="csv")
    assert "error-summary" in missing.text
    assert give(karim, statement((day(-1), 1, "1", "x")), kind="pdf").status_code == 422


def test_the_sides_are_offered_as_a_file(karim):
    lines = karim.get("/account.csv").text.splitlines()
    assert "باید برسد" in lines[0]
    assert any(str(PRICE) in line for line in lines[1:])


def test_an_officer_stops_the_reminders_of_a_bill_and_its_payer_reads_so(house, karim):
    number = karim.issue()
    bill_id, payment_id = karim.ids(number)
    stopped = karim.post(f"/bills/{number}/hold", act="hold", why="منتظر رأی دادگاه")
    assert "یادآوری‌های این قبض متوقف شد" in stopped.text
    assert "منتظر رأی دادگاه" in stopped.text
    address = f"{house.portal}/bills/{bill_id}/{payment_id}"
    page = requests.get(address, timeout=30).text
    assert "یادآوری این قبض متوقف شده است" in page
    assert "دادگاه" not in page, "why is the officers' own"
    goes_on = karim.post(f"/bills/{number}/resume", act="resume", why="رأی آمد")
    assert "ادامه می‌یابد" in goes_on.text
    assert "متوقف شده" not in requests.get(address, timeout=30).text


def test_a_voided_bill_shows_its_credit_note_and_the_bill_in_its_place(karim, nader):
    number = karim.issue()
    voided = nader.post(f"/bills/{number}/void", why="two pages")
    note = re.search(r"سند بستانکاری.*?(1[0-9]{3}-[0-9]{6})", voided.text, re.DOTALL)
    assert note
    new = karim.issue(replaces=number)
    assert new in karim.get(f"/bills/{number}").text
