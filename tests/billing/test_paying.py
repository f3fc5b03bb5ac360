"""Paying at a gateway: everything that can happen ends right, and is counted once."""

import pytest

from contracts.billing import bills as contracts
from contracts.billing import treasury

PRICE = 1_755_000


def test_a_paid_bill_has_a_receipt_and_the_money_is_on_its_way(hand):
    bill = hand.charge()
    told = hand.pay(bill)
    assert (told["state"], told["settled"], told["bill"]["state"]) == ("SETTLED", True, "PAID")
    assert told["bill"]["receipt"] == "1405-000001"
    assert (told["card"], told["rrn"]) == ("603799******1234", "rrnR1")
    assert hand.sums() == {
        "cash_in_transit": PRICE, "revenue": -1_754_900, "rounding": -100,
    }  # fmt: skip
    assert hand.day()["balances"]
    assert hand.events() == [("bill_issued", "ISSUED"), ("bill_paid", "PAID")]


def test_a_double_return_and_a_reloaded_page_change_nothing(hand):
    bill = hand.charge()
    started = hand.start(bill)
    form = hand.bank.pay(started["order"])
    first = hand.back(started, form)
    assert [hand.back(started, form) for _ in range(3)] == [first] * 3
    assert hand.bank.calls.count("verify") == 1
    assert hand.sums()["cash_in_transit"] == PRICE


def test_a_form_sent_twice_begins_one_attempt(hand):
    bill = hand.charge()
    assert hand.start(bill, id="form-1") == hand.start(bill, id="form-1")
    assert hand.bank.calls == ["start"]


def test_what_a_browser_says_is_never_believed(hand):
    bill = hand.charge()
    started = hand.start(bill)
    told = hand.back(started, {"order": str(started["order"]), "ref": "made-up", "ok": "1"})
    assert (told["state"], told["settled"]) == ("FAILED", False)
    assert hand.bill(bill).state == "ISSUED"


def test_the_number_of_another_orders_payment_pays_nothing(hand):
    paid = hand.charge()
    first = hand.start(paid)
    form = hand.bank.pay(first["order"])
    hand.back(first, form)
    thief = hand.charge()
    second = hand.start(thief)
    told = hand.back(second, {**form, "order": str(second["order"])})
    assert told["settled"] is False
    assert hand.bill(thief).state == "ISSUED"
    assert hand.exceptions() == [("ref_reused", 0, "OPEN")]


def test_the_return_of_another_order_is_not_taken(hand):
    one, two = hand.start(hand.charge()), hand.start(hand.charge())
    form = hand.bank.pay(one["order"])
    assert hand.back(two, form)["state"] == "REDIRECTED"


def test_an_address_of_an_attempt_cannot_be_guessed(hand):
    started = hand.start(hand.charge())
    refused = hand.call(contracts.PAYMENT, order=started["order"], key="A" * 22)
    assert refused["code"] == "payment.not_found"


def test_another_amount_goes_to_suspense_and_is_given_back(hand):
    bill = hand.charge()
    hand.bank.verified_amount = 1_000
    told = hand.pay(bill)
    assert (told["state"], told["settled"]) == ("REVERSED", False)
    assert hand.bill(bill).state == "ISSUED"
    assert hand.exceptions() == [("amount_differs", 1_000, "RESOLVED")]
    assert hand.sums() == {"receivable": PRICE, "revenue": -1_754_900, "rounding": -100}
    assert hand.day()["balances"]


def test_money_that_the_bank_cannot_give_back_waits_for_an_officer(hand, monkeypatch):
    from services.billing.psps.port import Declined

    def refuse(attempt):
        raise Declined("No such call.", code="psp.no_reversal")

    bill = hand.charge()
    hand.bank.verified_amount = 1_000
    monkeypatch.setattr(hand.bank, "reverse", refuse)
    assert hand.pay(bill)["state"] == "SETTLED"
    assert hand.exceptions() == [("amount_differs", 1_000, "OPEN")]
    assert (hand.sums()["suspense"], hand.day()["balances"]) == (-1_000, True)


def test_a_bill_paid_twice_is_credited_once(hand):
    bill = hand.charge()
    one, two = hand.start(bill), hand.start(bill)
    forms = [hand.bank.pay(each["order"]) for each in (one, two)]
    assert hand.back(one, forms[0])["settled"]
    told = hand.back(two, forms[1])
    assert (told["state"], told["settled"], told["bill"]["state"]) == ("REVERSED", False, "PAID")
    assert hand.exceptions() == [("paid_twice", PRICE, "RESOLVED")]
    assert hand.sums()["cash_in_transit"] == PRICE


def test_a_bank_that_does_not_say_is_asked_again_and_nothing_is_paid_meanwhile(hand):
    bill = hand.charge()
    started = hand.start(bill)
    form = hand.bank.pay(started["order"])
    hand.bank.lose = ["verify", "verify"]
    told = hand.back(started, form)
    assert (told["state"], told["waits"]) == ("UNKNOWN", True)
    assert hand.start(bill)["code"] == "payment.under_way"
    assert hand.call(treasury.VOID_BILL, as_="nader", number=bill.number, why="x")["code"] == (
        "payment.under_way"
    )
    for _ in range(4):
        hand.later(minutes=1)
        hand.sweep()
    assert hand.bill(bill).state == "PAID"
    assert hand.sums()["cash_in_transit"] == PRICE


@pytest.mark.parametrize("where", ["verify", "settle"])
def test_a_process_killed_while_the_bank_is_asked_loses_nothing(hand, where):
    bill = hand.charge()
    started = hand.start(bill)
    form = hand.bank.pay(started["order"])

    def die(attempt):
        getattr(type(hand.bank), where)(hand.bank, attempt)
        raise KeyboardInterrupt

    setattr(hand.bank, where, die)
    with pytest.raises(KeyboardInterrupt):
        hand.back(started, form)
    delattr(hand.bank, where)
    assert hand.bill(bill).state == "ISSUED"
    hand.later(seconds=30)
    hand.sweep()
    assert hand.bill(bill).state == "ISSUED", "its lease is not over"
    hand.later(seconds=40)
    hand.sweep()
    hand.sweep()
    assert hand.bill(bill).state == "PAID"
    assert hand.sums()["cash_in_transit"] == PRICE


def test_a_closed_browser_is_found_where_the_bank_can_be_asked_by_our_token(hand):
    bill = hand.charge()
    started = hand.start(bill, "sadad")
    hand.sadad.pay(started["order"])
    hand.later(minutes=2)
    hand.sweep()
    assert hand.bill(bill).state == "PAID"


def test_elsewhere_a_closed_browser_ends_as_expired_and_the_bank_gives_back(hand):
    bill = hand.charge()
    started = hand.start(bill)
    form = hand.bank.pay(started["order"])
    for _ in range(25):
        hand.later(minutes=1)
        hand.sweep()
    assert hand.row("select state from payments").state == "EXPIRED"
    hand.bank.payments[form["ref"]]["state"] = "GIVEN_BACK"
    assert hand.back(started, form)["state"] == "FAILED"
    assert hand.bill(bill).state == "ISSUED"


def test_a_payer_who_cancelled_can_pay_again(hand):
    bill = hand.charge()
    started = hand.start(bill)
    told = hand.back(started, {"order": str(started["order"]), "ok": "0", "code": "cancel"})
    assert told["state"] == "CANCELLED"
    assert hand.pay(bill)["settled"]


def test_a_browser_that_lies_about_a_cancel_does_not_lose_the_payment(hand):
    bill = hand.charge()
    started = hand.start(bill)
    form = hand.bank.pay(started["order"])
    hand.back(started, {"order": str(started["order"]), "ok": "0"})
    assert hand.back(started, form)["settled"]


def test_a_gateway_that_is_away_says_so_and_the_same_form_may_be_sent_again(hand):
    bill = hand.charge()
    hand.bank.lose = ["start"]
    assert hand.start(bill, id="f")["code"] == "psp.unreachable"
    assert hand.start(bill, id="f")["method"] == "POST"


def test_a_bill_that_ended_while_its_payer_was_at_the_bank_goes_to_suspense(hand):
    bill = hand.charge()
    started = hand.start(bill)
    hand.at("1405-09-13 09:00").expire()
    assert hand.bill(bill).state == "EXPIRED"
    told = hand.back(started, hand.bank.pay(started["order"]))
    assert (told["settled"], hand.exceptions()) == (False, [("bill_ended", PRICE, "RESOLVED")])
    assert hand.sums() == {}


def test_the_two_ids_must_belong_together(hand):
    one, two = hand.charge(), hand.charge("copy")
    refused = hand.call(contracts.LOOK_UP, bill_id=one.bill_id, payment_id=two.payment_id)
    assert refused["code"] == "bill.not_found"
    told = hand.call(
        contracts.LOOK_UP, bill_id=one.bill_id.zfill(13), payment_id=one.payment_id.zfill(13)
    )
    assert told["number"] == one.number
    assert [each["code"] for each in told["pay_at"]] == ["sep", "sadad"]


def test_p18_a_return_that_says_nothing_cancels_nothing(hand):
    bill = hand.charge()
    started = hand.start(bill)
    form = hand.bank.pay(started["order"])
    assert hand.back(started, {})["state"] == "REDIRECTED"
    assert hand.back(started, form)["settled"] is True


def test_p18_a_bank_that_finds_payments_itself_is_asked_after_a_return_that_says_nothing(hand):
    hand.bank.finds_orphans = True
    started = hand.start(hand.charge())
    hand.bank.pay(started["order"])
    assert hand.back(started, {})["settled"] is True
