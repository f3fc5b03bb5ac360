"""What officers do: tariffs, waivers, refunds, banks' files, daily close, statements, journal."""

import random
import shutil
import subprocess
import sys

import pytest

from bus.activator import Call, Fate
from bus.envelope import Envelope
from contracts.billing import account, treasury
from contracts.billing import bills as contracts
from contracts.inquiry.questions import BATCH_ANSWERED, DAY_COUNTED
from iran.persian import TEHRAN
from services.billing.bills import due_dates
from services.billing.domain import bank_files
from services.billing.service import Billing
from tests.billing.test_paying import PRICE
from tests.billing.test_rules import bills_file
from tests.stores import execute, told_to_proposers

SHEBA = "IR820540102680020817909002"
HEAD = ",".join(bank_files.SETTLEMENT)


def settlement(*rows, psp="sep"):
    body = [
        f"{psp},T1,1,{ref},1,{kind},{rials},{fee},2026-11-23T08:00:00+00:00"
        for ref, kind, rials, fee in rows
    ]
    total = sum(r[2] if r[1] == "sale" else -r[2] for r in rows)
    return "\n".join([HEAD, *body, f"TOTAL,{len(rows)},{total}"])


def take(billing, text, kind="settlement", psp="sep", day="2026-11-23"):
    return billing.call(
        treasury.TAKE_FILE,
        as_="karim",
        kind=kind,
        psp=psp if kind == "settlement" else None,
        day=day,
        text=text,
    )


def draft(billing, as_="karim", **more):
    row = {
        "service": "copy",
        "unit": "page",
        "amount": 60_000,
        "from_day": "2026-12-01",
        "decree": "D2",
        **more,
    }
    reply = billing.call(treasury.DRAFT_TARIFF, as_=as_, **row)
    return reply["ids"][0] if "ids" in reply else reply


# --- tariffs ---


def test_a_tariff_takes_effect_at_its_day_when_a_second_officer_approved_it(billing):
    id_ = draft(billing, as_="mina")
    assert (
        billing.call(treasury.APPROVE_TARIFF, as_="mina", id=id_)["code"] == "treasury.same_person"
    )
    assert billing.call(treasury.APPROVE_TARIFF, as_="karim", id=id_)["code"] == (
        "treasury.not_an_approver"
    )
    request = {"items": [{"service": "copy", "quantity": 1}]}
    billing.at("1405-09-12 09:00")
    assert billing.call(contracts.QUOTE, **request)["net_rials"] == 45_000
    billing.call(treasury.APPROVE_TARIFF, as_="nader", id=id_)
    assert billing.call(contracts.QUOTE, **request)["net_rials"] == 60_000
    assert billing.call(contracts.QUOTE, **request, on="2026-11-30")["net_rials"] == 45_000
    name = "convert_from(body, 'UTF8')::json->>'name'"
    outcome = billing.row(f"select {name} as name from outbox where {name} <> ''")
    assert outcome.name.startswith(f"{id_}، "), "its drafter is told which service it is of"


def test_a_bill_goes_by_the_day_it_was_asked_on_however_late_it_is_issued(billing):
    billing.call(treasury.APPROVE_TARIFF, as_="nader", id=draft(billing))
    asked_at = billing.moment.isoformat()
    billing.at("1405-09-20 09:00")
    assert billing.charge("copy", requested_at=asked_at).total == 50_000
    assert billing.charge("copy").total == 60_000


def test_a_row_in_force_is_neither_edited_nor_withdrawn_and_one_to_come_can_be(billing):
    id_ = draft(billing)
    billing.call(treasury.APPROVE_TARIFF, as_="nader", id=id_)
    with pytest.raises(Exception, match="not edited"):
        execute(billing.db, "update tariffs set amount = 1 where id = %s", (id_,))
    assert draft_again(billing)["code"] == "tariff.same_day"
    reply = billing.call(treasury.WITHDRAW_TARIFF, as_="karim", id=id_)
    assert next(row for row in reply["tariffs"] if row["id"] == id_)["state"] == "WITHDRAWN"
    old = execute(billing.db, "select id from tariffs where service = 'levy' limit 1")[0][0]
    assert billing.call(treasury.WITHDRAW_TARIFF, as_="karim", id=old)["code"] == "tariff.in_force"


def draft_again(billing):
    return billing.call(treasury.APPROVE_TARIFF, as_="nader", id=draft(billing))


def test_a_file_of_tariffs_is_taken_whole_or_not_at_all(billing):
    good = (
        "service,amount,from_day,decree\ncopy,70000,1406/01/01,D3\nexpert_visit,1,1406/01/01,D3\n"
    )
    assert len(billing.call(treasury.IMPORT_TARIFFS, as_="karim", text=good)["ids"]) == 2
    before = execute(billing.db, "select count(*) from tariffs")
    for wrong, field in (
        (good.replace("70000", "70.5"), "2.amount"),
        (good.replace("1406/01/01,D3\nexpert", "1406/13/01,D3\nexpert"), "2.from_day"),
        (good.replace("expert_visit", "nothing"), "3.service"),
        (good.replace("decree", "order"), "1"),
    ):
        reply = billing.call(treasury.IMPORT_TARIFFS, as_="karim", text=wrong)
        assert field in [row["field"] for row in reply["fields"]], reply
    assert execute(billing.db, "select count(*) from tariffs") == before


def test_a_colleague_without_a_role_can_do_nothing(billing):
    for username in ("sara", "nobody"):
        assert billing.call(treasury.TARIFFS, as_=username)["code"] == "treasury.not_an_officer"


# --- bills ---


def test_numbers_have_no_gaps_and_begin_anew_each_jalali_year(billing):
    numbers = [billing.charge().number for _ in range(3)]
    billing.at("1406-01-01 00:30")
    assert [*numbers, billing.charge().number] == [
        "1405-000001",
        "1405-000002",
        "1405-000003",
        "1406-000001",
    ]


def test_an_event_is_charged_once(billing):
    assert billing.charge(ref="one").number == billing.charge(ref="one").number
    assert execute(billing.db, "select count(*) from bills") == [(1,)]


def test_a_wrong_bill_is_voided_and_a_new_one_takes_its_place(billing):
    bill = billing.charge("copy", ref="c1", quantity=3)
    reply = billing.call(treasury.VOID_BILL, as_="nader", number=bill.number, why="two pages")
    assert (reply["state"], reply["credit_note"]) == ("VOID", "1405-000001")
    assert "replaced_by" not in reply
    assert billing.sums() == {}
    issue = {
        "source_kind": "inquiry",
        "source_ref": "c1",
        "service": "copy",
        "quantity": 2,
        "requested_at": billing.moment.isoformat(),
        "replaces": bill.number,
    }
    new = billing.call(treasury.ISSUE_BILL, as_="karim", **issue)
    assert (new["replaces"], new["total_rials"]) == (bill.number, 99_000)
    (old, _) = billing.call(treasury.FIND_BILLS, as_="karim")["bills"]
    assert old["replaced_by"] == new["number"]
    ids = {"bill_id": bill.bill_id, "payment_id": bill.payment_id}
    shown = billing.call(contracts.LOOK_UP, **ids)
    assert (shown["credit_note"], shown["replaced_by"]) == ("1405-000001", new["number"])
    other = billing.charge("copy")
    reply = billing.call(treasury.VOID_BILL, as_="nader", number=other.number, why="w")
    assert reply["credit_note"] == "1405-000002", "credit notes have numbers without gaps, too"
    assert billing.sums()["receivable"] == 99_000


def expired(billing, ref):
    """A bill of that source that nobody paid; it is now the day on which it has ended."""
    bill = billing.charge(ref=ref)
    billing.at("1405-09-14 09:00").expire()
    assert billing.bill(bill).state == "EXPIRED"
    return bill


def again(billing, ref, **more):
    issue = {
        "source_kind": "inquiry",
        "source_ref": ref,
        "service": "own_inquiry",
        "requested_at": billing.moment.isoformat(),
        **more,
    }
    return billing.call(treasury.ISSUE_BILL, as_="karim", **issue)


def test_only_an_officer_charges_the_source_of_an_expired_bill_again(billing):
    old = expired(billing, "e1")
    assert billing.charge(ref="e1").number == old.number
    new = again(billing, "e1", replaces=old.number)
    assert (new["state"], new["replaces"], new["total_rials"]) == ("ISSUED", old.number, PRICE)
    assert billing.events()[-1] == ("bill_issued", "ISSUED")
    refused = again(billing, "e1")
    assert (refused["code"], refused["details"]["number"]) == ("bill.charged", new["number"])
    assert billing.sums()["receivable"] == PRICE
    assert billing.day()["balances"]
    billing.pay(billing.row("select * from bills where number = %s", new["number"]))
    assert again(billing, "e1")["code"] == "bill.charged"


def test_a_bill_can_expire_and_be_charged_again_more_than_once(billing):
    expired(billing, "e2")
    again(billing, "e2")
    billing.at("1405-09-26 09:00").expire()
    assert again(billing, "e2")["state"] == "ISSUED"
    states = execute(billing.db, "select state from bills order by id")
    assert states == [("EXPIRED",), ("EXPIRED",), ("ISSUED",)]


def test_an_open_bill_is_not_replaced(billing):
    reply = again(billing, "e3", replaces=billing.charge().number)
    assert (reply["code"], reply["details"]["state"]) == ("bill.not_void", "ISSUED")


def test_an_inquiry_is_charged_again_by_the_end_of_its_bill_however_long_ago_it_was_issued(billing):
    billing.charge(ref="e6")
    billing.later(days=40).expire()
    billing.later(days=29)
    assert again(billing, "e6")["state"] == "ISSUED"


def test_an_inquiry_whose_asker_is_forgotten_is_charged_no_more(billing):
    old = expired(billing, "e4")
    billing.later(days=31)
    reply = again(billing, "e4")
    assert (reply["code"], reply["details"]["number"]) == ("bill.too_late", old.number)
    # An office's bill has no asker to be forgotten.
    office = billing.charge(ref="o4", source_kind="office")
    billing.call(treasury.VOID_BILL, as_="nader", number=office.number, why="wrong")
    billing.later(days=31)
    reply = again(billing, "o4", source_kind="office")
    assert reply["state"] == "ISSUED", reply
    assert billing.charge(ref="e5").state == "ISSUED"


@pytest.mark.parametrize(
    ("percent", "total", "state"), [(50, 878_000, "ISSUED"), (100, 0, "WAIVED")]
)
def test_a_waiver_has_a_reason_and_a_decree_and_stands_in_the_ledger(
    billing, percent, total, state
):
    issue = {
        "source_kind": "office",
        "source_ref": "w",
        "service": "own_inquiry",
        "requested_at": billing.moment.isoformat(),
        "percent": percent,
        "reason": "welfare",
        "decree": "K/12",
    }
    assert billing.call(treasury.ISSUE_BILL, as_="karim", **issue)["code"] == (
        "treasury.not_an_approver"
    )
    reply = billing.call(treasury.ISSUE_BILL, as_="nader", **issue)
    assert (reply["total_rials"], reply["waived_rials"], reply["state"]) == (
        total,
        PRICE - total,
        state,
    )
    assert billing.sums()["waivers"] == PRICE - total
    assert billing.day()["balances"]


def test_an_open_bill_can_be_let_off(billing):
    bill = billing.charge()
    reply = billing.call(
        treasury.WAIVE_BILL, as_="nader", number=bill.number, reason="disaster", decree="S/1"
    )
    assert (reply["state"], reply["total_rials"], reply["waived_rials"]) == ("WAIVED", 0, PRICE)
    assert billing.events()[-1] == ("bill_ended", "WAIVED")
    assert billing.day()["balances"]


def test_agencies_pay_nothing_and_their_bill_of_zero_needs_no_payment(billing):
    bill = billing.charge("inquiry", agency_class="agency", agency="fuel-co")
    assert (bill.total, bill.state, bill.bill_id) == (0, "PAID", None)
    assert billing.events() == [("bill_paid", "PAID")]


def test_an_unpaid_bill_is_reminded_of_once_before_and_once_after_its_last_day(billing):
    billing.charge("expert_visit")
    for day in ("1405-09-05", "1405-09-10", "1405-09-11", "1405-09-13", "1405-09-14"):
        due_dates.remind(billing.store, billing.at(f"{day} 09:00").moment)
    reply = execute(
        billing.db,
        "select convert_from(body, 'UTF8')::json->>'overdue' from outbox "
        "where name like '%%reminded%%' order by seq",
    )
    assert reply == [("false",), ("true",)]


# --- refunds ---


def test_a_refund_needs_two_officers_and_never_exceeds_the_payment(billing):
    bill = billing.charge()
    billing.pay(bill)
    ask = {"number": bill.number, "sheba": SHEBA, "why": "asked twice"}
    reply = billing.call(
        treasury.ASK_REFUND, as_="mina", rials=PRICE + 1, available_rials=PRICE, **ask
    )
    assert reply["code"] == "refund.too_much"
    reply = billing.call(
        treasury.ASK_REFUND, as_="mina", rials=1_000_000, available_rials=PRICE, **ask
    )
    (refund,) = reply["refunds"]
    assert refund["sheba"] == "IR82…9002"
    stale = billing.call(
        treasury.ASK_REFUND, as_="karim", rials=1_000, available_rials=PRICE, **ask
    )
    assert (stale["code"], stale["details"]["available_rials"]) == ("refund.stale", "755000")
    trial = {"name": treasury.APPROVE_REFUND.name, "typed": {"id": refund["id"]}}
    trials = [billing.call(treasury.REHEARSE, as_=name, **trial) for name in ("mina", "nader")]
    assert (trials[0]["code"], trials[1]) == ("treasury.same_person", {"name": trial["name"]})
    assert billing.bill(bill).refunded == 0, "a trial is undone"
    same = billing.call(treasury.APPROVE_REFUND, as_="mina", id=refund["id"])
    assert same["code"] == "treasury.same_person"
    billing.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])
    assert (billing.bill(bill).refunded, billing.sums()["refunds"]) == (1_000_000, -1_000_000)
    assert billing.day()["balances"]
    billing.call(treasury.NOTE_REFUND_PAID, as_="karim", id=refund["id"], bank_ref="B1")
    assert billing.sums()["bank"] == -1_000_000
    again = billing.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])
    assert again["code"] == "refund.move"
    assert billing.day()["balances"]
    assert told_to_proposers(billing.db) == [("mina", "refund", True, None)]


def test_suspended_money_is_refunded_or_applied_and_a_refusal_opens_it_again(billing):
    take(billing, bills_file(("1000234546116", "175050929", 1_750_000, 1)), "bills")
    (row,) = billing.call(treasury.EXCEPTIONS, as_="karim")["exceptions"]
    assert (row["kind"], row["rials"]) == ("bill_unknown", 1_750_000)
    ask = {"id": row["id"], "note": "n"}
    assert billing.call(treasury.RESOLVE, as_="karim", how="explained", **ask)["code"] == (
        "exception.has_money"
    )
    billing.call(treasury.RESOLVE, as_="karim", how="refund", sheba=SHEBA, **ask)
    refund = billing.call(treasury.REFUNDS, as_="karim")["refunds"][0]["id"]
    assert billing.day()["balances"]
    reason = "این شبا از کس دیگری است"
    reply = billing.call(treasury.REFUSE_REFUND, as_="nader", id=refund, why=reason)["refunds"][0]
    assert (reply["approved_by"], reply["decision"]) == ("nader", reason)
    assert told_to_proposers(billing.db) == [("karim", "refund", False, reason)]
    assert billing.exceptions() == [("bill_unknown", 1_750_000, "OPEN")]
    billing.call(treasury.RESOLVE, as_="karim", how="refund", sheba=SHEBA, **ask)
    others = billing.call(treasury.TAKE_REFUND_BACK, as_="nader", id=refund + 1)
    assert others["code"] == "refund.not_yours"
    back = billing.call(treasury.TAKE_REFUND_BACK, as_="karim", id=refund + 1)["refunds"][-1]
    assert (back["state"], back["approved_by"]) == ("REFUSED", None), "nobody decided it"
    assert billing.exceptions() == [("bill_unknown", 1_750_000, "OPEN")]
    bill = billing.charge()
    reply = billing.call(treasury.RESOLVE, as_="karim", how="apply", number=bill.number, **ask)
    assert reply["code"] == "exception.no_fit"
    same = billing.charge("copy", quantity=39)
    execute(billing.db, "update exceptions set rials = %s", (same.total,))
    billing.call(treasury.RESOLVE, as_="karim", how="apply", number=same.number, **ask)
    assert billing.bill(same).state == "PAID"


# --- banks' files and the day ---


def test_a_bill_paid_at_a_bank_is_known_by_its_file_once_however_often_it_is_sent(billing):
    bill = billing.charge()
    text = bills_file((bill.bill_id, bill.payment_id, bill.total, 7))
    reply = take(billing, text, "bills")
    assert (reply["matched"], reply["exceptions"]) == (1, 0)
    assert take(billing, text, "bills")["known"] is True
    longer = bills_file(
        (bill.bill_id, bill.payment_id, bill.total, 7),
        (bill.bill_id, bill.payment_id, bill.total, 8),
    )
    assert take(billing, longer, "bills")["exceptions"] == 1
    assert billing.exceptions() == [("paid_twice", PRICE, "OPEN")]
    assert billing.sums()["bank"] == 2 * PRICE
    assert billing.day()["balances"]


def test_a_settlement_moves_the_money_to_the_bank_less_its_fee(billing):
    billing.pay(billing.charge())
    assert billing.day()["missing"] == ["sep"]
    reply = take(billing, settlement(("R1", "sale", PRICE, 1_200)))
    assert (reply["matched"], reply["exceptions"]) == (1, 0)
    sums = billing.sums()
    assert (sums["bank"], sums["bank_fees"], sums.get("cash_in_transit")) == (
        PRICE - 1_200,
        1_200,
        None,
    )
    assert (billing.day()["missing"], billing.day()["balances"]) == ([], True)


def test_a_payment_on_one_side_only_becomes_an_exception(billing):
    billing.pay(billing.charge())
    reply = take(billing, settlement(("R9", "sale", 5_000, 0), ("R1", "sale", PRICE - 1, 0)))
    assert reply["exceptions"] == 2
    assert sorted(billing.exceptions()) == [
        ("amount_differs", PRICE - 1, "OPEN"),
        ("not_in_ledger", 5_000, "OPEN"),
    ]
    assert billing.day()["balances"]


def test_a_file_for_a_gateway_that_we_have_not_is_refused(billing):
    assert take(billing, settlement(psp="pasargad"), psp="pasargad")["code"] == "psp.unknown"
    assert take(billing, "nonsense")["code"] == "file.wrong"


def test_a_day_is_closed_when_it_is_over_its_files_are_there_and_it_balances(billing):
    billing.pay(billing.charge())
    close = {"day": "2026-11-23"}
    assert billing.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.too_early"
    billing.at("1405-09-03 09:00")
    assert billing.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.file_missing"
    take(billing, settlement(("R1", "sale", PRICE, 0)))
    reply = billing.call(treasury.CLOSE_DAY, as_="nader", **close)
    assert (reply["closed"], reply["closed_by"], reply["balances"]) == (True, "nader", True)
    assert billing.call(treasury.LOOK_AT_DAY, as_="karim", **close) == reply


def test_a_day_before_the_ledger_or_of_a_ledger_that_is_empty_is_not_closed(billing):
    close = {"day": "2026-11-22"}
    assert billing.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.before_ledger"
    billing.charge()
    billing.at("1405-09-03 00:30")
    assert billing.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.before_ledger"
    for day in ("2026-11-24", "2099-01-01"):
        assert billing.call(treasury.CLOSE_DAY, as_="nader", day=day)["code"] == "close.too_early"
    assert billing.call(treasury.CLOSE_DAY, as_="nader", day="2026-11-23")["closed"] is True
    assert execute(billing.db, "select count(*) from closes") == [(1,)]


def test_a_day_shows_whether_the_file_of_bills_came_and_the_claims_on_banks(billing):
    def came():
        return next(c["file"] for c in billing.day()["channels"] if c["code"] == "bills")

    billing.pay(billing.charge())
    assert (came(), billing.day()["claims_rials"]) == (False, 0)
    take(billing, settlement(("R1", "sale", PRICE - 300, 0)))
    bill = billing.charge()
    take(billing, bills_file((bill.bill_id, bill.payment_id, bill.total, 7)), "bills")
    assert (came(), billing.day()["claims_rials"]) == (True, 300)
    assert billing.day()["balances"]


def test_a_payment_that_no_file_brings_is_an_exception_until_one_does(billing):
    billing.pay(billing.charge())
    take(billing, settlement(("R7", "sale", 1_000, 0)))
    billing.at("1405-09-05 09:00")
    billing.call(treasury.CLOSE_DAY, as_="nader", day="2026-11-24")
    assert ("not_in_file", PRICE, "OPEN") in billing.exceptions()
    take(billing, settlement(("R1", "sale", PRICE, 0)), day="2026-11-25")
    assert ("not_in_file", PRICE, "RESOLVED") in billing.exceptions()


# --- statements and the journal ---


def test_an_agencys_statement_balances(billing):
    def bill(ref):
        return billing.charge("copy", ref=ref, quantity=10, agency="fuel-co")

    paid, waived, void, _ = (bill(f"a{i}") for i in range(4))
    billing.charge("copy", quantity=7, agency="agri-bank")
    billing.pay(paid)
    billing.call(treasury.WAIVE_BILL, as_="nader", number=waived.number, reason="other", decree="D")
    billing.call(treasury.VOID_BILL, as_="nader", number=void.number, why="w")
    reply = billing.call(contracts.STATEMENT, asker="fuel-co", month="1405-09")
    names = ("opening", "billed", "paid", "waived", "ended", "closing", "difference")
    assert [reply[f"{name}_rials"] for name in names] == [
        0,
        1_980_000,
        495_000,
        495_000,
        495_000,
        495_000,
        0,
    ]
    after = billing.call(contracts.STATEMENT, asker="fuel-co", month="1405-10")
    assert (after["opening_rials"], after["closing_rials"], after["rows"]) == (495_000, 495_000, [])
    assert {b["agency"] for b in billing.call(contracts.LIST_BILLS, asker="fuel-co")["bills"]} == {
        "fuel-co"
    }


def test_officers_can_list_the_agencies_that_were_billed_before(billing):
    billing.charge("copy", agency="fuel-co")
    billing.charge("copy", agency="fuel-co")
    billing.charge("copy", agency="fuelco")
    billing.charge("copy")
    assert billing.call(treasury.BILLED_AGENCIES, as_="karim")["agencies"] == [
        {"agency": "fuel-co", "bills": 2},
        {"agency": "fuelco", "bills": 1},
    ]
    assert billing.call(treasury.BILLED_AGENCIES, as_="sara")["code"] == "treasury.not_an_officer"


def journal(billing, format):
    text, after = "", 0
    while after is not None:
        reply = billing.call(treasury.JOURNAL, as_="karim", format=format, after=after)
        text, after = text + reply["text"], reply["next"]
    return text


def accountants_agree(billing, tmp_path):
    """The journal balances for beancount and hledger, too."""
    beans = tmp_path / "mirab.beancount"
    beans.write_text(journal(billing, "beancount"), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", str(beans)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    ledger = tmp_path / "mirab.journal"
    ledger.write_text(journal(billing, "hledger"), encoding="utf-8")
    assert shutil.which("hledger"), "make test installs it"
    checked = subprocess.run(
        ["hledger", "-f", str(ledger), "check", "--strict"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def live(billing, random_):
    """One random step of a treasury's life."""
    open_bills = execute(billing.db, "select number from bills where state = 'ISSUED'")
    act = random_.choice(["charge", "charge", "pay", "mismatch", "void", "waive", "file", "refund"])
    if act == "charge" or not open_bills:
        billing.charge(
            random_.choice(["copy", "expert_visit", "own_inquiry"]), quantity=random_.randint(1, 9)
        )
        return
    number = random_.choice(open_bills)[0]
    bill = billing.row("select * from bills where number = %s", number)
    if act in ("pay", "mismatch"):
        billing.bank.verified_amount = 7_000 if act == "mismatch" else None
        billing.bank.lose = random_.choice([[], ["verify"], ["settle"], ["reverse"]])
        billing.pay(bill)
        billing.later(minutes=2)
        billing.sweep()
    elif act == "void":
        billing.call(treasury.VOID_BILL, as_="nader", number=number, why="w")
    elif act == "waive":
        billing.call(treasury.WAIVE_BILL, as_="nader", number=number, reason="other", decree="D")
    elif act == "file":
        rials = bill.total if random_.random() < 0.7 else bill.total + 1000
        take(
            billing,
            bills_file((bill.bill_id, bill.payment_id, rials, random_.randint(1, 10**9))),
            "bills",
        )
    else:
        billing.pay(bill)
        billing.call(
            treasury.ASK_REFUND,
            as_="karim",
            number=number,
            rials=1_000,
            available_rials=bill.total,
            sheba=SHEBA,
            why="w",
        )
        for refund in billing.call(treasury.REFUNDS, as_="karim")["refunds"]:
            billing.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])


@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_balances_after_any_acts_as_other_tools_confirm(billing, seed, tmp_path):
    random_ = random.Random(seed)
    for _ in range(25):
        live(billing, random_)
    billing.bank.lose = []
    for _ in range(3):
        billing.later(minutes=20)
        billing.sweep()
    reply = billing.day(billing.moment.astimezone(TEHRAN).date().isoformat())
    assert [c for c in reply["controls"] if c["difference_rials"]] == []
    sides = billing.call(account.THREE_SIDES, as_="karim", days=30)
    assert sides["clearing_difference_rials"] == 0, "what banks owe the account is that of its days"
    numbers = execute(billing.db, "select number from bills order by id")
    assert [n for (n,) in numbers] == [f"1405-{i:06}" for i in range(1, len(numbers) + 1)]
    accountants_agree(billing, tmp_path)


def test_the_database_itself_keeps_the_ledger(billing):
    billing.charge()
    with pytest.raises(Exception, match="only grows"):
        execute(billing.db, "update postings set rials = 1")
    with pytest.raises(Exception, match="only grows"):
        execute(billing.db, "delete from entries")
    with pytest.raises(Exception, match="does not balance"):
        execute(billing.db, "insert into postings select id, 'bank', 5 from entries limit 1")


# --- what agencies ask ---


def told_of_answers(billing, event, **fact):
    """Inquiry tells of an agency's answers; the bill."""
    envelope = Envelope.new(event.name, "inquiry")
    charge = {DAY_COUNTED: Billing.charge_day, BATCH_ANSWERED: Billing.charge_batch}[event]
    (outcome,) = charge(billing.service, [Call.of(event, envelope, fact)])
    assert outcome.fate is Fate.DONE, outcome
    return billing.row("select * from bills order by id desc")


def test_an_agencys_day_is_charged_once_like_a_batch_and_costs_nothing_by_default(billing):
    batch = told_of_answers(billing, BATCH_ANSWERED, batch="b1", agency="fuel-co", lines=3)
    fact = {"day": "2026-11-22", "agency": "fuel-co", "answers": 7}
    for _ in range(2):
        day = told_of_answers(billing, DAY_COUNTED, **fact)
    assert execute(billing.db, "select count(*) from bills") == [(2,)]
    assert (day.source_kind, day.source_ref) == ("day", "2026-11-22:fuel-co")
    for bill in (batch, day):
        assert (bill.total, bill.state, bill.bill_id) == (0, "PAID", None)
    assert billing.sums() == {}


def test_an_agencys_day_is_charged_by_the_tariff_of_that_day(billing):
    id_ = draft(billing, service="inquiry", unit="each", agency_class="fuel-co", amount=1_000)
    billing.call(treasury.APPROVE_TARIFF, as_="nader", id=id_)
    billing.at("1405-09-11 01:00")
    free = told_of_answers(billing, DAY_COUNTED, day="2026-11-30", agency="fuel-co", answers=7)
    assert free.total == 0
    billing.at("1405-09-12 01:00")
    paid = told_of_answers(billing, DAY_COUNTED, day="2026-12-01", agency="fuel-co", answers=7)
    assert (paid.total, paid.agency, paid.state) == (7_000, "fuel-co", "ISSUED")
