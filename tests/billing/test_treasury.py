"""What officers do: tariffs, waivers, refunds, banks' files, daily close, statements, journal."""

import random
import shutil
import subprocess
import sys

import pytest

from bus.activator import Call, Fate
from bus.envelope import Envelope
from contracts.billing import bills as contracts
from contracts.billing import treasury
from contracts.inquiry.questions import BATCH_ANSWERED, DAY_COUNTED
from iran.persian import TEHRAN
from services.billing.bills import due_dates
from services.billing.domain import bank_files
from services.billing.service import Billing
from tests.billing.test_paying import PRICE
from tests.billing.test_rules import bills_file
from tests.stores import execute

SHEBA = "IR820540102680020817909002"
HEAD = ",".join(bank_files.SETTLEMENT)


def settlement(*rows, psp="sep"):
    body = [f"{psp},T1,1,{ref},1,{kind},{rials},{fee},2026-11-23T08:00:00+00:00"
            for ref, kind, rials, fee in rows]  # fmt: skip
    total = sum(r[2] if r[1] == "sale" else -r[2] for r in rows)
    return "\n".join([HEAD, *body, f"TOTAL,{len(rows)},{total}"])


def take(hand, text, kind="settlement", psp="sep", day="2026-11-23"):
    return hand.call(
        treasury.TAKE_FILE, as_="karim", kind=kind, psp=psp if kind == "settlement" else None,
        day=day, text=text,
    )  # fmt: skip


def draft(hand, as_="karim", **more):
    row = {"service": "copy", "unit": "page", "amount": 60_000, "from_day": "2026-12-01",
           "decree": "D2", **more}  # fmt: skip
    told = hand.call(treasury.DRAFT_TARIFF, as_=as_, **row)
    return told["ids"][0] if "ids" in told else told


# --- tariffs ---


def test_a_tariff_takes_effect_at_its_day_when_a_second_officer_approved_it(hand):
    id_ = draft(hand, as_="mina")
    assert hand.call(treasury.APPROVE_TARIFF, as_="mina", id=id_)["code"] == "treasury.same_person"
    assert hand.call(treasury.APPROVE_TARIFF, as_="karim", id=id_)["code"] == (
        "treasury.not_an_approver"
    )
    asked = {"items": [{"service": "copy", "quantity": 1}]}
    hand.at("1405-09-12 09:00")
    assert hand.call(contracts.QUOTE, **asked)["net_rials"] == 45_000
    hand.call(treasury.APPROVE_TARIFF, as_="nader", id=id_)
    assert hand.call(contracts.QUOTE, **asked)["net_rials"] == 60_000
    assert hand.call(contracts.QUOTE, **asked, on="2026-11-30")["net_rials"] == 45_000


def test_a_bill_goes_by_the_day_it_was_asked_on_however_late_it_is_issued(hand):
    hand.call(treasury.APPROVE_TARIFF, as_="nader", id=draft(hand))
    asked_at = hand.moment.isoformat()
    hand.at("1405-09-20 09:00")
    assert hand.charge("copy", requested_at=asked_at).total == 50_000
    assert hand.charge("copy").total == 60_000


def test_a_row_in_force_is_neither_edited_nor_withdrawn_and_one_to_come_can_be(hand):
    id_ = draft(hand)
    hand.call(treasury.APPROVE_TARIFF, as_="nader", id=id_)
    with pytest.raises(Exception, match="not edited"):
        execute(hand.db, "update tariffs set amount = 1 where id = %s", (id_,))
    assert draft_again(hand)["code"] == "tariff.same_day"
    told = hand.call(treasury.WITHDRAW_TARIFF, as_="karim", id=id_)
    assert next(row for row in told["tariffs"] if row["id"] == id_)["state"] == "WITHDRAWN"
    old = execute(hand.db, "select id from tariffs where service = 'levy' limit 1")[0][0]
    assert hand.call(treasury.WITHDRAW_TARIFF, as_="karim", id=old)["code"] == "tariff.in_force"


def draft_again(hand):
    return hand.call(treasury.APPROVE_TARIFF, as_="nader", id=draft(hand))


def test_a_file_of_tariffs_is_taken_whole_or_not_at_all(hand):
    good = (
        "service,amount,from_day,decree\ncopy,70000,1406/01/01,D3\nexpert_visit,1,1406/01/01,D3\n"
    )
    assert len(hand.call(treasury.IMPORT_TARIFFS, as_="karim", text=good)["ids"]) == 2
    before = execute(hand.db, "select count(*) from tariffs")
    for wrong, field in (
        (good.replace("70000", "70.5"), "2.amount"),
        (good.replace("1406/01/01,D3\nexpert", "1406/13/01,D3\nexpert"), "2.from_day"),
        (good.replace("expert_visit", "nothing"), "3.service"),
        (good.replace("decree", "order"), "1"),
    ):
        told = hand.call(treasury.IMPORT_TARIFFS, as_="karim", text=wrong)
        assert field in [each["field"] for each in told["fields"]], told
    assert execute(hand.db, "select count(*) from tariffs") == before


def test_who_is_no_officer_does_nothing(hand):
    for who in ("sara", "nobody"):
        assert hand.call(treasury.TARIFFS, as_=who)["code"] == "treasury.not_an_officer"


# --- bills ---


def test_numbers_have_no_gaps_and_begin_anew_each_jalali_year(hand):
    numbers = [hand.charge().number for _ in range(3)]
    hand.at("1406-01-01 00:30")
    assert [*numbers, hand.charge().number] == [
        "1405-000001", "1405-000002", "1405-000003", "1406-000001",
    ]  # fmt: skip


def test_an_event_is_charged_once(hand):
    assert hand.charge(ref="one").number == hand.charge(ref="one").number
    assert execute(hand.db, "select count(*) from bills") == [(1,)]


def test_a_wrong_bill_is_voided_and_a_new_one_takes_its_place(hand):
    bill = hand.charge("copy", ref="c1", quantity=3)
    told = hand.call(treasury.VOID_BILL, as_="nader", number=bill.number, why="two pages")
    assert told["state"] == "VOID"
    assert hand.sums() == {}
    issue = {"source_kind": "inquiry", "source_ref": "c1", "service": "copy", "quantity": 2,
             "requested_at": hand.moment.isoformat(), "replaces": bill.number}  # fmt: skip
    new = hand.call(treasury.ISSUE_BILL, as_="karim", **issue)
    assert (new["replaces"], new["total_rials"]) == (bill.number, 99_000)
    assert hand.sums()["receivable"] == 99_000


def expired(hand, ref):
    """A bill of that source that nobody paid; it is now the day on which it has ended."""
    bill = hand.charge(ref=ref)
    hand.at("1405-09-14 09:00").expire()
    assert hand.bill(bill).state == "EXPIRED"
    return bill


def again(hand, ref, **more):
    issue = {"source_kind": "inquiry", "source_ref": ref, "service": "own_inquiry",
             "requested_at": hand.moment.isoformat(), **more}  # fmt: skip
    return hand.call(treasury.ISSUE_BILL, as_="karim", **issue)


def test_what_an_expired_bill_was_for_is_charged_again_by_an_officer_alone(hand):
    old = expired(hand, "e1")
    assert hand.charge(ref="e1").number == old.number
    new = again(hand, "e1", replaces=old.number)
    assert (new["state"], new["replaces"], new["total_rials"]) == ("ISSUED", old.number, PRICE)
    assert hand.events()[-1] == ("bill_issued", "ISSUED")
    refused = again(hand, "e1")
    assert (refused["code"], refused["details"]["number"]) == ("bill.charged", new["number"])
    assert hand.sums()["receivable"] == PRICE
    assert hand.day()["balances"]
    hand.pay(hand.row("select * from bills where number = %s", new["number"]))
    assert again(hand, "e1")["code"] == "bill.charged"


def test_a_bill_can_expire_and_be_charged_again_more_than_once(hand):
    expired(hand, "e2")
    again(hand, "e2")
    hand.at("1405-09-26 09:00").expire()
    assert again(hand, "e2")["state"] == "ISSUED"
    states = execute(hand.db, "select state from bills order by id")
    assert states == [("EXPIRED",), ("EXPIRED",), ("ISSUED",)]


def test_an_open_bill_is_not_replaced(hand):
    told = again(hand, "e3", replaces=hand.charge().number)
    assert (told["code"], told["details"]["state"]) == ("bill.not_void", "ISSUED")


def test_an_inquiry_whose_asker_is_forgotten_is_charged_no_more(hand):
    old = expired(hand, "e4")
    hand.at("1405-10-03 09:00")
    told = again(hand, "e4")
    assert (told["code"], told["details"]["number"]) == ("bill.too_late", old.number)
    assert hand.charge(ref="e5").state == "ISSUED"


@pytest.mark.parametrize(
    ("percent", "total", "state"), [(50, 878_000, "ISSUED"), (100, 0, "WAIVED")]
)
def test_a_waiver_has_a_reason_and_a_decree_and_stands_in_the_ledger(hand, percent, total, state):
    issue = {"source_kind": "office", "source_ref": "w", "service": "own_inquiry",
             "requested_at": hand.moment.isoformat(), "percent": percent, "reason": "welfare",
             "decree": "K/12"}  # fmt: skip
    assert hand.call(treasury.ISSUE_BILL, as_="karim", **issue)["code"] == (
        "treasury.not_an_approver"
    )
    told = hand.call(treasury.ISSUE_BILL, as_="nader", **issue)
    assert (told["total_rials"], told["waived_rials"], told["state"]) == (
        total, PRICE - total, state,
    )  # fmt: skip
    assert hand.sums()["waivers"] == PRICE - total
    assert hand.day()["balances"]


def test_an_open_bill_can_be_let_off(hand):
    bill = hand.charge()
    told = hand.call(
        treasury.WAIVE_BILL, as_="nader", number=bill.number, reason="disaster", decree="S/1"
    )
    assert (told["state"], told["total_rials"], told["waived_rials"]) == ("WAIVED", 0, PRICE)
    assert hand.events()[-1] == ("bill_ended", "WAIVED")
    assert hand.day()["balances"]


def test_agencies_pay_nothing_and_their_bill_of_zero_needs_no_payment(hand):
    bill = hand.charge("inquiry", agency_class="agency", agency="fuel-co")
    assert (bill.total, bill.state, bill.bill_id) == (0, "PAID", None)
    assert hand.events() == [("bill_paid", "PAID")]


def test_an_unpaid_bill_is_told_of_before_and_after_its_last_day_once_each(hand):
    hand.charge("expert_visit")
    for day in ("1405-09-05", "1405-09-10", "1405-09-11", "1405-09-13", "1405-09-14"):
        due_dates.remind(hand.store, hand.at(f"{day} 09:00").moment)
    told = execute(
        hand.db,
        "select convert_from(body, 'UTF8')::json->>'overdue' from outbox "
        "where name like '%%reminded%%' order by seq",
    )
    assert told == [("false",), ("true",)]


# --- refunds ---


def test_a_refund_needs_two_officers_and_never_exceeds_what_was_paid(hand):
    bill = hand.charge()
    hand.pay(bill)
    ask = {"number": bill.number, "sheba": SHEBA, "why": "asked twice"}
    told = hand.call(treasury.ASK_REFUND, as_="mina", rials=PRICE + 1, available_rials=PRICE, **ask)
    assert told["code"] == "refund.too_much"
    told = hand.call(treasury.ASK_REFUND, as_="mina", rials=1_000_000, available_rials=PRICE, **ask)
    (refund,) = told["refunds"]
    assert refund["sheba"] == "IR82…9002"
    stale = hand.call(treasury.ASK_REFUND, as_="karim", rials=1_000, available_rials=PRICE, **ask)
    assert (stale["code"], stale["details"]["available_rials"]) == ("refund.stale", "755000")
    same = hand.call(treasury.APPROVE_REFUND, as_="mina", id=refund["id"])
    assert same["code"] == "treasury.same_person"
    hand.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])
    assert (hand.bill(bill).refunded, hand.sums()["refunds"]) == (1_000_000, -1_000_000)
    assert hand.day()["balances"]
    hand.call(treasury.NOTE_REFUND_PAID, as_="karim", id=refund["id"], bank_ref="B1")
    assert hand.sums()["bank"] == -1_000_000
    again = hand.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])
    assert again["code"] == "refund.move"
    assert hand.day()["balances"]


def test_suspended_money_is_refunded_or_applied_and_a_refusal_opens_it_again(hand):
    take(hand, bills_file(("1000234546116", "175050929", 1_750_000, 1)), "bills")
    (found,) = hand.call(treasury.EXCEPTIONS, as_="karim")["exceptions"]
    assert (found["kind"], found["rials"]) == ("bill_unknown", 1_750_000)
    ask = {"id": found["id"], "note": "n"}
    assert hand.call(treasury.RESOLVE, as_="karim", how="explained", **ask)["code"] == (
        "exception.has_money"
    )
    hand.call(treasury.RESOLVE, as_="karim", how="refund", sheba=SHEBA, **ask)
    refund = hand.call(treasury.REFUNDS, as_="karim")["refunds"][0]["id"]
    assert hand.day()["balances"]
    hand.call(treasury.REFUSE_REFUND, as_="nader", id=refund)
    assert hand.exceptions() == [("bill_unknown", 1_750_000, "OPEN")]
    bill = hand.charge()
    told = hand.call(treasury.RESOLVE, as_="karim", how="apply", number=bill.number, **ask)
    assert told["code"] == "exception.no_fit"
    same = hand.charge("copy", quantity=39)
    execute(hand.db, "update exceptions set rials = %s", (same.total,))
    hand.call(treasury.RESOLVE, as_="karim", how="apply", number=same.number, **ask)
    assert hand.bill(same).state == "PAID"


# --- banks' files and the day ---


def test_a_bill_paid_at_a_bank_is_known_by_its_file_once_however_often_it_is_sent(hand):
    bill = hand.charge()
    text = bills_file((bill.bill_id, bill.payment_id, bill.total, 7))
    told = take(hand, text, "bills")
    assert (told["matched"], told["exceptions"]) == (1, 0)
    assert take(hand, text, "bills")["known"] is True
    longer = bills_file((bill.bill_id, bill.payment_id, bill.total, 7),
                        (bill.bill_id, bill.payment_id, bill.total, 8))  # fmt: skip
    assert take(hand, longer, "bills")["exceptions"] == 1
    assert hand.exceptions() == [("paid_twice", PRICE, "OPEN")]
    assert hand.sums()["bank"] == 2 * PRICE
    assert hand.day()["balances"]


def test_a_settlement_moves_the_money_to_the_bank_less_its_fee(hand):
    hand.pay(hand.charge())
    assert hand.day()["missing"] == ["sep"]
    told = take(hand, settlement(("R1", "sale", PRICE, 1_200)))
    assert (told["matched"], told["exceptions"]) == (1, 0)
    sums = hand.sums()
    assert (sums["bank"], sums["bank_fees"], sums.get("cash_in_transit")) == (
        PRICE - 1_200, 1_200, None,
    )  # fmt: skip
    assert (hand.day()["missing"], hand.day()["balances"]) == ([], True)


def test_what_only_one_side_knows_becomes_an_exception(hand):
    hand.pay(hand.charge())
    told = take(hand, settlement(("R9", "sale", 5_000, 0), ("R1", "sale", PRICE - 1, 0)))
    assert told["exceptions"] == 2
    assert sorted(hand.exceptions()) == [
        ("amount_differs", PRICE - 1, "OPEN"), ("not_in_ledger", 5_000, "OPEN"),
    ]  # fmt: skip
    assert hand.day()["balances"]


def test_a_file_for_a_gateway_that_we_have_not_is_refused(hand):
    assert take(hand, settlement(psp="pasargad"), psp="pasargad")["code"] == "psp.unknown"
    assert take(hand, "nonsense")["code"] == "file.wrong"


def test_a_day_is_closed_when_it_is_over_its_files_are_there_and_it_balances(hand):
    hand.pay(hand.charge())
    close = {"day": "2026-11-23"}
    assert hand.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.too_early"
    hand.at("1405-09-03 09:00")
    assert hand.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.file_missing"
    take(hand, settlement(("R1", "sale", PRICE, 0)))
    told = hand.call(treasury.CLOSE_DAY, as_="nader", **close)
    assert (told["closed"], told["closed_by"], told["balances"]) == (True, "nader", True)
    assert hand.call(treasury.LOOK_AT_DAY, as_="karim", **close) == told


def test_a_day_before_the_ledger_or_of_a_ledger_that_is_empty_is_not_closed(hand):
    close = {"day": "2026-11-22"}
    assert hand.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.before_ledger"
    hand.charge()
    hand.at("1405-09-03 00:30")
    assert hand.call(treasury.CLOSE_DAY, as_="nader", **close)["code"] == "close.before_ledger"
    for day in ("2026-11-24", "2099-01-01"):
        assert hand.call(treasury.CLOSE_DAY, as_="nader", day=day)["code"] == "close.too_early"
    assert hand.call(treasury.CLOSE_DAY, as_="nader", day="2026-11-23")["closed"] is True
    assert execute(hand.db, "select count(*) from closes") == [(1,)]


def test_a_day_tells_whether_the_file_of_bills_came_and_what_banks_have_to_explain(hand):
    def came():
        return next(c["file"] for c in hand.day()["channels"] if c["code"] == "bills")

    hand.pay(hand.charge())
    assert (came(), hand.day()["claims_rials"]) == (False, 0)
    take(hand, settlement(("R1", "sale", PRICE - 300, 0)))
    bill = hand.charge()
    take(hand, bills_file((bill.bill_id, bill.payment_id, bill.total, 7)), "bills")
    assert (came(), hand.day()["claims_rials"]) == (True, 300)
    assert hand.day()["balances"]


def test_a_payment_that_no_file_brings_is_an_exception_until_one_does(hand):
    hand.pay(hand.charge())
    take(hand, settlement(("R7", "sale", 1_000, 0)))
    hand.at("1405-09-05 09:00")
    hand.call(treasury.CLOSE_DAY, as_="nader", day="2026-11-24")
    assert ("not_in_file", PRICE, "OPEN") in hand.exceptions()
    take(hand, settlement(("R1", "sale", PRICE, 0)), day="2026-11-25")
    assert ("not_in_file", PRICE, "RESOLVED") in hand.exceptions()


# --- statements and the journal ---


def test_an_agencys_statement_balances_with_what_was_billed_paid_waived_and_ended(hand):
    def bill(ref):
        return hand.charge("copy", ref=ref, quantity=10, agency="fuel-co")

    paid, waived, void, _ = (bill(f"a{i}") for i in range(4))
    hand.charge("copy", quantity=7, agency="agri-bank")
    hand.pay(paid)
    hand.call(treasury.WAIVE_BILL, as_="nader", number=waived.number, reason="other", decree="D")
    hand.call(treasury.VOID_BILL, as_="nader", number=void.number, why="w")
    told = hand.call(contracts.STATEMENT, asker="fuel-co", month="1405-09")
    names = ("opening", "billed", "paid", "waived", "ended", "closing", "difference")
    assert [told[f"{name}_rials"] for name in names] == [
        0, 1_980_000, 495_000, 495_000, 495_000, 495_000, 0,
    ]  # fmt: skip
    after = hand.call(contracts.STATEMENT, asker="fuel-co", month="1405-10")
    assert (after["opening_rials"], after["closing_rials"], after["rows"]) == (495_000, 495_000, [])
    assert {b["agency"] for b in hand.call(contracts.LIST_BILLS, asker="fuel-co")["bills"]} == {
        "fuel-co"
    }


def test_the_agencies_that_were_billed_before_are_told_to_officers(hand):
    hand.charge("copy", agency="fuel-co")
    hand.charge("copy", agency="fuel-co")
    hand.charge("copy", agency="fuelco")
    hand.charge("copy")
    assert hand.call(treasury.BILLED_AGENCIES, as_="karim")["agencies"] == [
        {"agency": "fuel-co", "bills": 2}, {"agency": "fuelco", "bills": 1},
    ]  # fmt: skip
    assert hand.call(treasury.BILLED_AGENCIES, as_="sara")["code"] == "treasury.not_an_officer"


def journal(hand, format):
    text, after = "", 0
    while after is not None:
        told = hand.call(treasury.JOURNAL, as_="karim", format=format, after=after)
        text, after = text + told["text"], told["next"]
    return text


def live(hand, random_):
    """One random step of a treasury's life."""
    open_bills = execute(hand.db, "select number from bills where state = 'ISSUED'")
    act = random_.choice(["charge", "charge", "pay", "mismatch", "void", "waive", "file", "refund"])
    if act == "charge" or not open_bills:
        hand.charge(random_.choice(["copy", "expert_visit", "own_inquiry"]),
                    quantity=random_.randint(1, 9))  # fmt: skip
        return
    number = random_.choice(open_bills)[0]
    bill = hand.row("select * from bills where number = %s", number)
    if act in ("pay", "mismatch"):
        hand.bank.verified_amount = 7_000 if act == "mismatch" else None
        hand.bank.lose = random_.choice([[], ["verify"], ["settle"], ["reverse"]])
        hand.pay(bill)
        hand.later(minutes=2)
        hand.sweep()
    elif act == "void":
        hand.call(treasury.VOID_BILL, as_="nader", number=number, why="w")
    elif act == "waive":
        hand.call(treasury.WAIVE_BILL, as_="nader", number=number, reason="other", decree="D")
    elif act == "file":
        rials = bill.total if random_.random() < 0.7 else bill.total + 1000
        take(hand, bills_file((bill.bill_id, bill.payment_id, rials, random_.randint(1, 10**9))),
             "bills")  # fmt: skip
    else:
        hand.pay(bill)
        hand.call(treasury.ASK_REFUND, as_="karim", number=number, rials=1_000,
                  available_rials=bill.total, sheba=SHEBA, why="w")  # fmt: skip
        for refund in hand.call(treasury.REFUNDS, as_="karim")["refunds"]:
            hand.call(treasury.APPROVE_REFUND, as_="nader", id=refund["id"])


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_ledger_balances_and_other_peoples_tools_say_so(hand, seed, tmp_path):
    random_ = random.Random(seed)
    for _ in range(25):
        live(hand, random_)
    hand.bank.lose = []
    for _ in range(3):
        hand.later(minutes=20)
        hand.sweep()
    told = hand.day(hand.moment.astimezone(TEHRAN).date().isoformat())
    assert [c for c in told["controls"] if c["difference_rials"]] == []
    numbers = execute(hand.db, "select number from bills order by id")
    assert [n for (n,) in numbers] == [f"1405-{i:06}" for i in range(1, len(numbers) + 1)]
    beans = tmp_path / "mirab.beancount"
    beans.write_text(journal(hand, "beancount"), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", str(beans)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")
    ledger = tmp_path / "mirab.journal"
    ledger.write_text(journal(hand, "hledger"), encoding="utf-8")
    assert shutil.which("hledger"), "make test installs it"
    checked = subprocess.run(
        ["hledger", "-f", str(ledger), "check", "--strict"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_database_itself_keeps_the_ledger(hand):
    hand.charge()
    with pytest.raises(Exception, match="only grows"):
        execute(hand.db, "update postings set rials = 1")
    with pytest.raises(Exception, match="only grows"):
        execute(hand.db, "delete from entries")
    with pytest.raises(Exception, match="does not balance"):
        execute(hand.db, "insert into postings select id, 'bank', 5 from entries limit 1")


# --- what agencies ask ---


def told_of_answers(hand, event, **fact):
    """Inquiry tells of an agency's answers; the bill."""
    envelope = Envelope.new(event.name, "inquiry")
    charge = {DAY_COUNTED: Billing.charge_day, BATCH_ANSWERED: Billing.charge_batch}[event]
    (outcome,) = charge(hand.service, [Call.of(event, envelope, fact)])
    assert outcome.fate is Fate.DONE, outcome
    return hand.row("select * from bills order by id desc")


def test_an_agencys_day_is_charged_once_like_a_batch_and_costs_nothing_by_default(hand):
    batch = told_of_answers(hand, BATCH_ANSWERED, batch="b1", agency="fuel-co", lines=3)
    fact = {"day": "2026-11-22", "agency": "fuel-co", "answers": 7}
    for _ in range(2):
        day = told_of_answers(hand, DAY_COUNTED, **fact)
    assert execute(hand.db, "select count(*) from bills") == [(2,)]
    assert (day.source_kind, day.source_ref) == ("day", "2026-11-22:fuel-co")
    for bill in (batch, day):
        assert (bill.total, bill.state, bill.bill_id) == (0, "PAID", None)
    assert hand.sums() == {}


def test_an_agencys_day_is_charged_by_the_tariff_of_that_day(hand):
    id_ = draft(hand, service="inquiry", unit="each", agency_class="fuel-co", amount=1_000)
    hand.call(treasury.APPROVE_TARIFF, as_="nader", id=id_)
    hand.at("1405-09-11 01:00")
    free = told_of_answers(hand, DAY_COUNTED, day="2026-11-30", agency="fuel-co", answers=7)
    assert free.total == 0
    hand.at("1405-09-12 01:00")
    paid = told_of_answers(hand, DAY_COUNTED, day="2026-12-01", agency="fuel-co", answers=7)
    assert (paid.total, paid.agency, paid.state) == (7_000, "fuel-co", "ISSUED")
