"""The pure rules: IDs of bills, tariffs by their dates, quotes, states, entries that balance."""

import dataclasses
import datetime as dt
import itertools
import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persian_tools.bill import CURRENCY_RIAL, get_detail

from bus.errors import ContractError, RuleBroken
from contracts.billing import bills as contracts
from iran.bill_ids import read
from services.billing import books
from services.billing.domain import bank_files, bill, bill_ids, ledger, payment
from services.billing.domain.bill_ids import Encoder
from services.billing.domain.book import EncoderRow, MoneyUnit
from services.billing.domain.money import MOST_RIALS
from services.billing.domain.quote import Basis, Item, quote
from services.billing.domain.tariff import Tariff
from services.billing.tariffs.csv_file import read_csv
from tests.processes import ROOT

DAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
THOUSANDS = Encoder(dt.date(1932, 3, 21), 1000, 8)
VECTORS = json.loads((ROOT / "tests/billing/bill_ids.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def book():
    return books.to_book(1, books.read(Path(ROOT / "deploy/billing")))


def row(**more):
    result = {
        "id": 1,
        "service": "copy",
        "agency_class": "applicant",
        "use": "*",
        "area_class": "*",
        "season": "*",
        "unit": "page",
        "amount": 45_000,
        "money": "IRR",
        "vat_class": "exempt",
        "from_day": dt.date(2025, 3, 21),
        "to_day": None,
        "decree": "D1",
        "approved_at": dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
        "withdrawn_at": None,
    }
    return Tariff(**{**result, **more})


def ask(book, rows, *items, on=DAY, known_at=NOW, **classes):
    basis = {"agency_class": "applicant", "use": "*", "area_class": "*", **classes}
    chosen = [Item(*item) for item in items] or [Item("copy", 1)]
    return quote(book, rows, Basis(**basis, on=on, known_at=known_at), chosen)


# --- bill ID and payment ID ---


@pytest.mark.parametrize(
    "case", VECTORS, ids=lambda case: f"{case['bill_id']}-{case['payment_id']}"
)
def test_pairs_are_read_as_the_banks_read_them(case):
    pair = read(case["bill_id"], case["payment_id"])
    assert (pair is not None) == (case["bill_ok"] and case["payment_ok"])
    if pair is not None:
        assert (pair.file, f"{pair.company:03}", pair.service) == (
            int(case["file"]),
            case["company"],
            case["service"],
        )
        assert (pair.units * 1000, pair.year_digit, pair.period) == (
            case["amount_rial"],
            case["year_digit"],
            case["period"],
        )


@pytest.mark.parametrize("case", [case for case in VECTORS if "made_from" in case])
def test_pairs_are_made_as_the_banks_make_them(case):
    result = case["made_from"]
    made = bill_ids.bill_id(result["file"], result["company"])
    period = (result["jalali_year"], result["period"])
    paid = bill_ids.payment_id(made, result["amount_rial"], DAY, period, THOUSANDS)
    assert (made, paid) == (case["bill_id"], case["payment_id"])
    assert bill_ids.barcode(made, paid) == case["barcode26"]


@given(
    st.integers(1, 99_999_999),
    st.integers(1, 999),
    st.integers(1, 99_999_999),
    st.integers(1300, 1500),
    st.integers(0, 99),
    st.integers(0, 25),
    st.integers(0, 9),
)
def test_a_made_pair_is_read_back_and_a_wrong_digit_is_detected(
    file, company, units, year, period, place, digit
):
    made = bill_ids.bill_id(file, company)
    paid = bill_ids.payment_id(made, units * 1000, DAY, (year, period), THOUSANDS)
    pair = read(made, paid)
    assert pair == (file, company, 1, units, year % 10, period)
    both = made + paid
    wrong = both[: place % len(both)] + str(digit) + both[place % len(both) + 1 :]
    if wrong != both and (pair_found := read(wrong[: len(made)], wrong[len(made) :])):
        # Modulo 11 with 10 and 11 folded into 0 and 1 cannot see every change.
        assert pair_found != pair


@given(
    st.integers(1, 99_999_999),
    st.integers(1, 999),
    st.integers(1, 99_999_999),
    st.integers(1300, 1500),
    st.integers(0, 99),
    st.integers(0, 25),
    st.integers(1, 9),
)
def test_an_independent_checker_agrees_on_every_pair_right_or_wrong(
    file, company, units, year, period, place, more
):
    made = bill_ids.bill_id(file, company)
    paid = bill_ids.payment_id(made, units * 1000, DAY, (year, period), THOUSANDS)
    result = get_detail(int(made), int(paid), currency=CURRENCY_RIAL)
    assert result["is_valid"]
    assert result["amount"] == units * 1000
    # The same pair with one digit changed: both say no, or both take it.
    both, place = made + paid, place % len(made + paid)
    wrong = both[:place] + str((int(both[place]) + more) % 10) + both[place + 1 :]
    pair = wrong[: len(made)].lstrip("0"), wrong[len(made) :].lstrip("0")
    if all(len(half) >= 6 for half in pair):
        theirs = get_detail(int(pair[0]), int(pair[1]))["is_valid"]
        assert (read(*pair) is not None) == theirs


@pytest.mark.parametrize("rials", [0, -1000, 999, 1500, 100_000_000_000])
def test_an_amount_that_no_payment_id_holds_is_refused(rials):
    with pytest.raises(RuleBroken) as refused:
        bill_ids.payment_id("1000234546116", rials, DAY, (1405, 9), THOUSANDS)
    assert refused.value.code == "bill.amount"


def test_after_the_redenomination_another_encoder_counts(book):
    later = EncoderRow(dt.date(2029, 3, 21), None, rials=10_000, digits=8)
    new = dataclasses.replace(book, encoders=(*book.encoders, later))
    assert new.encoder(dt.date(2029, 3, 20)).rials == 1000
    assert new.encoder(dt.date(2029, 3, 21)).rials == 10_000


# --- tariffs and quotes ---


def test_the_day_of_the_request_decides_not_the_day_of_the_bill(book):
    old, new = row(), row(id=2, amount=60_000, from_day=dt.date(2026, 11, 24))
    assert ask(book, [old, new]).net_rials == 45_000
    assert ask(book, [old, new], on=dt.date(2026, 11, 24)).net_rials == 60_000


def test_an_old_quote_can_be_made_again_as_it_was_known(book):
    later = row(id=2, amount=60_000, approved_at=NOW)
    assert ask(book, [row(), later], known_at=NOW - dt.timedelta(seconds=1)).net_rials == 45_000
    assert ask(book, [row(), later], known_at=NOW).net_rials == 60_000


def test_a_withdrawn_row_counts_only_for_the_time_before(book):
    gone = row(id=2, amount=60_000, withdrawn_at=NOW)
    assert ask(book, [row(), gone]).net_rials == 45_000
    assert ask(book, [row(), gone], known_at=NOW - dt.timedelta(days=1)).net_rials == 60_000


def test_the_most_specific_row_counts(book):
    rows = [
        row(),
        row(id=2, use="industry", amount=1),
        row(id=3, area_class="prohibited", amount=2),
    ]
    assert ask(book, rows, use="industry", area_class="prohibited").net_rials == 1
    assert ask(book, rows, area_class="prohibited").net_rials == 2
    assert ask(book, rows, use="home").net_rials == 45_000


def test_a_row_ends_with_its_last_day(book):
    rows = [row(to_day=DAY)]
    assert ask(book, rows).net_rials == 45_000
    with pytest.raises(RuleBroken):
        ask(book, rows, on=DAY + dt.timedelta(days=1))


def test_agencies_pay_nothing_by_default_and_applicants_never_by_default(book):
    result = ask(book, [], agency_class="agency")
    assert (result.total_rials, result.lines[0].tariff) == (0, None)
    with pytest.raises(RuleBroken) as refused:
        ask(book, [])
    assert refused.value.code == "tariff.none"


def test_d13_a_sum_beyond_what_json_holds_exactly_is_refused_by_its_quantity(book):
    assert MOST_RIALS == contracts.MOST_RIALS < 2**53
    assert ask(book, [row()], ("copy", 1), ("copy", 10**9)).total_rials < MOST_RIALS
    with pytest.raises(RuleBroken) as refused:
        ask(book, [row(amount=13_750_000)], ("copy", 1), ("copy", 10**9))
    assert refused.value.code == "quote.too_large"
    assert [field.field for field in refused.value.fields] == ["items.1.quantity"]


def test_vat_is_by_class_and_date_and_the_sum_is_rounded_once(book):
    rows = [
        row(),
        row(id=2, service="expert_visit", unit="each", amount=12_505, vat_class="taxable"),
    ]
    result = ask(book, rows, ("copy", 3), ("expert_visit", 1))
    assert (result.net_rials, result.vat_rials) == (147_505, 1_251)
    assert (result.rounding_rials, result.total_rials) == (244, 149_000)
    before = ask(book, rows[1:], ("expert_visit", 1), on=dt.date(2025, 3, 22))
    assert before.lines[0].vat_basis_points == 1000


def test_season_follows_the_jalali_month(book):
    rows = [row(season="warm", amount=2), row(id=2, season="normal", amount=1)]
    assert ask(book, rows, on=dt.date(2026, 6, 1)).net_rials == 2
    assert ask(book, rows).net_rials == 1


def test_a_unit_of_money_counts_from_the_day_of_its_row(book):
    unit = MoneyUnit(dt.date(2028, 3, 20), None, code="NEW_RIAL", rials=10_000)
    new = dataclasses.replace(book, money=(*book.money, unit))
    rows = [row(money="NEW_RIAL", amount=5)]
    with pytest.raises(RuleBroken) as refused:
        ask(new, rows)
    assert refused.value.code == "money.not_in_force"
    later = ask(new, rows, on=dt.date(2028, 3, 20))
    assert (later.net_rials, later.unit) == (50_000, "IRR")


def test_each_line_explains_itself_with_law_and_tariff_row_in_both_languages(book):
    line = ask(book, [row(id=77)], ("copy", 2)).lines[0]
    for part in ("۷۷", "D۱", "۹۰,۰۰۰", "ماده ۸", "۱۴۰۴/۰۱/۰۱"):
        assert part in line.fa
    for part in ("77", "D1", "90,000", "article 8", "1404-01-01"):
        assert part in line.en


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**10),
            st.integers(1, 10**4),
            st.sampled_from(["taxable", "exempt", "zero"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_lines_vat_and_rounding_always_make_the_sum(parts):
    book = books.to_book(1, books.read(Path(ROOT / "deploy/billing")))
    codes = ["copy", "expert_visit", "levy", "own_inquiry", "inquiry"]
    rows = [
        row(id=i, service=code, amount=amount, vat_class=vat)
        for i, (code, (amount, _, vat)) in enumerate(
            zip(itertools.cycle(codes), parts, strict=False)
        )
        if i < len(codes)
    ]
    result = ask(book, rows, *[(r.service, parts[i][1]) for i, r in enumerate(rows)])
    assert sum(line.net_rials for line in result.lines) == result.net_rials
    assert result.net_rials + result.vat_rials + result.rounding_rials == result.total_rials
    assert 0 <= result.rounding_rials < 1000
    assert result.total_rials % 1000 == 0


# --- states ---


def test_a_bill_takes_no_act_that_the_table_does_not_name():
    table = bill.TRANSITIONS.table
    acts, states = get_args(bill.BillAct), set(get_args(bill.BillState)) - {"NEW"}
    for state, act in itertools.product(states, acts):
        if (state, act) in table:
            assert bill.TRANSITIONS.transition(state, act) in states
        else:
            with pytest.raises(RuleBroken) as refused:
                bill.TRANSITIONS.transition(state, act)
            assert refused.value.code == "bill.move"


def test_money_is_verified_only_by_the_banks_own_answer():
    table = payment.TRANSITIONS.table
    into = {(state, act) for (state, act), to in table.items() if to == "VERIFIED"}
    assert into == {("VERIFYING", "verified")}
    into = {(state, act) for (state, act), to in table.items() if to == "SETTLED"}
    assert into == {("VERIFIED", "settle"), ("REVERSING", "keep")}


def test_every_state_of_a_payment_leads_to_an_end():
    table = payment.TRANSITIONS.table
    states = {"CREATED", *table.values()}
    assert states == set(get_args(payment.PaymentState)) == set(contracts.PAYMENT_STATES)
    for start in states:
        reached, ahead = set(), {start}
        while ahead:
            reached |= ahead
            ahead = {to for (state, _), to in table.items() if state in ahead} - reached
        assert reached & payment.ENDED, start


# --- the ledger ---


@given(st.integers(0, 10**12), st.integers(0, 10**11), st.integers(-500, 999))
def test_every_entry_balances(net, vat, rounding):
    total = net + vat + rounding
    entries = [
        ledger.issued(net, vat, rounding),
        ledger.waived(total),
        ledger.paid(total),
        ledger.suspended(total),
        ledger.given_back(total, settled=False),
        ledger.given_back(total, settled=True),
        ledger.applied(total),
        ledger.settled_before(total),
        ledger.settled(total, vat),
        ledger.settled(total, vat, net),
        ledger.taken_by_bank(net),
        ledger.refund_owed(total, suspended=True),
        ledger.refund_owed(total, suspended=False),
        ledger.refund_paid(total),
        ledger.paid_into_account(total),
        ledger.unknown_into_account(total, vat),
    ]
    for entry in entries:
        assert sum(posting.rials for posting in entry) == 0
        assert all(posting.rials for posting in entry)
        assert sum(ledger.balances([*entry, *ledger.taken_back(entry)]).values()) == 0
        assert not any(ledger.balances([*entry, *ledger.taken_back(entry)]).values())


def test_an_entry_that_does_not_balance_cannot_be_made():
    with pytest.raises(ValueError, match="balance"):
        ledger.entry((ledger.BANK, 2), (ledger.REVENUE, -1))


# --- banks' files ---

GOOD = (
    "psp,terminal,order_id,ref,rrn,kind,amount_rials,fee_rials,paid_at\n"
    "sep,T1,1000000001,R1,77,sale,1755000,1200,2026-11-23T08:00:00+00:00\n"
    "TOTAL,1,1755000\n"
)


def test_a_settlement_is_read_with_its_total():
    (row,) = bank_files.settlement(GOOD, "sep")
    assert (row.kind, row.key, row.rials, row.fee) == ("sale", "R1", 1_755_000, 1_200)


@pytest.mark.parametrize(
    ("was", "is_", "line"),
    [
        ("TOTAL,1,1755000", "TOTAL,1,1755001", 3),
        ("TOTAL,1,1755000", "TOTAL,2,1755000", 3),
        ("sale,1755000", "sale,1755000.5", 2),
        ("sale,1755000", "gift,1755000", 2),
        ("sep,T1", "sadad,T1", 2),
        (",1200,", ",9999999,", 2),
        ("+00:00", "", 2),
        ("2026-11-23", "2026-13-23", 2),
        ("psp,terminal", "psp;terminal", 1),
    ],
)
def test_a_settlement_with_a_fault_is_not_taken_and_the_line_is_named(was, is_, line):
    with pytest.raises(RuleBroken) as refused:
        bank_files.settlement(GOOD.replace(was, is_), "sep")
    assert refused.value.fields[0].field == f"text.{line}"


def bills_file(*rows, company="461"):
    bodies = [
        f"D{bill_id:0>13}{paid:0>13}{rials:015}1405090209301501300{trace:012}"
        for bill_id, paid, rials, trace in rows
    ]
    tail = f"T{len(rows):08}{sum(r[2] for r in rows):018}"
    return "\r\n".join([f"H{company}140509020001", *bodies, tail, ""])


def test_a_file_of_bills_is_read_with_its_tail():
    result = bills_file(("1000234546116", "175050929", 1_750_000, 5))
    (row,) = bank_files.bills(result, 461, DAY)
    assert (row.bill_id, row.payment_id, row.rials) == ("1000234546116", "175050929", 1_750_000)
    assert row.paid_at == dt.datetime(2026, 11, 23, 6, 0, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "break_",
    [
        lambda result: result.replace("T00000001", "T00000002"),
        lambda result: result.replace("H461", "H462"),
        lambda result: result.replace("D1", "DX"),
        lambda result: result.replace("14050902093015", "14051302093015"),
        lambda result: result.replace("14050902093015", "14050902253015"),
        lambda result: result[:-30],
        lambda _: "H",
    ],
)
def test_a_file_of_bills_with_a_fault_is_not_taken(break_):
    with pytest.raises(RuleBroken):
        bank_files.bills(break_(bills_file(("1000234546116", "175050929", 1_750_000, 5))), 461, DAY)


@pytest.mark.parametrize("month", ["1405-13", "1405-9", "x", "2026-11"])
def test_an_invalid_month_is_refused_by_the_contract(month):
    with pytest.raises(ContractError, match="month"):
        contracts.STATEMENT.load_data({"month": month})


@pytest.mark.parametrize("wrong", ["123", "12345678901234", "12345x", "۱۲۳۴۵"])
def test_an_id_of_a_bill_is_6_to_13_digits(wrong):
    with pytest.raises(ContractError, match="digits"):
        contracts.LOOK_UP.load_data({"bill_id": wrong, "payment_id": "175050929"})


@pytest.mark.parametrize(("service", "law"), [("own_inquiry", "FDW-8"), ("expert_visit", "CH2-2")])
def test_l5_billing_tells_by_which_law_a_bill_is_owed(billing, service, law):
    billing.charge(service)
    body = billing.row("select convert_from(body, 'UTF8')::json as body from outbox limit 1").body
    assert body["laws"] == [law]


TARIFF = "service,amount,from_day,decree\ncopy,1000,1406/01/01,D\n"


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ('copy,1000,1406/02/01,"D\ncopy,1000,1406/03/01,D\n', {"3", "4"}),
        ('copy,1000,1406/02/01,"D\ncopy,1000,1406/03/01,D"\n', {"3", "4"}),
        ("copy,1000\n", {"3"}),
        ("copy,1000,1406/02/01,D,x\n", {"3"}),
        ("copy,1E+03,1406/02/01,D\n", {"3.amount"}),
        ("copy,1000,5-Oct,D\n", {"3.from_day"}),
        ("copy,1000,1406/02/01,#REF!\n", {"3.decree"}),
        ("\n\ncopy,1000,1406/02/01,#N/A\n", {"5.decree"}),
    ],
)
def test_x3_a_tariff_names_each_line_that_cannot_be_read_and_takes_none(rows, lines):
    with pytest.raises(RuleBroken) as refused:
        read_csv(TARIFF + rows)
    assert {fault.field for fault in refused.value.fields} == lines


def test_x3_a_tariff_is_read_in_the_forms_of_csv():
    plain = read_csv(TARIFF)
    for text in (
        TARIFF.replace(",", ";"),
        TARIFF.replace("\n", "\r\n"),
        "\ufeff" + TARIFF,
        TARIFF.replace(",", "\t"),
        TARIFF.replace("1000", "۱۰۰۰"),
    ):
        assert read_csv(text) == plain


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0b", '"', "\x00"])
def test_x3_a_line_of_a_banks_file_is_named_by_its_place_in_the_file(mark):
    head = ",".join(bank_files.SETTLEMENT)
    row = "sep,1,1,r1,1,sale,100,0,2026-11-20T10:00:00+03:30"
    text = f"\ufeff{head}\r\n\r\n{row}\r\n\r\n{mark}{row}\r\nTOTAL,2,200\r\n"
    with pytest.raises(RuleBroken) as refused:
        bank_files.settlement(text, "sep")
    assert [fault.field for fault in refused.value.fields] == ["text.5"]
