"""Where money could be lost or given twice: each of these was once a hole."""

import dataclasses
import datetime as dt
import subprocess
import sys

import pytest

from bus.errors import ContractError, RuleBroken
from contracts.billing import bills as contracts
from contracts.billing import treasury
from services.billing import books
from services.billing.bills import due_dates
from services.billing.domain import bank_files, ledger
from services.billing.domain.journal import JournalEntry, beancount
from services.billing.domain.quote import Basis, Item, quote
from services.billing.tariffs.csv_file import read_csv
from services.billing.tariffs.quotes import of_services
from tests.billing.test_paying import PRICE
from tests.billing.test_rules import bills_file
from tests.billing.test_treasury import HEAD, SHEBA, settlement, take
from tests.stores import execute


def paid_for_nothing(hand):
    """The open exception of money that the bank was asked to give back, and did not answer."""
    hand.bank.verified_amount, hand.bank.lose = 1_000, ["reverse"]
    assert hand.pay(hand.charge())["state"] == "REVERSING"
    (found,) = hand.call(treasury.EXCEPTIONS, as_="karim")["exceptions"]
    return found


@pytest.mark.parametrize("how", [{"how": "refund", "sheba": SHEBA}, {"how": "apply"}])
def test_money_that_the_bank_is_asked_to_give_back_is_not_given_back_by_an_officer_too(hand, how):
    found, bill = paid_for_nothing(hand), hand.charge("copy")
    ask = {"id": found["id"], "note": "n", **({"number": bill.number} if len(how) == 1 else {})}
    told = hand.call(treasury.RESOLVE, as_="karim", **how, **ask)
    assert told["code"] == "exception.reversing"
    hand.later(minutes=5).sweep()
    assert hand.exceptions() == [("amount_differs", 1_000, "RESOLVED")]
    assert hand.call(treasury.REFUNDS, as_="karim")["refunds"] == []
    assert hand.day()["balances"]


def test_what_the_bank_gives_back_after_it_was_settled_leaves_the_account(hand):
    paid_for_nothing(hand)
    assert take(hand, settlement(("R1", "sale", 1_000, 0)))["matched"] == 1
    hand.later(minutes=5).sweep()
    sums = hand.sums()
    assert (sums.get("cash_in_transit"), sums.get("bank"), sums.get("suspense")) == (None,) * 3
    assert hand.day()["balances"]


def test_money_that_was_settled_before_we_knew_of_it_is_not_waiting_twice(hand):
    bill = hand.charge()
    started = hand.start(bill)
    form = hand.bank.pay(started["order"])
    hand.bank.lose = ["verify"]
    assert hand.back(started, form)["state"] == "UNKNOWN"
    take(hand, settlement((form["ref"], "sale", PRICE, 1_200)))
    assert hand.exceptions() == [("not_in_ledger", PRICE, "OPEN")]
    hand.later(minutes=5).sweep()
    assert hand.bill(bill).state == "PAID"
    assert hand.exceptions() == [("not_in_ledger", PRICE, "RESOLVED")]
    sums = hand.sums()
    assert (sums["bank"], sums.get("cash_in_transit"), sums.get("suspense")) == (
        PRICE - 1_200, None, None,
    )  # fmt: skip
    assert hand.day()["balances"]


def test_a_second_bill_of_one_source_is_told_and_not_dropped(hand):
    visit = hand.charge("expert_visit", ref="t1")
    issue = {"source_kind": "inquiry", "source_ref": "t1", "service": "copy", "quantity": 3,
             "requested_at": hand.moment.isoformat()}  # fmt: skip
    told = hand.call(treasury.ISSUE_BILL, as_="karim", **issue)
    assert (told["code"], visit.number in told["message"]) == ("bill.charged", True)


def test_a_bill_that_was_paid_at_a_counter_on_its_last_day_is_paid(hand):
    bill = hand.charge()
    hand.at("1405-09-12 08:00").expire()
    text = bills_file((bill.bill_id, bill.payment_id, bill.total, 7))
    assert take(hand, text, "bills")["matched"] == 1
    assert hand.bill(bill).state == "PAID"


def test_a_bill_that_was_tried_too_often_can_be_tried_again_tomorrow(hand):
    bill = hand.charge("levy", use="agriculture", quantity=9_000)
    for _ in range(20):
        hand.start(bill)
    assert hand.start(bill)["code"] == "limit.reached"
    hand.later(hours=25)
    assert hand.start(bill)["method"] == "POST"


def test_a_key_that_began_to_pay_one_bill_pays_no_other(hand):
    one, two = hand.charge(), hand.charge("copy")
    hand.start(one, id="k")
    assert hand.start(two, id="k")["code"] == "idempotency_key.reused"
    assert hand.start(one, "sadad", id="k")["code"] == "idempotency_key.reused"


def test_a_quotation_mark_does_not_break_the_journal(tmp_path):
    text, postings = 'refund 1 "A\\" B', ledger.refund_paid(5)
    entry = JournalEntry(1, dt.date(2026, 11, 23), "refund_paid", text, postings)
    beans = tmp_path / "mirab.beancount"
    beans.write_text(beancount([entry], opening=True), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", str(beans)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")


def test_reminders_of_later_bills_do_not_wait_for_those_that_were_told(hand, monkeypatch):
    monkeypatch.setattr(due_dates, "AT_ONCE", 2)
    for _ in range(4):
        hand.charge()
    hand.at("1405-09-04 09:00")
    for _ in range(2):
        due_dates.remind(hand.store, hand.moment)
    assert [name for name, _ in hand.events()].count("bill_reminded") == 4


def test_a_row_that_comes_again_with_another_sum_is_told(hand):
    hand.pay(hand.charge())
    take(hand, settlement(("R1", "sale", PRICE, 0)))
    assert take(hand, settlement(("R1", "sale", PRICE + 5, 0)))["exceptions"] == 1
    assert hand.exceptions() == [("amount_differs", PRICE + 5, "OPEN")]


def test_two_bills_of_one_trace_number_are_both_paid(hand):
    rows = [(b.bill_id, b.payment_id, b.total, 7) for b in (hand.charge(), hand.charge())]
    assert take(hand, bills_file(*rows), "bills")["matched"] == 2


def test_a_file_of_bills_is_of_the_day_that_its_head_names(hand):
    bill = hand.charge()
    text = bills_file((bill.bill_id, bill.payment_id, bill.total, 7))
    assert take(hand, text, "bills", day="2026-11-22")["code"] == "file.wrong"
    assert hand.bill(bill).state == "ISSUED"


def test_who_transfers_a_refund_reads_the_whole_account_once_it_is_allowed(hand):
    bill = hand.charge()
    hand.pay(bill)
    hand.call(treasury.ASK_REFUND, as_="mina", number=bill.number, rials=1_000,
              available_rials=PRICE, sheba=SHEBA, why="w")  # fmt: skip
    (refund,) = hand.call(treasury.REFUNDS, as_="karim")["refunds"]
    assert refund["sheba"] == "IR82…9002"
    told = hand.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])
    assert told["refunds"][0]["sheba"] == "IR82…9002", "answers are kept"
    assert hand.call(treasury.REFUNDS, as_="karim")["refunds"][0]["sheba"] == SHEBA
    hand.call(treasury.NOTE_REFUND_PAID, as_="karim", id=refund["id"], bank_ref="B1")
    assert hand.call(treasury.REFUNDS, as_="karim")["refunds"][0]["sheba"] == "IR82…9002"


def test_a_bill_is_rounded_by_the_rule_of_the_day_it_is_issued_on(hand):
    with hand.store.transaction() as tx:
        book = books.newest(tx.conn)
        rows = of_services(tx.conn, ["copy"])
    new = dataclasses.replace(book.rounding[0], from_=dt.date(2026, 12, 1), to_rials=10_000)
    book = dataclasses.replace(book, rounding=(*book.rounding, new))
    single = (Item("copy", 1),)
    on = dt.date(2026, 11, 23)
    bases = [
        Basis("applicant", "*", "*", on, dt.datetime(2026, month, 23, 9, tzinfo=dt.UTC))
        for month in (11, 12)
    ]
    totals = [quote(book, rows, basis, single).total_rials for basis in bases]
    assert totals == [50_000, 50_000]
    three = (Item("copy", 3),)
    totals = [quote(book, rows, basis, three).total_rials for basis in bases]
    assert totals == [149_000, 150_000]


@pytest.mark.parametrize("cell", ["9" * 5_000, "9" * 140_000])
def test_a_cell_that_is_far_too_long_is_a_wrong_cell(cell):
    with pytest.raises(RuleBroken):
        read_csv(f"service,amount,from_day,decree\ncopy,{cell},1406/01/01,D\n")
    with pytest.raises(RuleBroken):
        bank_files.settlement(f"{HEAD}\nsep,T1,1,{cell},1,sale,5,0,{cell}\nTOTAL,1,5", "sep")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_no_calendar_reaches_is_refused(day):
    with pytest.raises(ContractError, match="day"):
        contracts.QUOTE.load_data({"items": [{"service": "copy"}], "on": day})


@pytest.mark.parametrize("percent", [50, 100])
def test_no_vat_is_owed_on_what_was_waived(hand, percent):
    issue = {"source_kind": "office", "source_ref": "w", "service": "expert_visit",
             "requested_at": hand.moment.isoformat(), "percent": percent, "reason": "welfare",
             "decree": "K/12"}  # fmt: skip
    told = hand.call(treasury.ISSUE_BILL, as_="nader", **issue)
    assert told["quote"]["vat_rials"] == 1_250_000
    assert hand.sums().get("vat", 0) == -1_250_000 * (100 - percent) // 100
    if percent < 100:
        waive = {"number": told["number"], "reason": "other", "decree": "D"}
        hand.call(treasury.WAIVE_BILL, as_="nader", **waive)
        assert hand.sums().get("vat", 0) == hand.sums().get("receivable", 0) == 0
    assert hand.day()["balances"]


def test_no_vat_is_owed_on_what_was_given_back(hand):
    bill = hand.charge("copy", quantity=3)
    hand.pay(bill)
    assert (bill.total, hand.sums()["vat"]) == (149_000, -13_500)
    for rials, left in ((50_000, 149_000), (99_000, 99_000)):
        hand.call(treasury.ASK_REFUND, as_="karim", number=bill.number, rials=rials,
                  available_rials=left, sheba=SHEBA, why="w")  # fmt: skip
        refund = hand.call(treasury.REFUNDS, as_="karim")["refunds"][0]
        assert hand.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])["refunds"]
        assert hand.sums().get("vat", 0) == {50_000: -8_970, 99_000: 0}[rials]
    assert (hand.sums()["refunded"], hand.sums()["refunds"]) == (135_500, -149_000)
    assert hand.day()["balances"]


def test_an_attempt_at_a_gateway_that_was_taken_away_does_not_stop_the_sweeper(hand):
    for psp, bank in (("sadad", hand.sadad), ("sep", hand.bank)):
        bill = hand.charge()
        started = hand.start(bill, psp)
        bank.lose = ["verify"]
        assert hand.back(started, bank.pay(started["order"]))["state"] == "UNKNOWN"
    del hand.service.banks["sadad"]
    hand.later(minutes=1).sweep()
    assert hand.bill(bill).state == "PAID"
    hand.service.banks["sadad"] = hand.sadad
    hand.later(minutes=2).sweep()
    assert execute(hand.db, "select distinct state from bills") == [("PAID",)]


def test_no_bill_is_issued_for_a_request_of_a_day_to_come(hand):
    issue = {"source_kind": "office", "source_ref": "r", "service": "copy",
             "requested_at": "2026-11-24T08:00:00Z"}  # fmt: skip
    told = hand.call(treasury.ISSUE_BILL, as_="karim", **issue)
    assert [(f["field"], f["code"]) for f in told["fields"]] == [("requested_at", "to_come")]


def test_a_sum_that_no_bank_moves_is_a_wrong_line(hand):
    told = take(hand, settlement(("R1", "sale", 10**14, 0)))
    assert told["code"] == "file.wrong"
    told = take(hand, bills_file(("1000234546116", "175050929", 10**14, 1)), "bills")
    assert told["code"] == "file.wrong"


def test_money_that_came_short_is_no_longer_on_its_way_and_is_claimed(hand):
    hand.pay(hand.charge())
    take(hand, settlement(("R1", "sale", PRICE - 1_000, 0)))
    sums = hand.sums()
    assert (sums["bank"], sums["claims"], sums.get("cash_in_transit")) == (
        PRICE - 1_000, 1_000, None,
    )  # fmt: skip
    hand.at("1405-09-05 09:00")
    hand.call(treasury.CLOSE_DAY, as_="nader", day="2026-11-24")
    assert hand.exceptions() == [("amount_differs", PRICE - 1_000, "OPEN")]
    assert hand.day()["balances"]


def test_money_that_the_bank_took_back_by_itself_is_not_on_our_account(hand):
    hand.pay(hand.charge())
    take(hand, settlement(("R1", "sale", PRICE, 0), ("R1", "reversal", PRICE, 0)))
    assert (hand.sums().get("bank"), hand.sums()["claims"]) == (None, PRICE)
    assert hand.exceptions() == [("reversed_by_bank", PRICE, "OPEN")]
    assert hand.day()["balances"]


def test_unknown_money_that_the_bank_took_back_is_not_refunded_a_second_time(hand):
    take(hand, settlement(("R9", "sale", 5_000, 0)))
    take(hand, settlement(("R9", "reversal", 5_000, 0)), day="2026-11-24")
    assert hand.exceptions() == [("not_in_ledger", 5_000, "RESOLVED")]
    assert (hand.sums(), hand.day()["balances"]) == ({}, True)


@pytest.mark.parametrize("reversed_too", [True, False])
def test_a_payment_that_was_given_back_is_nothing_unless_only_its_sale_is_settled(
    hand, reversed_too
):
    hand.bank.verified_amount = 1_000
    hand.pay(hand.charge())
    rows = [("R1", "sale", 1_000, 0), ("R1", "reversal", 1_000, 0)][: 2 if reversed_too else 1]
    assert take(hand, settlement(*rows))["matched"] == len(rows)
    owed = 0 if reversed_too else 1_000
    assert (hand.sums().get("bank", 0), hand.sums().get("claims", 0)) == (owed, -owed)
    assert hand.day()["balances"]


SPOIL = """
create function spoil() returns trigger language plpgsql as $$
begin
    if new.id = %s then raise exception 'a fault of tests' using errcode = 'P0001'; end if;
    return new;
end $$;
create trigger spoil before update on bills for each row execute function spoil()"""


def test_b6_a_bill_that_cannot_be_ended_or_told_of_keeps_no_other_waiting(hand):
    spoilt, *others = [hand.charge() for _ in range(3)]
    execute(hand.db, SPOIL, (spoilt.id,))
    hand.at("1405-09-04 09:00")
    due_dates.remind(hand.store, hand.moment)
    assert [name for name, _ in hand.events()].count("bill_reminded") == 2
    hand.at("1406-09-04 09:00")
    due_dates.expire(hand.store, hand.moment)
    states = execute(hand.db, "select id, state from bills order by id")
    assert states == [(spoilt.id, "ISSUED"), *((bill.id, "EXPIRED") for bill in others)]
    failed = execute(hand.db, "select chore, item from failed_rows order by chore")
    assert failed == [(f"billing.{chore}", str(spoilt.id)) for chore in ("expire", "remind")]
