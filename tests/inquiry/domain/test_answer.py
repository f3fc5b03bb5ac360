"""An answer holds what its purpose allows, and all that makes it an act."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.messages.message import to_wire
from contracts.inquiry.questions import ASK
from services.inquiry.domain.limits import LIMITS
from services.inquiry.domain.purposes import PURPOSES
from services.inquiry.domain.question import Question, Snapshot
from services.inquiry.questions.composition import compose

NOW = dt.datetime(2026, 11, 23, 13, 38, 56, tzinfo=dt.UTC)
LOADED = dt.datetime(2026, 11, 1, 21, 0, tzinfo=dt.UTC)  # the next day in Iran
OWNER, PARTNER = "9900000013", "9900000021"
RECORD = {
    "file_no": "1001/5",
    "subscription_code": "5000001",
    "source": {"kind": "deep_well", "depth_m": 116},
    "holder": {
        "person": "natural",
        "id_kind": "national_id",
        "id": OWNER,
        "name": "رضا کاظمی",
        "father_name": "علی",
        "mobile": "+989120000000",
        "postal_code": "7526450498",
    },
    "partners": [{"id_kind": "national_id", "id": PARTNER, "name": "یاسر", "share_dang": 1.5}],
    "licence": {
        "kind": "EXPL",
        "number": "83/350/1",
        "issued_on": "2004-09-04",
        "expires_on": "2030-09-05",
        "renewal_requested_on": None,
    },
    "use": "agriculture",
    "allocation": {"volume_m3_year": 43200, "flow_lps": 3, "hours_year": 4000, "power_kw": 31},
    "place": {
        "county": "بهمئی",
        "district": "لیکک",
        "study_area": "لیکک",
        "area_status": "free",
        "utm_x": 414215,
        "utm_y": 3385458,
        "utm_zone": "39N",
    },
    "meter": "smart_volumetric",
    "electricity_subscription": None,
    "orders": [],
    "debt_rials": 573_000_000,
    "unlicensed_case": None,
    "drilled_year": None,
    "violations": [
        {"kind": "overdraft", "found_on": "2025-05-01", "step": "first_warning", "volume_m3": 90},
        {"kind": "no_meter", "found_on": "2024-05-01", "step": "closed", "volume_m3": None},
    ],
}


def ask(
    purpose="court_case",
    *,
    records=(RECORD,),
    key=OWNER,
    key_kind="national_id",
    as_of=None,
    loaded_at=LOADED,
    narrowed=None,
):
    allowed = narrowed or PURPOSES[purpose]
    question = Question("justice", purpose, allowed, key_kind, key, "C-7", NOW, as_of)
    return to_wire(compose(question, Snapshot(list(records), [], 3, loaded_at), NOW))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_block_outside_the_purpose_ever_appears(purpose):
    answer = ask(purpose)["sources"][0]
    assert set(answer) == {"file_no", "role", "status", *PURPOSES[purpose].blocks}


@pytest.mark.parametrize("purpose", [p for p in PURPOSES if p != "court_case"])
def test_no_telephone_and_no_postal_code_leaks_into_any_other_purpose(purpose):
    assert "+98912" not in str(ask(purpose))
    assert "7526450498" not in str(ask(purpose))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_an_answer_follows_the_reply_of_its_contract(purpose):
    assert ASK.reply_schema.validate(ask(purpose)) == {}
    assert ASK.reply_schema.validate(ask(purpose, records=())) == {}


def test_an_empty_answer_says_what_was_searched():
    answer = ask(records=())
    assert answer["outcome"] == "NOT_FOUND"
    assert answer["searched"] == {"key_kind": "national_id", "key": OWNER}
    assert answer["sources"] == []


def test_a_known_source_without_licence_differs_from_an_empty_answer():
    answer = ask(records=[{**RECORD, "licence": None}])
    assert answer["outcome"] == "FOUND"
    assert answer["sources"][0]["status"]["group"] == "NO_LICENCE"
    assert answer["sources"][0]["licence"] is None


def test_owner_and_partner_are_distinguished_and_a_number_has_no_role():
    assert ask()["sources"][0]["role"] == "owner"
    assert ask(key=PARTNER)["sources"][0]["role"] == "partner"
    assert ask(key_kind="file_no", key="1001/5")["sources"][0]["role"] is None


def test_times_are_utc_and_jalali_and_the_answer_is_valid_thirty_days():
    answer = ask()
    assert answer["answered_at"] == answer["as_of"] == "2026-11-23T13:38:56Z"
    assert answer["answered_at_jalali"] == "1405-09-02 17:08:56"
    assert answer["valid_until"] == "2026-12-23T13:38:56Z"


def test_the_debt_has_its_unit_and_day_and_only_open_violations_count():
    answer = ask()["sources"][0]
    assert answer["debt"] == {
        "state": "due",
        "amount_rials": 573_000_000,
        "unit": "IRR",
        "as_of": "2026-11-02",
    }
    assert answer["violations"]["open"] == 1
    assert answer["violations"]["items"][0]["kind"] == "overdraft"


def test_a_volume_that_differs_from_the_flow_comes_with_both_figures():
    odd = {**RECORD, "allocation": {**RECORD["allocation"], "volume_m3_year": 50_000}}
    answer = ask(records=[odd])
    assert "volume_differs_from_flow" in [limit["code"] for limit in answer["limits"]]
    assert answer["sources"][0]["technical"]["volume_by_flow_m3_year"] == 43_200
    assert "volume_differs_from_flow" not in [limit["code"] for limit in ask()["limits"]]


def test_an_answer_lists_its_limits():
    early = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    answer = ask(as_of=early, records=[RECORD, {**RECORD, "file_no": "2"}])
    codes = [limit["code"] for limit in answer["limits"]]
    assert set(codes) == {
        "not_a_title_deed",
        "valid_30_days",
        "record_younger_than_as_of",
        "licence_issued_later",
        "several_sources",
    }
    assert set(codes) <= set(LIMITS)


def test_an_empty_answer_before_the_first_data_says_that_nothing_could_be_known():
    early = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    codes = [limit["code"] for limit in ask(as_of=early, records=())["limits"]]
    assert "record_younger_than_as_of" in codes


def test_data_of_this_very_moment_is_not_called_younger_than_a_question_about_now():
    codes = [limit["code"] for limit in ask(loaded_at=NOW + dt.timedelta(seconds=2))["limits"]]
    assert "record_younger_than_as_of" not in codes


def with_a_secret_everywhere(value):
    """The record with one more member in every object of it, as a later export may have."""
    if isinstance(value, list):
        return [with_a_secret_everywhere(member) for member in value]
    if not isinstance(value, dict):
        return value
    answer = {name: with_a_secret_everywhere(member) for name, member in value.items()}
    return {**answer, "new_column": "SECRET"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_member_that_no_rule_names_never_appears_wherever_it_stands(purpose):
    assert "SECRET" not in str(ask(purpose, records=[with_a_secret_everywhere(RECORD)]))


# Where each value of the record may be told: under one block, whatever the purpose.
PLACES = {
    "holder": ("رضا کاظمی", "علی"),
    "contact": ("+989120000000", "7526450498"),
    "partners": (PARTNER, "یاسر"),
    "technical": ("power_kw", "depth_m"),
    "place": ("بهمئی", "utm_x"),
    "meter": ("smart_volumetric",),
    "debt": ("573000000",),
    "violations": ("first_warning",),
}


@given(
    purpose=st.sampled_from(list(PURPOSES)),
    key=st.sampled_from(
        [("national_id", OWNER), ("file_no", "1001/5"), ("licence_no", "83/350/1")]
    ),
    without=st.sets(st.sampled_from(["licence", "partners", "violations"])),
)
def test_a_value_appears_only_if_the_purpose_has_its_block(purpose, key, without):
    emptied = {name: None if name == "licence" else [] for name in without}
    answer = str(ask(purpose, key_kind=key[0], key=key[1], records=[{**RECORD, **emptied}]))
    for block, values in PLACES.items():
        if block not in PURPOSES[purpose].blocks:
            assert not [value for value in values if value in answer]


@given(order=st.permutations(["9/1", "10/1", "2/5", "2/10"]))
def test_the_order_of_sources_does_not_depend_on_the_order_of_records(order):
    answer = ask(records=[{**RECORD, "file_no": file_no} for file_no in order])
    assert [source["file_no"] for source in answer["sources"]] == sorted(order)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_limit_about_volumes_appears_only_beside_volumes(purpose):
    odd = {**RECORD, "allocation": {**RECORD["allocation"], "volume_m3_year": 50_000}}
    answer = ask(purpose, records=[odd])
    limited = "volume_differs_from_flow" in [limit["code"] for limit in answer["limits"]]
    assert limited == ("technical" in PURPOSES[purpose].blocks)


def test_the_same_question_on_the_same_data_differs_in_its_codes_only():
    first, second = ask(), ask()
    assert {name for name in first if first[name] != second[name]} == {
        "tracking_code",
        "verification_code",
    }


def test_an_answer_names_the_law_of_its_purpose_and_of_each_status_once():
    answer = ask(records=[RECORD, {**RECORD, "file_no": "2", "licence": None}])
    named = [basis["code"] for basis in answer["legal_basis"]]
    assert len(named) == len(set(named))
    wanted = set(PURPOSES["court_case"].legal_basis)
    for source in answer["sources"]:
        wanted |= set(source["status"]["legal_basis"])
    assert set(named) == wanted
