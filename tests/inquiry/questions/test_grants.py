"""What a grant gives beside its purpose: blocks, a number a day, a basis; and in whose name."""

import datetime as dt
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.inquiry import questions as contracts
from contracts.inquiry.parcels import ASK_PARCEL
from iran.persian import TEHRAN
from services.inquiry.domain import chain, purposes
from services.inquiry.domain.purposes import ALL_BLOCKS, PURPOSES, Purpose
from services.inquiry.questions import inquiry_log
from services.inquiry.service import Inquiry
from tests.inquiry.domain.test_answer import ask
from tests.inquiry.in_process import CALLER, NOBODY, lines, log_of, submit
from tests.inquiry.parcels.test_parcels import NOTARY, Parcels
from tests.inquiry.questions.test_audit import audit, by_force
from tests.inquiry.questions.test_day_counts import Days
from tests.stores import execute

DAY = dt.date(2026, 11, 25)
OWNER = "9905251782"
UNTIL = "2100-01-01"


def grant(purpose="fuel_quota", until=UNTIL, **more):
    return {"purpose": purpose, "until": until, **more}


def caller(*grants, **more):
    return {**CALLER, "grants": list(grants), **more}


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = Days(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


# --- blocks ---


@given(
    st.sampled_from(sorted(PURPOSES)),
    st.lists(st.sampled_from([*ALL_BLOCKS, "nonsense"]), max_size=12),
)
def test_an_answer_holds_only_blocks_that_are_both_in_the_purpose_and_in_the_grant(purpose, blocks):
    kind = PURPOSES[purpose].key_kinds[0]
    allowed = purposes.check(purpose, [grant(purpose, blocks=blocks)], kind, DAY)
    assert isinstance(allowed, Purpose)
    assert set(allowed.blocks) == set(PURPOSES[purpose].blocks) & set(blocks)
    reply = ask(purpose, narrowed=allowed)["sources"][0]
    assert set(reply) == {"file_no", "role", "status", *allowed.blocks}


def test_of_several_grants_the_widest_in_force_counts():
    narrow, wide = grant(blocks=["licence"], basis="a"), grant(basis="b", per_day=1)
    wider, ended = grant(basis="c"), grant(until="2020-01-01", basis="d")
    for grants, basis in (
        ([narrow, wide], "b"),
        ([wide, wider, narrow], "c"),
        ([ended, narrow], "a"),
    ):
        assert purposes.grant_of("fuel_quota", grants, DAY)["basis"] == basis
    assert purposes.grant_of("fuel_quota", [ended], DAY) is None


def test_a_narrow_grant_is_narrow_in_answers_in_batches_and_when_they_are_read_again(inquiry):
    narrow = caller(grant(blocks=["licence", "holder"]))
    reply = inquiry.ask(OWNER, caller=narrow)
    blocks = set(reply["sources"][0]) - {"file_no", "role", "status"}
    assert blocks == {"licence"}
    again = inquiry.call(
        contracts.GET, caller=caller(grant()), tracking_code=reply["tracking_code"]
    )
    assert again == reply
    submit(inquiry, 0, lines(OWNER), last=True, caller=narrow)
    inquiry.answer_parts()
    (line,) = inquiry.call(contracts.READ_BATCH, caller=caller(grant()), batch="b1")["results"]
    assert [set(source) for source in line["answer"]["sources"]] == [
        set(source) for source in reply["sources"]
    ]


# --- quota ---


def test_a_quota_is_used_up_at_its_number_and_new_the_next_day(inquiry):
    limited = caller(grant(per_day=2), grant("court_case"))
    assert [inquiry.ask(caller=limited).get("code") for _ in range(3)] == [
        None,
        None,
        "grant.quota",
    ]
    refused = inquiry.ask(caller=limited)
    assert int(refused["details"]["retry_after"]) == 12 * 3600  # the clock of the test says noon
    assert inquiry.ask(caller=limited, purpose="court_case")["outcome"] == "NOT_FOUND"
    assert inquiry.ask(caller={**limited, "agency": "agri-co"})["outcome"] == "NOT_FOUND"
    assert inquiry.ask(caller=limited, purpose="nonsense")["code"] == "purpose.unknown"
    assert log_of(inquiry)[:4] == [("NOT_FOUND",)] * 2 + [("grant.quota",)] * 2
    inquiry.at(1, "00:00")
    assert [inquiry.ask(caller=limited).get("code") for _ in range(3)] == [
        None,
        None,
        "grant.quota",
    ]


def test_a_question_over_the_quota_is_answered_the_next_day_with_the_same_key(inquiry):
    limited = caller(grant(per_day=1))
    reply = {"key_kind": "national_id", "key": NOBODY, "purpose": "fuel_quota"}
    inquiry.ask(caller=limited)
    first = inquiry.call(contracts.ASK, id="same", caller=limited, **reply)
    assert first["code"] == "grant.quota"
    inquiry.at(1, "00:01")
    second = inquiry.call(contracts.ASK, id="same", caller=limited, **reply)
    assert second["outcome"] == "NOT_FOUND"
    assert inquiry.call(contracts.ASK, id="same", caller=limited, **reply) == second
    assert execute(inquiry.db, "select sum(asked) from quotas") == [(2,)]


def test_each_key_of_a_batch_counts_and_what_is_over_the_quota_has_that_as_its_problem(inquiry):
    limited = caller(grant(per_day=3))
    inquiry.ask(caller=limited)
    submit(inquiry, 0, lines(OWNER, NOBODY, NOBODY, OWNER), last=True, caller=limited)
    inquiry.answer_parts()
    page = inquiry.call(contracts.READ_BATCH, caller=limited, batch="b1")
    assert [(line["problem"] or {}).get("code") for line in page["results"]] == [
        None,
        None,
        "grant.quota",
        "grant.quota",
    ]
    assert page["state"] == "DONE"
    assert execute(inquiry.db, "select agency, purpose, asked from quotas") == [
        ("fuel-co", "fuel_quota", 3)
    ]


def test_many_questions_at_once_get_no_more_than_the_quota(inquiry):
    limited, reply = caller(grant(per_day=5)), []
    threads = [
        threading.Thread(target=lambda: reply.append(inquiry.ask(caller=limited)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.get("code", "answered") for item in reply) == (
        ["answered"] * 5 + ["grant.quota"] * 7
    )
    assert execute(inquiry.db, "select asked from quotas") == [(5,)]


def test_where_no_grant_has_a_quota_nothing_is_counted(inquiry):
    inquiry.ask(caller=caller(grant()))
    assert execute(inquiry.db, "select count(*) from quotas") == [(0,)]


def test_old_counts_are_forgotten(inquiry):
    inquiry.ask(caller=caller(grant(per_day=3)))
    inquiry.moment += dt.timedelta(days=60)
    Inquiry.forget_questions(inquiry.service)
    assert execute(inquiry.db, "select count(*) from quotas") == [(0,)]


def test_a_question_about_a_parcel_counts_too(demo_db, tmp_path):
    inquiry = Parcels(demo_db, tmp_path)
    limited = {**NOTARY, "grants": [grant("land_transfer", per_day=1, basis="FDW-27")]}
    reply = {"parcel_no": "990/17", "purpose": "land_transfer"}
    assert inquiry.call(ASK_PARCEL, caller=limited, **reply)["state"] == "AWAITING"
    assert inquiry.call(ASK_PARCEL, caller=limited, **reply)["code"] == "grant.quota"
    assert log_of(inquiry, "outcome, basis") == [("AWAITING", "FDW-27"), ("grant.quota", None)]
    inquiry.service.store.engine.dispose()


# --- basis, and in whose name ---

OWN = caller(grant())
FOR_AGRI = caller(grant(basis="Contract 7", per_day=2), on_behalf_of="agri-bank")


def test_in_whose_name_and_on_which_basis_stands_in_the_answer_and_in_every_row(inquiry):
    reply = inquiry.ask(OWNER, caller=FOR_AGRI)
    assert (reply["agency"], reply["on_behalf_of"]) == ("fuel-co", "agri-bank")
    contracts.ASK.reply_schema.load(reply)
    inquiry.ask(OWNER, caller=FOR_AGRI, purpose="court_case")
    inquiry.call(contracts.GET, caller=FOR_AGRI, tracking_code=reply["tracking_code"])
    assert "on_behalf_of" not in inquiry.ask(OWNER, caller=OWN)
    assert log_of(inquiry, "agency, on_behalf_of, basis, outcome") == [
        ("fuel-co", "agri-bank", "Contract 7", "FOUND"),
        ("fuel-co", "agri-bank", None, "purpose.not_granted"),
        ("fuel-co", "agri-bank", None, "FOUND"),
        ("fuel-co", None, None, "FOUND"),
    ]


def test_an_answer_in_the_name_of_one_agency_is_not_read_in_the_name_of_another(inquiry):
    reply = inquiry.ask(OWNER, caller=FOR_AGRI)
    submit(inquiry, 0, lines(OWNER), last=True, caller=FOR_AGRI)
    inquiry.answer_parts()
    for other in (OWN, {**FOR_AGRI, "on_behalf_of": "justice"}):
        theirs = inquiry.call(contracts.GET, caller=other, tracking_code=reply["tracking_code"])
        assert theirs["code"] == "answer.not_found"
        for contract in (contracts.READ_BATCH, contracts.BATCH_STATUS):
            assert inquiry.call(contract, caller=other, batch="b1")["code"] == "batch.not_found"
    (line,) = inquiry.call(contracts.READ_BATCH, caller=FOR_AGRI, batch="b1")["results"]
    assert line["answer"]["on_behalf_of"] == "agri-bank"


def test_the_delegator_is_charged_and_its_quota_counts(inquiry):
    assert [inquiry.ask(caller=FOR_AGRI).get("code") for _ in range(3)] == [
        None,
        None,
        "grant.quota",
    ]
    assert execute(inquiry.db, "select agency, asked from quotas") == [("agri-bank", 2)]
    inquiry.ask(caller=OWN)
    submit(inquiry, 0, lines(NOBODY), last=True, caller={**FOR_AGRI, "grants": [grant()]})
    inquiry.answer_parts()
    (event,) = execute(inquiry.db, "select body from outbox where name like '%batch_answered%'")
    reply = json.loads(bytes(event[0]))
    assert (reply["agency"], reply["on_behalf_of"]) == ("fuel-co", "agri-bank")
    inquiry.at(1, "00:40")
    inquiry.count()
    assert [item[1:] for item in inquiry.published()] == [("agri-bank", 2), ("fuel-co", 1)]


# --- the chain ---


def test_rows_of_before_verify_as_ever_and_new_ones_cover_what_is_new(inquiry):
    inquiry.ask(OWNER, caller=OWN)
    inquiry.ask(OWNER, caller=FOR_AGRI)
    with inquiry.service.store.transaction() as tx:
        first, second = list(inquiry_log.read_log(tx.conn, 0))
    assert not {"on_behalf_of", "basis"} & json.loads(first[1]).keys()
    assert chain.link(chain.GENESIS, first[1]) == first[2]
    later = json.loads(second[1])
    assert (later["on_behalf_of"], later["basis"]) == ("agri-bank", "Contract 7")
    assert audit(inquiry.db).returncode == 0
    by_force(inquiry.db, "update inquiry_log set on_behalf_of = 'justice' where seq = 1")
    assert "row 1" in audit(inquiry.db).stdout
    by_force(inquiry.db, "update inquiry_log set on_behalf_of = null where seq = 1")
    assert audit(inquiry.db).returncode == 0
    by_force(inquiry.db, "update inquiry_log set basis = null where seq = 2")
    assert "row 2" in audit(inquiry.db).stdout


def test_midnight_is_that_of_tehran(inquiry):
    inquiry.moment = dt.datetime(2099, 11, 23, 23, 59, 30, tzinfo=TEHRAN)
    limited = caller(grant(per_day=1))
    inquiry.ask(caller=limited)
    assert inquiry.ask(caller=limited)["details"]["retry_after"] == "30"
