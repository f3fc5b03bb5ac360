"""The adapters against the played bank: the real protocols, over HTTP."""

import dataclasses
import datetime as dt
import itertools
import json
import logging
import time

import orjson
import pytest
import requests

from bus.errors import Unavailable
from iran.persian import jalali, persian_digits, tehran_day
from services.billing.domain import bank_files
from services.billing.psps import configuration as psps
from services.billing.psps import http as psp_wire
from services.billing.psps.port import Attempt, Declined, Order
from tests.billing.playing import PlayedBank, answering
from tests.processes import ROOT, Starter

CODES = ("sep", "behpardakht", "sadad")
ORDERS = itertools.count(1_000_000_001)
NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank")
    starter = Starter(folder)
    yield PlayedBank(starter)
    starter.end()


@pytest.fixture(scope="module", params=CODES)
def psp(request, bank, tmp_path_factory):
    answer = bank.config(tmp_path_factory.mktemp("psps"), timeout=2).read_text(encoding="utf-8")
    return psps.adapters(answer)[request.param]


def begin(psp, amount=1_755_000):
    order = Order(next(ORDERS), amount, "http://127.0.0.1:1/pay/return/1/k", NOW)
    return order, psp.start(order)


def paid(psp, bank, act="pay"):
    """An attempt after the payer has acted, and what the browser brought."""
    order, redirect = begin(psp)
    _, form = bank.decide(redirect.token, act)
    back = psp.returned(form)
    return Attempt(order.order_id, order.amount, redirect.token, back.ref), back


def test_a_payment_is_begun_paid_verified_and_settled(psp, bank):
    attempt, back = paid(psp, bank)
    assert (back.ok, back.order_id) == (True, attempt.order_id)
    result = psp.verify(attempt)
    assert result.amount in (None, attempt.amount)
    assert result.order_id in (None, attempt.order_id)
    assert result.ref
    psp.settle(dataclasses.replace(attempt, ref=result.ref))
    state = bank.payment(attempt.token)["state"]
    assert state == ("SETTLED" if psp.code == "behpardakht" else "VERIFIED")


def test_the_browser_is_sent_where_the_bank_is(psp, bank):
    _, redirect = begin(psp)
    assert redirect.url.startswith(bank.url)
    assert (redirect.method, bool(redirect.fields)) == (
        ("GET", False) if psp.code == "sadad" else ("POST", True)
    )


def test_verify_and_settle_say_the_same_when_repeated(psp, bank):
    attempt, _ = paid(psp, bank)
    first = psp.verify(attempt)
    assert psp.verify(attempt) == first
    attempt = dataclasses.replace(attempt, ref=first.ref)
    psp.settle(attempt)
    psp.settle(attempt)
    assert psp.verify(attempt) == first


@pytest.mark.parametrize("act", ["cancel", "fail"])
def test_an_unpaid_order_is_not_verified(psp, bank, act):
    attempt, back = paid(psp, bank, act)
    assert back.ok is False
    with pytest.raises(Declined):
        psp.verify(dataclasses.replace(attempt, ref=attempt.ref or "none"))


def test_a_different_amount_is_reported(psp, bank):
    if psp.code == "behpardakht":
        pytest.skip("this bank binds the amount by its token and tells none")
    attempt, _ = paid(psp, bank)
    bank.play("verify", "amount", rials=1000)
    assert psp.verify(attempt).amount == 1000


@pytest.mark.parametrize("trick", ["error", "garbage", "drop"])
def test_an_unreadable_answer_leaves_the_payment_unknown_until_it_is_asked_again(psp, bank, trick):
    attempt, _ = paid(psp, bank)
    bank.play("verify", trick)
    with pytest.raises(Unavailable):
        psp.verify(attempt)
    assert psp.verify(attempt).ref


def test_an_answer_that_comes_too_late_is_not_known(psp, bank):
    attempt, _ = paid(psp, bank)
    bank.play("verify", "delay", seconds=3)
    with pytest.raises(Unavailable) as lost:
        psp.verify(attempt)
    assert lost.value.code == "psp.unreachable"


def test_a_gateway_that_is_away_is_said_to_be(psp, bank):
    with pytest.raises(Unavailable):
        begin(dataclasses.replace(psp, base="http://127.0.0.1:1"))
    bank.play("token", "garbage")
    with pytest.raises(Unavailable):
        begin(psp)


def test_money_is_given_back_once_where_the_bank_can(psp, bank):
    attempt, _ = paid(psp, bank)
    attempt = dataclasses.replace(attempt, ref=psp.verify(attempt).ref)
    if psp.code == "sadad":
        with pytest.raises(Declined) as refused:
            psp.reverse(attempt)
        assert refused.value.code == "psp.no_reversal"
        return
    psp.reverse(attempt)
    psp.reverse(attempt)
    with pytest.raises(Declined):
        psp.verify(attempt)


def test_a_payment_that_is_not_verified_in_time_is_given_back(start, tmp_path):
    bank = PlayedBank(start, BANK_WINDOW="0")
    for psp in psps.adapters(bank.config(tmp_path).read_text(encoding="utf-8")).values():
        attempt, _ = paid(psp, bank)
        with pytest.raises(Declined):
            psp.verify(attempt)
        assert bank.payment(attempt.token)["state"] == "RETURNED"


def test_a_payment_can_be_found_by_our_token_alone_where_the_adapter_can(psp, bank):
    attempt, _ = paid(psp, bank)
    if psp.finds_orphans:
        assert psp.verify(dataclasses.replace(attempt, ref=None)).ref


WRONG = {
    "sep": {"terminal": "1"},  # SEP knows a merchant by its terminal and address alone
    "behpardakht": {"password": "x"},
    "sadad": {"key": b"another key of 24 bytes!"},
}


def test_a_wrong_secret_is_refused_at_the_start(psp):
    for wrong in (WRONG[psp.code], {"terminal": "99999999"}):
        with pytest.raises(Declined) as refused:
            begin(dataclasses.replace(psp, **wrong))
        assert refused.value.details["psp_code"]


def test_an_order_is_begun_once_only(psp):
    order, _ = begin(psp)
    with pytest.raises(Declined) as refused:
        psp.start(order)
    assert (
        refused.value.details["psp_code"]
        == ({"sep": "5", "behpardakht": "41", "sadad": "1011"}[psp.code])
    )


def test_nothing_is_begun_for_no_money(psp):
    with pytest.raises(Declined):
        begin(psp, amount=0)


def test_a_sign_in_that_breaks_after_the_payment_does_not_make_it_unpaid(psp, bank):
    if psp.code == "sadad":
        pytest.skip("Sadad has one code for this and for a payment that is not there")
    attempt, _ = paid(psp, bank)
    broken = dataclasses.replace(psp, **WRONG[psp.code])
    for ask in (broken.verify, broken.reverse):
        with pytest.raises(Unavailable):
            ask(attempt)
    assert psp.verify(attempt).ref


def test_fields_of_a_return_that_are_brought_again_are_the_same_and_change_nothing(psp, bank):
    attempt, back = paid(psp, bank)
    first = psp.verify(attempt)
    _, form = bank.decide(attempt.token, "cancel")
    assert psp.returned(form) == back
    assert psp.verify(attempt) == first
    assert bank.payment(attempt.token)["verifies"] == 2


def test_a_reference_of_another_order_is_recognised(psp, bank):
    theirs, _ = paid(psp, bank)
    order, redirect = begin(psp, amount=2_000_000)
    mine = Attempt(order.order_id, order.amount, redirect.token, theirs.ref)
    if psp.code == "sep":
        # SEP tells no order: the caller compares the amount, and that no reference is used twice.
        result = psp.verify(mine)
        assert (result.order_id, result.amount, result.ref) == (None, theirs.amount, theirs.ref)
    else:
        with pytest.raises(Declined):
            psp.verify(mine)


def test_a_token_that_nobody_used_in_time_pays_nothing(start, tmp_path):
    bank = PlayedBank(start, BANK_TOKEN="0")
    for psp in psps.adapters(bank.config(tmp_path).read_text(encoding="utf-8")).values():
        attempt, back = paid(psp, bank)
        assert not back.ok
        assert bank.payment(attempt.token)["state"] == "FAILED"
        with pytest.raises(Declined):
            psp.verify(dataclasses.replace(attempt, ref="none"))


@pytest.mark.parametrize("call", ["verify", "settle", "reverse"])
def test_an_act_whose_answer_was_lost_was_done_and_is_done_once(psp, bank, call):
    if call == "reverse" and psp.code == "sadad":
        pytest.skip("Sadad gives nothing back")
    if call == "settle" and psp.code != "behpardakht":
        pytest.skip("settling is a step of Behpardakht alone")
    attempt, _ = paid(psp, bank)
    if call != "verify":
        psp.verify(attempt)
    bank.play(call, "drop")
    with pytest.raises(Unavailable):
        getattr(psp, call)(attempt)
    done = {"verify": "VERIFIED", "settle": "SETTLED", "reverse": "REVERSED"}[call]
    assert bank.payment(attempt.token)["state"] == done
    getattr(psp, call)(attempt)
    assert bank.payment(attempt.token)["state"] == done


def test_behpardakht_settles_a_verified_payment_and_gives_back_an_unsettled_one(bank, tmp_path):
    psp = psps.adapters(bank.config(tmp_path).read_text(encoding="utf-8"))["behpardakht"]
    attempt, _ = paid(psp, bank)
    with pytest.raises(Declined):
        psp.settle(attempt)
    psp.verify(attempt)
    psp.settle(attempt)
    with pytest.raises(Declined) as refused:
        psp.reverse(attempt)
    assert refused.value.details["psp_code"] == "45"


# --- answers that no bank should give ---

ATTEMPT = Attempt(1, 1000, "t", "R1")
SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    "<r><return>{}</return></r></s:Body></s:Envelope>"
)


def at(code, base):
    """An adapter for a bank at that address."""
    more = {
        "sep": {},
        "behpardakht": {"user": "u", "password": "not to be told"},
        "sadad": {"merchant": "2", "key": "bm90IHRvIGJlIHRvbGQsIG5vdCBhdCBhbGw="[:32]},
    }[code]
    answer = {"base": base, "terminal": "1", "timeout": 2, **more}
    text = f"[{code}]\n" + "\n".join(f"{name} = {value!r}" for name, value in answer.items())
    return psps.adapters(text)[code]


def verify_at(code, body, status=200, **headers):
    """Why the answer of a bank to verify is not understood."""
    with answering(body, status, **headers) as (base, _):
        with pytest.raises(Unavailable) as lost:
            at(code, base).verify(ATTEMPT)
    return lost.value


UNREADABLE = {
    "nothing": (b"", 200, {}),
    "garbage": (b"\xff\xfe\x00", 200, {}),
    "no object": (b"[0]", 200, {}),
    "an empty object": (b"{}", 200, {}),
    "a page": (b"<html><body>maintenance</body></html>", 200, {}),
    "too much": (b" " * 65_537, 200, {}),
    "a way elsewhere": (b"", 302, {"Location": "http://127.0.0.1:1/"}),
    "not found": (b"{}", 404, {}),
    "a fault": (SOAP.replace("return", "faultstring").format("0").encode(), 200, {}),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_answer_decides_nothing_about_the_payment(code, answer):
    body, status, headers = answer
    assert verify_at(code, body, status, **headers).code == "psp.unreadable"


@pytest.mark.parametrize(
    "answer",
    [
        {"ResultCode": True},
        {"ResultCode": 0},
        {"ResultCode": 0, "TransactionDetail": [1]},
        {"ResultCode": 0, "TransactionDetail": {"RefNum": "R2", "OrginalAmount": 1}},
        {"ResultCode": 0, "TransactionDetail": {"RefNum": "R1", "OrginalAmount": 10.5}},
        {"ResultCode": 0, "TransactionDetail": {"RefNum": "R1", "OrginalAmount": 1, "RRN": {}}},
        {"ResCode": 0.0},
        {"ResCode": "0"},
        {"ResCode": "0", "RetrivalRefNo": "r", "OrderId": "1"},
        {"ResCode": "0", "RetrivalRefNo": ["r"], "OrderId": "1", "Amount": "1"},
        {"ResCode": "0", "RetrivalRefNo": "r", "OrderId": None, "Amount": "1"},
    ],
)
def test_an_answer_of_other_types_decides_nothing_about_the_payment(answer):
    code = "sep" if "ResultCode" in answer else "sadad"
    assert verify_at(code, orjson.dumps(answer)).code == "psp.unreadable"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        *(("sep", orjson.dumps({"ResultCode": n})) for n in (-105, -106, 99)),
        *(("behpardakht", SOAP.format(n).encode()) for n in ("21", "45", "416", "999", "0,0")),
        *(("sadad", orjson.dumps({"ResCode": n})) for n in ("1006", 7)),
    ],
)
def test_an_unknown_code_is_never_a_refusal(code, body):
    assert verify_at(code, body).code == "psp.unreadable"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("dtd", ["<!DOCTYPE x>", '<!DOCTYPE x [<!ENTITY a "0">]>'])
def test_a_dtd_is_refused_in_any_encoding(encoding, dtd):
    body = f'<?xml version="1.0" encoding="{encoding}"?>{dtd}{SOAP.format("0")}'.encode(encoding)
    answer = verify_at("behpardakht", body)
    assert (answer.code, answer.details["why"]) == (
        "psp.unreadable",
        "a DTD" if encoding == "utf-8" else "no UTF-8",
    )


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"status": 1, "ResCode": 0}',
        SOAP.format("0,").encode(),
        b"x",
        # No database keeps such a token.
        b'{"status": 1, "ResCode": 0, "token": "a\\u0000", "Token": "a\\u0000"}',
    ],
)
def test_a_start_that_cannot_be_read_is_no_refusal(code, body):
    with answering(body) as (base, _), pytest.raises(Unavailable) as lost:
        begin(at(code, base))
    assert lost.value.code == "psp.unreadable"


@pytest.mark.parametrize("code", CODES)
def test_money_that_is_back_already_counts_as_given_back(code):
    result = {"sep": orjson.dumps({"ResultCode": 5}), "behpardakht": SOAP.format("48").encode()}
    if code in result:
        with answering(result[code]) as (base, bodies):
            at(code, base).reverse(ATTEMPT)
        assert len(bodies) == 1


def test_times_are_sent_to_banks_in_tehran_time():
    with answering(b'{"ResCode": "0", "Token": "t"}') as (base, bodies):
        begin(at("sadad", base))
    assert json.loads(bodies[0])["LocalDateTime"] == "11/23/2026 11:30:00 AM"
    with answering(SOAP.format("0,t").encode()) as (base, bodies):
        begin(at("behpardakht", base))
    assert b"<localDate>20261123</localDate><localTime>113000</localTime>" in bodies[0]


# --- secrets and the file of gateways ---


@pytest.mark.parametrize("code", CODES)
def test_a_secret_is_never_shown_and_never_logged(code, caplog):
    caplog.set_level(logging.DEBUG)
    with answering(b"x") as (base, _):
        psp = at(code, base)
        with pytest.raises(Unavailable) as lost:
            psp.verify(ATTEMPT)
    for shown in (repr(psp), repr(lost.value), str(lost.value.to_wire()), caplog.text):
        assert "not to be" not in shown
        assert "bm90IHRvIGJl" not in shown


def test_each_gateway_has_its_window_unless_the_file_sets_another(bank, tmp_path):
    answer = psps.adapters(bank.config(tmp_path).read_text(encoding="utf-8"))
    assert [row.window.total_seconds() / 60 for row in answer.values()] == [30, 15, 15]
    answer = psps.adapters(bank.config(tmp_path, window_minutes=7).read_text(encoding="utf-8"))
    assert {row.window for row in answer.values()} == {dt.timedelta(minutes=7)}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[pasargad]\nbase='x'", "pasargad"),
        ("sep = 1", "sep"),
        ("[sep]\nbase='x'", r"\[sep\]: terminal is missing"),
        ("[sep]\nbase='http://x'\nterminal=''", "terminal is missing"),
        ("[sep]\nbase='http://x'\nterminal='a'", "terminal is a row of digits"),
        ("[sep]\nbase='http://x'\nterminal=1", "terminal is a text"),
        ("[sep]\nbase='x'\nterminal='1'", "base is an address"),
        ("[sep]\nbase='http://x'\nterminal='1'\nport=1", "port is unknown"),
        ("[sep]\nbase='http://x'\nterminal='1'\ntimeout='x'", "timeout is a number"),
        ("[sep]\nbase='http://x'\nterminal='1'\ntimeout=nan", "timeout is a number"),
        ("[sep]\nbase='http://x'\nterminal='1'\nwindow_minutes=0", "window_minutes is a number"),
        ("[sep]\nbase='http://x'\nterminal='1'\nwindow_minutes=true", "window_minutes is a"),
        ("[sadad]\nbase='x'\nterminal='1'\nmerchant='2'\nkey='c2hvcnQ='", "24 bytes"),
        ("[sadad]\nbase='x'\nterminal='1'\nmerchant='2'\nkey='ن'", "24 bytes"),
    ],
)
def test_a_wrong_file_of_gateways_is_refused_with_the_place(text, named):
    with pytest.raises(ValueError, match=named):
        psps.adapters(text)


def test_a_wrong_file_of_gateways_does_not_tell_the_secret():
    with pytest.raises(ValueError) as answer:
        psps.adapters("[sadad]\nbase='http://x'\nterminal='1'\nmerchant='2'\nkey='hush hush'")
    assert "hush" not in str(answer.value)


# --- the played bank itself ---


def today():
    return tehran_day(dt.datetime.now(dt.UTC))


def test_every_page_warns_in_two_languages_that_no_money_moves(psp, bank):
    _, redirect = begin(psp)
    page = requests.request(redirect.method, redirect.url, data=redirect.fields, timeout=10)
    assert all(f">{text}</button>" in page.text for text in ("پرداخت", "انصراف", "کارت نامعتبر"))
    answer = {"token": redirect.token, "act": "pay"}
    back = requests.post(f"{bank.url}/decide", data=answer, timeout=10)
    assert "بازگشت به پذیرنده" in back.text
    pages = [page, back, requests.get(f"{bank.url}/bill", timeout=10)]
    pages.append(requests.get(f"{bank.url}/Purchase?Token=none", timeout=10))
    for row in pages:
        assert "هیچ پولی جابه‌جا نمی‌شود" in row.text
        assert "no money moves" in row.text
        assert "<script" not in row.text


def test_the_settlement_holds_the_payments_and_billing_can_read_it(start, tmp_path):
    bank = PlayedBank(start)
    for psp in psps.adapters(bank.config(tmp_path).read_text(encoding="utf-8")).values():
        paid(psp, bank)  # nobody verifies it
        kept, given_back = paid(psp, bank)[0], paid(psp, bank)[0]
        for attempt in (kept, given_back):
            psp.verify(attempt)
        moved = {("sale", 1_755_000)}
        if psp.code == "behpardakht":
            psp.settle(kept)
        if psp.code != "sadad":
            psp.reverse(given_back)
        answer = bank.file("settlement.csv", psp=psp.code, day=today().isoformat())
        rows = bank_files.settlement(answer, psp.code)
        kinds = {
            "sep": ["sale", "sale", "reversal"],
            "behpardakht": ["sale"],
            "sadad": ["sale", "sale"],
        }[psp.code]
        assert [row.kind for row in rows] == kinds
        assert {(row.kind, row.rials) for row in rows if row.kind == "sale"} == moved
        total = sum(row.rials if row.kind == "sale" else -row.rials for row in rows)
        assert answer.splitlines()[-1] == f"TOTAL,{len(rows)},{total}"
        other = bank.file("settlement.csv", psp=psp.code, day="2026-01-01")
        assert other.splitlines()[1:] == ["TOTAL,0,0"]


CASES = json.loads((ROOT / "tests/billing/bill_ids.json").read_text(encoding="utf-8"))


def test_the_counter_takes_only_pairs_of_ids_that_banks_take(start):
    bank = PlayedBank(start)
    for case in CASES:
        results = bank.pay_bill(case["bill_id"], case["payment_id"])
        good = case["bill_ok"] and case["payment_ok"]
        assert results.status_code == (200 if good else 422), case
        if good:
            assert f"{case['amount_rial']:,}" in results.text


def test_the_file_of_bills_holds_the_counters_payments_of_one_company(start):
    bank = PlayedBank(start)
    bill, before = ("2050327604613", "1070189"), int(time.time())
    assert bank.pay_bill(*(persian_digits(row) for row in bill)).status_code == 200
    assert bank.pay_bill("7748317800142", "1770160").status_code == 200
    answer = bank.file("bills.txt", day=today().isoformat(), company="046")
    assert answer.count("\r\n") == answer.count("\n") == 3
    assert answer.startswith(f"H046{jalali(today()).replace('-', '')}0001\r\n")
    (row,) = bank_files.bills(answer, 46, today())
    assert (row.bill_id, row.payment_id, row.rials) == (*bill, 10_000)
    assert before <= row.paid_at.timestamp() <= time.time()
    assert bank_files.bills(bank.file("bills.txt", day=today().isoformat()), 461, today()) == []


def test_a_trick_or_a_file_that_is_not_there_is_refused(bank):
    for answer in (
        {"next": "token"},
        {"next": "pay", "do": "drop"},
        {"next": "token", "do": "delay"},
    ):
        assert requests.post(f"{bank.url}/play", json=answer, timeout=10).status_code == 422
    for query in ("psp=pasargad&day=2026-11-23", "psp=sep&day=1405-09-02x", "psp=sep"):
        url = f"{bank.url}/files/settlement.csv?{query}"
        assert requests.get(url, timeout=10).status_code == 400
    assert requests.get(f"{bank.url}/files/bills.txt?day=x", timeout=10).status_code == 400


@pytest.mark.parametrize("answer", ["--5", "9" * 5000, "", "1.5", True, None, "۵"])
def test_a_value_that_is_not_a_whole_number_is_unreadable(answer):
    with pytest.raises(Unavailable):
        psp_wire.whole(answer)
