"""A debt of a source is what is owed for its water by law, never the fee of an asker."""

import itertools

import pytest

from contracts.billing import bills as billing
from tests.inquiry.own_inquiries.test_own_inquiries import Own
from tests.stores import execute

EVENTS = {"ISSUED": billing.BILL_ISSUED, "PAID": billing.BILL_PAID}
LEVY = {"number": "1405-000009", "source_kind": "office", "service": "levy"}


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = Own(demo_db, tmp_path)
    set_debt(made, 0)
    yield made
    made.service.store.engine.dispose()


def set_debt(inquiry, rials):
    execute(
        inquiry.db,
        f"update source_versions set record = jsonb_set(record, '{{debt_rials}}', '{rials}')",
    )


def tell(inquiry, state, **more):
    inquiry.hear(EVENTS.get(state, billing.BILL_ENDED), state=state, **more)


def test_l5_an_unpaid_inquiry_is_no_debt_of_the_well(inquiry):
    before = inquiry.debt()
    code = inquiry.ask_own()["code"]
    tell(inquiry, "ISSUED", source_ref=code)
    assert inquiry.debt() == before
    tell(inquiry, "ISSUED", source_ref=code, due_on="2020-01-01", version=2)
    assert (inquiry.debt()["state"], inquiry.debt()["amount_rials"]) == ("none", 0)


FEES = {
    "an own inquiry": {"source_kind": "inquiry", "service": "own_inquiry"},
    "a visit that was asked for": {"source_kind": "ticket", "service": "expert_visit"},
    "a copy": {"source_kind": "ticket", "service": "copy"},
    "a visit billed at the desk": {"source_kind": "office", "service": "expert_visit"},
    "a copy billed at the desk": {"source_kind": "office", "service": "copy"},
    "an agency's batch": {"source_kind": "batch", "service": "inquiry", "agency": "fuel-co"},
    "an agency's day": {"source_kind": "day", "service": "inquiry", "agency": "fuel-co"},
    "a service of a later book, by its law": {
        "source_kind": "office",
        "service": "map_extract",
        "laws": ["FDW-8"],
    },
}
DEBTS = {
    "a levy": {"source_kind": "office", "service": "levy", "laws": ["FDW-33"]},
    "a levy of a billing that tells no law": {"source_kind": "office", "service": "levy"},
    "a fine": {"source_kind": "office", "service": "fine", "laws": ["FDW-45"]},
}


def test_l5_the_fee_of_an_asker_is_no_debt_of_the_well_in_any_state(inquiry):
    before = inquiry.debt()
    for n, (bill, state) in enumerate(itertools.product(FEES.values(), billing.BILL_STATES)):
        tell(inquiry, state, number=f"1405-{n:06}", due_on="2020-01-01", **bill)
        assert inquiry.debt() == before, (bill, state)


def test_l5_what_is_owed_for_water_is_a_debt_while_its_bill_is_open(inquiry):
    bills = list(itertools.product(DEBTS.values(), ["PAID", "WAIVED", "VOID", "EXPIRED"]))
    for n, (bill, end) in enumerate(bills):
        number = f"1405-{n:06}"
        tell(inquiry, "ISSUED", number=number, total_rials=900_000, **bill)
        assert (inquiry.debt()["state"], inquiry.debt()["amount_rials"]) == ("due", 900_000), bill
        tell(inquiry, end, number=number, total_rials=900_000, version=2, **bill)
        assert (inquiry.debt()["state"], inquiry.debt()["amount_rials"]) == ("none", 0), (bill, end)


@pytest.mark.parametrize("end", ["PAID", "WAIVED", "VOID", "EXPIRED"])
def test_l5_a_debt_is_the_same_in_whatever_order_and_however_often_billing_is_heard(inquiry, end):
    story = [("ISSUED", 1), ("ISSUED", 2), (end, 3)]
    orders = sorted(set(itertools.permutations([*story, story[0], story[2]])))
    for n, order in enumerate(orders):
        number = f"1405-{n + 100:06}"
        for state, version in order:
            rials = 0 if state == "WAIVED" else 900_000
            tell(inquiry, state, **LEVY | {"number": number}, version=version, total_rials=rials)
    assert (inquiry.debt()["state"], inquiry.debt()["amount_rials"]) == ("none", 0)


@pytest.mark.parametrize("order", [("ISSUED", "WAIVED"), ("WAIVED", "ISSUED")])
def test_l5_arrears_of_the_register_that_were_waived_here_are_counted_off(inquiry, order):
    set_debt(inquiry, 5_000_000)
    arrears = {"source_kind": "office", "service": "arrears", "of_register": True}
    for state in order:
        rials, version = (5_000_000, 1) if state == "ISSUED" else (0, 2)
        tell(inquiry, state, **arrears, total_rials=rials, version=version)
    assert (inquiry.debt()["state"], inquiry.debt()["amount_rials"]) == ("none", 0)


def test_l5_a_payment_that_is_heard_after_the_next_bill_still_gets_its_answer(inquiry):
    code = inquiry.ask_own()["code"]
    tell(inquiry, "ISSUED", source_ref=code, number="1405-000002")
    tell(inquiry, "PAID", source_ref=code, number="1405-000001", version=2)
    assert inquiry.read_own(code)["state"] == "ANSWERED"


def test_l5_a_payment_after_the_asker_was_forgotten_ends_quietly(inquiry):
    code = inquiry.ask_own()["code"]
    execute(inquiry.db, "update own_inquiries set key = null, state = 'ENDED'")
    tell(inquiry, "PAID", source_ref=code, version=3)
    assert inquiry.read_own(code)["state"] == "ENDED"
