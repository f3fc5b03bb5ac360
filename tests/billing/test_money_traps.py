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


def paid_for_nothing(billing):
    """The open exception of money that the bank was asked to give back, and did not answer."""
    billing.bank.verified_amount, billing.bank.lose = 1_000, ["reverse"]
    assert billing.pay(billing.charge())["state"] == "REVERSING"
    (row,) = billing.call(treasury.EXCEPTIONS, as_="karim")["exceptions"]
    return row


@pytest.mark.parametrize("how", [{"how": "refund", "sheba": SHEBA}, {"how": "apply"}])
def test_money_that_the_bank_is_to_give_back_is_not_given_back_by_an_officer_too(billing, how):
    row, bill = paid_for_nothing(billing), billing.charge("copy")
    ask = {"id": row["id"], "note": "n", **({"number": bill.number} if len(how) == 1 else {})}
    reply = billing.call(treasury.RESOLVE, as_="karim", **how, **ask)
    assert reply["code"] == "exception.reversing"
    billing.later(minutes=5).sweep()
    assert billing.exceptions() == [("amount_differs", 1_000, "RESOLVED")]
    assert billing.call(treasury.REFUNDS, as_="karim")["refunds"] == []
    assert billing.day()["balances"]


def test_a_reversal_after_settlement_leaves_the_account(billing):
    paid_for_nothing(billing)
    assert take(billing, settlement(("R1", "sale", 1_000, 0)))["matched"] == 1
    billing.later(minutes=5).sweep()
    sums = billing.sums()
    assert (sums.get("cash_in_transit"), sums.get("bank"), sums.get("suspense")) == (None,) * 3
    assert billing.day()["balances"]


def test_money_that_was_settled_before_we_knew_of_it_is_not_waiting_twice(billing):
    bill = billing.charge()
    started = billing.start(bill)
    form = billing.bank.pay(started["order"])
    billing.bank.lose = ["verify"]
    assert billing.back(started, form)["state"] == "UNKNOWN"
    take(billing, settlement((form["ref"], "sale", PRICE, 1_200)))
    assert billing.exceptions() == [("not_in_ledger", PRICE, "OPEN")]
    billing.later(minutes=5).sweep()
    assert billing.bill(bill).state == "PAID"
    assert billing.exceptions() == [("not_in_ledger", PRICE, "RESOLVED")]
    sums = billing.sums()
    assert (sums["bank"], sums.get("cash_in_transit"), sums.get("suspense")) == (
        PRICE - 1_200,
        None,
        None,
    )
    assert billing.day()["balances"]


def test_a_second_bill_of_one_source_is_refused_and_not_dropped(billing):
    visit = billing.charge("expert_visit", ref="t1")
    issue = {
        "source_kind": "inquiry",
        "source_ref": "t1",
        "service": "copy",
        "quantity": 3,
        "requested_at": billing.moment.isoformat(),
    }
    reply = billing.call(treasury.ISSUE_BILL, as_="karim", **issue)
    assert (reply["code"], visit.number in reply["message"]) == ("bill.charged", True)


def test_a_bill_that_was_paid_at_a_counter_on_its_last_day_is_paid(billing):
    bill = billing.charge()
    billing.at("1405-09-12 08:00").expire()
    text = bills_file((bill.bill_id, bill.payment_id, bill.total, 7))
    assert take(billing, text, "bills")["matched"] == 1
    assert billing.bill(bill).state == "PAID"


def test_a_bill_that_was_tried_too_often_can_be_tried_again_tomorrow(billing):
    bill = billing.charge("levy", use="agriculture", quantity=9_000)
    for _ in range(20):
        billing.start(bill)
    assert billing.start(bill)["code"] == "limit.reached"
    billing.later(hours=25)
    assert billing.start(bill)["method"] == "POST"


def test_a_key_that_began_to_pay_one_bill_pays_no_other(billing):
    first, two = billing.charge(), billing.charge("copy")
    billing.start(first, id="k")
    assert billing.start(two, id="k")["code"] == "idempotency_key.reused"
    assert billing.start(first, "sadad", id="k")["code"] == "idempotency_key.reused"


def test_a_quotation_mark_does_not_break_the_journal(tmp_path):
    text, postings = 'refund 1 "A\\" B', ledger.refund_paid(5)
    entry = JournalEntry(1, dt.date(2026, 11, 23), "refund_paid", text, postings)
    beans = tmp_path / "mirab.beancount"
    beans.write_text(beancount([entry], opening=True), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", str(beans)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_reminders_of_later_bills_do_not_wait_for_bills_that_had_theirs(billing, monkeypatch):
    monkeypatch.setattr(due_dates, "AT_ONCE", 2)
    for _ in range(4):
        billing.charge()
    billing.at("1405-09-04 09:00")
    for _ in range(2):
        due_dates.remind(billing.store, billing.moment)
    assert [name for name, _ in billing.events()].count("bill_reminded") == 4


def test_a_repeated_row_with_another_sum_becomes_an_exception(billing):
    billing.pay(billing.charge())
    take(billing, settlement(("R1", "sale", PRICE, 0)))
    assert take(billing, settlement(("R1", "sale", PRICE + 5, 0)))["exceptions"] == 1
    assert billing.exceptions() == [("amount_differs", PRICE + 5, "OPEN")]


def test_two_bills_of_one_trace_number_are_both_paid(billing):
    rows = [(b.bill_id, b.payment_id, b.total, 7) for b in (billing.charge(), billing.charge())]
    assert take(billing, bills_file(*rows), "bills")["matched"] == 2


def test_a_file_of_bills_is_of_the_day_that_its_head_names(billing):
    bill = billing.charge()
    text = bills_file((bill.bill_id, bill.payment_id, bill.total, 7))
    assert take(billing, text, "bills", day="2026-11-22")["code"] == "file.wrong"
    assert billing.bill(bill).state == "ISSUED"


def test_the_whole_account_of_a_refund_is_shown_while_it_is_decided_and_transferred(billing):
    bill = billing.charge()
    billing.pay(bill)
    billing.call(
        treasury.ASK_REFUND,
        as_="mina",
        number=bill.number,
        rials=1_000,
        available_rials=PRICE,
        sheba=SHEBA,
        why="w",
    )
    (refund,) = billing.call(treasury.REFUNDS, as_="nader")["refunds"]
    assert refund["sheba"] == SHEBA, "who approves sees to which account"
    reply = billing.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])
    assert reply["refunds"][0]["sheba"] == "IR82…9002", "answers are kept"
    assert billing.call(treasury.REFUNDS, as_="karim")["refunds"][0]["sheba"] == SHEBA
    billing.call(treasury.NOTE_REFUND_PAID, as_="karim", id=refund["id"], bank_ref="B1")
    assert billing.call(treasury.REFUNDS, as_="karim")["refunds"][0]["sheba"] == "IR82…9002"


def test_a_bill_is_rounded_by_the_rule_of_the_day_it_is_issued_on(billing):
    with billing.store.transaction() as tx:
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
def test_no_vat_is_owed_on_a_waived_part(billing, percent):
    issue = {
        "source_kind": "office",
        "source_ref": "w",
        "service": "expert_visit",
        "requested_at": billing.moment.isoformat(),
        "percent": percent,
        "reason": "welfare",
        "decree": "K/12",
    }
    reply = billing.call(treasury.ISSUE_BILL, as_="nader", **issue)
    assert reply["quote"]["vat_rials"] == 1_250_000
    assert billing.sums().get("vat", 0) == -1_250_000 * (100 - percent) // 100
    if percent < 100:
        waive = {"number": reply["number"], "reason": "other", "decree": "D"}
        billing.call(treasury.WAIVE_BILL, as_="nader", **waive)
        assert billing.sums().get("vat", 0) == billing.sums().get("receivable", 0) == 0
    assert billing.day()["balances"]


def test_no_vat_is_owed_on_a_refunded_part(billing):
    bill = billing.charge("copy", quantity=3)
    billing.pay(bill)
    assert (bill.total, billing.sums()["vat"]) == (149_000, -13_500)
    for rials, left in ((50_000, 149_000), (99_000, 99_000)):
        billing.call(
            treasury.ASK_REFUND,
            as_="karim",
            number=bill.number,
            rials=rials,
            available_rials=left,
            sheba=SHEBA,
            why="w",
        )
        refund = billing.call(treasury.REFUNDS, as_="karim")["refunds"][0]
        assert billing.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])["refunds"]
        assert billing.sums().get("vat", 0) == {50_000: -8_970, 99_000: 0}[rials]
    assert (billing.sums()["refunded"], billing.sums()["refunds"]) == (135_500, -149_000)
    assert billing.day()["balances"]


def test_an_attempt_at_a_gateway_that_was_taken_away_does_not_stop_the_sweeper(billing):
    for psp, bank in (("sadad", billing.sadad), ("sep", billing.bank)):
        bill = billing.charge()
        started = billing.start(bill, psp)
        bank.lose = ["verify"]
        assert billing.back(started, bank.pay(started["order"]))["state"] == "UNKNOWN"
    del billing.service.banks["sadad"]
    billing.later(minutes=1).sweep()
    assert billing.bill(bill).state == "PAID"
    billing.service.banks["sadad"] = billing.sadad
    billing.later(minutes=2).sweep()
    assert execute(billing.db, "select distinct state from bills") == [("PAID",)]


def test_no_bill_is_issued_for_a_request_of_a_day_to_come(billing):
    issue = {
        "source_kind": "office",
        "source_ref": "r",
        "service": "copy",
        "requested_at": "2026-11-24T08:00:00Z",
    }
    reply = billing.call(treasury.ISSUE_BILL, as_="karim", **issue)
    assert [(f["field"], f["code"]) for f in reply["fields"]] == [("requested_at", "to_come")]


def test_a_sum_that_no_bank_moves_is_a_wrong_line(billing):
    reply = take(billing, settlement(("R1", "sale", 10**14, 0)))
    assert reply["code"] == "file.wrong"
    reply = take(billing, bills_file(("1000234546116", "175050929", 10**14, 1)), "bills")
    assert reply["code"] == "file.wrong"


def test_money_that_came_short_is_no_longer_on_its_way_and_is_claimed(billing):
    billing.pay(billing.charge())
    take(billing, settlement(("R1", "sale", PRICE - 1_000, 0)))
    sums = billing.sums()
    assert (sums["bank"], sums["claims"], sums.get("cash_in_transit")) == (
        PRICE - 1_000,
        1_000,
        None,
    )
    billing.at("1405-09-05 09:00")
    billing.call(treasury.CLOSE_DAY, as_="nader", day="2026-11-24")
    assert billing.exceptions() == [("amount_differs", PRICE - 1_000, "OPEN")]
    assert billing.day()["balances"]


def test_money_that_the_bank_took_back_by_itself_is_not_on_our_account(billing):
    billing.pay(billing.charge())
    take(billing, settlement(("R1", "sale", PRICE, 0), ("R1", "reversal", PRICE, 0)))
    assert (billing.sums().get("bank"), billing.sums()["claims"]) == (None, PRICE)
    assert billing.exceptions() == [("reversed_by_bank", PRICE, "OPEN")]
    assert billing.day()["balances"]


def test_unknown_money_that_the_bank_took_back_is_not_refunded_a_second_time(billing):
    take(billing, settlement(("R9", "sale", 5_000, 0)))
    take(billing, settlement(("R9", "reversal", 5_000, 0)), day="2026-11-24")
    assert billing.exceptions() == [("not_in_ledger", 5_000, "RESOLVED")]
    assert (billing.sums(), billing.day()["balances"]) == ({}, True)


@pytest.mark.parametrize("reversed_too", [True, False])
def test_a_payment_that_was_given_back_is_nothing_unless_only_its_sale_is_settled(
    billing, reversed_too
):
    billing.bank.verified_amount = 1_000
    billing.pay(billing.charge())
    rows = [("R1", "sale", 1_000, 0), ("R1", "reversal", 1_000, 0)][: 2 if reversed_too else 1]
    assert take(billing, settlement(*rows))["matched"] == len(rows)
    owed = 0 if reversed_too else 1_000
    assert (billing.sums().get("bank", 0), billing.sums().get("claims", 0)) == (owed, -owed)
    assert billing.day()["balances"]


SPOIL = """
create function spoil() returns trigger language plpgsql as $$
begin
    if new.id = %s then raise exception 'a fault of tests' using errcode = 'P0001'; end if;
    return new;
end $$;
create trigger spoil before update on bills for each row execute function spoil()"""


def test_b6_a_bill_that_cannot_be_ended_or_reminded_of_keeps_no_other_waiting(billing):
    spoilt, *others = [billing.charge() for _ in range(3)]
    execute(billing.db, SPOIL, (spoilt.id,))
    billing.at("1405-09-04 09:00")
    due_dates.remind(billing.store, billing.moment)
    assert [name for name, _ in billing.events()].count("bill_reminded") == 2
    billing.at("1406-09-04 09:00")
    due_dates.expire(billing.store, billing.moment)
    states = execute(billing.db, "select id, state from bills order by id")
    assert states == [(spoilt.id, "ISSUED"), *((bill.id, "EXPIRED") for bill in others)]
    failed = execute(billing.db, "select chore, item from failed_rows order by chore")
    assert failed == [(f"billing.{chore}", str(spoilt.id)) for chore in ("expire", "remind")]
