"""The status of a licence, in the order of the law."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iran.persian import parse_jalali
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
    "NOT_DETERMINABLE": licence(issued_on="2026-11-24"),
}


@pytest.mark.parametrize(("code", "source"), CODES.items())
def test_each_status_is_found_with_its_law_and_label(code, source):
    status = derive(source, [], DAY)
    assert status.code == code
    assert status.legal_basis
    assert (status.label_fa, status.group) == LABELS[code]


def test_every_status_has_its_case_here():
    assert set(CODES) | {"EXTENDED_BY_DECREE"} == set(LABELS)


def test_a_licence_is_in_force_through_the_whole_of_its_expiry_day():
    source = licence(expires_on=DAY.isoformat())
    assert derive(source, [], DAY).code == "VALID"
    after = derive(source, [], DAY + A_DAY)
    assert (after.code, after.since) == ("EXPIRED", DAY + A_DAY)


def test_a_licence_that_ends_on_its_start_day_was_in_force_that_day():
    source = licence(issued_on=DAY.isoformat(), expires_on=DAY.isoformat())
    codes = [derive(source, [], DAY + n * A_DAY).code for n in (-1, 0, 1)]
    # The register holds the last licence only: before its issue there may have been another.
    assert codes == ["NOT_DETERMINABLE", "VALID", "EXPIRED"]


def test_an_expiry_on_30_esfand_of_a_leap_year_ends_with_that_day():
    last = parse_jalali("1403/12/30")
    source = licence(expires_on=last.isoformat())
    assert derive(source, [], last).code == "VALID"
    assert derive(source, [], parse_jalali("1404/01/01")).code == "EXPIRED"


def test_an_order_counts_from_its_own_day_and_not_before():
    source = record(orders=[{"kind": "SEALED", "on": DAY.isoformat()}])
    assert derive(source, [], DAY - A_DAY).code == "VALID"
    assert (derive(source, [], DAY).code, derive(source, [], DAY).since) == ("SEALED", DAY)


def test_of_several_orders_the_strongest_decides_and_of_one_kind_the_earliest():
    later = [{"kind": "SUSPENDED", "on": "2024-01-01"}, {"kind": "CLOSED", "on": "2025-01-01"}]
    twice = [{"kind": "SEALED", "on": "2025-01-01"}, {"kind": "SEALED", "on": "2024-01-01"}]
    tie = [{"kind": kind, "on": "2024-01-01"} for kind in reversed(ORDERS)]
    status = derive(record(orders=later), [], DAY)
    assert (status.code, status.since) == ("CLOSED", dt.date(2025, 1, 1))
    assert [item["order"] for item in status.evidence] == ["CLOSED", "SUSPENDED"]
    assert derive(record(orders=later), [], dt.date(2024, 6, 1)).code == "SUSPENDED"
    assert derive(record(orders=twice), [], DAY).since == dt.date(2024, 1, 1)
    assert derive(record(orders=tie), [], DAY).code == "CLOSED"


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ((), "NOT_DETERMINABLE"),
        (("SEALED",), "NOT_DETERMINABLE"),
        (("SUSPENDED",), "NOT_DETERMINABLE"),
        (("REVOKED",), "REVOKED"),
        (("SEALED", "REVOKED"), "REVOKED"),
        (("CLOSED", "SEALED"), "CLOSED"),
    ],
)
@pytest.mark.parametrize("step", ["expert_check", "sealed"])
def test_an_order_of_unknown_content_may_lift_all_but_a_closing_and_a_revocation(kinds, code, step):
    orders = [{"kind": kind, "on": "2025-01-01"} for kind in (*kinds, "COURT_ORDER")]
    violation = {"kind": "overdraft", "found_on": "2025-01-01", "step": step}
    status = derive(record(orders=orders, violations=[violation]), [], DAY)
    assert status.code == code
    assert (status.reason == "order_unclear") == (code == "NOT_DETERMINABLE")
    assert "SEALED" not in [item.get("order") for item in status.evidence]


def test_a_source_that_was_closed_before_it_was_asked_about_stays_closed():
    source = record(orders=[{"kind": "CLOSED", "on": "2020-01-01"}])
    status = derive(source, [decree()], DAY)
    assert (status.code, status.since, status.group) == (
        "CLOSED",
        dt.date(2020, 1, 1),
        "NOT_IN_FORCE",
    )
    assert status.evidence == ({"kind": "order", "order": "CLOSED", "on": "2020-01-01"},)


def test_an_order_comes_before_an_expiry_and_binds_an_unlicensed_source_too():
    sealed = [{"kind": "SEALED", "on": "2025-01-01"}]
    assert derive({**licence(expires_on="2021-01-01"), "orders": sealed}, [], DAY).code == "SEALED"
    assert derive(record(licence=None, orders=sealed), [], DAY).code == "SEALED"


def test_a_decree_extends_from_its_notification_and_not_before():
    source = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    days = [
        dt.date(2020, 3, 1),
        dt.date(2020, 4, 7),
        dt.date(2020, 4, 8),
        dt.date(2020, 9, 21),
        dt.date(2020, 9, 22),
    ]
    status = [derive(source, [decree()], day) for day in days]
    assert [item.code for item in status] == [
        "VALID",
        "EXPIRED",
        "EXTENDED_BY_DECREE",
        "EXTENDED_BY_DECREE",
        "EXPIRED",
    ]
    assert status[2].since == dt.date(2020, 3, 2)
    assert status[2].until == dt.date(2020, 9, 21)
    assert {"kind": "decree", "number": "98/4120", "on": "2020-04-08"} in status[2].evidence
    assert "DECREE" in status[2].legal_basis


def test_what_stays_in_force_by_a_decree_says_so_before_its_own_end_too():
    source = licence(issued_on="2015-01-01", expires_on="2020-05-01")
    status = derive(source, [decree()], dt.date(2020, 4, 20))
    assert (status.code, status.until) == ("VALID", dt.date(2020, 9, 21))
    assert "DECREE" in status.legal_basis
    assert "DECREE" not in derive(source, [], dt.date(2020, 4, 20)).legal_basis


def test_an_extended_expiry_may_fall_into_the_range_of_the_next_decree():
    second = decree(
        number="99/2",
        expiry_from="2020-09-01",
        expiry_to="2020-10-01",
        extended_to="2021-03-20",
        notified_on="2020-09-10",
    )
    source = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    status = derive(source, [second, decree()], dt.date(2021, 1, 1))
    assert (status.code, status.until) == ("EXTENDED_BY_DECREE", dt.date(2021, 3, 20))


@pytest.mark.parametrize("expires_on", ["2020-02-19", "2020-05-21"])
def test_a_decree_does_not_touch_an_expiry_outside_its_range(expires_on):
    source = licence(issued_on="2015-01-01", expires_on=expires_on)
    assert derive(source, [decree()], dt.date(2020, 6, 1)).code == "EXPIRED"


def test_a_decree_that_names_a_use_extends_no_other():
    source = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    day = dt.date(2020, 6, 1)
    assert derive(source, [decree(use="agriculture")], day).code == "EXTENDED_BY_DECREE"
    assert derive(source, [decree(use="industry")], day).code == "EXPIRED"


def test_a_decree_for_drinking_covers_towns_and_villages():
    source = {**licence(issued_on="2015-01-01", expires_on="2020-03-01"), "use": "drinking_rural"}
    day = dt.date(2020, 6, 1)
    assert derive(source, [decree(use="drinking")], day).code == "EXTENDED_BY_DECREE"


def test_a_well_drilled_after_1385_has_no_open_case_under_the_act():
    source = record(licence=None, unlicensed_case="open", drilled_year=1390)
    assert derive(source, [], DAY).code == "UNLICENSED"


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
    source = record(orders=[{"kind": kind, "on": on.isoformat()}])
    assert derive(source, [], on + after * A_DAY).group == "NOT_IN_FORCE"


@given(issued=days, life=st.integers(0, 5000), day=days, later=st.integers(0, 5000))
def test_without_a_decree_what_has_expired_stays_expired(issued, life, day, later):
    source = licence(issued_on=issued.isoformat(), expires_on=(issued + life * A_DAY).isoformat())
    if derive(source, [], day).code == "EXPIRED":
        assert derive(source, [], day + later * A_DAY).code == "EXPIRED"


@given(day=days, notified=days)
def test_a_decree_never_shortens_a_licence(day, notified):
    source = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    with_it = derive(source, [decree(notified_on=notified.isoformat())], day)
    if derive(source, [], day).group == "IN_FORCE":
        assert with_it.group == "IN_FORCE"


def test_the_statuses_are_tried_in_the_order_of_the_law():
    source = {
        **licence(expires_on="2026-11-01", renewal_requested_on="2026-10-01"),
        "orders": [{"kind": kind, "on": "2025-01-01"} for kind in reversed(ORDERS)],
        "unlicensed_case": "open",
    }
    status = []
    for _ in ORDERS:
        status.append(derive(source, [], DAY).code)
        source["orders"] = [order for order in source["orders"] if order["kind"] != status[-1]]
    status.append(derive(source, [], DAY).code)
    source["licence"]["renewal_requested_on"] = None
    status.append(derive(source, [], DAY).code)
    source["licence"] = None
    status.append(derive(source, [], DAY).code)
    assert status == [
        "CLOSED",
        "SEALED",
        "REVOKED",
        "SUSPENDED",
        "EXPIRED_RENEWAL_PENDING",
        "EXPIRED",
        "UNLICENSED_CASE_OPEN",
    ]


def test_an_order_of_tomorrow_does_not_hide_that_of_today():
    orders = [
        {"kind": "CLOSED", "on": (DAY + A_DAY).isoformat()},
        {"kind": "SUSPENDED", "on": DAY.isoformat()},
    ]
    assert derive(record(orders=orders), [], DAY).code == "SUSPENDED"


def test_a_renewal_that_is_asked_for_later_is_not_pending_yet():
    source = licence(expires_on="2026-11-01", renewal_requested_on=(DAY + A_DAY).isoformat())
    assert derive(source, [], DAY).code == "EXPIRED"
    assert derive(source, [], DAY + A_DAY).code == "EXPIRED_RENEWAL_PENDING"


def test_a_licence_without_an_end_is_valid_without_an_end():
    status = derive(licence(expires_on=None), [decree()], dt.date(2099, 1, 1))
    assert (status.code, status.until) == ("VALID", None)


def test_a_decree_that_was_notified_after_its_own_end_moves_the_day_of_expiry_only():
    source = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    late = decree(notified_on="2020-10-01")
    before, after = (derive(source, [late], dt.date(2020, 10, 1) - n * A_DAY) for n in (1, 0))
    assert (before.code, before.since) == ("EXPIRED", dt.date(2020, 3, 2))
    assert (after.code, after.since) == ("EXPIRED", dt.date(2020, 9, 22))


def test_the_second_decree_of_a_chain_counts_from_its_own_notification():
    second = decree(
        number="99/2",
        expiry_from="2020-09-01",
        expiry_to="2020-10-01",
        extended_to="2021-03-20",
        notified_on="2020-10-10",
    )
    source = licence(issued_on="2015-01-01", expires_on="2020-03-01")
    days = [dt.date(2020, 9, 21), dt.date(2020, 10, 9), dt.date(2020, 10, 10)]
    status = [derive(source, [decree(), second], day) for day in days]
    assert [item.code for item in status] == ["EXTENDED_BY_DECREE", "EXPIRED", "EXTENDED_BY_DECREE"]
    assert [e["number"] for e in status[2].evidence if e["kind"] == "decree"] == ["98/4120", "99/2"]


@pytest.mark.parametrize(
    ("named", "use"),
    [
        ("drinking", "industry"),
        ("drinking_urban", "drinking_rural"),
        ("drinking_urban", "drinking"),
        ("drinking", None),
    ],
)
def test_a_decree_for_a_use_does_not_reach_its_neighbours(named, use):
    source = {**licence(issued_on="2015-01-01", expires_on="2020-03-01"), "use": use}
    assert derive(source, [decree(use=named)], dt.date(2020, 6, 1)).code == "EXPIRED"


decrees = st.lists(
    st.builds(
        lambda start, span, gain, notified, number: decree(
            number=str(number),
            expiry_from=start.isoformat(),
            expiry_to=(start + span * A_DAY).isoformat(),
            extended_to=(start + (span + gain) * A_DAY).isoformat(),
            notified_on=notified.isoformat(),
        ),
        days,
        st.integers(0, 400),
        st.integers(0, 400),
        days,
        st.integers(1, 99),
    ),
    max_size=4,
)
licences = st.none() | st.builds(
    lambda kind, issued, life, renewal: {
        "kind": kind,
        "number": "85/1",
        "issued_on": issued.isoformat(),
        "expires_on": None if life is None else (issued + life * A_DAY).isoformat(),
        "renewal_requested_on": renewal and renewal.isoformat(),
    },
    st.sampled_from(["EXPL", "EXPL_PROV", "ART5", "DRILL", "RIVERBED"]),
    days,
    st.none() | st.integers(0, 5000),
    st.none() | days,
)


@given(
    source=licences,
    decrees=decrees,
    orders=st.lists(st.tuples(st.sampled_from(list(ORDERS)), days), min_size=1, max_size=4),
    day=days,
)
def test_no_licence_and_no_decree_outweighs_an_order(source, decrees, orders, day):
    given_orders = [{"kind": kind, "on": on.isoformat()} for kind, on in orders]
    status = derive(record(licence=source, orders=given_orders), decrees, day)
    so_far = [(list(ORDERS).index(kind), on) for kind, on in orders if on <= day]
    if so_far:
        strongest, since = min(so_far)
        assert (status.code, status.since) == (list(ORDERS)[strongest], since)
    else:
        assert status == derive(record(licence=source), decrees, day)


@given(source=licences, day=days, later=st.integers(0, 5000))
def test_without_a_decree_nothing_that_has_expired_is_in_force_again(source, day, later):
    if derive(record(licence=source), [], day).code.startswith("EXPIRED"):
        assert derive(record(licence=source), [], day + later * A_DAY).code.startswith("EXPIRED")


@given(source=licences, decrees=decrees, day=days)
def test_there_is_a_status_for_whatever_comes_together_and_its_days_hold_the_day_asked(
    source, decrees, day
):
    status = derive(record(licence=source), decrees, day)
    assert status.code in LABELS
    assert status.since is None or status.since <= day
    assert status.until is None or status.until >= day


@given(source=licences, decrees=st.permutations([decree(), decree(number="1"), decree(number="2")]))
def test_the_order_of_decrees_does_not_matter(source, decrees):
    day = dt.date(2020, 6, 1)
    assert derive(record(licence=source), decrees, day) == derive(
        record(licence=source), sorted(decrees, key=lambda d: d["number"]), day
    )
