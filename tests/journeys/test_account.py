"""An agency asks what things cost and for its account, signed, as it would over the network."""

import csv
import io
import json

import pypdfium2
import pytest
import requests

from bus.signatures.digest import check_digest
from bus.signatures.signing import sign_request
from connector.caller import load_key
from contracts.billing import treasury
from tests.billing.conftest import InProcessBilling
from tests.databases import make_database
from tests.environments import secrets_in
from tests.processes import ROOT, Starter
from tests.stacks import run_face
from tests.stores import own_vhost
from tests.waiting import wait_for

MONTH = {"month": "1405-09"}


class Account:
    """An agency face before a billing service whose books already know fuel-co."""

    def __init__(self, start, folder, amqp, db):
        environ = {
            "AMQP_URL": amqp,
            "DB_URL": db,
            "PORTAL_URL": "http://portal.example",
            **secrets_in(folder),
        }
        billing = start("bus", "serve", "services.billing", **environ)
        self.url = str(run_face(start, folder, environ))
        wait_for(lambda: "billing.requests" in billing.log)

    def send(self, operation, data, agency="fuel-co", **headers):
        path, raw = f"/v1/billing/{operation}", json.dumps(data).encode()
        key = load_key(ROOT / f"deploy/local/demo_keys/{agency}.pem", f"{agency}-demo")
        fields = {"Content-Type": "application/json", **headers}
        fields |= sign_request(key, "POST", self.url + path, fields, raw)
        return requests.post(self.url + path, data=raw, headers=fields, timeout=30)


@pytest.fixture(scope="module")
def account(tmp_path_factory, broker, postgres, billing_template):
    folder = tmp_path_factory.mktemp("account")
    db = make_database(postgres, "account", billing_template)
    hand = InProcessBilling(db)
    bills = [hand.charge("copy", ref=f"=a{n}", quantity=10, agency="fuel-co") for n in range(3)]
    hand.charge("copy", ref="other", quantity=7, agency="agri-bank")
    hand.pay(bills[0])
    hand.call(treasury.VOID_BILL, as_="nader", number=bills[1].number, why="wrong")
    starter = Starter(folder)
    with own_vhost(broker) as amqp:
        yield Account(starter, folder, amqp, db)
        starter.end()


def test_the_account_comes_as_json_with_own_bills_only(account):
    body = account.send("statement", MONTH).json()
    assert (body["agency"], body["billed_rials"], body["closing_rials"]) == (
        "fuel-co",
        1_485_000,
        495_000,
    )
    assert body["difference_rials"] == 0


def test_the_account_comes_as_a_table_that_sums_up(account):
    answer = account.send("statement", MONTH, Accept="text/csv")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="statement-fuel-co-1405-09.csv"'
    )
    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0]["kind"] == "opening"
    assert rows[-1]["kind"] == "closing"
    moved = sum(int(row["rials"] or 0) for row in rows)
    assert int(rows[0]["owed_rials"]) + moved == int(rows[-1]["owed_rials"]) == 495_000


@pytest.mark.parametrize(("lang", "word"), [("en-GB", "Azar 1405"), ("fa", "1405")])
def test_the_account_comes_as_paper_in_two_languages(account, lang, word):
    answer = account.send("statement", MONTH, Accept="application/pdf", **{"Accept-Language": lang})
    assert answer.headers["Content-Type"] == "application/pdf"
    page = pypdfium2.PdfDocument(answer.content)[0].get_textpage().get_text_range()
    assert word in page
    assert "495,000" in page


def test_an_answer_in_any_form_is_signed(account):
    for form in ("application/json", "text/csv", "application/pdf"):
        answer = account.send("statement", MONTH, Accept=form)
        assert 'keyid="mirab' in answer.headers["Signature-Input"]
        check_digest({"content-digest": answer.headers["Content-Digest"]}, answer.content)


def test_a_price_is_told_line_by_line(account):
    items = [{"service": "copy", "quantity": 3}, {"service": "own_inquiry", "quantity": 1}]
    body = account.send("quote", {"items": items, "on": "2026-11-23"}).json()
    assert body["total_rials"] == body["net_rials"] + body["vat_rials"] + body["rounding_rials"]
    assert [line["service"] for line in body["lines"]] == ["copy", "own_inquiry"]
    assert all(line["law_en"] and line["tariff"] for line in body["lines"])


def test_an_agency_without_the_grant_learns_no_bill(account):
    answer = account.send("statement", MONTH, agency="justice")
    assert answer.status_code == 403
    assert answer.json()["code"] == "contract.not_granted"
