"""Paying at a gateway: everything that can happen ends right, and is counted once."""

import pytest

from contracts.billing import bills as contracts
from contracts.billing import treasury
from tests.billing.conftest import PORTAL
from tests.stores import execute

PRICE = 1_755_000


def test_a_paid_bill_has_a_receipt_and_the_money_is_on_its_way(billing):
    bill = billing.charge()
    reply = billing.pay(bill)
    assert (reply["state"], reply["settled"], reply["bill"]["state"]) == ("SETTLED", True, "PAID")
    assert reply["bill"]["receipt"] == "1405-000001"
    assert (reply["card"], reply["rrn"]) == ("603799******1234", "rrnR1")
    assert billing.sums() == {
        "cash_in_transit": PRICE,
        "revenue": -1_754_900,
        "rounding": -100,
    }
    assert billing.day()["balances"]
    assert billing.events() == [("bill_issued", "ISSUED"), ("bill_paid", "PAID")]


def test_a_double_return_and_a_reloaded_page_change_nothing(billing):
    bill = billing.charge()
    started = billing.start(bill)
    form = billing.bank.pay(started["order"])
    first = billing.back(started, form)
    assert [billing.back(started, form) for _ in range(3)] == [first] * 3
    assert billing.bank.calls.count("verify") == 1
    assert billing.sums()["cash_in_transit"] == PRICE


def test_a_form_sent_twice_begins_one_attempt(billing):
    bill = billing.charge()
    assert billing.start(bill, id="form-1") == billing.start(bill, id="form-1")
    assert billing.bank.calls == ["start"]


def test_a_bill_says_what_the_bank_may_still_report_and_an_old_form_leads_to_the_result(billing):
    bill = billing.charge()
    ids = {"bill_id": bill.bill_id, "payment_id": bill.payment_id}
    assert "paying" not in billing.call(contracts.LOOK_UP, **ids)
    started = billing.start(bill, id="form-1")
    begun = billing.call(contracts.LOOK_UP, **ids)["paying"]
    assert (begun["checked"], begun["psp"]["code"]) == (False, "sep")
    billing.bank.lose = ["verify"]
    billing.back(started, billing.bank.pay(started["order"]))
    assert billing.call(contracts.LOOK_UP, **ids)["paying"]["checked"]
    again = billing.start(bill, id="form-1")
    result = f"{PORTAL}/pay/{started['order']}/{started['key']}"
    assert (again["method"], again["url"], again["fields"]) == ("GET", result, {})
    billing.later(minutes=20)
    late = billing.charge()
    billing.start(late)
    billing.later(minutes=20)
    over = {"bill_id": late.bill_id, "payment_id": late.payment_id}
    assert "paying" not in billing.call(contracts.LOOK_UP, **over), "the bank's window is over"


def test_a_browsers_return_is_never_believed(billing):
    bill = billing.charge()
    started = billing.start(bill)
    reply = billing.back(started, {"order": str(started["order"]), "ref": "made-up", "ok": "1"})
    assert (reply["state"], reply["settled"]) == ("FAILED", False)
    assert billing.bill(bill).state == "ISSUED"


def test_the_number_of_another_orders_payment_pays_nothing(billing):
    paid = billing.charge()
    first = billing.start(paid)
    form = billing.bank.pay(first["order"])
    billing.back(first, form)
    thief = billing.charge()
    second = billing.start(thief)
    reply = billing.back(second, {**form, "order": str(second["order"])})
    assert reply["settled"] is False
    assert billing.bill(thief).state == "ISSUED"
    assert billing.exceptions() == [("ref_reused", 0, "OPEN")]


def test_the_return_of_another_order_is_not_taken(billing):
    first, two = billing.start(billing.charge()), billing.start(billing.charge())
    form = billing.bank.pay(first["order"])
    assert billing.back(two, form)["state"] == "REDIRECTED"


def test_an_address_of_an_attempt_cannot_be_guessed(billing):
    started = billing.start(billing.charge())
    refused = billing.call(contracts.PAYMENT, order=started["order"], key="A" * 22)
    assert refused["code"] == "payment.not_found"


def test_another_amount_goes_to_suspense_and_is_given_back(billing):
    bill = billing.charge()
    billing.bank.verified_amount = 1_000
    reply = billing.pay(bill)
    assert (reply["state"], reply["settled"]) == ("REVERSED", False)
    assert billing.bill(bill).state == "ISSUED"
    assert billing.exceptions() == [("amount_differs", 1_000, "RESOLVED")]
    assert billing.sums() == {"receivable": PRICE, "revenue": -1_754_900, "rounding": -100}
    assert billing.day()["balances"]


def test_money_that_the_bank_cannot_give_back_waits_for_an_officer(billing, monkeypatch):
    from services.billing.psps.port import Declined

    def refuse(attempt):
        raise Declined("No such call.", code="psp.no_reversal")

    bill = billing.charge()
    billing.bank.verified_amount = 1_000
    monkeypatch.setattr(billing.bank, "reverse", refuse)
    assert billing.pay(bill)["state"] == "SETTLED"
    assert billing.exceptions() == [("amount_differs", 1_000, "OPEN")]
    assert (billing.sums()["suspense"], billing.day()["balances"]) == (-1_000, True)


def test_a_bill_paid_twice_is_credited_once(billing):
    bill = billing.charge()
    first, two = billing.start(bill), billing.start(bill)
    forms = [billing.bank.pay(row["order"]) for row in (first, two)]
    assert billing.back(first, forms[0])["settled"]
    reply = billing.back(two, forms[1])
    assert (reply["state"], reply["settled"], reply["bill"]["state"]) == ("REVERSED", False, "PAID")
    assert billing.exceptions() == [("paid_twice", PRICE, "RESOLVED")]
    assert billing.sums()["cash_in_transit"] == PRICE


def test_a_bank_that_does_not_say_is_asked_again_and_nothing_is_paid_meanwhile(billing):
    bill = billing.charge()
    started = billing.start(bill)
    form = billing.bank.pay(started["order"])
    billing.bank.lose = ["verify", "verify"]
    reply = billing.back(started, form)
    assert (reply["state"], reply["waits"]) == ("UNKNOWN", True)
    assert billing.start(bill)["code"] == "payment.under_way"
    assert billing.call(treasury.VOID_BILL, as_="nader", number=bill.number, why="x")["code"] == (
        "payment.under_way"
    )
    for _ in range(4):
        billing.later(minutes=1)
        billing.sweep()
    assert billing.bill(bill).state == "PAID"
    assert billing.sums()["cash_in_transit"] == PRICE


def test_a_payment_noted_under_a_clock_that_ran_ahead_is_asked_about_at_once(billing):
    bill = billing.charge()
    started = billing.start(bill)
    billing.bank.lose = ["verify"]
    billing.back(started, billing.bank.pay(started["order"]))
    execute(billing.db, "update payments set next_at = next_at + interval '2 hours'")
    billing.sweep()
    assert billing.bill(bill).state == "PAID"


@pytest.mark.parametrize("where", ["verify", "settle"])
def test_a_process_killed_while_the_bank_is_asked_loses_nothing(billing, where):
    bill = billing.charge()
    started = billing.start(bill)
    form = billing.bank.pay(started["order"])

    def die(attempt):
        getattr(type(billing.bank), where)(billing.bank, attempt)
        raise KeyboardInterrupt

    setattr(billing.bank, where, die)
    with pytest.raises(KeyboardInterrupt):
        billing.back(started, form)
    delattr(billing.bank, where)
    assert billing.bill(bill).state == "ISSUED"
    billing.later(seconds=30)
    billing.sweep()
    assert billing.bill(bill).state == "ISSUED", "its lease is not over"
    billing.later(seconds=40)
    billing.sweep()
    billing.sweep()
    assert billing.bill(bill).state == "PAID"
    assert billing.sums()["cash_in_transit"] == PRICE


def test_a_closed_browser_is_found_where_the_bank_can_be_asked_by_our_token(billing):
    bill = billing.charge()
    started = billing.start(bill, "sadad")
    billing.sadad.pay(started["order"])
    billing.later(minutes=2)
    billing.sweep()
    assert billing.bill(bill).state == "PAID"


def test_elsewhere_a_closed_browser_ends_as_expired_and_the_bank_gives_back(billing):
    bill = billing.charge()
    started = billing.start(bill)
    form = billing.bank.pay(started["order"])
    for _ in range(25):
        billing.later(minutes=1)
        billing.sweep()
    assert billing.row("select state from payments").state == "EXPIRED"
    billing.bank.payments[form["ref"]]["state"] = "GIVEN_BACK"
    assert billing.back(started, form)["state"] == "FAILED"
    assert billing.bill(bill).state == "ISSUED"


def test_a_payer_who_cancelled_can_pay_again(billing):
    bill = billing.charge()
    started = billing.start(bill)
    reply = billing.back(started, {"order": str(started["order"]), "ok": "0", "code": "cancel"})
    assert reply["state"] == "CANCELLED"
    assert billing.pay(bill)["settled"]


def test_a_browser_that_lies_about_a_cancel_does_not_lose_the_payment(billing):
    bill = billing.charge()
    started = billing.start(bill)
    form = billing.bank.pay(started["order"])
    billing.back(started, {"order": str(started["order"]), "ok": "0"})
    assert billing.back(started, form)["settled"]


def test_an_unreachable_gateway_is_reported_and_the_same_form_may_be_sent_again(billing):
    bill = billing.charge()
    billing.bank.lose = ["start"]
    assert billing.start(bill, id="f")["code"] == "psp.unreachable"
    assert billing.start(bill, id="f")["method"] == "POST"


def test_a_bill_that_ended_while_its_payer_was_at_the_bank_goes_to_suspense(billing):
    bill = billing.charge()
    started = billing.start(bill)
    billing.at("1405-09-13 09:00").expire()
    assert billing.bill(bill).state == "EXPIRED"
    reply = billing.back(started, billing.bank.pay(started["order"]))
    assert (reply["settled"], billing.exceptions()) == (False, [("bill_ended", PRICE, "RESOLVED")])
    assert billing.sums() == {}


def test_the_two_ids_must_belong_together(billing):
    first, two = billing.charge(), billing.charge("copy")
    refused = billing.call(contracts.LOOK_UP, bill_id=first.bill_id, payment_id=two.payment_id)
    assert refused["code"] == "bill.not_found"
    reply = billing.call(
        contracts.LOOK_UP, bill_id=first.bill_id.zfill(13), payment_id=first.payment_id.zfill(13)
    )
    assert reply["number"] == first.number
    assert [row["code"] for row in reply["pay_at"]] == ["sep", "sadad"]


def test_p18_an_empty_return_cancels_nothing(billing):
    bill = billing.charge()
    started = billing.start(bill)
    form = billing.bank.pay(started["order"])
    assert billing.back(started, {})["state"] == "REDIRECTED"
    assert billing.back(started, form)["settled"] is True


def test_p18_a_bank_that_finds_payments_itself_is_asked_after_an_empty_return(billing):
    billing.bank.finds_orphans = True
    started = billing.start(billing.charge())
    billing.bank.pay(started["order"])
    assert billing.back(started, {})["settled"] is True
