"""What is read of iCalendar files as they come: whole days off, and a word for all else."""

import datetime as dt

import pytest

from bus.errors import RuleBroken
from bus.foreign.confined import Unreadable
from contracts.ticketing.calendars.holidays import FAULTS, FILE_MOST
from services.ticketing.holidays import ical

FIRST, LAST = dt.date(2026, 11, 23), dt.date(2029, 11, 23)
DAY = dt.date(2026, 12, 22)


def file(*events, head=""):
    body = "".join(f"BEGIN:VEVENT\r\n{event.strip()}\r\nEND:VEVENT\r\n" for event in events)
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}{body}END:VCALENDAR\r\n"
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def read(text, first=FIRST, last=LAST):
    return ical.read(text if isinstance(text, bytes) else text.encode(), first, last)


def only(event):
    (holiday,) = read(file(event)).holidays
    return holiday


def fault_of(event):
    (fault,) = read(file(event)).faults
    return fault.code


def test_a_whole_day_is_a_holiday_with_its_title_key_and_revision():
    holiday = only(
        "UID:yalda@example\nDTSTART;VALUE=DATE:20261222\nDTEND;VALUE=DATE:20261223\n"
        "SEQUENCE:3\nLAST-MODIFIED:20260101T101500Z\nSUMMARY;LANGUAGE=fa:شب یلدا\\, بلندترین شب"
    )
    assert (holiday.first, holiday.last) == (DAY, DAY)
    assert holiday.key == "yalda@example"
    assert holiday.title == "شب یلدا, بلندترین شب"
    assert holiday.revision == "3 20260101T101500Z"
    assert not holiday.estimated


@pytest.mark.parametrize(
    ("days", "last"),
    [
        ("DTSTART;VALUE=DATE:20261222", DAY),
        ("DTSTART;VALUE=DATE:20261222\nDTEND;VALUE=DATE:20261222", DAY),
        ("DTSTART;VALUE=DATE:20261222\nDTEND;VALUE=DATE:20261226", dt.date(2026, 12, 25)),
        ("DTSTART;VALUE=DATE:20261222\nDURATION:P2D", dt.date(2026, 12, 23)),
        ("DTSTART:20261222T000000\nDTEND:20261223T000000", DAY),
        ("DTSTART:20261221T203000Z\nDTEND:20261222T203000Z", DAY),
        ("DTSTART;TZID=Asia/Tehran:20261222T000000\nDURATION:P1D", DAY),
        ("DTSTART;TZID=Iran Standard Time:20261222T000000\nDURATION:P1D", DAY),
        ("DTSTART;TZID=Nowhere/Else:20261222T000000\nDURATION:P1D", DAY),
    ],
)
def test_a_day_off_is_written_in_many_ways(days, last):
    holiday = only(f"UID:a\n{days}")
    assert (holiday.first, holiday.last, holiday.title) == (DAY, last, "تعطیل")


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("DTSTART:20261222T080000Z\nDTEND:20261222T100000Z", "not_all_day"),
        ("DTSTART;VALUE=DATE:20261222\nDURATION:PT5H", "not_all_day"),
        ("DTSTART;VALUE=DATE:20261222\nDTEND;VALUE=DATE:20261220", "end_before_start"),
        ("DTSTART;VALUE=DATE:20261222\nDTEND;VALUE=DATE:20270222", "too_long"),
        ("SUMMARY:x", "no_day"),
        ("DTSTART;VALUE=DATE:2026", "no_day"),
        ("DTSTART;VALUE=DATE:99991231", "no_day"),
        ("DTSTART;VALUE=DATE:20261222\nRRULE:FREQ=WEEKLY", "rule"),
        ("DTSTART;VALUE=DATE:20261222\nRRULE:FREQ=YEARLY;INTERVAL=2", "rule"),
        ("DTSTART;VALUE=DATE:20261222\nRRULE:FREQ=YEARLY;BYDAY=3TU", "rule"),
        ("DTSTART;VALUE=DATE:20261222\nRRULE:RSCALE=PERSIAN;FREQ=YEARLY", "rule"),
        ("DTSTART;VALUE=DATE:20261222\nRRULE:FREQ=YEARLY\nRRULE:FREQ=DAILY", "rule"),
        ("DTSTART;VALUE=DATE:20261222\nRDATE;VALUE=DATE:20261224", "dates"),
        ("DTSTART;TZID=Asia:20261222T000000", "unreadable"),
        ("\n".join(["DTSTART;VALUE=DATE:20261222", *["X-A:1"] * 500]), "unreadable"),
    ],
)
def test_what_is_no_whole_day_off_is_named_with_a_reason_and_hides_no_other(event, code):
    assert fault_of(f"UID:a\n{event}") == code
    assert code in FAULTS
    good = "UID:b\nDTSTART;VALUE=DATE:20261222"
    assert [h.key for h in read(file(f"UID:a\n{event}", good)).holidays] == ["b"]


def test_a_line_that_is_none_hides_nothing_of_its_entry():
    assert only("UID:a\nDTSTART;VALUE=DATE:20261222\na line without a colon").first == DAY


def test_a_day_that_comes_back_each_year_is_a_holiday_of_each_year_with_a_key_of_its_own():
    event = "UID:a\nDTSTART;VALUE=DATE:20200229\nRRULE:FREQ=YEARLY"
    assert [h.key for h in read(file(event)).holidays] == ["a#2028-02-29"]
    event = (
        "UID:a\nDTSTART;VALUE=DATE:20261222\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=22;COUNT=3\n"
        "EXDATE;VALUE=DATE:20271222"
    )
    moved = "UID:a\nRECURRENCE-ID;VALUE=DATE:20281222\nDTSTART;VALUE=DATE:20281223\nSEQUENCE:1"
    for events in ((event, moved), (moved, event)):
        days = {h.key: h.first for h in read(file(*events)).holidays}
        assert days == {"a#2026-12-22": DAY, "a#2028-12-22": dt.date(2028, 12, 23)}
    until = "UID:a\nDTSTART;VALUE=DATE:20261222\nRRULE:FREQ=YEARLY;UNTIL=20271222"
    assert len(read(file(until)).holidays) == 2


def test_the_later_version_of_an_entry_counts_and_a_cancelled_one_is_gone():
    old = "UID:a\nDTSTART;VALUE=DATE:20261222\nSEQUENCE:1"
    new = "UID:a\nDTSTART;VALUE=DATE:20261223\nSEQUENCE:2"
    for events in ((old, new), (new, old)):
        assert [h.first.day for h in read(file(*events)).holidays] == [23]
    assert read(file(old, f"{new}\nSTATUS:CANCELLED")).holidays == ()
    assert only(f"{old}\nSTATUS:TENTATIVE").estimated


def test_days_outside_of_the_years_that_are_looked_at_are_counted_alone():
    events = [f"UID:{n}\nDTSTART;VALUE=DATE:{day}" for n, day in enumerate((20251222, 20351222))]
    result = read(file(*events, "UID:x\nDTSTART;VALUE=DATE:20261122\nDTEND;VALUE=DATE:20261124"))
    assert ([h.key for h in result.holidays], result.outside) == (["x"], 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_marks_of_encodings_endings_of_lines_and_folds_change_nothing(encoding, ending):
    event = "UID:a\nDTSTART;VALUE=DATE:20261222\nSUMMARY:شب\n  یل\n\tدا"
    text = file(event, head="X-WR-CALNAME:Holidays in\r\n  Iran\r\n").replace("\r\n", ending)
    result = read(text.encode(encoding))
    assert [h.title for h in result.holidays] == ["شب یلدا"]
    assert result.name == "Holidays in Iran"


def test_alarms_time_zones_and_other_components_are_passed_over():
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\n"
        "RRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        "BEGIN:VTODO\r\nUID:t\r\nDTSTART;VALUE=DATE:20261224\r\nEND:VTODO\r\n"
    )
    event = "UID:a\nDTSTART;VALUE=DATE:20261222\nBEGIN:VALARM\nSUMMARY:x\nEND:VALARM\nSUMMARY:y"
    assert [h.title for h in read(file(event, head=zone)).holidays] == ["y"]


@pytest.mark.parametrize("uid", ["یلدا", "x" * 5000, "", " "])
def test_a_uid_that_no_form_carries_stands_as_its_digest_and_stays_the_same(uid):
    event = f"UID:{uid}\nDTSTART;VALUE=DATE:20261222\nSUMMARY:شب"
    assert only(event).key == only(event).key
    assert len(only(event).key) <= 200
    assert only(event).key.isascii()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "holidays.no_calendar"),
        (b"<html>not result</html>", "holidays.no_calendar"),
        (b"x" * (FILE_MOST + 1), "holidays.too_large"),
        (file(*["UID:a"] * 5001).encode(), "holidays.too_many"),
        (
            file(
                *(
                    f"UID:{n}\nDTSTART;VALUE=DATE:{FIRST + dt.timedelta(days=n):%Y%m%d}"
                    for n in range(401)
                )
            ).encode(),
            "holidays.too_many",
        ),
    ],
    ids=("empty", "page", "large", "entries", "holidays"),
)
def test_a_file_that_is_none_or_too_much_is_refused_as_a_whole(raw, code):
    with pytest.raises(RuleBroken) as refused:
        read(raw)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "raw",
    [
        file("UID:a\nDTSTART;VALUE=DATE:20261222\nSUMMARY:" + "x" * 900_000).encode(),
        file("UID:a\nSUMMARY:x" + "\n y" * 300_000).encode(),
        file("\n".join(["UID:a", *["BEGIN:VALARM"] * 70_000])).encode(),
        file("UID:a\nDTSTART;VALUE=DATE:20261222\n" + "EXDATE:20261222\n" * 60_000).encode(),
    ],
    ids=("line", "folds", "nested", "properties"),
)
def test_a_bomb_of_a_mebibyte_is_read_in_its_time_in_the_confined_child(raw):
    try:
        result = ical.read_confined(raw[:FILE_MOST], FIRST, LAST)
    except Unreadable:
        pytest.fail("It fits into the limits, and says what is wrong with it.")
    assert len(result.holidays) + len(result.faults) <= 1


def test_the_confined_child_gives_what_is_read_here():
    text = file(
        "UID:a\nDTSTART;VALUE=DATE:20261222\nSUMMARY:شب یلدا\nSTATUS:TENTATIVE",
        "UID:b\nDTSTART:20261222T080000Z",
    )
    assert ical.read_confined(text.encode(), FIRST, LAST) == read(text)
