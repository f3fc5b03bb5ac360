"""Periods of the law, settings by which nothing could end, and where the calendar ends."""

import datetime as dt
import email
import email.policy
import shutil
import tomllib

import pytest

from bus import health
from contracts.ticketing import calendar as calendar_contracts
from contracts.ticketing import desk as at_desk
from iran.persian import TEHRAN, jalali, parse_jalali
from services.ticketing import books
from services.ticketing.chores import deadlines
from services.ticketing.domain import clock
from services.ticketing.domain.calendar import Calendar, row_from
from tests.processes import ROOT
from tests.stores import execute
from tests.ticketing.conftest import tehran

DESK = ROOT / "deploy/desk"
OBJECTION = {
    "kind": "objection",
    "category": "licence_status",
    "about_kind": "answer",
    "about_ref": "4052138845",
}


def change(hand, **row):
    return hand.call(
        at_desk.CHANGE_CALENDAR, as_="nader", **{"title": "تعطیلی", "source": "مصوبه", **row}
    )


def add_by_hand(hand, kind="closure", counties=(), **row):
    """A row that was written into the table, past every check."""
    execute(
        hand.db,
        "insert into calendar_rows (kind, counties, from_day, to_day, opens, closes, weekdays, "
        "status, title, source, entered_by) values (%s, %s, %s, %s, %s, %s, %s, 'confirmed', "
        "'دستی', 'دستی', 'psql')",
        (
            kind,
            list(counties),
            row.get("from_day", "2026-11-24"),
            row.get("to_day"),
            row.get("opens"),
            row.get("closes"),
            row.get("weekdays", []),
        ),
    )
    execute(hand.db, "update calendar_version set version = version + 1")


def clock_of(hand, code, name="solution"):
    return next(c for c in hand.track(code)["clocks"] if c["clock"] == name)


def demo_calendar():
    rows = tomllib.loads((DESK / "calendar.toml").read_text(encoding="utf-8"))["calendar"]
    plain = [
        {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in row.items()} for row in rows
    ]
    return Calendar([row_from(row, n) for n, row in enumerate(plain, 1)])


# --- L6, L7, L8: legal periods ---


def test_l6_neither_the_day_of_notice_nor_the_day_of_action_counts(hand):
    code = hand.at("1405-09-02 10:00").register(**OBJECTION)
    due = clock_of(hand, code)["due"]
    assert dt.datetime.fromisoformat(due) == tehran("1405-09-23 14:30")


def test_l6_a_period_whose_last_day_is_a_holiday_ends_on_the_next_working_day(hand):
    # 1405/10/02 is a holiday of the demo calendar, 10/03 a Thursday, 10/04 a Friday.
    code = hand.at("1405-09-11 10:00").register(**OBJECTION)
    due = clock_of(hand, code)["due"]
    assert dt.datetime.fromisoformat(due) == tehran("1405-10-05 14:30")


def test_l7_the_page_cites_the_articles_that_say_it(hand):
    code = hand.at("1405-09-11 10:00").register(**OBJECTION)
    first, *others = clock_of(hand, code)["explanation_fa"]
    assert "ماده ۴۴۵" in first
    assert any("ماده ۴۴۴" in line for line in others)
    assert "443" not in clock.__doc__


def test_l8_our_own_twenty_days_are_not_told_as_the_days_of_the_court():
    promises = tomllib.loads((DESK / "promises.toml").read_text(encoding="utf-8"))["promises"]
    (objection,) = (row for row in promises if row.get("kind") == "objection")
    assert "تبصره ۵" not in objection["source"]
    assert "توافق‌نامه سطح خدمت" in objection["source"]


# --- L9: a setting by which nothing can end is refused ---


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "closure", "to_day": "2036-12-22"}, "to_day"),
        ({"kind": "closure", "to_day": "2036-12-22", "counties": ["dena"]}, "to_day"),
        ({"kind": "closure", "to_day": "2036-12-22", "confirmed": True}, "to_day"),
        ({"kind": "weekend", "weekdays": list(calendar_contracts.WEEKDAYS)}, "weekdays"),
        ({"kind": "hours", "opens": "00:00", "closes": "00:00"}, "closes"),
        ({"kind": "hours", "opens": "07:30", "closes": "07:31"}, "closes"),
    ],
)
def test_l9_a_setting_by_which_nothing_can_end_is_refused_with_its_field(hand, row, field):
    refused = change(hand, from_day="2026-11-29", **row)
    assert (refused["code"], refused["fields"][0]["field"]) == ("calendar.no_working_time", field)
    assert hand.register().isdecimal()


def test_l9_the_last_hours_of_an_office_cannot_be_withdrawn(hand):
    rows = hand.call(at_desk.CALENDAR, as_="nader")["rows"]
    (row,) = (r["id"] for r in rows if r["kind"] == "hours" and r["to_day"] is None)
    refused = hand.call(at_desk.WITHDRAW_ROW, as_="nader", row=row, source="لغو")
    assert refused["code"] == "calendar.no_working_time"


def test_l9_a_closure_of_more_than_a_month_is_asked_about(hand):
    row = {"kind": "closure", "from_day": "2026-11-29", "to_day": "2027-01-10"}
    refused = change(hand, **row)
    assert (refused["code"], refused["fields"][0]["field"]) == ("calendar.long_closure", "to_day")
    assert "row" in change(hand, **row, confirmed=True)


def test_l9_a_month_that_is_closed_in_pieces_is_asked_about_too(hand):
    assert "row" in change(hand, kind="closure", from_day="2026-12-05", to_day="2026-12-26")
    refused = change(hand, kind="closure", from_day="2026-12-27", to_day="2027-01-13")
    assert refused["code"] == "calendar.long_closure"


def test_l9_a_broken_calendar_can_be_mended_row_by_row(hand):
    add_by_hand(hand, to_day="2036-12-22", counties=["dena"])
    add_by_hand(hand, to_day="2036-12-22", counties=["basht"])
    assert "row" in change(
        hand, kind="opening", counties=["dena"], from_day="2026-11-29", to_day="2036-12-22"
    )
    code = hand.register(county="dena")
    assert clock_of(hand, code)["due"]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "calendar.toml",
            'weekdays = ["thu", "fri"]',
            'weekdays = ["sat", "sun", "mon", "tue", "wed", "thu", "fri"]',
            "no_working_time",
        ),
        ("calendar.toml", 'closes = "14:30"', 'closes = "07:30"', "closes"),
        ("calendar.toml", 'closes = "14:30"', 'closes = "07:31"', "calendar.no_working_time"),
        ("calendar.toml", "to_day = 2028-04-01", "to_day = 2028-09-01", "calendar.long_closure"),
        ("promises.toml", "solution = { hours = 70 }", "solution = { hours = 20000 }", "2000"),
        ("promises.toml", 'kind = "objection"', 'kind = "*"', "stands twice"),
    ],
)
def test_l9_the_command_refuses_a_book_by_which_nothing_can_end(
    tmp_path, capsys, file, old, new, words
):
    folder = tmp_path / "desk"
    shutil.copytree(DESK, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    assert books.main([str(folder), "--check"]) == 1
    assert words in capsys.readouterr().err


def test_l9_times_for_visits_lie_ahead_and_in_a_known_calendar(hand):
    day = {"office": "yasuj", "opens": "08:00", "closes": "12:00", "minutes": 20, "capacity": 1}
    past = hand.call(at_desk.ADD_SLOTS, as_="mina", day="2026-11-20", **day)
    unknown = hand.call(at_desk.ADD_SLOTS, as_="mina", day="2028-05-02", **day)
    assert past["fields"][0]["field"] == "day"
    assert unknown["code"] == "calendar.unknown"


# --- L10: where such a row is there nevertheless ---


def test_l10_a_calendar_without_working_time_stops_no_registration(hand):
    add_by_hand(hand, from_day="2026-11-23", to_day="2036-12-22")
    code = hand.register()
    reply = clock_of(hand, code)
    assert (reply["state"], reply["due"]) == ("UNKNOWN", None)
    assert "قابل محاسبه نیست" in reply["explanation_fa"][0]
    assert hand.read(code)["clocks"][0]["state"] == "UNKNOWN"
    hand.answer(code)
    assert hand.track(code)["state"] == "ANSWERED"
    assert any("ثبت شد" in str(letter) or letter for _, letter in hand.letters())


def test_l10_one_county_without_working_time_holds_back_no_other(hand):
    hand.at("1405-09-02 13:00")
    broken, whole = hand.register(county="dena"), hand.register(county="basht")
    add_by_hand(hand, to_day="2036-12-22", counties=["dena"])
    add_by_hand(hand, to_day="2026-11-24")
    hand.do(deadlines.recalculate)
    assert clock_of(hand, broken)["due"] is None
    assert "due_moved" in hand.acts(whole)
    version = "select min(calendar_version) = max(v.version) from tickets, calendar_version v"
    assert execute(hand.db, version)[0][0]


def test_l10_a_mended_calendar_gives_the_ticket_its_due_time_back(hand):
    code = hand.at("1405-09-02 13:00").register(county="dena")
    due = clock_of(hand, code)["due"]
    add_by_hand(hand, to_day="2036-12-22", counties=["dena"])
    hand.do(deadlines.recalculate)
    (row,) = execute(hand.db, "select id from calendar_rows where source = 'دستی'")[0]
    assert "row" in hand.call(at_desk.WITHDRAW_ROW, as_="nader", row=row, source="اشتباه")
    hand.do(deadlines.recalculate)
    assert clock_of(hand, code)["due"] == due
    result = execute(hand.db, "select due_at is not null from tickets where code = %s", (code,))
    assert result[0][0]


# --- L11: the calendar's end ---


@pytest.mark.parametrize(
    "day",
    [
        "1406/10/23",
        "1406/11/22",
        "1406/11/28",
        "1406/12/08",
        "1406/12/09",
        "1406/12/29",
        "1407/01/01",
        "1407/01/02",
        "1407/01/03",
        "1407/01/04",
        "1407/01/12",
        "1407/01/13",
    ],
)
def test_l11_every_holiday_of_1406_and_the_next_nowruz_is_on_record(day):
    rows = demo_calendar().rows
    closures = [r for r in rows if r.kind == "closure" and r.covers(parse_jalali(day), "")]
    assert closures, day
    fixed = day[5:] in ("11/22", "12/29") or day.startswith("1407")
    assert {r.status for r in closures} == {"confirmed" if fixed else "estimated"}


def test_l11_an_hour_before_nowruz_is_due_after_it(hand):
    """1407/01/05, which a finding names, is a Friday (2028-03-24), and Thursday and Friday are the
    weekend of the demo calendar: the first working day after Nowruz is Saturday 1407/01/06.
    """
    start = tehran("1406-12-28 14:00")
    due = clock.business(start, dt.timedelta(hours=1), demo_calendar(), "")
    local = due.at.astimezone(TEHRAN)
    assert f"{jalali(local.date())} {local:%H:%M}" == "1407-01-06 08:00"


def test_l11_a_period_past_the_last_known_holiday_says_so_on_page_and_letter(hand):
    code = hand.at("1406-12-28 14:00").register()
    reply = clock_of(hand, code)
    assert "تقویم پس از ۱۴۰۶/۱۲/۲۹ هنوز اعلام نشده است" in reply["explanation_fa"][-1]
    assert "The calendar after 1406/12/29 is not yet known" in reply["explanation_en"][-1]
    (letter,) = hand.letters("zahra@example.com")
    text = email.message_from_bytes(letter[1], policy=email.policy.default)
    assert "تقویم پس از ۱۴۰۶/۱۲/۲۹" in text.get_body(("plain",)).get_content()
    near = hand.at("1405-09-02 09:00").register()
    assert "تقویم پس از" not in str(clock_of(hand, near))


def test_l11_importing_the_book_again_adds_the_holidays_that_are_new(hand):
    before = execute(hand.db, "select count(*) from calendar_rows")[0][0]
    execute(hand.db, "delete from calendar_rows where from_day >= '2028-01-01'")
    row = execute(hand.db, "select min(id) from calendar_rows where kind = 'closure'")[0][0]
    execute(hand.db, "update calendar_rows set withdrawn_at = now() where id = %s", (row,))
    with hand.store.transaction() as tx:
        books.keep(tx.conn, books.read(DESK))
    rows = execute(hand.db, "select count(*), count(withdrawn_at) from calendar_rows")[0]
    assert rows == (before, 1)


def test_l11_a_calendar_without_a_holiday_of_a_year_does_not_know_that_year():
    calendar = demo_calendar()
    assert jalali(calendar.known_until) == "1406-12-29"
    without = [r for r in calendar.rows if r.from_day != parse_jalali("1406/11/22")]
    assert jalali(Calendar(without).known_until) == "1405-12-29"


def test_l10_l11_health_tells_how_long_the_calendar_is_known_and_what_has_no_due_time(hand):
    reply = hand.call(health.TICKETING)
    assert reply["book_ends"] == {"holidays": "2028-03-19"}
    assert reply["worries"]["tickets_without_due"] == 0
    add_by_hand(hand, from_day="2026-11-23", to_day="2036-12-22")
    hand.register()
    assert hand.call(health.TICKETING)["worries"]["tickets_without_due"] == 1


# --- periods that letters tell ---


def test_l6_a_letter_names_the_last_day_for_an_objection_and_the_ticket_ends_after_it(hand):
    code = hand.at("1405-09-02 10:00").register()
    hand.answer(code)
    letter = hand.letters("zahra@example.com")[-1][1]
    mail = email.message_from_bytes(letter, policy=email.policy.default)
    assert "تا پایان دوشنبه ۱۴۰۵/۰۹/۲۳" in mail.get_body(("plain",)).get_content()
    hand.at("1405-09-23 23:00").do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "ANSWERED"
    hand.at("1405-09-24 00:30").do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "CLOSED"


def test_l9_p9_an_invitation_without_an_open_time_is_refused_and_stops_no_clock(hand):
    """It would stand still for ever, for a visit that nobody can choose."""
    code = hand.register()
    invited = {"office": "yasuj", "text": "با سند زمین مراجعه فرمایید."}
    refused = hand.act(at_desk.INVITE, code, **invited)
    assert (refused["code"], refused["fields"][0]["field"]) == ("visit.no_open_time", "office")
    assert hand.acts(code) == ["register"]
    assert clock_of(hand, code)["state"] == "RUNNING"
    day = {"office": "yasuj", "opens": "08:00", "closes": "12:00", "minutes": 20, "capacity": 1}
    hand.call(at_desk.ADD_SLOTS, as_="mina", day="2026-12-01", **day)
    other = hand.register()
    hand.act(at_desk.INVITE, other, **invited)
    assert clock_of(hand, other)["state"] == "PAUSED"
