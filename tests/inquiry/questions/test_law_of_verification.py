"""A genuine code on a forged paper is noticed: by the parties, the day and enough of the well."""

import json

import pytest

from contracts.billing import bills as billing
from contracts.inquiry import questions as contracts
from people.masking import HIDDEN, part_of
from tests.inquiry.in_process import CALLER, lines
from tests.inquiry.own_inquiries.test_own_inquiries import Own
from tests.processes import ROOT
from tests.stores import execute

NAMED = {**CALLER, "names": {"fa": "شرکت پخش فرآورده‌های نفتی", "en": "Oil products"}}
KEY = "9905251782"  # file 1001/5 of the demo register

# A newer export, in which the well of that file lies in another county.
NEWER = """
    insert into data_versions select version + 1, clock_timestamp(), 0, 1, 0, 0, 0
    from data_versions;
    update source_versions set known_to = (select max(known_from) from data_versions)
    where file_no = '1001/5';
    insert into source_versions (file_no, known_from, data_version, hash, record)
    select file_no, known_to, 2, hash, jsonb_set(record, '{place,county}', '"دنا"')
    from source_versions where file_no = '1001/5'"""


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = Own(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


def verify(inquiry, answer):
    return inquiry.call(contracts.VERIFY, verification_code=answer["verification_code"])


def test_l17_verification_shows_enough_of_a_well_to_notice_a_paper_about_another(inquiry):
    answer = inquiry.ask(KEY, caller=NAMED, as_of="2026-01-01T08:00:00Z")
    reply = verify(inquiry, answer)
    (source,) = reply["sources"]
    assert source == {
        "file_no_part": "•••1/5",
        "county": "بهمئی",
        "source_kind": "semi_deep_well",
        "source_kind_fa": "چاه نیمه‌عمیق",
        "use": "livestock",
        "use_fa": "دامداری",
        "licence_kind": "ART5",
        "licence_kind_fa": "مجوز ماده ۵",
        "status": answer["sources"][0]["status"]["code"],
        "status_fa": answer["sources"][0]["status"]["label_fa"],
    }
    assert (reply["as_of"], reply["purpose_fa"]) == (answer["as_of"], "سهمیه سوخت چاه")
    assert (reply["key_kind"], reply["key_part"]) == ("national_id", "•••••••782")
    assert contracts.VERIFY.reply_schema.validate(reply) == {}
    reply = json.dumps(reply, ensure_ascii=False)
    for personal in (KEY, "رضا", "کاظمی", "1001/5", "+989249423706", "83/350/1"):
        assert personal not in reply


def test_l17_two_wells_of_one_status_are_distinguished(inquiry):
    keys = [
        row[0]
        for row in execute(
            inquiry.db,
            "select record -> 'holder' ->> 'id' from source_versions where known_to is null and "
            "record -> 'holder' ->> 'id_kind' = 'national_id' order by file_no limit 60",
        )
    ]
    replies = [verify(inquiry, inquiry.ask(key, caller=NAMED)) for key in dict.fromkeys(keys)]
    verified = [json.dumps([reply["sources"], reply["key_part"]]) for reply in replies]
    assert len(set(verified)) == len(verified)


def test_l17_an_empty_answer_shows_a_part_of_its_key(inquiry):
    reply = verify(inquiry, inquiry.ask("9900000013", caller=NAMED))
    assert (reply["outcome"], reply["sources"], reply["key_part"]) == (
        "NOT_FOUND",
        [],
        "•••••••013",
    )


@pytest.mark.parametrize("number", ["1004/9", "0/1", "9900000013", "7", "", "۱۰۰۴/۹", "85/323/3-a"])
def test_l17_at_most_half_of_a_number_is_shown(number):
    shown = [sign for sign in part_of(number) if sign.isalnum()]
    assert len(part_of(number)) == len(number)
    assert len(shown) <= len([sign for sign in number if sign.isalnum()]) / 2
    assert HIDDEN in part_of(number) or not number


def test_l17_the_well_is_shown_as_it_was_when_the_answer_was_given(inquiry):
    answer = inquiry.ask(KEY, caller=NAMED)
    execute(inquiry.db, NEWER)
    reply = verify(inquiry, answer)
    assert (reply["sources"][0]["county"], reply["changed_since"]) == ("بهمئی", True)


def test_l18_verification_names_the_asker_in_persian_as_the_register_does(inquiry):
    behalf = {
        **NAMED,
        "on_behalf_of": "agri-bank",
        "names_of_behalf": {"fa": "بانک کشاورزی", "en": "Agriculture bank"},
    }
    reply = verify(inquiry, inquiry.ask(KEY, caller=behalf))
    assert reply["agency_fa"] == "شرکت پخش فرآورده‌های نفتی"
    assert (reply["on_behalf_of_fa"], reply["on_behalf_of_en"]) == (
        "بانک کشاورزی",
        "Agriculture bank",
    )


def test_l18_an_own_answer_names_the_applicant_and_no_person(inquiry):
    code = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    answer = inquiry.read_own(code)["answer"]
    reply = verify(inquiry, answer)
    assert (answer["agency_fa"], reply["agency_fa"]) == ("متقاضی", "متقاضی")
    assert reply["purpose_fa"] == "استعلام متقاضی درباره منبع خود"
    assert inquiry.key not in json.dumps(reply)


def test_l18_an_answer_of_before_is_named_by_the_register_of_now_or_not_at_all(inquiry):
    answer = inquiry.ask(KEY)
    assert "agency_fa" not in answer
    assert verify(inquiry, answer)["agency_fa"] is None
    inquiry.service.settings = type(inquiry.service.settings)(
        {"INQUIRY_LOG_KEY": "k", "AGENCIES_DIR": str(ROOT / "deploy/agencies")}
    )
    assert verify(inquiry, answer)["agency_fa"] == "شرکت پخش فرآورده‌های نفتی"


def test_l18_a_line_of_a_batch_is_verified_like_a_single_answer(inquiry):
    single = inquiry.ask(KEY, caller=NAMED)
    inquiry.call(
        contracts.SUBMIT_BATCH,
        caller=NAMED,
        batch="b",
        part=0,
        lines=lines(KEY),
        last=True,
        purpose="fuel_quota",
    )
    inquiry.answer_parts()
    page = inquiry.call(contracts.READ_BATCH, caller=NAMED, batch="b")
    (line,) = page["results"]
    own = {"tracking_code", "answered_at", "answered_at_jalali", "valid_until"}
    replies = [verify(inquiry, answer) for answer in (single, line["answer"])]
    assert {n: v for n, v in replies[0].items() if n not in own} == {
        n: v for n, v in replies[1].items() if n not in own
    }


def test_l1_an_answer_about_the_past_says_that_newer_data_came_since(inquiry):
    def limits(**more):
        return {limit["code"] for limit in inquiry.ask(KEY, **more)["limits"]}

    then = inquiry.ask(KEY)["as_of"]
    assert "record_changed_since" not in limits(as_of=then)
    execute(inquiry.db, NEWER)
    assert "record_changed_since" in limits(as_of=then)
    assert "record_changed_since" not in limits()
    other = {limit["code"] for limit in inquiry.ask("9900000013", as_of=then)["limits"]}
    assert "record_changed_since" not in other


def test_l1_the_same_question_has_the_same_answer_by_every_way(inquiry):
    """Single, in a batch and by the person: code, group, law, reason and limits are one."""
    as_of = "2001-01-01T08:00:00Z"
    inquiry.call(
        contracts.SUBMIT_BATCH,
        caller=NAMED,
        batch="b",
        part=0,
        lines=lines(KEY),
        last=True,
        purpose="fuel_quota",
        as_of=as_of,
    )
    inquiry.answer_parts()
    (line,) = inquiry.call(contracts.READ_BATCH, caller=NAMED, batch="b")["results"]
    single = inquiry.ask(KEY, caller=NAMED, as_of=as_of)
    assert single["sources"] == line["answer"]["sources"]
    assert single["sources"][0]["status"]["code"] == "NOT_DETERMINABLE"
    for part in ("legal_basis", "limits", "as_of", "data_version", "agency_fa"):
        assert single[part] == line["answer"][part]
    again = inquiry.call(contracts.GET, caller=NAMED, tracking_code=single["tracking_code"])
    assert again == single
    now = inquiry.ask(KEY, caller=NAMED)
    code = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    own = inquiry.read_own(code)["answer"]
    (status,) = [s["status"] for s in now["sources"] if s["file_no"] == inquiry.file_no]
    assert own["sources"][0]["status"] == status
