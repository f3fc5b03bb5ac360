"""A person asks about an own source, pays at the played bank, and reads the answer; real parts."""

import re
import time

import pypdfium2
import pytest
import requests

from deploy.local.ports import free_port, listening
from iran.persian import persian_digits
from tests.billing.playing import PlayedBank
from tests.databases import make_database
from tests.processes import Starter
from tests.stacks import run_inquiry
from tests.stores import execute, own_vhost
from tests.waiting import wait_for

KEY, FILE = "9905251782", "1001/5"


class House:
    """Inquiry, billing and the public face before a played bank."""

    def __init__(self, start, folder, amqp, inquiry_db, billing_db):
        self._start, self.db = start, billing_db
        self.portal = f"http://127.0.0.1:{free_port()}"
        self.bank = PlayedBank(start)
        inquiry = run_inquiry(start, folder, amqp, inquiry_db)
        self.environ = {
            **{name: value for name, value in inquiry.items() if name != "processes"},
            "PORTAL_URL": self.portal,
            "PSPS_FILE": str(self.bank.config(folder)),
        }
        self.billing = self.serve()
        start("bus", "relay", "services.billing", **{**self.environ, "DB_URL": billing_db})
        port = self.portal.rsplit(":", 1)[1]
        start("gateway.public", **self.environ, PORT=port, HOST="127.0.0.1")
        wait_for(lambda: listening(int(port)))
        for process, queues in (
            (self.billing, ("billing.requests", "billing.commands")),
            (inquiry["processes"][0], ("inquiry.events",)),
        ):
            for queue in queues:
                wait_for(lambda p=process, q=queue: q in p.log, 30)
        self.begin()

    def begin(self):
        """Another person comes; what was booked before is not this one's."""
        self.browser, self._before, self._entries = requests.Session(), {}, 0
        self._before, self._entries = self.sums(), len(self.paid())
        return self

    def serve(self):
        environ = {**self.environ, "DB_URL": self.db}
        return self._start("bus", "serve", "services.billing", **environ)

    def get(self, path):
        return self.browser.get(f"{self.portal}{path}", timeout=30)

    def post(self, path, **form):
        return self.browser.post(f"{self.portal}{path}", data=form, timeout=30)

    def ask(self):
        """The address of the bill of a new inquiry."""
        form = re.search(r'name="form" value="([^"]+)"', self.get("/inquiry").text)[1]
        fields = {"form": form, "key": KEY, "file_no": FILE, "declared": "1"}
        assert self.post("/inquiry", **fields).status_code == 200
        result = wait_for(
            lambda: re.search(r'href="(/bills/[0-9]+/[0-9]+)"', self.get("/inquiry/mine").text)
        )
        return result[1]

    def pay(self, bill, psp="sep"):
        """Goes to the bank and pays: where the bank sends the browser, and with what."""
        page = self.get(bill).text
        form = re.search(r'name="form" value="([^"]+)"', page)[1]
        page = self.post(f"{bill}/pay", form=form, psp=psp).text
        token = re.search(r'(?:value="|Token=)((?:sep|behpardakht|sadad)-[0-9]+)', page)[1]
        return self.bank.decide(token)

    def answered(self):
        return "V-" in self.get("/inquiry/mine").text

    def sums(self):
        rows = execute(self.db, "select account, sum(rials) from postings group by account")
        sums = {account: int(rials) - self._before.get(account, 0) for account, rials in rows}
        return {account: rials for account, rials in sums.items() if rials}

    def paid(self):
        """The entries of payments since this person came."""
        return execute(self.db, "select 1 from entries where kind = 'paid'")[self._entries :]


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory, broker, postgres, demo_template, billing_template):
    folder = tmp_path_factory.mktemp("fee")
    inquiry = make_database(postgres, "fee_inquiry", demo_template)
    billing = make_database(postgres, "fee_billing", billing_template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        yield House(starter, folder, amqp, inquiry, billing)
        starter.end()


@pytest.fixture
def house(start, tmp_path, vhost, demo_db, billing_db):
    return House(start, tmp_path, vhost, demo_db, billing_db)


@pytest.mark.parametrize("psp", ["sep", "behpardakht", "sadad"])
def test_who_pays_gets_a_receipt_and_the_answer(shared_house, psp):
    house = shared_house.begin()
    bill = house.ask()
    address, fields = house.pay(bill, psp)
    # A POST of another site, as a browser sends it.
    page = house.browser.post(
        address, data=fields, headers={"Sec-Fetch-Site": "cross-site"}, timeout=30
    )
    assert page.status_code == 200
    receipt = re.search(r'href="(/pay/[^"]+/receipt.pdf)"', page.text)[1]
    assert house.get(receipt).content.startswith(b"%PDF")
    assert house.get(f"{bill}/bill.pdf").content.startswith(b"%PDF")
    wait_for(house.answered)
    assert house.sums() == {
        "cash_in_transit": 1_755_000,
        "revenue": -1_754_900,
        "rounding": -100,
    }
    again = house.browser.post(address, data=fields, timeout=30)
    assert receipt in again.text
    assert len(house.paid()) == 1


def test_l14_the_applicant_reads_the_law_of_the_answer_what_it_means_and_where_to_go_next(
    shared_house,
):
    house = shared_house.begin()
    address, fields = house.pay(house.ask())
    house.browser.post(address, data=fields, timeout=30)
    wait_for(house.answered)
    page = house.get("/inquiry/mine").text
    # 1001/5 is a permit by article 5 whose term ended in 1386.
    for words in (
        "منقضی",
        "مدت پروانه پایان یافته است",
        "مستند قانونی",
        "قانون توزیع عادلانه آب، ماده 5",
        "چاه خانگی تا ۲۵ متر مکعب در شبانه‌روز",
    ):
        assert words in page
    for link in ("/laws#FDW-5", "/contact/new?kind=objection", "/inquiry/mine/answer.pdf"):
        assert f'href="{link}"' in page
    pdf = house.get("/inquiry/mine/answer.pdf")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    code = re.search(r"V-[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}", page)[0]
    pages = pypdfium2.PdfDocument(pdf.content)
    text = "".join(page_here.get_textpage().get_text_range() for page_here in pages)
    assert code in text
    verified = house.get(f"/v1/verify/{code}").json()
    assert (verified["agency_fa"], verified["sources"][0]["county"]) == ("متقاضی", "بهمئی")
    english = house.get("/inquiry/mine?lang=en").text
    assert "Fair Distribution of Water Act، article 5" not in english
    assert "Fair Distribution of Water Act, article 5" in english


def test_x14_a_bill_is_found_by_its_numbers_in_any_digits(shared_house):
    house = shared_house.begin()
    bill = house.ask()
    body = house.get(f"/v1{bill}").json()
    for path in (persian_digits(bill), bill.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))):
        assert house.get(f"/v1{path}").json() == body
        assert house.get(path).status_code == 200
        assert house.get(f"{path}/bill.pdf").content.startswith(b"%PDF")


def test_billing_killed_between_the_banks_answer_and_its_record_credits_once(house):
    bill = house.ask()
    address, fields = house.pay(bill)
    house.bank.play("verify", "delay", seconds=3)
    with pytest.raises(requests.RequestException):
        house.browser.post(address, data=fields, timeout=1.5)
    wait_for(lambda: execute(house.db, "select state from payments") == [("VERIFYING",)])
    house.billing.kill()
    time.sleep(3)  # about time: the bank answers after as long
    assert execute(house.db, "select state from bills") == [("ISSUED",)]
    # The lease of the killed process would end by itself in a minute.
    execute(house.db, "update payments set next_at = now()")
    house.billing = house.serve()
    wait_for(lambda: execute(house.db, "select state from bills") == [("PAID",)], 40)
    wait_for(house.answered)
    assert house.sums()["cash_in_transit"] == 1_755_000
    assert [p["state"] for p in house.bank.payments()] == ["VERIFIED"]
