"""Files of holidays at the desk: nothing changes by reading; what is accepted names its file."""

import datetime as dt
import http.server
import threading

import icalendar
import pytest

from bus import health
from bus.settings import Settings
from contracts.ticketing import desk as at_desk
from contracts.ticketing.calendars import holidays as contracts
from gateway.public.about.holidays import written
from services.ticketing.chores import deadlines
from services.ticketing.holidays import ical
from tests.stores import execute
from tests.ticketing.conftest import tehran
from tests.ticketing.holidays.test_reading import file

SOURCE = "تقویم رسمی کشور"
NEXT_DAY = "UID:a\nDTSTART;VALUE=DATE:20261124\nSUMMARY:تعطیلی تازه\nSEQUENCE:4"
MOVED = "UID:a\nDTSTART;VALUE=DATE:20261125\nSUMMARY:تعطیلی تازه\nSEQUENCE:5"
FAR = "UID:far\nDTSTART;VALUE=DATE:20270614\nSUMMARY:دور"


def read(hand, *events, as_="nader", origin=SOURCE):
    return hand.call(contracts.READ_HOLIDAYS, as_=as_, origin=origin, file=file(*events))


def source_of(hand, origin=SOURCE):
    sources = hand.call(contracts.HOLIDAY_SOURCES, as_="nader")["sources"]
    return next((source for source in sources if source["origin"] == origin), None)


def kinds(hand):
    return [(proposal["kind"], proposal["key"]) for proposal in source_of(hand)["proposals"]]


def decide(hand, contract, *keys, **more):
    message = {"origin": SOURCE, "revision": source_of(hand)["revision"], "keys": keys, **more}
    reply = hand.call(contract, as_="nader", **message)
    hand.do(deadlines.recalculate)
    return reply


def accept(hand, *keys, **more):
    return decide(hand, contracts.ACCEPT_HOLIDAYS, *keys, **{"decree": "مصوبه ۱۵", **more})


def set_aside(hand, *keys):
    return decide(hand, contracts.SET_HOLIDAYS_ASIDE, *keys, reason="برای ما تعطیل نیست")


def due_of(hand, code):
    return execute(hand.db, "select due_at from tickets where code = %s", (code,))[0][0]


def rows_of_files(hand):
    return execute(
        hand.db,
        "select from_day::text, title, source, file_source, file_key, file_revision, "
        "withdrawn_at is null from calendar_rows where file_key is not null order by id",
    )


# --- nothing by itself ---


def test_reading_a_file_changes_nothing_of_the_calendar_and_of_due_times(hand):
    code = hand.at("1405-09-02 13:00").register()
    before = due_of(hand, code), execute(hand.db, "select version from calendar_version")
    assert read(hand, NEXT_DAY, FAR)["proposals"] == 2
    hand.do(deadlines.recalculate)
    assert (due_of(hand, code), execute(hand.db, "select version from calendar_version")) == before
    assert kinds(hand) == [("new", "a"), ("new", "far")]


def test_what_is_accepted_moves_due_times_as_shown_before_and_names_file_and_revision(hand):
    code = hand.at("1405-09-02 13:00").register()
    read(hand, NEXT_DAY, FAR)
    message = {"origin": SOURCE, "revision": 1, "keys": ["a"], "decree": "مصوبه ۱۵"}
    effect = hand.call(contracts.PREVIEW_HOLIDAYS, as_="nader", **message)
    assert (effect["later"], effect["earlier"]) == (1, 0)
    assert effect["days"][0]["after_fa"] == "تعطیلی تازه"
    assert rows_of_files(hand) == []
    assert accept(hand, "a")["decided"] == 1
    assert due_of(hand, code) == tehran("1405-09-04 09:30")
    assert rows_of_files(hand) == [
        ("2026-11-24", "تعطیلی تازه", "مصوبه ۱۵", SOURCE, "a", "4", True)
    ]
    assert kinds(hand) == [("new", "far")]


def test_a_moved_holiday_is_proposed_beside_its_row_and_a_gone_one_is_withdrawn(hand):
    read(hand, NEXT_DAY, FAR)
    accept(hand, "a", "far")
    assert kinds(hand) == []
    read(hand, MOVED, FAR)
    (proposal,) = source_of(hand)["proposals"]
    assert (proposal["kind"], proposal["from_day"], proposal["was_from"]) == (
        "changed",
        "2026-11-25",
        "2026-11-24",
    )
    accept(hand, "a")
    read(hand, MOVED)
    assert kinds(hand) == [("gone", "far")]
    accept(hand, "far")
    in_force = [(row[0], row[5]) for row in rows_of_files(hand) if row[6]]
    assert in_force == [("2026-11-25", "5")]
    assert kinds(hand) == []


def test_a_cancelled_entry_is_gone(hand):
    read(hand, NEXT_DAY)
    accept(hand, "a")
    read(hand, f"{NEXT_DAY}\nSTATUS:CANCELLED")
    assert kinds(hand) == [("gone", "a")]


def test_a_file_whose_uids_are_new_each_time_proposes_nothing_again(hand):
    read(hand, NEXT_DAY)
    accept(hand, "a")
    read(hand, NEXT_DAY.replace("UID:a", "UID:other"))
    assert kinds(hand) == []


def test_a_day_that_the_calendar_has_already_is_on_record_whoever_entered_it(hand):
    # 22 Bahman is in the calendar of the installation.
    read(hand, "UID:b\nDTSTART;VALUE=DATE:20270211\nSUMMARY:پیروزی انقلاب")
    source = source_of(hand)
    assert (source["proposals"], source["on_record"]) == ([], 1)


def test_an_estimated_lunar_day_that_the_file_confirms_is_proposed_as_confirmed(hand):
    day, title = execute(
        hand.db,
        "select from_day, title from calendar_rows where status = 'estimated' "
        "and from_day > '2026-12-01' order by from_day limit 1",
    )[0]
    entry = f"UID:moon\nDTSTART;VALUE=DATE:{day:%Y%m%d}\nSUMMARY:{title}"
    read(hand, f"{entry}\nSTATUS:TENTATIVE")
    assert kinds(hand) == []
    read(hand, entry)
    (proposal,) = source_of(hand)["proposals"]
    assert (proposal["kind"], proposal["was_estimated"], proposal["estimated"]) == (
        "changed",
        True,
        False,
    )
    accept(hand, "moon")
    status = execute(
        hand.db,
        "select status from calendar_rows where from_day = %s and withdrawn_at is null",
        (day,),
    )
    assert status == [("confirmed",)]


def test_what_is_set_aside_is_not_proposed_until_the_file_says_something_else(hand):
    read(hand, NEXT_DAY, FAR)
    assert set_aside(hand, "a")["decided"] == 1
    read(hand, NEXT_DAY, FAR)
    assert kinds(hand) == [("new", "far")]
    assert source_of(hand)["set_aside"] == 1
    read(hand, MOVED, FAR)
    assert kinds(hand) == [("new", "a"), ("new", "far")]
    assert rows_of_files(hand) == []


# --- refused ---


def test_who_looked_at_another_revision_or_calendar_decides_nothing(hand):
    read(hand, NEXT_DAY)
    old = {"origin": SOURCE, "revision": 1, "keys": ["a"], "decree": "مصوبه"}
    read(hand, MOVED)
    reply = hand.call(contracts.ACCEPT_HOLIDAYS, as_="nader", **old)
    assert reply["code"] == "holidays.changed"
    unknown = {**old, "revision": 2, "keys": ["nothing"]}
    reply = hand.call(contracts.ACCEPT_HOLIDAYS, as_="nader", **unknown)
    assert reply["code"] == "holidays.changed"
    looked = {**old, "revision": 2, "looked_version": 0}
    reply = hand.call(contracts.ACCEPT_HOLIDAYS, as_="nader", **looked)
    assert reply["code"] == "calendar.changed"
    assert rows_of_files(hand) == []


def test_the_same_content_read_again_is_the_same_revision(hand):
    assert [read(hand, NEXT_DAY)["revision"] for _ in range(2)] == [1, 1]
    assert read(hand, MOVED)["revision"] == 2


def test_only_who_may_change_the_calendar_reads_sees_and_decides(hand):
    read(hand, NEXT_DAY)
    for username in ("sara", "mina"):
        assert read(hand, NEXT_DAY, as_=username)["code"] == "desk.role"
        assert hand.call(contracts.HOLIDAY_SOURCES, as_=username)["code"] == "desk.role"
        for contract, more in (
            (contracts.ACCEPT_HOLIDAYS, {"decree": "x"}),
            (contracts.PREVIEW_HOLIDAYS, {"decree": "x"}),
            (contracts.SET_HOLIDAYS_ASIDE, {"reason": "x"}),
        ):
            message = {"origin": SOURCE, "revision": 1, "keys": ["a"], **more}
            assert hand.call(contract, as_=username, **message)["code"] == "desk.role"


def test_holidays_that_close_for_more_than_a_month_are_asked_about(hand):
    days = [f"UID:{n}\nDTSTART;VALUE=DATE:202702{n:02}\nDURATION:P1D" for n in range(1, 29)]
    days += [f"UID:m{n}\nDTSTART;VALUE=DATE:202703{n:02}" for n in range(1, 15)]
    read(hand, *days)
    keys = [proposal["key"] for proposal in source_of(hand)["proposals"]]
    assert accept(hand, *keys)["code"] == "calendar.long_closure"
    assert rows_of_files(hand) == []
    assert accept(hand, *keys, confirmed=True)["decided"] == len(keys)


def test_a_file_that_is_no_calendar_is_refused_and_what_was_read_stays(hand):
    read(hand, NEXT_DAY)
    reply = hand.call(contracts.READ_HOLIDAYS, as_="nader", origin=SOURCE, file="<html>")
    assert reply["code"] == "holidays.no_calendar"
    assert kinds(hand) == [("new", "a")]
    reserved = read(hand, NEXT_DAY, origin="address")
    assert [fault["field"] for fault in reserved["fields"]] == ["origin"]


def test_no_more_files_are_kept_than_there_are_calendars(hand):
    for number in range(20):
        assert read(hand, NEXT_DAY, origin=f"فایل {number}")["revision"] == 1
    assert read(hand, NEXT_DAY, origin="فایل تازه")["code"] == "holidays.too_many_sources"
    assert read(hand, MOVED, origin="فایل 3")["revision"] == 2


# --- from an address ---


class Publisher:
    """A web server whose calendar may change, be too large, move away or be gone."""

    def __init__(self):
        self.body, self.status, self.reads = file(NEXT_DAY).encode(), 200, 0
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.reads += 1
                self.send_response(publisher.status)
                if publisher.status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/other")
                self.end_headers()
                self.wfile.write(publisher.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/holidays.ics"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def configure(hand, **values):
    """The service with an address of holidays beside its other settings."""
    own = {
        "TICKETING_KEY": "pepper",
        "BLOBS_DIR": str(hand.blobs.folder),
        "PORTAL_URL": "https://p.example",
        "DESK_URL": "https://desk.example/desk",
    }
    hand.service.settings = Settings({**own, **values})


@pytest.fixture
def publisher():
    made = Publisher()
    yield made
    made.server.shutdown()


@pytest.fixture
def subscribed(hand, publisher):
    configure(hand, HOLIDAYS_ADDRESS=publisher.url, HOLIDAYS_SANDBOX="1")
    return hand


def chore(hand, **later):
    hand.moment += dt.timedelta(**later)
    hand.service.read_holidays_address()
    return source_of(hand, "address")


def test_an_address_is_read_once_a_day_and_proposes_as_a_file_does(subscribed, publisher):
    source = chore(subscribed)
    assert (source["kind"], source["problem"]) == ("address", "")
    assert [proposal["key"] for proposal in source["proposals"]] == ["a"]
    chore(subscribed, hours=23)
    assert publisher.reads == 1
    chore(subscribed, hours=2)
    assert publisher.reads == 2


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"status": 404}, "status"),
        ({"status": 302}, "moved"),
        ({"body": b"<html>"}, "holidays.no_calendar"),
        ({"body": b"x" * (contracts.FILE_MOST + 10)}, "holidays.too_large"),
    ],
)
def test_what_was_read_stays_while_the_address_is_away_and_it_is_asked_again_in_an_hour(
    subscribed, publisher, fault, problem
):
    read_at = chore(subscribed)["read_at"]
    for name, value in fault.items():
        setattr(publisher, name, value)
    source = chore(subscribed, days=1)
    assert (source["problem"], source["read_at"]) == (problem, read_at)
    assert source["holidays"] == 1
    publisher.status, publisher.body = 200, file(FAR).encode()
    assert chore(subscribed, minutes=50)["problem"] == problem
    source = chore(subscribed, minutes=20)
    assert (source["problem"], source["holidays"]) == ("", 1)


def unread(hand):
    return hand.call(health.TICKETING)["worries"]["waits_for_holidays"]


def test_an_address_that_cannot_be_read_for_two_days_is_a_worry_until_it_answers(
    subscribed, publisher
):
    chore(subscribed)
    publisher.status = 500
    chore(subscribed, days=1)
    assert unread(subscribed) == 0
    chore(subscribed, days=1, minutes=1)
    assert unread(subscribed) == 1
    publisher.status = 200
    chore(subscribed, hours=1)
    assert unread(subscribed) == 0


def test_an_address_that_never_answered_is_a_worry_at_once_and_none_without_the_setting(
    subscribed, publisher
):
    publisher.status = 404
    chore(subscribed)
    assert unread(subscribed) == 1
    configure(subscribed)
    assert unread(subscribed) == 0


@pytest.mark.parametrize(
    ("url", "sandbox", "problem"),
    [
        ("http://calendar.example/holidays.ics", "0", "url"),
        ("https://127.0.0.1/holidays.ics", "0", "url"),
        ("https://10.0.0.1/holidays.ics", "1", "url"),
        ("https://localhost/holidays.ics", "0", "address"),
        ("ftp://127.0.0.1/holidays.ics", "1", "url"),
    ],
)
def test_no_address_of_ours_and_none_without_tls_is_ever_called(hand, url, sandbox, problem):
    configure(hand, HOLIDAYS_ADDRESS=url, HOLIDAYS_SANDBOX=sandbox)
    source = chore(hand)
    assert (source["problem"], source["read_at"], source["holidays"]) == (problem, None, 0)


def test_without_an_address_nothing_is_read(hand, publisher):
    assert chore(hand) is None
    assert publisher.reads == 0


# --- ours ---


def test_our_holidays_are_told_with_what_was_withdrawn_as_cancelled(hand):
    read(hand, NEXT_DAY, FAR)
    accept(hand, "a", "far")
    listed = {h["title"]: h for h in hand.call(contracts.PUBLIC_HOLIDAYS)["holidays"]}
    assert listed["تعطیلی تازه"]["from_day"] == listed["تعطیلی تازه"]["to_day"] == "2026-11-24"
    assert not listed["دور"]["cancelled"]
    row = listed["دور"]["id"]
    hand.call(at_desk.WITHDRAW_ROW, as_="nader", row=row, source="لغو")
    listed = {h["id"]: h for h in hand.call(contracts.PUBLIC_HOLIDAYS)["holidays"]}
    assert listed[row]["cancelled"]


def test_a_closure_of_one_county_is_told_of_that_county_alone(hand):
    closure = {"kind": "closure", "from_day": "2026-11-24", "title": "برف", "source": "مصوبه"}
    hand.call(at_desk.CHANGE_CALENDAR, as_="nader", **closure, counties=["dena"])
    for county, snow in (("dena", True), ("gachsaran", False), (None, False)):
        message = {"county": county} if county else {}
        titles = [h["title"] for h in hand.call(contracts.PUBLIC_HOLIDAYS, **message)["holidays"]]
        assert ("برف" in titles) is snow
    assert hand.call(contracts.PUBLIC_HOLIDAYS, county="nowhere")["code"] == "field.wrong"


def test_another_office_that_reads_our_calendar_has_our_days_off(hand):
    reply = contracts.PUBLIC_HOLIDAYS.reply_of(hand.call(contracts.PUBLIC_HOLIDAYS))
    raw = written(reply, "https://p.example")
    events = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    assert len(events) == len(reply.holidays) > 10
    first, last = dt.date(2026, 3, 21), dt.date(2029, 3, 20)
    days = {(h.first, h.last, h.title) for h in ical.read(raw, first, last).holidays}
    ours = {
        (dt.date.fromisoformat(h.from_day), dt.date.fromisoformat(h.to_day), h.title)
        for h in reply.holidays
        if not h.cancelled and h.to_day >= first.isoformat()
    }
    assert days == ours
