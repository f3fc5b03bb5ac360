"""A signed status says what law and register say on the day, or that it cannot be known."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.inquiry import questions as contracts
from iran.persian import tehran_day
from services.inquiry.domain import status
from services.inquiry.domain.law import LAW
from services.inquiry.domain.limits import limits_of
from services.inquiry.domain.purposes import PURPOSES
from services.inquiry.domain.question import Days, Question, Snapshot
from services.inquiry.domain.registry.words import (
    LICENCE_KINDS,
    ORDERS,
    SOURCE_KINDS,
    STEPS,
    USES,
)
from services.inquiry.domain.status import GROUPS, LABELS, REASONS, derive
from tests.databases import make_database
from tests.inquiry.domain.test_answer import LOADED, RECORD, ask
from tests.inquiry.in_process import CALLER, InProcessInquiry
from tests.inquiry.questions.test_service import load
from tests.inquiry.registry_import.exports import Export
from tests.stores import execute

COURT = {**CALLER, "grants": [{"purpose": "court_case", "until": "2099-01-01"}]}
TODAY = tehran_day(dt.datetime.now(dt.UTC))
A_DAY = dt.timedelta(days=1)
FIRST_DAY = dt.date(1980, 3, 21)
FUEL = "fuel_quota"


@pytest.fixture(scope="module")
def court(postgres, demo_template, tmp_path_factory):
    """The demo register, asked by a court; no test changes it."""
    url = make_database(postgres, "law_of_status", demo_template)
    made = InProcessInquiry(url, tmp_path_factory.mktemp("court"))
    yield made
    made.service.store.engine.dispose()
    execute(postgres.url("postgres"), "drop database law_of_status with (force)")


def status_of(inquiry, file_no, day=None):
    """The signed status of a file, and the limits of its answer."""
    as_of = {"as_of": f"{day.isoformat()}T08:00:00Z"} if day else {}
    reply = inquiry.call(
        contracts.ASK, caller=COURT, purpose="court_case", key_kind="file_no", key=file_no, **as_of
    )
    (source,) = reply["sources"]
    return source["status"], {limit["code"] for limit in reply["limits"]}


# --- L1: what the record cannot know ---


def test_l1_before_the_issue_of_the_licence_on_record_the_status_is_not_determinable(court):
    derived, limits = status_of(court, "1004/9", dt.date(2020, 3, 20))
    assert (derived["code"], derived["group"]) == ("NOT_DETERMINABLE", "NOT_DETERMINABLE")
    assert derived["reason"] == "licence_issued_later"
    assert derived["reason_fa"]
    assert not [code for code in derived["legal_basis"] if code.startswith("FDW-45")]
    assert {"licence_issued_later", "record_younger_than_as_of"} <= limits


def test_l1_no_licensed_well_of_the_demo_register_is_ever_called_unlicensed(court):
    """A grid of days over all records: a licensed source is no offender on any of them, and what is
    told agrees with the dates of the row.
    """
    rows = execute(court.db, "select record from source_versions where known_to is null")
    days = [FIRST_DAY + n * 1000 * A_DAY for n in range(18)]
    for (record,), day in itertools.product(rows, days):
        derived = derive(record, [], day, TODAY)
        licence = record["licence"]
        if licence is None:
            assert derived.group in ("NOT_IN_FORCE", "NOT_DETERMINABLE") or day >= TODAY
        elif not record["orders"] and licence["issued_on"] > day.isoformat():
            assert derived.code == "NOT_DETERMINABLE"
        else:
            assert derived.group != "NO_LICENCE"
        if derived.group == "IN_FORCE":
            assert licence["issued_on"] <= day.isoformat() <= licence["expires_on"]


RENEWED = {"kind": "EXPL", "number": "99/1", "issued_on": "2021-01-01", "expires_on": "2031-01-01"}
NOT_KNOWN = {
    "a licence renewed since": ({"licence": RENEWED}, "licence_issued_later"),
    "an unlicensed source": ({"licence": None}, "record_younger"),
    "a case of the 1389 Act, whose day is not on record": (
        {"licence": None, "unlicensed_case": "open", "drilled_year": 1383},
        "record_younger",
    ),
    "a rejected case": ({"licence": None, "unlicensed_case": "rejected"}, "record_younger"),
    "a permit of a river bed": (
        {"licence": {**RENEWED, "kind": "RIVERBED", "issued_on": "2001-01-01"}},
        "record_younger",
    ),
    "a source that was not drilled yet": ({"licence": None, "drilled_year": 1400}, "drilled_later"),
    "a seal that came some day after the finding": (
        {"violations": [{"kind": "overdraft", "found_on": "2015-01-01", "step": "sealed"}]},
        "seal_day_unknown",
    ),
    "an order that was lifted since": (
        {"orders": [{"kind": "LIFTED", "on": "2022-01-01"}]},
        "order_lifted_later",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_l1_what_the_first_data_cannot_know_of_an_earlier_day_is_no_accusation(changes, reason):
    answer = ask(
        as_of=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        records=[{**RECORD, "violations": [], **changes}],
    )
    derived = answer["sources"][0]["status"]
    assert (derived["code"], derived["group"], derived["reason"]) == (
        "NOT_DETERMINABLE",
        "NOT_DETERMINABLE",
        reason,
    )
    assert not [code for code in derived["legal_basis"] if code.startswith(("FDW-45", "UL"))]
    assert (derived["reason_fa"], derived["reason_en"]) == REASONS[reason]
    assert contracts.ASK.reply_schema.validate(answer) == {}


def test_l1_what_is_dated_on_record_is_determinable_before_the_first_data_too():
    early = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    sealed = {"orders": [{"kind": "SEALED", "on": "2019-01-01"}]}
    expired = {"licence": {**RECORD["licence"], "expires_on": "2019-01-01"}}
    later = {"orders": [{"kind": "REVOKED", "on": "2021-01-01"}]}
    codes = [
        ask(as_of=early, records=[{**RECORD, **changes}])["sources"][0]["status"]["code"]
        for changes in ({}, sealed, expired, later)
    ]
    assert codes == ["VALID", "SEALED", "EXPIRED", "VALID"]


def test_l1_a_source_without_licence_is_unlicensed_from_the_day_of_the_data_on():
    loaded = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)
    records = [{**RECORD, "licence": None}]
    codes = [
        ask(as_of=loaded + n * A_DAY, loaded_at=loaded, records=records)["sources"][0]["status"]
        for n in (-1, 0, 1)
    ]
    assert [item["code"] for item in codes] == ["NOT_DETERMINABLE", "UNLICENSED", "UNLICENSED"]


def test_l1_the_step_of_a_case_is_not_shown_for_a_day_before_the_data():
    in_court = {
        "violations": [{"kind": "overdraft", "found_on": "2015-01-01", "step": "execution"}]
    }
    derived = derive({**RECORD, **in_court}, [], dt.date(2016, 1, 1), TODAY)
    assert derived.flags == ("OPEN_VIOLATION",)
    assert derive({**RECORD, **in_court}, [], TODAY, TODAY).flags == ("IN_DISPUTE",)


def test_l1_an_expiry_that_a_later_decree_extended_says_so():
    expired = {**RECORD, "licence": {**RECORD["licence"], "expires_on": "2020-03-01"}}
    decree = {
        "number": "98/4120",
        "expiry_from": "2020-02-20",
        "expiry_to": "2020-05-20",
        "extended_to": "2020-09-21",
        "notified_on": "2020-04-08",
        "use": None,
    }
    snapshot = Snapshot([expired], [decree], 1, LOADED)

    def limits(day):
        days = Days(day, dt.date(2026, 11, 2))
        question = Question(
            "a",
            FUEL,
            PURPOSES[FUEL],
            "file_no",
            "1001/5",
            None,
            LOADED,
            dt.datetime.combine(day, dt.time(9), dt.UTC),
        )
        return limits_of(question, [expired], [derive(expired, [decree], day)], snapshot, days)

    assert "decree_notified_later" in limits(dt.date(2020, 4, 7))
    assert "decree_notified_later" not in limits(dt.date(2020, 4, 8))
    assert "decree_notified_later" not in limits(dt.date(2020, 9, 22))


def test_l1_old_data_names_its_day_and_warns():
    loaded = dt.datetime(2026, 9, 1, 9, tzinfo=dt.UTC)
    expired = {**RECORD, "licence": {**RECORD["licence"], "expires_on": "2026-10-01"}}
    limits = {item["code"]: item for item in ask(loaded_at=loaded, records=[expired])["limits"]}
    assert "2026-09-01" in limits["data_old"]["text_en"]
    assert "۱۴۰۵/۰۶/۱۰" in limits["data_old"]["text_fa"]
    assert "2026-09-01" in limits["expired_after_data"]["text_en"]
    fresh = {item["code"] for item in ask()["limits"]}
    assert not fresh & {"data_old", "expired_after_data"}


# --- L2: an open seal ---


def test_l2_a_licence_in_date_with_an_open_seal_is_sealed_in_the_demo_register(court):
    rows = execute(
        court.db,
        "select file_no, record from source_versions where known_to is null and exists (select 1 "
        "from jsonb_array_elements(record -> 'violations') v where v ->> 'step' = 'sealed')",
    )
    assert len(rows) >= 6
    for file_no, record in rows:
        derived, limits = status_of(court, file_no)
        future = all(
            v["found_on"] > TODAY.isoformat() for v in record["violations"] if v["step"] == "sealed"
        )
        assert derived["group"] == (
            "NOT_DETERMINABLE" if future and not record["orders"] else "NOT_IN_FORCE"
        )
        assert limits & {"no_right_to_take_water", "right_not_determinable"}


@pytest.mark.parametrize("step", STEPS)
def test_l2_no_open_violation_leaves_a_status_plain(step):
    record = {
        **RECORD,
        "violations": [{"kind": "overdraft", "found_on": "2025-01-01", "step": step}],
    }
    answer = ask(FUEL, records=[record])
    derived, limits = answer["sources"][0]["status"], {item["code"] for item in answer["limits"]}
    if step in ("remedied", "closed"):
        assert (derived["code"], derived["flags"]) == ("VALID", [])
        assert "open_case" not in limits
    elif step == "sealed":
        assert (derived["code"], derived["group"], derived["since"]) == (
            "SEALED",
            "NOT_IN_FORCE",
            None,
        )
        assert derived["legal_basis"] == ["FDW-45"]
        assert "no_right_to_take_water" in limits
    else:
        assert derived["code"] == "VALID"
        assert derived["flags"]
        assert "open_case" in limits


def test_l2_what_is_dated_ahead_of_the_data_leaves_no_answer_plain():
    later = {**RECORD, "violations": [], "orders": [{"kind": "SEALED", "on": "2027-01-01"}]}
    warning = [{"kind": "overdraft", "found_on": "2027-01-01", "step": "first_warning"}]

    def limits(record, **more):
        return {limit["code"] for limit in ask(FUEL, records=[record], **more)["limits"]}

    assert "order_to_come" in limits(later)
    assert "open_case" in limits({**RECORD, "violations": warning})
    # What came after the day, and before the data, was not so on that day.
    loaded = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
    then = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert not limits(later, as_of=then, loaded_at=loaded) & {"order_to_come", "open_case"}


def test_l2_a_dated_order_has_a_since_and_a_stronger_one_decides():
    seal = [{"kind": "overdraft", "found_on": "2025-01-01", "step": "sealed"}]

    def derived(*orders):
        record = {**RECORD, "violations": seal, "orders": list(orders)}
        reply = derive(record, [], TODAY)
        return reply.code, reply.since and reply.since.isoformat()

    assert derived({"kind": "SEALED", "on": "2025-03-01"}) == ("SEALED", "2025-03-01")
    assert derived({"kind": "CLOSED", "on": "2025-03-01"}) == ("CLOSED", "2025-03-01")
    assert derived({"kind": "SUSPENDED", "on": "2025-03-01"}) == ("SEALED", None)
    assert derived({"kind": "REVOKED", "on": "2025-03-01"}) == ("SEALED", None)


# --- L3: the 1389 Act ---


@pytest.mark.parametrize("case", ["open", "rejected"])
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_l3_the_1389_act_is_cited_for_agricultural_wells_only(case, use, kind):
    record = {
        **RECORD,
        "licence": None,
        "use": use,
        "source": {"kind": kind, "depth_m": None},
        "unlicensed_case": case,
        "drilled_year": 1380,
        "violations": [],
    }
    derived = derive(record, [], TODAY, TODAY)
    under = use == "agriculture" and kind.endswith("well")
    assert [code for code in derived.legal_basis if code.startswith("UL")] or not under
    assert not [code for code in derived.legal_basis if code.startswith("UL")] or under
    wanted = {"open": "UNLICENSED_CASE_OPEN", "rejected": "UNLICENSED_REJECTED"}[case]
    assert derived.code == (wanted if under else "UNLICENSED")


@pytest.mark.parametrize("kind", SOURCE_KINDS)
@pytest.mark.parametrize("licence_kind", [None, *LICENCE_KINDS])
def test_l3_article_3_is_not_cited_for_surface_water(kind, licence_kind):
    licence = licence_kind and {**RECORD["licence"], "kind": licence_kind}
    record = {**RECORD, "licence": licence, "source": {"kind": kind}, "violations": []}
    surface = kind in ("river_intake", "canal_contract", "treated_effluent", "dam")
    for day in (TODAY, dt.date(2040, 1, 1), dt.date(1990, 1, 1)):
        basis = derive(record, [], day, TODAY).legal_basis
        assert basis
        assert set(basis) <= set(LAW)
        assert ("FDW-3" in basis) <= (not surface)


def test_l3_a_revocation_outside_the_1389_act_does_not_cite_its_by_law():
    revoked = {**RECORD, "orders": [{"kind": "REVOKED", "on": "2025-01-01"}]}
    assert derive(revoked, [], TODAY).legal_basis == ("ULB-6",)
    assert derive({**revoked, "use": "industry"}, [], TODAY).legal_basis == ("FDW-21",)


def test_l3_a_holder_of_another_permit_is_not_accused_of_taking_water():
    record = {**RECORD, "licence": {**RECORD["licence"], "kind": "RIVERBED"}}
    assert derive(record, [], TODAY).legal_basis == ("FDW-3",)


# --- L4: group, status, limits and kind agree ---

KINDS_IN_DATE = {
    "EXPL": "IN_FORCE",
    "EXPL_PROV": "IN_FORCE",
    "OPT_USE": "IN_FORCE",
    "CHANGE_USE": "IN_FORCE",
    "TRANSFER": "IN_FORCE",
    "ART5": "IN_FORCE",
    "DRILL": "NOT_IN_FORCE",
    "REPLACE_WELL": "NOT_IN_FORCE",
    "REPLACE_QANAT": "NOT_IN_FORCE",
    "RIG": "NO_LICENCE",
    "RIVERBED": "NO_LICENCE",
    "INDUSTRY_SUPPLY": "NO_LICENCE",
    "DEEPEN": "NOT_DETERMINABLE",
    "CLEAN": "NOT_DETERMINABLE",
    "RELOCATE": "NOT_DETERMINABLE",
    "CHANGE_METHOD": "NOT_DETERMINABLE",
    "INSTALL": "NOT_DETERMINABLE",
}


def test_l4_the_table_of_kinds_is_whole():
    assert set(KINDS_IN_DATE) == set(LICENCE_KINDS)
    assert {group for _, group in LABELS.values()} == set(GROUPS)


@pytest.mark.parametrize(("kind", "group"), KINDS_IN_DATE.items())
@pytest.mark.parametrize("purpose", PURPOSES)
def test_l4_the_group_says_whether_this_kind_of_licence_lets_water_be_taken(kind, group, purpose):
    record = {**RECORD, "licence": {**RECORD["licence"], "kind": kind}, "violations": []}
    answer = ask(purpose, records=[record])
    limits = {item["code"] for item in answer["limits"]}
    assert answer["sources"][0]["status"]["group"] == group
    assert ("no_right_to_take_water" in limits) == (group in ("NOT_IN_FORCE", "NO_LICENCE"))
    assert ("right_not_determinable" in limits) == (group == "NOT_DETERMINABLE")


days = st.dates(dt.date(1995, 1, 1), dt.date(2040, 1, 1))
records = st.builds(
    lambda kind, issued, life, orders, violations, case, year, use, source: {
        **RECORD,
        "licence": kind
        and {
            "kind": kind,
            "number": "85/1",
            "issued_on": issued.isoformat(),
            "expires_on": (issued + life * A_DAY).isoformat(),
            "renewal_requested_on": None,
        },
        "orders": [{"kind": order, "on": on.isoformat()} for order, on in orders],
        "violations": [
            {"kind": "overdraft", "found_on": on.isoformat(), "step": step}
            for step, on in violations
        ],
        "unlicensed_case": case,
        "drilled_year": year,
        "use": use,
        "source": {"kind": source},
    },
    st.none() | st.sampled_from(list(LICENCE_KINDS)),
    days,
    st.integers(0, 9000),
    st.lists(st.tuples(st.sampled_from(list(ORDERS)), days), max_size=2),
    st.lists(st.tuples(st.sampled_from(list(STEPS)), days), max_size=2),
    st.sampled_from([None, "open", "rejected"]),
    st.none() | st.integers(1340, 1420),
    st.sampled_from(list(USES)),
    st.sampled_from(list(SOURCE_KINDS)),
)


@given(record=records, day=days, known_on=days)
def test_l4_code_group_law_limits_and_days_agree_whatever_comes_together(record, day, known_on):
    derived = derive(record, [], day, known_on)
    assert derived.group in GROUPS
    assert derived.legal_basis
    assert set(derived.legal_basis) <= set(LAW)
    assert (derived.reason in REASONS) == (derived.code == "NOT_DETERMINABLE")
    assert derived.since is None or derived.since <= day
    if day < known_on:
        assert derived.group != "NO_LICENCE"
    if derived.group == "IN_FORCE":
        licence = record["licence"]
        assert licence["issued_on"] <= day.isoformat() <= licence["expires_on"]
        assert not [v for v in record["violations"] if v["step"] == "sealed" and day >= known_on]
    if record["use"] != "agriculture":
        assert not [code for code in derived.legal_basis if code.startswith("UL")]


# --- orders whose words do not tell what they do ---


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("تعلیق با دستور قضایی", "SUSPENDED"),
        ("دستور قضایی", "NOT_DETERMINABLE"),
        ("رفع پلمپ", "VALID"),
        ("رفع پلمپ با دستور قضایی", "VALID"),
        ("دستور قضایی فک پلمب", "VALID"),
        ("رفع تعلیق", "VALID"),
    ],
)
def test_l2_a_judicial_order_that_lifts_a_seal_does_not_suspend(inquiry_db, tmp_path, words, code):
    export = Export(tmp_path / "export", sources=1)
    export.sources[0] |= {
        "نوع پروانه": "پروانه بهره‌برداری",
        "تاریخ انقضا": "1415/01/01",
        "دستور": words,
        "تاریخ دستور": "1404/01/01",
    }
    export.sheets["partners"], export.sheets["violations"] = [], []
    inquiry = InProcessInquiry(inquiry_db, tmp_path)
    load(inquiry_db, export.write())
    derived, _ = status_of(inquiry, "0/1")
    assert derived["code"] == code
    inquiry.service.store.engine.dispose()


def test_l2_before_an_order_was_lifted_its_seal_is_not_guessed():
    record = {**RECORD, "violations": [], "orders": [{"kind": "LIFTED", "on": "2025-01-01"}]}
    derived = [derive(record, [], dt.date(2025, 1, 1) + n * A_DAY) for n in (-1, 0)]
    assert [item.code for item in derived] == ["NOT_DETERMINABLE", "VALID"]
    assert (
        status.orders_in_force(
            [{"kind": "SEALED", "on": "2024-01-01"}, *record["orders"]], dt.date(2025, 6, 1)
        )
        == []
    )
