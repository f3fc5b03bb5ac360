"""A day's single questions are counted once, when the day is over, and published for charging."""

import datetime as dt
import json

import pytest

from contracts.inquiry import use
from iran.persian import TEHRAN
from services.inquiry.service import Inquiry
from tests.inquiry.in_process import CALLER, InProcessInquiry, lines, submit
from tests.stores import execute

MONDAY = dt.datetime(2099, 11, 23, tzinfo=TEHRAN)
NOBODYS = "9900000013"


class Days(InProcessInquiry):
    """The service by a clock of ours."""

    def __init__(self, db, folder):
        super().__init__(db, folder)
        self.service.now = lambda: self.moment.astimezone(dt.UTC)
        self.at(0, "12:00")

    def at(self, days, time):
        """It is so many days after Monday, at a time of Tehran."""
        day = (MONDAY + dt.timedelta(days=days)).date()
        self.moment = dt.datetime.combine(day, dt.time.fromisoformat(time), TEHRAN)

    def count(self):
        Inquiry.count_day(self.service)

    def published(self):
        rows = execute(self.db, "select body from outbox where name like '%day_counted%'")
        published = [json.loads(bytes(body)) for (body,) in rows]
        return sorted((row["day"], row["agency"], row["answers"]) for row in published)


@pytest.fixture
def days(demo_db, tmp_path):
    made = Days(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


GRANTED = {"grants": [{"purpose": "fuel_quota", "until": "2100-01-01"}]}


def ask(days, agency="fuel-co", purpose="fuel_quota"):
    caller = {**CALLER, **GRANTED, "agency": agency}
    return days.ask(NOBODYS, purpose, caller=caller)


def test_a_day_is_published_once_for_each_agency_when_it_is_over(days):
    for agency in ("fuel-co", "fuel-co", "agri-co"):
        assert "tracking_code" in ask(days, agency)
    days.at(1, "00:10")  # answers of the last second may still be under way
    days.count()
    assert days.published() == []
    days.at(1, "00:40")
    for _ in range(3):
        days.count()
    assert days.published() == [("2099-11-23", "agri-co", 1), ("2099-11-23", "fuel-co", 2)]


def test_midnight_is_tehrans(days):
    days.count()  # the days begin to be counted
    days.at(0, "23:59")
    ask(days)
    days.at(1, "00:01")
    ask(days)
    ask(days)
    days.at(2, "01:00")
    days.count()
    days.count()
    assert days.published() == [("2099-11-23", "fuel-co", 1), ("2099-11-24", "fuel-co", 2)]


def test_refusals_readings_and_lines_of_batches_are_no_single_answers(days):
    caller = {**CALLER, **GRANTED}
    ask(days, purpose="court_case")
    submit(days, 0, lines(NOBODYS, NOBODYS), last=True, caller=caller)
    days.answer_parts()
    assert execute(days.db, "select count(*) from inquiries") == [(2,)]
    days.at(1, "01:00")
    days.count()
    assert days.published() == []
    assert execute(days.db, "select answers from counted_days") == [({},)]


def test_days_on_which_the_service_stood_still_are_counted_later(days):
    days.count()
    ask(days)
    days.at(3, "01:00")
    for _ in range(5):
        days.count()
    assert days.published() == [("2099-11-23", "fuel-co", 1)]
    counted = execute(days.db, "select day::text from counted_days order by day")
    assert [day for (day,) in counted] == [
        "2099-11-22",
        "2099-11-23",
        "2099-11-24",
        "2099-11-25",
    ]


def test_a_question_is_counted_by_whatever_version_of_the_contract_it_came(days):
    ask(days)
    # The log as a later version of the contract, and another contract, would leave it.
    execute(
        days.db,
        "insert into inquiry_log (seq, at, agency, contract, outcome, tracking_code, message_id, "
        "hash) select seq + n, at, agency, contract_of_later, outcome, tracking_code, message_id, "
        "hash from inquiry_log, (values (1, 'inquiry.ask.v2'), (2, 'inquiry.ask.v10'), "
        "(3, 'inquiry.ask_parcel.v1')) as later (n, contract_of_later)",
    )
    days.at(1, "01:00")
    days.count()
    assert days.published() == [("2099-11-23", "fuel-co", 3)]


# --- what an agency reads of its own use ---


def test_an_agency_reads_its_own_questions_alone_by_days_purpose_and_end(days):
    ask(days)
    ask(days, "agri-co")
    days.at(1, "09:00")
    ask(days, purpose="court_case")
    ask(days)

    def read(agency="fuel-co", **wanted):
        page = days.call(use.OWN_QUESTIONS, caller={**CALLER, "agency": agency}, **wanted)
        return [row["outcome"] for row in page["questions"]], page["next"]

    assert read() == (["NOT_FOUND", "purpose.not_granted", "NOT_FOUND"], None)
    assert read(days=1)[0] == ["NOT_FOUND", "purpose.not_granted"]
    assert read(ended="refused")[0] == ["purpose.not_granted"]
    assert read(ended="answered", for_purpose="fuel_quota")[0] == ["NOT_FOUND"] * 2
    assert read("agri-co")[0] == ["NOT_FOUND"]
    assert read("power-co") == ([], None)
    first, after = read(limit=2)
    rest, end = read(limit=2, before=after)
    assert (first + rest, end) == (read()[0], None)
    page = days.call(use.OWN_QUESTIONS, caller=CALLER)
    assert NOBODYS not in json.dumps(page)
    assert not {"key_kind", "key_hash"} & set(page["questions"][0])


def test_an_agency_reads_how_much_it_has_asked_as_it_is_charged(days):
    limited = {"grants": [{"purpose": "fuel_quota", "until": "2100-01-01", "per_day": 1}]}
    days.count()
    for _ in range(2):
        days.ask(NOBODYS, caller={**CALLER, **limited})
    ask(days, "agri-co")
    reply = days.call(use.OWN_USE, caller=CALLER)
    assert reply["today"] == [{"purpose": "fuel_quota", "answered": 1, "refused": 1, "counted": 1}]
    days.at(1, "00:40")
    days.count()
    reply = days.call(use.OWN_USE, caller=CALLER)
    assert reply["today"] == []
    assert reply["days"][-1] == {"day": "2099-11-23", "answers": 1}
    other = days.call(use.OWN_USE, caller={**CALLER, "agency": "power-co"})
    assert {day["answers"] for day in other["days"]} == {0}
