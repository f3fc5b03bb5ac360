"""The month of the calendar, times for many days at once, and the book of the desk at the desk."""

import ast
import inspect
import re
import uuid
from dataclasses import fields

import pytest
import requests

from contracts.inquiry.persons import Asking
from gateway.ops.privacy.texts import PARTS
from services.inquiry.persons import person_work as of_inquiry
from services.notify import person_work as of_notify
from services.ticketing.privacy import own_alerts
from services.ticketing.privacy import own_part as of_ticketing
from tests.gateway.desk.seats import Seat
from tests.stores import execute


@pytest.fixture(scope="module")
def nader(shared_desk):
    """The supervisor, who approves."""
    return Seat(shared_desk, "nader")


@pytest.fixture(scope="module")
def mina(shared_desk):
    """The head of a unit, who proposes."""
    return Seat(shared_desk, "mina")


def text_of(page):
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page.text.split("<main")[1]))


# --- the month and the day ---


def test_a_month_names_its_holidays_and_leads_to_the_months_beside_and_to_each_day(nader):
    page = nader.get("/calendar", month="1405-11")
    assert "بهمن 1405" in page.text
    assert "پیروزی انقلاب" in page.text.split("<table")[1].split("</table>")[0]
    assert "month=1405-10" in page.text
    assert "month=1405-12" in page.text
    assert page.text.count('href="/desk/calendar/days/1405-11-') == 30
    assert "month=1406-01" in nader.get("/calendar", month="1405-12").text
    day = nader.get("/calendar/days/1405-11-22")
    assert "22 بهمن 1405" in day.text
    assert "بسته: " in day.text
    for wrong in ("/calendar/days/1405-13-01", "/calendar/days/x"):
        assert nader.get(wrong).status_code == 404
    assert nader.get("/calendar", month="9" * 500).status_code == 200


SLOTS = {
    "office": "yasuj",
    "opens": "08:00",
    "closes": "10:00",
    "minutes": "30",
    "capacity": "2",
}


def test_times_for_visits_are_opened_for_many_days_at_once_and_closed_days_are_left_out(
    shared_desk, nader
):
    # 1406/02/04 to 02/10 is a week from Saturday; Thursday and Friday are off.
    count = "select count(*) from slots where starts_at between '2027-04-24' and '2027-05-01'"
    look = nader.press("/calendar/slots", **SLOTS, day="1406/02/04", to_day="1406/02/10")
    preview = text_of(look)
    assert "20 زمان مراجعه باز می‌شود" in preview
    assert "5 روز" in preview
    assert "روزهای بسته کنار گذاشته می‌شود" in preview
    assert execute(shared_desk.db, count) == [(0,)]
    done = nader.confirm(look)
    assert done.url.endswith("month=1406-02&done=slots")
    assert execute(shared_desk.db, count) == [(20,)]
    assert "0 از 8" in text_of(done)
    again = nader.press("/calendar/slots", **SLOTS, day="1406/02/04", to_day="1406/02/10")
    assert "20 زمان از پیش باز است" in again.text
    assert "زمان تازه‌ای باز نمی‌شود" in again.text
    closed = nader.press("/calendar/slots", **SLOTS, day="1406/02/09", to_day="1406/02/10")
    assert (closed.status_code, 'id="slots-to_day-error"' in closed.text) == (422, True)
    mondays = nader.press(
        "/calendar/slots", **SLOTS, day="1406/02/11", to_day="1406/02/17", weekdays="mon"
    )
    assert "4 زمان مراجعه باز می‌شود" in text_of(mondays)


def test_the_page_of_a_day_tells_who_comes_and_of_another_units_ticket_only_the_unit(
    shared_desk, nader
):
    ticket = requests.post(
        f"{shared_desk.portal}/v1/tickets",
        json={
            "kind": "complaint",
            "category": "illegal_well",
            "text": "چاه می‌زنند",
            "declared": True,
            "name": "زهرا کاظمی",
            "email": "z@example.com",
        },
        headers={"Idempotency-Key": f'"{uuid.uuid4()}"'},
        timeout=20,
    ).json()
    nader.confirm(nader.press("/calendar/slots", **SLOTS, day="1406/03/02"))
    execute(
        shared_desk.db,
        "with s as (update slots set taken = taken + 1 where starts_at = "
        "(select min(starts_at) from slots where starts_at > '2027-05-23') returning id) "
        "insert into bookings (ticket, slot) select t.id, s.id from s, tickets t where t.code = %s",
        (ticket["code"],),
    )
    own = Seat(shared_desk, "mina").get("/calendar/days/1406-03-02").text
    assert "زهرا کاظمی" in own
    assert f"/desk/tickets/{ticket['code']}" in own
    supervisors = nader.get("/calendar/days/1406-03-02").text
    assert f"/desk/tickets/{ticket['code']}" in supervisors
    assert "زهرا" not in supervisors, "the citizen let the unit alone know the name"
    other = Seat(shared_desk, "sara").get("/calendar/days/1406-03-02").text
    assert "پرونده واحد دیگر" in other
    assert "زهرا" not in other


# --- the book ---


def proposed(seat, section, **form):
    """The number of a proposal, made by the form of a row."""
    answer = seat.post(f"/book/{section}/row", valid_from="1406/01/20", source="مصوبه ۹", **form)
    assert answer.url.endswith("done=propose"), text_of(answer)
    return int(re.search("changes/([0-9]+)", answer.url)[1])


def test_a_row_of_the_book_is_seen_in_sentences_proposed_by_one_and_approved_by_another(
    nader, mina
):
    form = mina.get("/book/offices/row", key="yasuj").text
    fields = dict(re.findall(r'<input id="offices-(\w+)" name="\w+" value="([^"]*)"', form))
    typed = {**fields, "key": "yasuj", "code": "yasuj", "address_fa": "یاسوج، میدان آب"}
    typed |= {"valid_from": "1406/01/20", "source": "مصوبه ۹"}
    look = mina.press("/book/offices/row", **typed)
    assert "تغییر می‌کند" in text_of(look)
    assert "از 20 فروردین 1406" in text_of(look)
    assert re.search("نشانی، فارسی از .+ به یاسوج، میدان آب", text_of(look))
    done = mina.confirm(look)
    id_ = re.search("changes/([0-9]+)", done.url)[1]
    assert "تأیید پیشنهاد" not in done.text
    assert "منتظر نفر دوم" in mina.get("/book").text
    refused = mina.post(f"/book/changes/{id_}/approve")
    assert (refused.status_code, "در نقش شما نیست" in refused.text) == (403, True)
    approved = nader.post(f"/book/changes/{id_}/approve")
    assert "تأییدشده، منتظر روز آغاز" in approved.text
    back = nader.post(f"/book/changes/{id_}/withdraw")
    assert "پس گرفته شد" in back.text
    assert re.search("محل مراجعه «[^»]+» از 20 فروردین 1406", nader.get("/book?part=history").text)


def test_what_is_no_number_is_refused_in_its_box_of_the_book(mina):
    """Words, and numbers without end; a unit's own time and a level of its warnings are seen."""
    day = {"valid_from": "1406/01/20", "source": "مصوبه ۹"}
    level = {"clock": "part", "role": "unit_head", "side": "after", **day}
    for hours in ("گاهی", "1e999", "nan"):
        page = mina.press("/book/escalation/row", minutes_from_due=hours, **level)
        assert page.status_code == 422, text_of(page)
        assert 'id="escalation-minutes_from_due-error"' in page.text
    assert "هشدار «مهلت واحد، 2 ساعت پس از سررسید»" in text_of(
        mina.press("/book/escalation/row", minutes_from_due="2", **level)
    )
    form = mina.get("/book/units/row", key="surface").text
    names = re.findall(r'<input id="units-(\w+)" name="\w+" value="([^"]*)"', form)
    typed = {**dict(names), "key": "surface", "code": "surface", "mail_category": "water_turn"}
    page = mina.press("/book/units/row", **{**typed, **day, "part_hours": "گاهی"})
    assert "ساعت کاری را با عددی از 0.1 تا 2000 بنویسید" in page.text
    look = mina.press("/book/units/row", **{**typed, **day, "part_hours": "۲٫۵"})
    assert "مهلت واحد برای هر پرونده، ساعت کاری از 14 به 2.5" in text_of(look)


def test_a_new_promise_is_compared_with_the_one_that_it_follows(mina):
    page = mina.get("/book?part=promises").text
    assert "3.5 ساعت کاری" in page
    like = re.search(r'/book/promises/row\?like=(illegal_well[^"]+)"', page)[1]
    form = mina.get(f"/book/promises/row?like={like}").text
    assert 'value="3.5"' in form
    look = mina.press(
        "/book/promises/row",
        category="illegal_well",
        first_response="۲",
        first_response_unit="hours",
        solution="20",
        solution_unit="days",
        valid_from="1406/02/01",
        source="مصوبه ۱۰",
    )
    lines = text_of(look)
    assert "نخستین پاسخ از 3.5 ساعت کاری به 2 ساعت کاری" in lines
    assert "نتیجه از 70 ساعت کاری به 20 روز" in lines
    assert "مهلت خود را نگه می‌دارند" in lines


def test_what_is_wrong_with_a_row_stands_beside_its_field(mina):
    wrong = mina.post(
        "/book/units/row",
        code="dams",
        fa="سدها",
        en="Dams",
        email="nobody",
        valid_from="1406/01/20",
        source="م",
    )
    assert (wrong.status_code, 'id="units-email-error"' in wrong.text) == (422, True)
    assert 'value="سدها"' in wrong.text
    past = mina.post("/book/canned/row", code="x", title_fa="x", valid_from="1400/01/01")
    assert past.status_code == 422
    assert 'id="canned-source-error"' in past.text
    unsaid = mina.post("/book/canned/row", code="x", title_fa="x", valid_from="").text
    assert "روز را مانند 1405/09/04 بنویسید" in unsaid
    for path in ("/book/nothing/row", "/book/units/row?key=nothing", "/book/changes/999999"):
        assert mina.get(path).status_code == 404
    used = mina.post(
        "/book/units/row", key="groundwater", remove="1", valid_from="1406/01/20", source="م"
    )
    assert (used.status_code, "برداشته نمی‌شود" in used.text) == (422, True)


def test_a_prepared_text_is_bound_to_subjects_and_states_by_boxes(mina):
    form = mina.get("/book/canned/row").text
    assert '<input type="checkbox" id="canned-states-NEW"' in form
    row = {"code": "bound", "title_fa": "برای قبض", "text_fa": "متن {code}", "text_en": "a {code}"}
    row |= {"valid_from": "1406/01/20", "source": "مصوبه ۹"}
    boxes = {"categories-bill": "1", "states-NEW": "1", "states-OPEN": "1"}
    look = text_of(mina.press("/book/canned/row", **row, **boxes))
    assert re.search("برای موضوع‌ها: .*قبض", look)
    assert "در وضعیت‌ها: تازه، در دست بررسی" in look
    wrong = mina.post("/book/canned/row", **{**row, "text_fa": "متن {unti} {code}"})
    assert 'id="canned-text_fa-error"' in wrong.text
    assert "درست نیست، یا متن زبان دیگر همان را ندارد" in wrong.text


def test_a_level_that_acts_is_seen_with_how_many_tickets_it_would_act_on_now(mina):
    assert "به واحد، اگر ارجاع است" in mina.get("/book/levels/row").text
    row = {"code": "late", "clock": "solution", "minutes": "1.5", "side": "before"}
    row |= {"action": "hand_over", "to_unit": "surface", "unit": "groundwater", "category": "bill"}
    row |= {"valid_from": "1406/01/20", "source": "مصوبه ۹"}
    look = text_of(mina.press("/book/levels/row", **row))
    assert "1.5 ساعت کاری پیش از سررسید" in look
    assert "اقدام: ارجاع به واحد یا همکار دیگر" in look
    assert re.search("بی‌درنگ برای:? [0-9]+ پرونده از [0-9]+ پرونده باز", look)
    assert re.search("موضوع: .*قبض", look)
    wrong = mina.post("/book/levels/row", **{**row, "to_unit": "", "code": "other"})
    assert 'id="levels-to_unit-error"' in wrong.text
    id_ = proposed(
        mina, "levels", **{k: v for k, v in row.items() if k not in ("valid_from", "source")}
    )
    assert "late" in mina.get(f"/book/changes/{id_}").text
    assert mina.get("/book?part=levels").status_code == 200


def test_a_refusal_says_why_and_the_book_goes_out_as_toml(nader, mina):
    id_ = proposed(mina, "canned", code="later", title_fa="بعدا", text_fa="الف", text_en="a")
    assert 'id="refuse-why-error"' in nader.post(f"/book/changes/{id_}/refuse", act="refuse").text
    done = nader.post(f"/book/changes/{id_}/refuse", act="refuse", why="متن کوتاه است")
    assert "متن کوتاه است" in done.text
    file = nader.get("/book.toml")
    assert "attachment" in file.headers["content-disposition"]
    assert "[[promises]]" in file.text
    clerk = Seat(nader.house, "sara").get("/book")
    assert (clerk.status_code, "دفتر میز" in clerk.text.split("<main")[0]) == (403, False)


# --- a second officer for people's data ---


def test_before_data_are_copied_or_erased_the_second_officer_reads_which_and_why(nader, mina):
    for kind, sentence in (("export", "هیچ داده‌ای تغییر نمی‌کند"), ("erase", "حذف بازگشت ندارد")):
        wish = {"kind": kind, "national_id": "9905251782", "mobile": "09170000011"}
        assert mina.post("/privacy/acts", reason="نامه ۴۴۱", **wish).status_code == 200
        assert "نسخه یا حذف داده در انتظار تأیید" in nader.get("").text
        (number,) = re.findall(r"/privacy/acts/(\d+)/confirm", nader.get("/privacy").text)
        look = nader.press(f"/privacy/acts/{number}/confirm")
        assert (sentence in look.text, "نامه ۴۴۱" in look.text) == (True, True)
        nader.post(f"/privacy/acts/{number}/decline", reason="نام دیگری است")


def test_each_field_of_a_copy_of_somebodys_data_has_a_persian_name():
    modules = (of_inquiry, of_notify, of_ticketing, own_alerts)
    written = [ast.parse(inspect.getsource(module)) for module in modules]
    dicts = [node for tree in written for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    names = {key.value for node in dicts for key in node.keys if isinstance(key, ast.Constant)}
    names |= {
        *of_ticketing.SHOWN,
        *of_ticketing.CHOSEN,
        *(field.name for field in fields(Asking)),
        "fa",
        "en",
    }
    assert names == set(PARTS)


def test_delay_and_share_of_the_question_after_the_end_are_changed_as_the_book_is(mina):
    form = mina.get("/book/units/row", key="billing").text
    names = re.findall(r'<input id="units-(\w+)" name="\w+" value="([^"]*)"', form)
    typed = {**dict(names), "key": "billing", "code": "billing", "mail_category": "bill"}
    typed |= {"valid_from": "1406/01/20", "source": "مصوبه ۹"}
    wrong = mina.press("/book/units/row", **{**typed, "follow_up_days": "3"})
    assert "روزها را با عددی درست از 7 تا 180 بنویسید" in wrong.text
    wrong = mina.press("/book/units/row", **{**typed, "follow_up_percent": "نیمی"})
    assert "درصد را با عددی درست از 0 تا 100 بنویسید" in wrong.text
    look = mina.press(
        "/book/units/row", **{**typed, "follow_up_days": "۴۲", "follow_up_percent": "۰"}
    )
    words = text_of(look)
    assert "چند روز پس از پایان: 42" in words
    assert "از چند درصد پرونده‌ها پرسیده شود: 0" in words
    assert "پس از 28 روز، 100%" in text_of(mina.get("/book?part=units"))
