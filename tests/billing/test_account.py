"""The treasury's account: statements, the three sides, and what two officers book."""

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bus.errors import RuleBroken
from contracts.billing import account, treasury
from iran.persian import TEHRAN, jalali, persian_digits
from services.billing.domain import account_camt, account_csv, account_mt940
from tests.billing.test_paying import PRICE
from tests.billing.test_rules import bills_file
from tests.billing.test_treasury import SHEBA, accountants_agree, settlement, take
from tests.stores import execute, told_to_proposers

HEAD = f"شماره شبا: {SHEBA}\nردیف,تاریخ,شماره سند,شرح,بدهکار (ریال),بستانکار (ریال),مانده (ریال)"
SEP, SADAD = "واریز شاپرک پایانه 13400001", "واریز شاپرک پایانه 24000461"
OPENING = 5_000_000


def statement(*entries, opening=OPENING):
    """A bank's CSV of entries (Jalali day, rials, number, text), oldest first."""
    balance, rows = opening, [HEAD]
    for number, (day, rials, ref, text) in enumerate(entries, 1):
        balance += rials
        debit, credit = (f"{-rials:,}", "") if rials < 0 else ("", f"{rials:,}")
        rows.append(f'{number},{day} 10:00,{ref},{text},"{debit}","{credit}","{balance:,}"')
    return "\n".join(rows)


def give(billing, text, form="csv", as_="karim"):
    return billing.call(account.TAKE_STATEMENT, as_=as_, form=form, text=text)


def sides(billing):
    return billing.call(account.THREE_SIDES, as_="karim", days=30)


def paid(billing, *psps):
    """A payment of PRICE at each gateway."""
    for psp in psps:
        bank = {"sep": billing.bank, "sadad": billing.sadad}[psp]
        started = billing.start(billing.charge(), psp=psp)
        billing.back(started, bank.pay(started["order"]))


def settled(billing, ref="R1", fee=1_200, psp="sep", day="2026-11-23"):
    """The gateway's file of its day with one payment of PRICE."""
    return take(billing, settlement((ref, "sale", PRICE, fee), psp=psp), psp=psp, day=day)


def balanced(billing):
    """Nothing differs: neither in the ledger nor between its accounts and what they stand for."""
    report = sides(billing)
    assert billing.day()["balances"], billing.day()["controls"]
    assert report["account_difference_rials"] == 0, report
    assert report["clearing_difference_rials"] == 0, report
    return report


NET = PRICE - 1_200


def test_a_settlement_is_matched_with_its_credit_and_all_three_sides_agree(billing):
    paid(billing, "sep")
    settled(billing)
    billing.at("1405-09-05 09:00")
    reply = give(billing, statement(("1405/09/03", NET, "881", SEP)))
    assert (reply["added"], reply["matched"], reply["exceptions"]) == (1, 1, 0)
    assert reply["closing_rials"] == OPENING + NET
    (side,) = balanced(billing)["sides"]
    assert side["captured_rials"] == side["file_rials"] == PRICE
    assert (side["expected_rials"], side["shown_rials"], side["state"]) == (NET, NET, "SETTLED")
    sums = billing.sums()
    assert (sums["account"], sums.get("bank"), sums["opening"]) == (OPENING + NET, None, -OPENING)


def test_persian_digits_newest_first_and_a_total_are_read_as_banks_write_them(billing):
    lines = statement(("1405/09/01", 700, "1", "الف"), ("1405/09/02", -200, "2", "ب")).split("\n")
    text = "\n".join([*lines[:2], *reversed(lines[2:]), "جمع,,,,200,700,"])
    reply = give(billing, persian_digits(text).replace(persian_digits(SHEBA), SHEBA))
    assert (reply["rows"], reply["closing_rials"]) == (2, OPENING + 500)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda t: t.replace('"5,000,700"', '"5,000,701"'), ("text.4", "file.balance")),
        (lambda t: t.replace("1405/09/01", "1405/13/01"), ("text.3", "file.wrong")),
        (lambda t: t.replace("1405/09/02", "1405/08/02"), ("text.4", "file.wrong")),
        (lambda t: t.replace('"700"', '"70.5"'), ("text.3", "file.wrong")),
        (lambda t: t.replace("(ریال)", "(تومان)"), ("text.2", "file.unit")),
        (lambda t: t.replace("مانده", "چیز دیگر"), ("text.1", "file.head")),
        (lambda t: t + "\nجمع,,,,201,700,", ("text.5", "file.total")),
        (
            lambda t: t.replace(SHEBA, "IR062960000000100324200001"),
            ("text.1", "file.other_account"),
        ),
        (lambda t: t.replace(f"شبا: {SHEBA}", "حساب: ۱۲۳-۴۵۶/۷"), ("text.1", "file.other_account")),
        (lambda t: t.split("\n", 1)[1], ("text.1", "file.no_account")),
        (lambda t: t.replace("1405/09/02", "1405/09/09"), ("text.4", "to_come")),
        (lambda t: "\n".join(t.split("\n")[:2]), ("text.1", "file.empty")),
        (lambda t: t.replace("الف", "a\0"), ("text.3", "file.wrong")),
    ],
)
def test_a_statement_with_a_fault_is_refused_whole_and_names_the_line(billing, change, fault):
    text = statement(("1405/09/01", 700, "1", "الف"), ("1405/09/02", -200, "2", "ب"))
    reply = give(billing, change(text))
    assert reply["code"] == "file.wrong", reply
    assert fault in [(row["field"], row["code"]) for row in reply["fields"]], reply["fields"]
    assert execute(billing.db, "select count(*) from account_rows") == [(0,)]
    assert billing.sums() == {}


def test_a_later_statement_needs_no_account_and_a_number_of_it_is_compared(billing):
    give(billing, statement(("1405/09/01", 100, "1", "x")))
    later = statement(("1405/09/02", 100, "2", "x"), opening=OPENING + 100)
    number = f"{SHEBA[-10:-4]}-{SHEBA[-4:]}"
    for line in ("", f"شماره حساب: {persian_digits(number)}\n"):
        reply = give(billing, line + later.split("\n", 1)[1])
        assert reply["closing_rials"] == OPENING + 200, reply
    balanced(billing)


def test_overlapping_statements_join_and_the_same_file_twice_does_nothing_twice(billing):
    rows = [(f"1405/09/0{day}", 100 * day, f"{day}", "x") for day in (1, 1, 2)]
    text = statement(*rows[:2])
    assert give(billing, text)["added"] == 2
    assert give(billing, text)["known"] is True
    reply = give(billing, statement(*rows))
    assert (reply["rows"], reply["added"]) == (3, 1)
    assert give(billing, statement(*rows[1:], opening=OPENING + 100))["added"] == 0
    assert billing.sums()["account"] == OPENING + 400
    balanced(billing)


def test_a_statement_that_leaves_entries_out_or_says_them_otherwise_is_refused(billing):
    give(billing, statement(("1405/09/01", 100, "1", "x")))
    for text in (
        statement(("1405/09/02", 100, "3", "x"), opening=OPENING + 999),
        statement(("1405/09/01", 101, "1", "x"), ("1405/09/02", 5, "2", "x")),
        statement(("1405/08/01", 7, "0", "x"), opening=OPENING - 7),
    ):
        reply = give(billing, text)
        assert [row["code"] for row in reply["fields"]] == ["file.gap"], reply
    balanced(billing)


def test_a_credit_before_its_file_waits_in_suspense_and_is_matched_when_the_file_comes(billing):
    paid(billing, "sep")
    give(billing, statement(("1405/09/02", NET, "881", SEP)))
    assert billing.exceptions() == [("account_unknown", NET, "OPEN")]
    balanced(billing)
    settled(billing)
    assert billing.exceptions() == [("account_unknown", NET, "RESOLVED")]
    assert balanced(billing)["sides"][0]["state"] == "SETTLED"
    assert execute(billing.db, "select text from account_rows") == [("",)]


def test_days_that_a_bank_settles_together_and_parts_of_a_day_are_matched(billing):
    paid(billing, "sep", "sep", "sep")
    for number, day in enumerate(("2026-11-23", "2026-11-24", "2026-11-25"), 1):
        settled(billing, ref=f"R{number}", day=day)
    billing.at("1405-09-07 09:00")
    reply = give(
        billing,
        statement(
            ("1405/09/05", 2 * NET, "1", SEP),
            ("1405/09/05", 700_000, "2", SEP),
            ("1405/09/06", NET - 700_000, "3", SEP),
        ),
    )
    assert (reply["matched"], reply["exceptions"]) == (3, 0)
    assert {side["state"] for side in balanced(billing)["sides"]} == {"SETTLED"}


def test_equal_sums_of_two_gateways_are_not_guessed_without_a_mark(billing):
    paid(billing, "sep", "sadad")
    settled(billing)
    settled(billing, psp="sadad")
    billing.at("1405-09-03 09:00")
    give(billing, statement(("1405/09/03", NET, "5", "واریز")))
    assert ("account_unknown", NET, "OPEN") in billing.exceptions()
    balanced(billing)


def test_money_that_does_not_come_is_missing_after_two_working_days_and_ends_when_it_comes(billing):
    billing.at("1405-09-04 09:00")  # a Wednesday: banks work again on Saturday and Sunday
    paid(billing, "sep")
    settled(billing, day="2026-11-25")
    billing.at("1405-09-12 09:00")
    first = ("1405/09/08", 10, "1", "x")
    give(billing, statement(first))
    assert "account_missing" not in [kind for kind, _, _ in billing.exceptions()]
    second = ("1405/09/09", 10, "2", "x")
    give(billing, statement(first, second))
    assert ("account_missing", NET, "OPEN") in billing.exceptions()
    assert sides(billing)["sides"][0]["state"] == "LATE"
    give(billing, statement(first, second, ("1405/09/10", NET, "3", SEP)))
    assert ("account_missing", NET, "RESOLVED") in billing.exceptions()
    balanced(billing)


def test_too_much_and_twice_lie_in_suspense_and_can_be_given_back(billing):
    paid(billing, "sep")
    settled(billing)
    billing.at("1405-09-06 09:00")
    reply = give(
        billing,
        statement(("1405/09/03", NET + 300, "1", SEP), ("1405/09/04", NET + 300, "1", SEP)),
    )
    assert reply["exceptions"] == 2
    assert sorted(billing.exceptions()) == [
        ("account_surplus", 300, "OPEN"),
        ("account_unknown", NET + 300, "OPEN"),
    ]
    balanced(billing)
    give(
        billing,
        statement(
            ("1405/09/03", NET + 300, "1", SEP),
            ("1405/09/04", NET + 300, "1", SEP),
            ("1405/09/05", NET, "9", SEP),
        ),
    )
    assert ("account_twice", NET, "OPEN") in billing.exceptions()
    row = exception(billing, "account_surplus")
    billing.call(
        treasury.RESOLVE, as_="karim", id=row["id"], how="refund", sheba=SHEBA, note="too much"
    )
    balanced(billing)


def exception(billing, kind):
    rows = billing.call(treasury.EXCEPTIONS, as_="karim")["exceptions"]
    return next(row for row in rows if row["kind"] == kind)


def propose(billing, kind, act, as_="karim", **more):
    """The id of the proposal, or the refusal."""
    id_ = exception(billing, kind)["id"]
    reply = billing.call(account.PROPOSE_BOOKING, as_=as_, id=id_, act=act, note="n", **more)
    return reply["bookings"][0]["id"] if "bookings" in reply else reply


def short(billing):
    """A fee that the bank withheld beside those of its file: 5,000 rials are missing for good."""
    paid(billing, "sep")
    settled(billing)
    billing.at("1405-09-12 09:00")
    give(
        billing,
        statement(("1405/09/03", NET - 5_000, "1", SEP), ("1405/09/10", 10, "2", "x")),
    )


@pytest.mark.parametrize(("act", "target"), [("fee", "bank_fees"), ("claim", "claims")])
def test_a_withheld_fee_is_booked_by_two_officers(billing, act, target):
    short(billing)
    before = billing.sums()
    assert exception(billing, "account_short")["rials"] == 5_000
    refused = billing.call(
        treasury.RESOLVE,
        as_="karim",
        id=exception(billing, "account_short")["id"],
        how="explained",
        note="n",
    )
    assert refused["code"] == "exception.needs_booking"
    id_ = propose(billing, "account_short", act, as_="mina")
    assert propose(billing, "account_short", act)["code"] == "booking.waits"
    assert billing.sums() == before, "a proposal moves nothing"
    own = billing.call(account.APPROVE_BOOKING, as_="mina", id=id_)
    assert own["code"] == "treasury.same_person"
    clerk = billing.call(account.APPROVE_BOOKING, as_="karim", id=id_)
    assert clerk["code"] == "treasury.not_an_approver"
    billing.call(account.APPROVE_BOOKING, as_="nader", id=id_)
    sums = billing.sums()
    assert sums[target] - before.get(target, 0) == 5_000
    assert (sums.get("bank"), before["bank"]) == (None, 5_000)
    assert exception(billing, "account_short")["state"] == "RESOLVED"
    assert balanced(billing)["sides"][0]["state"] == "SETTLED"
    assert told_to_proposers(billing.db)[-1][:3] == ("mina", "booking", True)
    again = billing.call(account.APPROVE_BOOKING, as_="nader", id=id_)
    assert again["code"] == "booking.move"


def test_a_proposal_is_refused_with_a_reason_or_taken_back_and_moves_nothing(billing):
    short(billing)
    before = billing.sums()
    id_ = propose(billing, "account_short", "fee")
    billing.call(account.REFUSE_BOOKING, as_="nader", id=id_, why="ask the bank")
    assert told_to_proposers(billing.db)[-1] == ("karim", "booking", False, "ask the bank")
    id_ = propose(billing, "account_short", "claim")
    other = billing.call(account.TAKE_BOOKING_BACK, as_="mina", id=id_)
    assert other["code"] == "booking.not_yours"
    reply = billing.call(account.TAKE_BOOKING_BACK, as_="karim", id=id_)
    assert (reply["bookings"][0]["state"], reply["bookings"][0]["decided_by"]) == ("REFUSED", None)
    assert billing.sums() == before
    assert exception(billing, "account_short")["state"] == "OPEN"


def test_money_that_came_after_the_proposal_makes_it_void(billing):
    short(billing)
    id_ = propose(billing, "account_short", "fee")
    rows = [("1405/09/03", NET - 5_000, "1", SEP), ("1405/09/10", 10, "2", "x")]
    give(billing, statement(*rows, ("1405/09/11", 5_000, "3", SEP)))
    reply = billing.call(account.APPROVE_BOOKING, as_="nader", id=id_)
    assert reply["code"] == "exception.resolved"
    balanced(billing)


def test_an_unknown_credit_is_matched_by_two_officers_only_with_a_day_that_holds_it(billing):
    paid(billing, "sep", "sadad")
    settled(billing)
    settled(billing, psp="sadad")
    billing.at("1405-09-04 09:00")
    give(billing, statement(("1405/09/03", NET, "5", "واریز نقدی")))
    wrong = propose(billing, "account_unknown", "match", batch="sep:2026-11-01")
    assert wrong["code"] == "booking.no_fit"
    id_ = propose(billing, "account_unknown", "match", batch="sadad:2026-11-23")
    billing.call(account.APPROVE_BOOKING, as_="nader", id=id_)
    states = {side["channel"]: side["state"] for side in balanced(billing)["sides"]}
    assert states == {"sep": "EXPECTED", "sadad": "SETTLED"}
    assert billing.sums().get("suspense") is None


def refunded(billing):
    """The id of a refund of 1,000 rials that a second officer has allowed."""
    bill = billing.charge()
    billing.pay(bill)
    ask = {"number": bill.number, "sheba": SHEBA, "why": "w", "available_rials": PRICE}
    billing.call(treasury.ASK_REFUND, as_="karim", rials=1_000, **ask)
    id_ = billing.call(treasury.REFUNDS, as_="karim")["refunds"][0]["id"]
    billing.call(treasury.APPROVE_REFUND, as_="nader", id=id_)
    return id_


@pytest.mark.parametrize("is_noted_first", [True, False])
def test_a_refund_is_seen_leaving_the_account_whichever_comes_first(billing, is_noted_first):
    note = {"id": refunded(billing), "bank_ref": "P-77"}
    text = statement(("1405/09/02", -1_000, "P-77", "انتقال"))
    if is_noted_first:
        billing.call(treasury.NOTE_REFUND_PAID, as_="karim", **note)
        assert len(balanced(billing)["refunds"]) == 1
    give(billing, text)
    if not is_noted_first:
        assert billing.exceptions() == [("account_debit", 1_000, "OPEN")]
        balanced(billing)
        billing.call(treasury.NOTE_REFUND_PAID, as_="karim", **note)
        assert billing.exceptions() == [("account_debit", 1_000, "RESOLVED")]
    assert balanced(billing)["refunds"] == []
    assert billing.sums().get("claims") is None


def test_what_the_bank_takes_unasked_is_claimed_until_two_officers_book_its_fee(billing):
    give(billing, statement(("1405/09/02", -7_000, "2", "کارمزد پیامک")))
    assert billing.sums()["claims"] == 7_000
    row = exception(billing, "account_debit")
    entry = billing.call(account.UNCLEAR_ENTRY, as_="karim", id=row["id"])["entry"]
    assert (entry["rials"], entry["text"]) == (-7_000, "کارمزد پیامک")
    billing.call(account.APPROVE_BOOKING, as_="nader", id=propose(billing, "account_debit", "fee"))
    assert billing.sums()["bank_fees"] == 7_000
    balanced(billing)


def test_a_debit_that_the_bank_gives_back_ends_as_a_claim_that_is_paid_once(billing):
    rows = [("1405/09/01", -7_000, "1", "کارمزد"), ("1405/09/02", 7_000, "2", "برگشت کارمزد")]
    give(billing, statement(*rows))
    early = propose(billing, "account_unknown", "claim")
    assert early["code"] == "booking.no_fit", "it may be a fee yet, and would count twice"
    id_ = propose(billing, "account_debit", "claim")
    billing.call(account.APPROVE_BOOKING, as_="nader", id=id_)
    assert (billing.sums()["claims"], exception(billing, "account_debit")["state"]) == (
        7_000,
        "RESOLVED",
    )
    id_ = propose(billing, "account_unknown", "claim")
    billing.call(account.APPROVE_BOOKING, as_="nader", id=id_)
    sums = billing.sums()
    assert (sums.get("claims"), sums.get("suspense")) == (None, None)
    assert exception(billing, "account_unknown")["state"] == "RESOLVED"
    balanced(billing)


def test_a_day_paid_before_the_first_statement_is_booked_as_part_of_its_opening_balance(billing):
    paid(billing, "sep", "sadad")
    settled(billing)
    billing.at("1405-09-10 09:00")
    settled(billing, psp="sadad", day="2026-11-25")
    first = ("1405/09/03", 10, "1", "x")
    give(billing, statement(first, ("1405/09/09", 10, "2", "x")))
    before = billing.sums()
    of_first = exceptions_by_ref(billing)["sep:2026-11-23"]
    of_later = exceptions_by_ref(billing)["sadad:2026-11-25"]
    message = {"act": "match", "batch": "opening", "note": "n"}
    later = billing.call(account.PROPOSE_BOOKING, as_="karim", id=of_later["id"], **message)
    assert later["code"] == "booking.no_fit", "the account shows that day"
    wrong = {**message, "batch": "sadad:2026-11-25"}
    reply = billing.call(account.PROPOSE_BOOKING, as_="karim", id=of_first["id"], **wrong)
    assert reply["code"] == "booking.no_fit"
    reply = billing.call(account.PROPOSE_BOOKING, as_="karim", id=of_first["id"], **message)
    billing.call(account.APPROVE_BOOKING, as_="nader", id=reply["bookings"][0]["id"])
    sums = billing.sums()
    assert (sums["bank"], sums["opening"]) == (before["bank"] - NET, before["opening"] + NET)
    assert exceptions_by_ref(billing)["sep:2026-11-23"]["state"] == "RESOLVED"
    balanced(billing)


def exceptions_by_ref(billing):
    rows = billing.call(treasury.EXCEPTIONS, as_="karim")["exceptions"]
    return {row["ref"]: row for row in rows}


def test_a_statement_of_many_entries_asks_the_database_no_more_often_for_each(billing):
    counts, balance, number = [], OPENING, 0
    for length in (5, 700):
        rows = [("1405/09/01", 1_000 + n, f"{number + n}", "x") for n in range(length)]
        with counted_statements() as statements:
            reply = give(billing, statement(*rows, opening=balance))
        assert (reply["added"], reply["exceptions"]) == (length, length)
        counts.append(len(statements))
        balance, number = reply["closing_rials"], number + length
    assert counts[1] - counts[0] < 10, "two thousand took longer than their sender waits"
    balanced(billing)


@contextlib.contextmanager
def counted_statements():
    """What is sent to databases meanwhile."""
    statements = []

    def note(_connection, _cursor, text, *_more):
        statements.append(text)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_what_was_due_before_the_first_statement_lies_in_its_opening_balance(billing):
    paid(billing, "sep")
    settled(billing)
    billing.at("1405-10-02 09:00")
    give(billing, statement(("1405/10/01", 10, "1", "x")))
    assert [kind for kind, _, _ in billing.exceptions()] == ["account_unknown"]
    sums = billing.sums()
    assert (sums.get("bank"), sums["opening"]) == (None, NET - OPENING)
    balanced(billing)


def test_bills_paid_at_banks_are_matched_by_their_mark(billing):
    bill = billing.charge()
    take(billing, bills_file((bill.bill_id, bill.payment_id, bill.total, 7)), "bills")
    billing.at("1405-09-03 09:00")
    give(billing, statement(("1405/09/03", PRICE, "5", "تجمیع قبوض")))
    (side,) = balanced(billing)["sides"]
    assert (side["channel"], side["captured_rials"], side["state"]) == ("bills", None, "SETTLED")


MT940 = """{{1:F01BANKIRTHXXXX}}{{4:
:20:ST1
:25:{account}
:28C:1/1
:60F:C261101IRR5000000,
:61:2611231124C{rials},00NTRFNONREF//881
واریز شاپرک
:86:پایانه 13400001
:62F:C261124IRR{closing},
-}}"""
CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><IBAN>{account}</IBAN></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>
<Amt Ccy="IRR">5000000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>
<Amt Ccy="IRR">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Ntry><Amt Ccy="IRR">99</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>
<Ntry><Amt Ccy="IRR">{rials}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>881</AcctSvcrRef>
<AddtlNtryInf>پایانه 13400001</AddtlNtryInf></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


@pytest.mark.parametrize(("form", "text"), [("mt940", MT940), ("camt053", CAMT)])
def test_the_forms_of_swift_and_iso_20022_are_read_and_their_faults_named(billing, form, text):
    paid(billing, "sep")
    settled(billing)
    billing.at("1405-09-04 09:00")
    good = {"account": SHEBA, "rials": NET, "closing": 5_000_000 + NET}
    for change, code in (
        ({"closing": 5_000_001 + NET}, None),
        ({"account": "IR062960000000100324200001"}, "file.other_account"),
        ({"rials": "1x"}, None),
        ({"rials": 0}, None),
    ):
        reply = give(billing, text.format(**{**good, **change}), form)
        assert reply["code"] == "file.wrong", (change, reply)
        assert code in (None, reply["fields"][0]["code"])
    for nonsense in ("x", "<a/>", "<!DOCTYPE a><a/>", ":20:1\n:61:"):
        assert give(billing, nonsense, form)["code"] == "file.wrong"
    reply = give(billing, text.format(**good), form)
    assert (reply["added"], reply["matched"]) == (1, 1), reply
    balanced(billing)


def test_a_colleague_without_a_role_neither_takes_nor_reads_a_statement(billing):
    text = statement(("1405/09/01", 1, "1", "x"))
    assert give(billing, text, as_="sara")["code"] == "treasury.not_an_officer"
    for contract, message in (
        (account.THREE_SIDES, {}),
        (account.BOOKINGS, {}),
        (account.UNCLEAR_ENTRY, {"id": 1}),
    ):
        reply = billing.call(contract, as_="sara", **message)
        assert reply["code"] == "treasury.not_an_officer"


def test_the_database_itself_keeps_statements_and_what_they_settle(billing):
    give(billing, statement(("1405/09/01", 1, "1", "x")))
    with pytest.raises(Exception, match="only grows"):
        execute(billing.db, "update account_statements set closing = 1")
    execute(billing.db, "insert into allocations (batch, rials, at) values ('a', 1, now())")
    with pytest.raises(Exception, match="only grows"):
        execute(billing.db, "delete from allocations")


def read_or_refusal(read, text):
    try:
        return read(text), None
    except RuleBroken as refused:
        return None, refused


CUT = st.tuples(st.integers(0, 900), st.integers(0, 40), st.text(max_size=12))


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (
            account_csv.read,
            statement(("1405/09/01", 700, "1", "a"), ("1405/09/02", -200, "2", "b")),
        ),
        (account_mt940.read, MT940.format(account=SHEBA, rials=700, closing=OPENING + 700)),
        (account_camt.read, CAMT.format(account=SHEBA, rials=700, closing=OPENING + 700)),
    ],
)
@given(cuts=st.lists(CUT, max_size=4))
def test_a_spoilt_statement_is_refused_or_still_adds_up(read, text, cuts):
    assert read(text).closing == read(text).opening + sum(e.rials for e in read(text).entries)
    for at, length, other in cuts:
        text = text[:at] + other + text[at + length :]
    whole, refused = read_or_refusal(read, text)
    if refused:
        assert refused.code == "file.wrong"
        assert refused.fields, "each fault is named"
        return
    balance = whole.opening
    for entry in whole.entries:
        balance += entry.rials
        assert entry.balance == balance
    assert whole.closing == balance


@pytest.mark.parametrize("seed", range(4))
def test_three_sides_and_ledger_agree_after_any_acts_as_other_tools_confirm(
    billing, seed, tmp_path
):
    random_ = random.Random(seed)
    entries, marks = [], (SEP, SADAD, "واریز")
    for number in range(12):
        act = random_.choice(["pay", "file", "file", "credit", "credit", "debit", "book"])
        if act == "pay":
            paid(billing, "sep")
        elif act == "file":
            ref = random_.choice([f"R{number}", f"X{number}", "R1", "R2"])
            settled(billing, ref=ref, fee=random_.choice([0, 900]), day=str(today(billing)))
        elif act in ("credit", "debit"):
            rials = random_.choice([PRICE, PRICE - 900, 2 * PRICE, 40_000])
            day = jalali(today(billing)).replace("-", "/")
            rials = -7_000 if act == "debit" else rials
            entries.append((day, rials, f"{number}", random_.choice(marks)))
            give(billing, statement(*entries))
        else:
            book_something(billing, random_)
        balanced(billing)
        billing.later(days=random_.choice([0, 1, 3]))
    accountants_agree(billing, tmp_path)


def today(billing):
    return billing.moment.astimezone(TEHRAN).date()


def book_something(billing, random_):
    """Two officers book whatever fits the first open exception of the account."""
    rows = billing.call(treasury.EXCEPTIONS, as_="karim")["exceptions"]
    open_ = [row for row in rows if row["state"] == "OPEN" and row["kind"].startswith("account")]
    batches = [side["key"] for side in sides(billing)["sides"]]
    for row in open_[:1]:
        message = {"id": row["id"], "act": random_.choice(account.BOOKING_ACTS), "note": "n"}
        if message["act"] == "match":
            message["batch"] = random_.choice(batches) if batches else "x"
        reply = billing.call(account.PROPOSE_BOOKING, as_="karim", **message)
        if "bookings" in reply:
            id_ = reply["bookings"][0]["id"]
            billing.call(account.APPROVE_BOOKING, as_="nader", id=id_)
