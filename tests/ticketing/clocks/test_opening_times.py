"""Offices that open several times a day: worked cases, and what holds for all of them."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iran.persian import TEHRAN
from services.ticketing.domain import clock, office_hours
from services.ticketing.domain.calendar import Calendar, Row
from services.ticketing.domain.clock import Pause
from services.ticketing.domain.office_hours import WEEKDAYS, OpenTime
from tests.ticketing.clocks.test_clock import (
    EVER,
    LENGTHS,
    STARTS,
    closure,
    hours,
    moment,
    pauses_after,
    shown,
    weekend,
)

USUAL = ("sat", "sun", "mon", "tue", "wed")
DAY = dt.timedelta(days=1)


def time(text):
    return dt.time.fromisoformat(text)


def open_time(weekdays, opens, closes):
    return OpenTime(tuple(weekdays), time(opens), time(closes))


def week(*times, id=1, from_day=EVER, to_day=None, title=""):
    return Row(id, "hours", from_day, to_day, title=title, times=times)


SPLIT = week(
    open_time(USUAL, "07:30", "12:00"),
    open_time(USUAL, "13:00", "14:30"),
    open_time(["thu"], "07:30", "10:00"),
)


# --- worked cases ---


def test_a_promise_rests_between_the_opening_times_of_a_day():
    calendar = Calendar([SPLIT, weekend("fri")])
    due = clock.business(moment("1405-09-02 11:00"), dt.timedelta(hours=2), calendar, "")
    assert shown(due.at) == "1405-09-02 14:00"
    assert due.lines_fa[0] == (
        "دوشنبه ۱۴۰۵/۰۹/۰۲: ساعت کاری ۰۷:۳۰ تا ۱۲:۰۰ و ۱۳:۰۰ تا ۱۴:۳۰، شمرده شد ۲ ساعت"
    )
    assert due.lines_en[0].endswith("office hours 07:30 to 12:00 and 13:00 to 14:30, counted 2 h")


def test_a_promise_that_ends_with_an_opening_time_is_due_then_and_not_after_the_break():
    calendar = Calendar([SPLIT, weekend("fri")])
    due = clock.business(moment("1405-09-02 10:00"), dt.timedelta(hours=2), calendar, "")
    assert shown(due.at) == "1405-09-02 12:00"


def test_a_short_thursday_counts_its_own_hours_alone():
    calendar = Calendar([SPLIT, weekend("fri")])
    # Wednesday 13:30 to 14:30, Thursday 07:30 to 10:00, Saturday from 07:30.
    due = clock.business(moment("1405-09-04 13:30"), dt.timedelta(hours=4), calendar, "")
    assert shown(due.at) == "1405-09-07 08:00"


def test_a_day_of_the_week_without_hours_is_closed_and_says_so():
    calendar = Calendar([week(open_time(USUAL, "08:00", "12:00"))])
    thursday = calendar.day(dt.date(2026, 11, 26), "")
    assert (thursday.is_open, thursday.reason_fa) == (False, "این روز هفته ساعت کاری ندارد")


def test_hours_of_ramadan_hold_on_their_days_and_the_usual_ones_after():
    ramadan = week(
        open_time(USUAL, "09:00", "11:00"),
        open_time(USUAL, "12:00", "14:00"),
        id=3,
        from_day=dt.date(2026, 11, 21),
        to_day=dt.date(2026, 11, 25),
        title="رمضان",
    )
    calendar = Calendar([SPLIT, weekend("fri"), ramadan])
    assert calendar.day(dt.date(2026, 11, 25), "").length == dt.timedelta(hours=4)
    assert calendar.day(dt.date(2026, 11, 25), "").reason_fa.endswith("(رمضان)")
    assert calendar.day(dt.date(2026, 11, 28), "").length == dt.timedelta(hours=6)


def test_a_day_that_is_opened_has_its_own_hours_if_it_brings_some():
    friday = dt.date(2026, 11, 27)
    opened = Row(9, "opening", friday, friday, times=(open_time((), "09:00", "11:00"),))
    plain = Row(9, "opening", friday, friday, opens=time("09:00"), closes=time("11:00"))
    usual = [hours(), weekend("fri")]
    assert Calendar([*usual, opened]).day(friday, "").length == dt.timedelta(hours=2)
    # What older rows carry beside an opened day never counted, and counts nothing now.
    assert Calendar([*usual, plain]).day(friday, "").length == dt.timedelta(hours=7)


def test_a_legal_period_ends_when_the_office_last_closes():
    calendar = Calendar([SPLIT, weekend("fri")])
    due = clock.legal(moment("1405-09-02 09:00"), 1, calendar, "")
    assert shown(due.at) == "1405-09-04 14:30"


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        ("1405-09-02 08:00", (True, "1405-09-02 12:00")),
        ("1405-09-02 12:00", (False, "1405-09-02 13:00")),
        ("1405-09-02 13:00", (True, "1405-09-02 14:30")),
        ("1405-09-05 11:00", (False, "1405-09-07 07:30")),
    ],
)
def test_whether_an_office_is_open_now_follows_the_opening_times_of_the_day(at, opening):
    opening_now = clock.opening(moment(at), Calendar([SPLIT, weekend("fri")]), "")
    assert (opening_now.is_open, shown(opening_now.at)) == opening


def test_an_office_that_does_not_open_for_a_month_has_no_next_moment():
    assert clock.opening(moment("1405-09-02 08:00"), Calendar([]), "") == (False, None)


def test_an_office_day_is_as_long_as_most_of_the_days_ahead_and_no_short_thursday():
    calendar = Calendar([SPLIT, weekend("fri")])
    thursday = dt.date(2026, 11, 26)
    assert clock.office_day(thursday, calendar, "") == dt.timedelta(hours=6)


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ([("07:30", "12:00"), ("12:00", "14:30")], None),
        ([("13:00", "14:30"), ("07:30", "12:00")], None),
        ([("07:30", "12:00"), ("11:59", "14:30")], ("mon", "overlap")),
        ([("12:00", "12:00")], ("mon", "order")),
        ([("14:00", "07:00")], ("mon", "order")),
        ([(f"{hour:02}:00", f"{hour:02}:30") for hour in range(7, 13)], None),
        ([(f"{hour:02}:00", f"{hour:02}:30") for hour in range(7, 14)], ("mon", "many")),
    ],
)
def test_opening_times_of_a_day_lie_one_after_the_other_and_are_six_at_most(times, fault):
    assert office_hours.fault_of([open_time(["mon"], *pair) for pair in times]) == fault


# --- what holds for all of them ---


@st.composite
def days_of_intervals(draw):
    """One to six opening times of a day, of half an hour and more."""
    count = draw(st.integers(1, 6))
    halves = draw(st.sets(st.integers(10, 40), min_size=2 * count, max_size=2 * count))
    edges = sorted(30 * half for half in halves)
    return [
        (f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}")
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


@st.composite
def weeks(draw):
    """Hours by day of the week, at least one day of it open."""
    first = draw(st.sampled_from(WEEKDAYS[:3]))
    days = draw(st.sets(st.sampled_from(WEEKDAYS))) | {first}
    return tuple(
        open_time([day], *pair) for day in sorted(days) for pair in draw(days_of_intervals())
    )


@st.composite
def calendars(draw):
    rows = [week(*draw(weeks())), weekend("fri")]
    days = draw(st.lists(st.dates(dt.date(2015, 1, 1), dt.date(2035, 1, 1)), max_size=4))
    return Calendar([*rows, *(closure(day, 100 + n) for n, day in enumerate(days))])


@given(STARTS, LENGTHS, LENGTHS, calendars())
def test_a_longer_promise_is_never_due_earlier(start, item, other, calendar):
    short, long = sorted((item, other))
    first = clock.business(start, short, calendar, "").at
    assert first <= clock.business(start, long, calendar, "").at


@given(st.data(), STARTS, LENGTHS, calendars())
def test_pauses_only_move_due_times_later(data, start, length, calendar):
    pauses = data.draw(pauses_after(start))
    plain = clock.business(start, length, calendar, "").at
    assert clock.business(start, length, calendar, "", pauses).at >= plain


@given(STARTS, LENGTHS, calendars())
def test_a_pause_outside_of_all_opening_times_changes_nothing(start, length, calendar):
    pauses, day = [], start.astimezone(TEHRAN).date() + DAY
    for _ in range(20):
        spans = calendar.day(day, "").spans
        pauses += [Pause(earlier.closes, later.opens) for earlier, later in pairwise(spans)]
        day += DAY
    plain = clock.business(start, length, calendar, "")
    assert clock.business(start, length, calendar, "", pauses).at == plain.at


@given(st.data(), STARTS, LENGTHS, calendars())
def test_recomputation_is_stable_whatever_the_order_of_rows_times_and_pauses(
    data, start, length, calendar
):
    pauses = data.draw(pauses_after(start))
    rows = [
        Row(
            row.id,
            row.kind,
            row.from_day,
            row.to_day,
            weekdays=row.weekdays,
            title=row.title,
            times=tuple(data.draw(st.permutations(row.times))),
        )
        for row in data.draw(st.permutations(calendar.rows))
    ]
    shuffled = data.draw(st.permutations(pauses))
    assert clock.business(start, length, calendar, "", pauses) == clock.business(
        start, length, Calendar(rows), "", shuffled
    )


@given(STARTS, LENGTHS, calendars())
def test_the_open_time_before_the_due_time_is_exactly_what_was_promised(start, length, calendar):
    due = clock.business(start, length, calendar, "").at
    assert clock.open_time(start, due, calendar, "") == length
    last = calendar.day(due.astimezone(TEHRAN).date(), "")
    assert any(span.opens < due <= span.closes for span in last.spans)


@given(calendars(), st.dates(dt.date(2023, 1, 1), dt.date(2035, 1, 1)))
def test_the_opening_times_of_a_day_add_up_to_its_working_time(calendar, date):
    day = calendar.day(date, "")
    begin, end = (dt.datetime.combine(d, dt.time(), TEHRAN) for d in (date, date + DAY))
    assert clock.open_time(begin, end, calendar, "") == day.length
    weekday = WEEKDAYS[date.weekday()]
    if day.is_open:
        minutes = sum(
            (b.hour - a.hour) * 60 + b.minute - a.minute
            for a, b in calendar.rows[0].intervals(weekday)
        )
        assert day.length == dt.timedelta(minutes=minutes)


@given(st.data(), STARTS, LENGTHS, calendars())
def test_an_opening_time_split_at_any_point_moves_no_due_time(data, start, length, calendar):
    row = calendar.rows[0]
    number = data.draw(st.integers(0, len(row.times) - 1))
    split = row.times[number]
    first, last = (t.hour * 60 + t.minute for t in (split.opens, split.closes))
    if last - first < 2:
        return
    middle = data.draw(st.integers(first + 1, last - 1))
    at = dt.time(middle // 60, middle % 60)
    parts = (OpenTime(split.weekdays, split.opens, at), OpenTime(split.weekdays, at, split.closes))
    times = (*row.times[:number], *parts, *row.times[number + 1 :])
    other = Calendar([week(*times), *calendar.rows[1:]])
    pauses = data.draw(pauses_after(start))
    whole, parted = (clock.business(start, length, c, "", pauses).at for c in (calendar, other))
    assert whole == parted


@given(STARTS, LENGTHS, st.integers(5 * 60, 10 * 60), st.integers(30, 480))
def test_one_opening_time_is_the_same_in_the_old_form_and_in_the_new_one(
    start, length, opens, minutes
):
    pair = [f"{m // 60:02}:{m % 60:02}" for m in (opens, opens + minutes)]
    old = Calendar([hours(*pair), weekend("thu", "fri")])
    new = Calendar([week(open_time(WEEKDAYS, *pair)), weekend("thu", "fri")])
    assert clock.business(start, length, old, "") == clock.business(start, length, new, "")
