"""The adapters against the played bank: the real protocols, over HTTP."""

import dataclasses
import datetime as dt
import itertools

import pytest

from bus.errors import Unavailable
from services.billing import psps
from services.billing.psp import Attempt, Declined, Order
from tests.billing.playing import PlayedBank
from tests.conftest import Starter

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
    told = bank.config(tmp_path_factory.mktemp("psps"), timeout=2).read_text(encoding="utf-8")
    return psps.adapters(told)[request.param]


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
    said = psp.verify(attempt)
    assert said.amount in (None, attempt.amount)
    assert said.order_id in (None, attempt.order_id)
    assert said.ref
    psp.settle(dataclasses.replace(attempt, ref=said.ref))
    (row,) = [p for p in bank.payments() if p["token"] == attempt.token]
    assert row["state"] == ("SETTLED" if psp.code == "behpardakht" else "VERIFIED")


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
def test_what_was_not_paid_is_not_verified(psp, bank, act):
    attempt, back = paid(psp, bank, act)
    assert back.ok is False
    with pytest.raises(Declined):
        psp.verify(dataclasses.replace(attempt, ref=attempt.ref or "none"))


def test_an_amount_that_differs_is_told(psp, bank):
    if psp.code == "behpardakht":
        pytest.skip("this bank binds the amount by its token and tells none")
    attempt, _ = paid(psp, bank)
    bank.play("verify", "amount", rials=1000)
    assert psp.verify(attempt).amount == 1000


@pytest.mark.parametrize("trick", ["error", "garbage", "drop"])
def test_what_cannot_be_read_is_not_known_and_asking_again_tells(psp, bank, trick):
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


def test_what_nobody_verified_in_time_is_given_back(start, tmp_path):
    bank = PlayedBank(start, BANK_WINDOW="0")
    for psp in psps.adapters(bank.config(tmp_path).read_text(encoding="utf-8")).values():
        attempt, _ = paid(psp, bank)
        with pytest.raises(Declined):
            psp.verify(attempt)


def test_a_payment_can_be_found_by_our_token_alone_where_the_adapter_says_so(psp, bank):
    attempt, _ = paid(psp, bank)
    if psp.finds_orphans:
        assert psp.verify(dataclasses.replace(attempt, ref=None)).ref


def test_a_wrong_secret_is_refused_at_the_start(psp):
    if psp.code == "sep":
        pytest.skip("SEP knows a merchant by terminal and address")
    wrong = {"behpardakht": {"password": "x"}, "sadad": {"key": b"another key of 24 bytes!"}}
    with pytest.raises(Declined):
        begin(dataclasses.replace(psp, **wrong[psp.code]))


def test_a_secret_is_never_shown(psp):
    assert "played" not in repr(psp)
    assert "mirab-played" not in repr(psp)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[pasargad]\nbase='x'", "pasargad"),
        ("[sep]\nbase='x'", "terminal is missing"),
        ("[sep]\nbase='x'\nterminal='1'\nport=1", "port is unknown"),
        ("[sadad]\nbase='x'\nterminal='1'\nmerchant='2'\nkey='c2hvcnQ='", "24 bytes"),
    ],
)
def test_a_wrong_file_of_gateways_says_where(text, named):
    with pytest.raises(ValueError, match=named):
        psps.adapters(text)
