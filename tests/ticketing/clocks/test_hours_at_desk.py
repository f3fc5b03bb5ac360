"""Several opening times a day at the desk: entered, shown before, refused; visits follow them."""

import shutil
from pathlib import Path

import pytest

from bus.database.books import BadBook
from contracts.ticketing import desk as at_desk
from contracts.ticketing import visits
from contracts.ticketing.calendars import holidays
from contracts.ticketing.citizens import FORM
from services.ticketing import books
from services.ticketing.chores import deadlines
from tests.stores import execute
from tests.ticketing.conftest import tehran

WEEK = ("sat", "sun", "mon", "tue", "wed")
SPLIT = [
    {"weekdays": WEEK, "opens": "07:30", "closes": "12:00"},
    {"weekdays": WEEK, "opens": "13:00", "closes": "14:30"},
]
ROW = {
    "kind": "hours",
    "from_day": "2026-11-24",
    "title": "دو نوبت",
    "source": "مصوبه ۱۲",
    "times": SPLIT,
}


def due_of(hand, code):
    return execute(hand.db, "select due_at from tickets where code = %s", (code,))[0][0]


def add(hand, as_="nader", **more):
    reply = hand.call(at_desk.CHANGE_CALENDAR, as_=as_, **{**ROW, **more})
    hand.do(deadlines.recalculate)
    return reply


def test_due_times_move_as_the_preview_says_and_nothing_moves_by_looking(hand):
    code = hand.at("1405-09-02 13:00").register(category="illegal_well")
    before = due_of(hand, code)
    late = [{"weekdays": WEEK, "opens": "10:00", "closes": "12:00"}]
    effect = hand.call(holidays.PREVIEW_ROW, as_="nader", **{**ROW, "times": late})
    assert due_of(hand, code) == before
    assert (effect["tickets"], effect["later"], effect["earlier"]) == (1, 1, 0)
    move = next(move for move in effect["moves"] if move["clock"] == "first_response")
    assert move["code"] == code
    add(hand, times=late)
    assert due_of(hand, code) == tehran("1405-09-03 12:00")
    assert move["due"] == due_of(hand, code).isoformat().replace("+00:00", "Z")


def test_the_preview_says_the_days_of_the_week_as_they_are_and_as_they_would_be(hand):
    effect = hand.call(holidays.PREVIEW_ROW, as_="nader", **ROW)
    saturday = effect["days"][0]
    assert saturday["days_fa"].startswith("شنبه، ")
    assert saturday["before_fa"] == "ساعت کاری ۰۷:۳۰ تا ۱۴:۳۰"
    assert saturday["after_fa"] == "ساعت کاری ۰۷:۳۰ تا ۱۲:۰۰ و ۱۳:۰۰ تا ۱۴:۳۰ (دو نوبت)"
    assert effect["days_count"] > 200
    short = hand.call(holidays.PREVIEW_ROW, as_="nader", **{**ROW, "to_day": "2026-11-24"})
    assert [day["days_fa"] for day in short["days"]] == ["سه‌شنبه ۱۴۰۵/۰۹/۰۳"]


def test_what_the_supervisor_alone_may_change_nobody_else_looks_at_first(hand):
    for username in ("sara", "mina"):
        assert hand.call(holidays.PREVIEW_ROW, as_=username, **ROW)["code"] == "desk.role"
        assert add(hand, as_=username)["code"] == "desk.role"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"times": [*SPLIT, {"opens": "11:00", "closes": "13:00"}]}, "calendar.times_overlap"),
        ({"times": [{"opens": "12:00", "closes": "09:00"}]}, "calendar.times_order"),
        ({"times": [{"opens": "?", "closes": "?"}]}, "calendar.times"),
        ({"opens": "07:30", "closes": "14:30"}, "calendar.times_twice"),
        ({"kind": "closure"}, "calendar.times_twice"),
        (
            {"times": [{"opens": f"{h:02}:00", "closes": f"{h:02}:30"} for h in range(7, 14)]},
            "calendar.times_many",
        ),
    ],
)
def test_times_that_cannot_be_are_refused_by_their_field(hand, row, code):
    refusal = add(hand, **row)
    assert [(fault["field"], fault["code"]) for fault in refusal["fields"]] == [("times", code)]
    assert execute(hand.db, "select count(*) from calendar_rows where times <> '[]'") == [(0,)]


def test_hours_of_a_single_minute_a_week_by_which_nothing_would_end_are_refused(hand):
    refusal = add(hand, times=[{"weekdays": ["fri"], "opens": "07:30", "closes": "07:31"}])
    assert refusal["code"] == "calendar.no_working_time"


def test_a_day_that_is_opened_without_hours_of_its_weekday_has_to_bring_some(hand):
    add(hand)
    friday = {"kind": "opening", "from_day": "2026-11-27", "times": []}
    assert add(hand, **friday)["code"] == "calendar.no_hours"
    own = {**friday, "times": [{"opens": "09:00", "closes": "11:00"}]}
    assert add(hand, **own)["row"]
    day = hand.call(visits.CALENDAR_DAYS, as_="nader", from_day="2026-11-27", to_day="2026-11-27")[
        "days"
    ][0]
    assert day["times"] == [{"opens": "09:00", "closes": "11:00"}]


def test_times_for_visits_leave_the_break_out_and_the_preview_says_so(hand):
    add(hand)
    slots = {
        "office": "yasuj",
        "day": "2026-11-25",
        "opens": "11:00",
        "closes": "14:00",
        "minutes": 30,
        "capacity": 2,
    }
    plan = hand.call(visits.PREVIEW_SLOTS, as_="nader", **slots)
    assert (plan["slots"], plan["places"], plan["outside"]) == (4, 8, [])
    assert plan["breaks"] == ["2026-11-25"]
    opened = hand.call(at_desk.ADD_SLOTS, as_="nader", **slots)["slots"]
    starts = [slot["starts_at"][11:16] for slot in opened]
    assert starts == ["07:30", "08:00", "09:30", "10:00"]  # UTC
    day = hand.call(visits.CALENDAR_DAYS, as_="nader", from_day="2026-11-25", to_day="2026-11-25")[
        "days"
    ][0]
    assert (day["opens"], day["closes"], day["places"]) == ("07:30", "14:30", 8)
    assert [time["opens"] for time in day["times"]] == ["07:30", "13:00"]


def test_citizens_read_whether_the_office_is_open_now_and_until_when(hand):
    add(hand)
    hand.at("1405-09-03 12:30")
    form = hand.call(FORM)
    assert form["hours_fa"] == "ساعت کاری ۰۷:۳۰ تا ۱۲:۰۰ و ۱۳:۰۰ تا ۱۴:۳۰ (دو نوبت)"
    assert (form["open_now"], form["open_until"]) == (False, None)
    assert form["opens_at"] == "2026-11-24T09:30:00Z"
    form = hand.at("1405-09-03 13:00").call(FORM)
    assert (form["open_now"], form["open_until"]) == (True, "2026-11-24T11:00:00Z")


FILES = Path(__file__).parents[3] / "deploy/desk"
TOML = """
[[calendar]]
kind = "hours"
from_day = 2026-11-24
times = [
  {{ weekdays = ["sat", "sun"], opens = "07:30", closes = "12:00" }},
  {{ weekdays = ["sat"], opens = "{opens}", closes = "14:30" }},
]
source = "مصوبه"
"""


def test_the_file_of_the_book_has_several_opening_times_a_day_and_its_faults_are_named(tmp_path):
    folder = Path(shutil.copytree(FILES, tmp_path / "desk"))
    file = folder / "calendar.toml"
    plain = file.read_text("utf-8")
    file.write_text(plain + TOML.format(opens="13:00"), "utf-8")
    rows = books.read(folder)["calendar"]
    assert [time["opens"] for time in rows[-1]["times"]] == ["07:30", "13:00"]
    file.write_text(plain + TOML.format(opens="11:00"), "utf-8")
    with pytest.raises(BadBook) as refused:
        books.read(folder)
    assert "sat: at most 6 times" in str(refused.value.faults)
