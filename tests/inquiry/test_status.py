"""The status of a licence, in the order of the law."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.persian import parse_jalali
from services.inquiry.domain.status import LABELS, ORDERS, derive

DAY = dt.date(2026, 11, 23)
A_DAY = dt.timedelta(days=1)


def record(**changes):
    return {
        "licence": {
            "kind": "EXPL",
            "number": "85/1",
            "issued_on": "2020-01-01",
            "expires_on": "2030-01-01",
            "renewal_requested_on": None,
        },
        "orders": [],
        "violations": [],
        "use": "agriculture",
        "unlicensed_case": None,
        "drilled_year": None,
        **changes,
    }


def licence(**changes):
    return record(licence={**record()["licence"], **changes})


def decree(**changes):
    return {
        "number": "98/4120",
        "expiry_from": "2020-02-20",
        "expiry_to": "2020-05-20",
        "extended_to": "2020-09-21",
        "notified_on": "2020-04-08",
        "use": None,
        **changes,
    }


CODES = {
    "VALID": record(),
    "VALID_PROVISIONAL": licence(kind="EXPL_PROV"),
    "ART5": licence(kind="ART5"),
    "DRILLING_ONLY": licence(kind="DRILL"),
    "EXPIRED": licence(expires_on="2026-11-22"),
    "EXPIRED_RENEWAL_PENDING": licence(expires_on="2026-11-01", renewal_requested_on="2026-10-01"),
    "CLOSED": record(orders=[{"kind": "CLOSED", "on": "2025-01-01"}]),
    "SEALED": record(orders=[{"kind": "SEALED", "on": "2025-01-01"}]),
    "REVOKED": record(orders=[{"kind": "REVOKED", "on": "2025-01-01"}]),
    "SUSPENDED": record(orders=[{"kind": "SUSPENDED", "on": "2025-01-01"}]),
    "UNLICENSED": record(licence=None),
    "UNLICENSED_CASE_OPEN": record(licence=None, unlicensed_case="open", drilled_year=1383),
    "UNLICENSED_REJECTED": record(licence=None, unlicensed_case="rejected"),
}


@pytest.mark.parametrize(("code", "told"), CODES.items())
def test_each_status_is_found_with_its_law_and_label(code, told):
    found = derive(told, [], DAY)
    assert found.code == code
    assert found.legal_basis
    assert (found.label_fa, found.group) == LABELS[code]


def test_every_status_has_its_case_here():
    assert set(CODES) | {"EXTENDED_BY_DECREE"} == set(LABELS)


def test_a_licence_is_in_force_through_the_whole_of_its_expiry_day():
    told = licence(expires_on=DAY.isoformat())
    assert derive(told, [], DAY).code == "VALID"
    after = derive(told, [], DAY + A_DAY)
    assert (after.code, after.since) == ("EXPIRED", DAY + A_DAY)


def test_a_licence_that_ends_on_its_start_day_was_in_force_that_day():
    told = licence(issued_on=DAY.isoformat(), expires_on=DAY.isoformat())
    codes = [derive(told, [], DAY + n * A_DAY).code for n in (-1, 0, 1)]
    assert codes == ["UNLICENSED", "VALID", "EXPIRED"]


def test_an_expiry_on_30_esfand_of_a_leap_year_ends_with_that_day():
    last = parse_jalali("1403/12/30")
    told = licence(expires_on=last.isoformat())
    assert derive(told, [], last).code == "VALID"
    assert derive(told, [], parse_jalali("1404/01/01")).code == "EXPIRED"


def test_an_order_counts_from_its_own_day_and_not_before():
    told = record(orders=[{"kind": "SEALED", "on": DAY.isoformat()}])
    assert derive(told, [], DAY - A_DAY).code == "VALID"
    assert (derive(told, [], DAY).code, derive(told, [], DAY).since) == ("SEALED", DAY)


def test_of_several_orders_the_earliest_counts_and_on_a_tie_the_strongest():
    early = [{"kind": "SUSPENDED", "on": "2024-01-01"}, {"kind": "CLOSED", "on": "2025-01-01"}]
    tie = [{"kind": kind, "on": "2024-01-01"} for kind in reversed(ORDERS)]
    assert derive(record(orders=early), [], DAY).code == "SUSPENDED"
    assert derive(record(orders=tie), [], DAY).code == "CLOSED"


def test_a_source_that_was_closed_before_it_was_asked_about_stays_closed():
    told = record(orders=[{"kind": "CLOSED", "on": "2020-01-01"}])
    found = derive(told, [decree()], DAY)
    assert (found.code, found.since, found.group) == ("CLOSED", dt.date(2020, 1, 1), "NOT_IN_FORCE")
    assert found.evidence == ({"kind": "order", "order": "CLOSED", "on": "2020-01-01"},)


def test_an_order_comes_before_an_expiry_and_binds_an_unlicensed_source_too():
    sealed = [{"kind": "SEALED", "on": "2025-01-01"}]
    assert derive({**licence(expires_on="2021-01-01"), "orders": sealed}, [], DAY).code == "SEALED"
    assert derive(record(licence=None, orders=sealed), [], DAY).code == "SEALED"


def test_a_decree_extends_from_its_notification_and_not_before():
    told = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    days = [
        dt.date(2020, 3, 1),
        dt.date(2020, 4, 7),
        dt.date(2020, 4, 8),
        dt.date(2020, 9, 21),
        dt.date(2020, 9, 22),
    ]
    found = [derive(told, [decree()], day) for day in days]
    assert [each.code for each in found] == [
        "VALID",
        "EXPIRED",
        "EXTENDED_BY_DECREE",
        "EXTENDED_BY_DECREE",
        "EXPIRED",
    ]
    assert found[2].since == dt.date(2020, 3, 2)
    assert found[2].until == dt.date(2020, 9, 21)
    assert {"kind": "decree", "number": "98/4120", "on": "2020-04-08"} in found[2].evidence
    assert "DECREE" in found[2].legal_basis


def test_what_stays_in_force_by_a_decree_says_so_before_its_own_end_too():
    told = licence(issued_on="2015-01-01", expires_on="2020-05-01")
    found = derive(told, [decree()], dt.date(2020, 4, 20))
    assert (found.code, found.until) == ("VALID", dt.date(2020, 9, 21))
    assert "DECREE" in found.legal_basis
    assert "DECREE" not in derive(told, [], dt.date(2020, 4, 20)).legal_basis


def test_an_extended_expiry_may_fall_into_the_range_of_the_next_decree():
    second = decree(
        number="99/2",
        expiry_from="2020-09-01",
        expiry_to="2020-10-01",
        extended_to="2021-03-20",
        notified_on="2020-09-10",
    )
    told = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    found = derive(told, [second, decree()], dt.date(2021, 1, 1))
    assert (found.code, found.until) == ("EXTENDED_BY_DECREE", dt.date(2021, 3, 20))


@pytest.mark.parametrize("expires_on", ["2020-02-19", "2020-05-21"])
def test_a_decree_does_not_touch_an_expiry_outside_its_range(expires_on):
    told = licence(issued_on="2015-01-01", expires_on=expires_on)
    assert derive(told, [decree()], dt.date(2020, 6, 1)).code == "EXPIRED"


def test_a_decree_that_names_a_use_extends_no_other():
    told = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    day = dt.date(2020, 6, 1)
    assert derive(told, [decree(use="agriculture")], day).code == "EXTENDED_BY_DECREE"
    assert derive(told, [decree(use="industry")], day).code == "EXPIRED"


def test_a_decree_for_drinking_covers_towns_and_villages():
    told = {**licence(issued_on="2015-01-01", expires_on="2020-03-01"), "use": "drinking_rural"}
    day = dt.date(2020, 6, 1)
    assert derive(told, [decree(use="drinking")], day).code == "EXTENDED_BY_DECREE"


def test_a_well_drilled_after_1385_has_no_open_case_under_the_act():
    told = record(licence=None, unlicensed_case="open", drilled_year=1390)
    assert derive(told, [], DAY).code == "UNLICENSED"


def test_what_is_no_permit_to_abstract_is_no_licence():
    assert derive(licence(kind="RIVERBED"), [], DAY).code == "UNLICENSED"


def test_a_case_before_a_court_flags_the_status_and_a_closed_one_does_not():
    def with_step(step):
        return record(violations=[{"kind": "overdraft", "found_on": "2025-01-01", "step": step}])

    assert derive(with_step("court_order"), [], DAY).flags == ("IN_DISPUTE",)
    assert derive(with_step("expert_report"), [], DAY).flags == ("UNDER_REVIEW",)
    assert derive(with_step("closed"), [], DAY).flags == ()


days = st.dates(dt.date(2010, 1, 1), dt.date(2040, 1, 1))


@given(kind=st.sampled_from(list(ORDERS)), on=days, after=st.integers(0, 5000))
def test_after_an_order_no_licence_is_in_force(kind, on, after):
    told = record(orders=[{"kind": kind, "on": on.isoformat()}])
    assert derive(told, [], on + after * A_DAY).group == "NOT_IN_FORCE"


@given(issued=days, life=st.integers(0, 5000), day=days, later=st.integers(0, 5000))
def test_without_a_decree_what_has_expired_stays_expired(issued, life, day, later):
    told = licence(issued_on=issued.isoformat(), expires_on=(issued + life * A_DAY).isoformat())
    if derive(told, [], day).code == "EXPIRED":
        assert derive(told, [], day + later * A_DAY).code == "EXPIRED"


@given(day=days, notified=days)
def test_a_decree_never_shortens_a_licence(day, notified):
    told = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    with_it = derive(told, [decree(notified_on=notified.isoformat())], day)
    if derive(told, [], day).group == "IN_FORCE":
        assert with_it.group == "IN_FORCE"
