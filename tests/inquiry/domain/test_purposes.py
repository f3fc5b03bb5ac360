"""Which purposes are lawful, for whom, by which key."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import BusError, Forbidden, RuleBroken
from services.inquiry.domain.law import LAW
from services.inquiry.domain.purposes import (
    ALL_BLOCKS,
    NUMBERS,
    PERSON,
    PURPOSES,
    Purpose,
    check,
)

DAY = dt.date(2026, 11, 23)
SPAN = dt.timedelta(days=3)
GRANT = {"purpose": "fuel_quota", "until": "2026-11-23"}


def test_a_granted_purpose_with_a_fitting_key_is_lawful_through_its_last_day():
    assert isinstance(check("fuel_quota", [GRANT], "national_id", DAY), Purpose)


@pytest.mark.parametrize(
    ("purpose", "grants", "kind", "error", "code", "field"),
    [
        ("curiosity", [GRANT], "national_id", RuleBroken, "purpose.unknown", "purpose"),
        ("court_case", [GRANT], "national_id", Forbidden, "purpose.not_granted", "purpose"),
        ("fuel_quota", [], "national_id", Forbidden, "purpose.not_granted", "purpose"),
        (
            "fuel_quota",
            [{**GRANT, "until": "2026-11-22"}],
            "national_id",
            Forbidden,
            "grant.expired",
            "purpose",
        ),
        (
            "fuel_quota",
            [GRANT],
            "electricity_subscription",
            RuleBroken,
            "key_kind.not_for_purpose",
            "key_kind",
        ),
    ],
)
def test_a_refusal_names_its_field_and_code(purpose, grants, kind, error, code, field):
    refusal = check(purpose, grants, kind, DAY)
    assert isinstance(refusal, error)
    assert isinstance(refusal, BusError)
    assert (refusal.code, refusal.fields[0].field) == (code, field)


def test_one_grant_in_force_is_enough_beside_an_expired_one():
    grants = [{**GRANT, "until": "2020-01-01"}, GRANT]
    assert isinstance(check("fuel_quota", grants, "national_id", DAY), Purpose)


def test_only_a_court_sees_everything_and_a_bank_no_telephone():
    whole = [code for code, purpose in PURPOSES.items() if set(purpose.blocks) == set(ALL_BLOCKS)]
    assert whole == ["court_case"]
    assert [c for c, p in PURPOSES.items() if "contact" in p.blocks] == ["court_case"]


@pytest.mark.parametrize("purpose", PURPOSES.values(), ids=PURPOSES)
def test_a_purpose_rests_on_laws_that_are_in_the_table(purpose):
    assert purpose.legal_basis
    assert set(purpose.legal_basis) <= set(LAW)
    assert set(purpose.blocks) <= set(ALL_BLOCKS)


KINDS = (*PERSON, *NUMBERS, "electricity_subscription")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_purpose_takes_its_own_keys_and_no_other(purpose):
    grants = [{"purpose": purpose, "until": "2026-11-23"}]
    accepted = {kind for kind in KINDS if isinstance(check(purpose, grants, kind, DAY), Purpose)}
    assert accepted == set(PURPOSES[purpose].key_kinds)
    assert isinstance(check(purpose, grants, None, DAY), Purpose)


@given(
    purpose=st.sampled_from(list(PURPOSES)),
    granted=st.lists(
        st.tuples(st.sampled_from(list(PURPOSES)), st.dates(DAY - SPAN, DAY + SPAN)), max_size=4
    ),
)
def test_nothing_is_lawful_without_a_grant_of_that_very_purpose_that_still_counts(purpose, granted):
    grants = [{"purpose": name, "until": until.isoformat()} for name, until in granted]
    lawful = any(name == purpose and until >= DAY for name, until in granted)
    assert isinstance(check(purpose, grants, None, DAY), Purpose) == lawful
