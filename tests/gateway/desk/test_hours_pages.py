"""Hours by day of the week and files of holidays on the pages of the desk, and on the portal."""

import re

import icalendar
import pytest
import requests

from tests.gateway.desk.seats import Seat
from tests.stores import execute
from tests.ticketing.holidays.test_reading import file

HOURS = {
    "kind": "hours",
    "from_day": "1406/10/01",
    "to_day": "1406/10/30",
    "title": "رمضان",
    "source": "مصوبه ۲۰",
    "hours-sat": "۷:۳۰ تا ۱۲ و ۱۳-۱۴:۳۰",
    "hours-sun": "7:30-12، 13-14.30",
    "hours-thu": "8-11",
}
SOURCE = "تقویم رسمی"
WAITS = "تغییر پیشنهادی تعطیلات در انتظار تصمیم شما"
EVENT = "UID:page-{n}\nDTSTART;VALUE=DATE:{day}\nSUMMARY:تعطیلی {n}"


@pytest.fixture(scope="module")
def nader(shared_desk):
    """The supervisor, who changes the calendar."""
    return Seat(shared_desk, "nader")


def text_of(page):
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page.text.split("<main")[1]))


def press(seat, path, **form):
    return seat.press(path, **{name.replace("-", "__"): value for name, value in form.items()})


def upload(seat, *events, origin=SOURCE, encoding="utf-8-sig"):
    """Hands a file in, as a browser does."""
    content = file(*events).encode(encoding)
    return seat.press(
        "/calendar/holidays/read",
        files={"file": ("holidays.ics", content, "text/calendar")},
        origin=origin,
        act="read",
    )


# --- hours ---


def test_hours_are_typed_by_day_of_the_week_shown_as_sentences_and_then_stand_in_the_list(nader):
    look = press(nader, "/calendar/row", **HOURS)
    preview = text_of(look)
    assert "شنبه، یکشنبه 07:30 تا 12:00 و 13:00 تا 14:30" in preview
    assert "پنجشنبه 08:00 تا 11:00" in preview
    assert "سررسید" in preview
    assert "رمضان" not in text_of(nader.get("/calendar", month="1406-10"))
    done = nader.confirm(look)
    month = text_of(done)
    assert "شنبه، یکشنبه: 07:30 تا 12:00 و 13:00 تا 14:30" in month
    cells = done.text.split('<table class="month"')[1].split("</table>")[0]
    assert '>07:30–12:00</bdi>، <bdi dir="ltr">13:00–14:30<' in cells
    assert "این روز هفته ساعت کاری ندارد" in cells
    day = text_of(nader.get("/calendar/days/1406-10-04"))
    assert "باز، 07:30–12:00 ، 13:00–14:30" in day


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"hours-sat": "7:30 بسته"}, "ساعت‌ها را مانند 7:30-12 و 13-14:30 بنویسید."),
        ({"hours-sat": "12-7"}, "هر نوبت باید پس از آغازش پایان یابد."),
        ({"hours-sat": "7-12 و 11-14"}, "دو نوبت یک روز روی هم می‌افتد."),
        ({"opens": "7", "closes": "14"}, "یا ساعت هر روز هفته را بنویسید"),
    ],
)
def test_hours_that_cannot_be_are_refused_at_their_fields_and_stay_as_they_were_typed(
    nader, typed, sentence
):
    page = press(nader, "/calendar/row", **{**HOURS, **typed, "act": "row"})
    assert page.status_code == 422
    assert sentence in page.text
    assert 'id="row-times-error"' in page.text
    assert 'value="8-11"' in page.text


# --- holidays ---


def test_a_file_is_read_looked_at_and_accepted_and_nothing_counts_before(shared_desk, nader):
    events = [EVENT.format(n=n, day=f"202810{n:02}") for n in (10, 11)]
    page = upload(nader, *events)
    assert page.url.endswith("done=holidays_read")
    assert text_of(page).count("تازه") >= 2
    count = "select count(*) from calendar_rows where file_key like 'page-%'"
    assert execute(shared_desk.db, count) == [(0,)]
    assert f"2 {WAITS}" in text_of(nader.get())
    assert WAITS not in text_of(Seat(shared_desk, "mina").get())
    source = {
        "origin": SOURCE,
        "revision": re.search('name="revision" value="([0-9]+)"', page.text)[1],
    }
    look = nader.press(
        "/calendar/holidays/accept", **source, keys=["page-10"], decree="مصوبه ۲۱", act="holidays-1"
    )
    assert "1 تغییر تعطیلات در تقویم ثبت می‌شود" in text_of(look)
    assert execute(shared_desk.db, count) == [(0,)]
    done = nader.confirm(look)
    assert done.url.endswith("done=holidays_accept")
    assert execute(shared_desk.db, count) == [(1,)]
    aside = nader.post(
        "/calendar/holidays/aside",
        **source,
        keys=["page-11"],
        reason="تعطیل نیست",
        act="holidays-1",
    )
    assert "پیشنهادی نیست" in text_of(aside)
    assert WAITS not in text_of(nader.get())
    assert execute(shared_desk.db, count) == [(1,)]


def test_without_a_choice_a_decree_or_a_file_the_page_says_what_is_missing(nader):
    upload(nader, EVENT.format(n=12, day="20281012"), origin="دیگر")
    nothing = nader.press(
        "/calendar/holidays/accept", origin="دیگر", revision="1", decree="مصوبه", act="holidays-1"
    )
    assert (nothing.status_code, "دست‌کم یکی از پیشنهادها" in nothing.text) == (422, True)
    empty = nader.press(
        "/calendar/holidays/read", files={"file": ("x.ics", b"", "text/calendar")}, origin="دیگر"
    )
    assert (empty.status_code, "فایل را انتخاب کنید." in empty.text) == (422, True)
    wrong = nader.press(
        "/calendar/holidays/read",
        files={"file": ("x.ics", b"<html>", "text/calendar")},
        origin="دیگر",
        act="read",
    )
    assert (wrong.status_code, "این فایل تقویم نیست" in wrong.text) == (422, True)
    large = nader.press(
        "/calendar/holidays/read",
        files={"file": ("x.ics", b"x" * 3_000_000, "text/calendar")},
        origin="دیگر",
        act="read",
    )
    assert large.status_code == 413


@pytest.mark.parametrize("encoding", ["utf-16", "cp1256"])
def test_a_file_is_read_in_the_letters_that_programs_here_write(nader, encoding):
    event = EVENT.replace("تعطیلی", "باران").format(n=14, day="20281014")
    page = upload(nader, event, encoding=encoding, origin=encoding)
    assert page.url.endswith("done=holidays_read")
    assert "باران 14" in text_of(page)
    revision = re.findall(
        'name="origin" value="([^"]*)".*?name="revision" value="([0-9]+)"', page.text
    )
    aside = {"origin": encoding, "revision": dict(revision)[encoding], "keys": ["page-14"]}
    nader.post("/calendar/holidays/aside", **aside, reason="تعطیل نیست", act="holidays-1")


def test_only_the_supervisor_has_the_page_of_files(shared_desk):
    mina = Seat(shared_desk, "mina")
    assert mina.get("/calendar/holidays").status_code == 403
    assert "/desk/calendar/holidays" not in mina.get("/calendar").text
    assert upload(mina, EVENT.format(n=13, day="20281013")).status_code == 403


def test_others_subscribe_to_our_holidays_without_asking(shared_desk):
    answer = requests.get(f"{shared_desk.portal}/calendar/holidays.ics", timeout=20)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    events = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert len(events) > 10
    nowhere = requests.get(f"{shared_desk.portal}/calendar/holidays.ics?county=x", timeout=20)
    assert nowhere.status_code == 404
    again = requests.get(
        f"{shared_desk.portal}/calendar/holidays.ics",
        headers={"If-None-Match": answer.headers["etag"]},
        timeout=20,
    )
    assert again.status_code == 304


def test_the_contact_page_says_whether_the_office_is_open_now(shared_desk):
    page = requests.get(f"{shared_desk.portal}/contact", timeout=20).text
    assert ("اداره اکنون باز است" in page) != ("اداره اکنون بسته است" in page)
    assert 'href="/calendar/holidays.ics"' in page
