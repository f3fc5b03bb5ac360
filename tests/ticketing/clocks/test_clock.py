"""The clocks of promises: worked cases, and what holds for all of them."""

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iran.persian import TEHRAN, jalali, parse_jalali
from services.ticketing.domain import clock
from services.ticketing.domain.calendar import Calendar, Row
from services.ticketing.domain.clock import Pause

VECTORS = json.loads((Path(__file__).parents[2] / "vectors.json").read_text("utf-8"))["vectors"]
EVER = dt.date(1990, 1, 1)
DAYS = {"Thu": "thu", "Fri": "fri"}


def moment(text):
    day, time = text.split()
    return dt.datetime.combine(parse_jalali(day), dt.time.fromisoformat(time), TEHRAN).astimezone(
        dt.UTC
    )


def shown(at):
    local = at.astimezone(TEHRAN)
    return f"{jalali(local.date())} {local:%H:%M}"


def hours(opens="07:30", closes="14:30", from_day=EVER, to_day=None, counties=(), id=1):
    return Row(
        id,
        "hours",
        from_day,
        to_day,
        counties,
        dt.time.fromisoformat(opens),
        dt.time.fromisoformat(closes),
    )


def weekend(*days, id=2, from_day=EVER):
    return Row(id, "weekend", from_day, weekdays=days)


def closure(day, id, title="تعطیل", **more):
    return Row(id, "closure", day, day, title=title, **more)


def closures(*days, first=100):
    return [closure(parse_jalali(day), first + n) for n, day in enumerate(days)]


@pytest.mark.parametrize("case", VECTORS["sla_clock"]["cases"], ids=lambda c: c["note"])
def test_a_business_clock_runs_only_in_service_hours(case):
    calendar = Calendar(
        [
            hours(),
            weekend(*(DAYS[day] for day in case["weekend"])),
            *closures("1405-10-02", "1405-10-16", "1405-11-04", "1405-11-22"),
            *closures(*case["extra_closures"], first=200),
        ]
    )
    due = clock.business(
        moment(case["start"]), dt.timedelta(hours=case["business_hours"]), calendar, ""
    )
    assert shown(due.at) == case["due"]


COUNTY = VECTORS["sla_clock_county"]


def county_calendar(*late):
    rows = []
    for n, reply in enumerate(COUNTY["hours_used"]):
        counties = () if reply["counties"] == "all" else COUNTY[reply["counties"]]
        span = (
            (EVER, None)
            if reply.get("otherwise")
            else (parse_jalali(reply["from"]), parse_jalali(reply["to"]))
        )
        rows.append(hours(reply["opens"], reply["closes"], *span, counties, id=10 + n))
    return Calendar(
        [
            *rows,
            weekend("thu", "fri"),
            *closures("1404-05-31", "1404-06-02"),
            *closures(*late, first=200),
        ]
    )


@pytest.mark.parametrize("case", COUNTY["cases"], ids=lambda c: c["note"])
def test_hours_are_rows_by_county_and_closures_may_come_late(case):
    due = clock.business(
        moment(case["start"]),
        dt.timedelta(hours=case["business_hours"]),
        county_calendar(*case["closures"]),
        case["county"],
    )
    assert shown(due.at) == case["due"]


def test_the_late_decree_moved_the_due_time():
    start, four = moment("1404-05-29 12:00"), dt.timedelta(hours=4)
    before = clock.business(start, four, county_calendar(), "بویراحمد")
    after = clock.business(start, four, county_calendar("1404-06-01"), "بویراحمد")
    assert after.at > before.at


def test_a_day_closed_and_then_opened_again_is_open():
    day = parse_jalali("1405-09-03")
    opened = Row(301, "opening", day, day, title="بازگشایی")
    calendar = Calendar([hours(), weekend("fri"), closure(day, 300), opened])
    due = clock.business(moment("1405-09-02 14:00"), dt.timedelta(hours=1), calendar, "")
    assert shown(due.at) == "1405-09-03 08:00"


def test_an_opened_friday_counts():
    friday = parse_jalali("1405-09-06")
    calendar = Calendar([hours(), weekend("fri"), Row(9, "opening", friday, friday)])
    due = clock.business(moment("1405-09-05 14:00"), dt.timedelta(hours=1), calendar, "")
    assert shown(due.at) == "1405-09-06 08:00"


def test_thursday_is_off_only_from_the_day_of_its_decree():
    calendar = Calendar(
        [hours(), weekend("fri"), weekend("thu", "fri", id=3, from_day=parse_jalali("1405-09-12"))]
    )
    assert calendar.day(parse_jalali("1405-09-05"), "").is_open
    assert not calendar.day(parse_jalali("1405-09-12"), "").is_open


def test_a_pause_stops_the_clock_and_its_reason_is_told():
    calendar = Calendar([hours(), weekend("thu", "fri")])
    pause = Pause(
        moment("1405-09-02 10:00"), moment("1405-09-03 10:00"), "در انتظار مدرک", "document"
    )
    due = clock.business(moment("1405-09-02 09:00"), dt.timedelta(hours=3), calendar, "", [pause])
    assert shown(due.at) == "1405-09-03 12:00"
    assert any("در انتظار مدرک" in line for line in due.lines_fa)
    assert any("document" in line for line in due.lines_en)


def test_while_paused_nothing_is_due_and_what_is_left_is_told():
    calendar = Calendar([hours(), weekend("thu", "fri")])
    pause = Pause(moment("1405-09-02 10:00"), None, "توقف", "paused")
    due = clock.business(moment("1405-09-02 09:00"), dt.timedelta(hours=3), calendar, "", [pause])
    assert (due.at, due.left) == (None, dt.timedelta(hours=2))


def test_a_legal_period_skips_its_first_day_and_ends_on_a_working_day():
    calendar = Calendar([hours(), weekend("thu", "fri"), *closures("1405-09-22")])
    due = clock.legal(moment("1405-09-02 23:00"), 20, calendar, "")
    assert shown(due.at) == "1405-09-23 14:30"
    assert due.lines_fa[-1] == "سررسید: دوشنبه ۱۴۰۵/۰۹/۲۳ ساعت ۱۴:۳۰"


def test_a_calendar_that_never_opens_is_told_and_ends():
    with pytest.raises(clock.NoWorkingTime):
        clock.business(moment("1405-09-02 09:00"), dt.timedelta(hours=1), Calendar([]), "")
    with pytest.raises(clock.NoWorkingTime):
        clock.legal(moment("1405-09-02 09:00"), 3, Calendar([]), "")


def test_every_day_between_start_and_due_is_explained_in_both_languages():
    calendar = Calendar([hours(), weekend("thu", "fri"), *closures("1405-10-02")])
    due = clock.business(moment("1405-10-01 13:30"), dt.timedelta(hours=7), calendar, "")
    assert len(due.lines_fa) == len(due.lines_en) == 6
    assert due.lines_en[0].endswith("office hours 07:30 to 14:30, counted 1 h")
    assert due.lines_fa[1] == "چهارشنبه ۱۴۰۵/۱۰/۰۲: تعطیل"
    assert due.lines_fa[-1] == "سررسید: شنبه ۱۴۰۵/۱۰/۰۵ ساعت ۱۳:۳۰"


# --- what holds for all of them ---

# Hypothesis wants bounds without a zone, and gives moments with one.
FROM, TO = dt.datetime(2015, 1, 1), dt.datetime(2035, 1, 1)  # noqa: DTZ001
STARTS = st.datetimes(FROM, TO, timezones=st.just(dt.UTC))
LENGTHS = st.integers(1, 3000).map(lambda minutes: dt.timedelta(minutes=minutes))


@st.composite
def calendars(draw):
    opens = draw(st.integers(5 * 60, 10 * 60))
    closes = draw(st.integers(opens + 30, 18 * 60))
    rows = [
        hours(f"{opens // 60:02}:{opens % 60:02}", f"{closes // 60:02}:{closes % 60:02}"),
        weekend(*draw(st.sampled_from([("fri",), ("thu", "fri"), ("fri", "sat")]))),
    ]
    days = draw(st.lists(st.dates(dt.date(2015, 1, 1), dt.date(2035, 1, 1)), max_size=5))
    return Calendar([*rows, *(closure(day, 100 + n) for n, day in enumerate(days))])


@st.composite
def pauses_after(draw, start):
    edges = sorted(draw(st.sets(st.integers(0, 20_000), max_size=6)))
    moments = [start + dt.timedelta(minutes=m) for m in edges]
    return [Pause(a, b) for a, b in zip(moments[::2], moments[1::2], strict=False)]


@given(st.data(), STARTS, LENGTHS, calendars())
def test_pauses_only_move_due_times_later(data, start, length, calendar):
    pauses = data.draw(pauses_after(start))
    plain = clock.business(start, length, calendar, "")
    paused = clock.business(start, length, calendar, "", pauses)
    assert paused.at >= plain.at
    one_more = data.draw(pauses_after(start))
    assert clock.business(start, length, calendar, "", [*pauses, *one_more]).at >= paused.at


@given(st.data(), STARTS, LENGTHS, calendars())
def test_recomputation_is_stable_whatever_the_order_of_rows_and_pauses(
    data, start, length, calendar
):
    pauses = data.draw(pauses_after(start))
    again = Calendar(data.draw(st.permutations(calendar.rows)))
    shuffled = data.draw(st.permutations(pauses))
    assert clock.business(start, length, calendar, "", pauses) == clock.business(
        start, length, again, "", shuffled
    )


@given(STARTS, LENGTHS, calendars())
def test_it_is_due_in_open_time_and_exactly_the_promised_time_lies_before_it(
    start, length, calendar
):
    due = clock.business(start, length, calendar, "").at
    counted, day = dt.timedelta(), start.astimezone(TEHRAN).date()
    while day <= due.astimezone(TEHRAN).date():
        existing = calendar.day(day, "")
        if existing.is_open:
            counted += max(min(due, existing.closes) - max(start, existing.opens), dt.timedelta())
        day += dt.timedelta(days=1)
    assert counted == length
    last = calendar.day(due.astimezone(TEHRAN).date(), "")
    assert last.opens < due <= last.closes


@given(STARTS, LENGTHS, LENGTHS, calendars())
def test_a_longer_promise_is_never_due_earlier(start, item, other, calendar):
    short, long = sorted((item, other))
    assert (
        clock.business(start, short, calendar, "").at
        <= clock.business(start, long, calendar, "").at
    )


@given(st.dates(dt.date(2018, 1, 1), dt.date(2024, 12, 31)), calendars())
def test_summer_time_of_old_years_moves_no_opening_hour(day, calendar):
    existing = calendar.day(day, "")
    if existing.is_open:
        row = calendar.rows[0]
        assert existing.opens.astimezone(TEHRAN).time() == row.opens
        assert existing.closes.astimezone(TEHRAN).time() == row.closes


@given(STARTS, st.integers(1, 60), calendars())
def test_a_legal_period_is_due_after_its_days_on_an_open_day(start, days, calendar):
    due = clock.legal(start, days, calendar, "").at.astimezone(TEHRAN).date()
    assert due >= start.astimezone(TEHRAN).date() + dt.timedelta(days=days)
    assert calendar.day(due, "").is_open
