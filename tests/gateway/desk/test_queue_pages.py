"""The queue in a browser without script: the way back, the next ticket, acts on many, files."""

import csv
import html
import io
import re
import uuid

import pytest
import requests

from gateway.html.csv_tables import csv_text
from people.tracking import in_text
from tests.gateway.desk.seats import Seat
from tests.gateway.desk.test_desk_pages import registered as registered_at


def registered(desk, **more):
    """A ticket of somebody of its own: the acknowledgements to one address have a limit."""
    return registered_at(desk, email=f"{uuid.uuid4().hex}@example.com", **more)


class Colleague(Seat):
    """A colleague who works through lists."""

    def codes(self, **query):
        page = self.get("/queue", **query).text
        return list(dict.fromkeys(re.findall(r'href="/desk/tickets/([0-9]{10})\?', page)))

    def bulk(self, act, tickets, **more):
        """Sends the bar for tickets as (code, version)."""
        form = {"act": act, "form": f"desk-{uuid.uuid4()}", **more}
        data = [*form.items(), *(("selected", f"{code}.{version}") for code, version in tickets)]
        return self.session.post(f"{self.house.ops}/desk/queue/bulk", data=data, timeout=60)


@pytest.fixture(scope="module")
def mina(shared_desk):
    return Colleague(shared_desk, "mina")


@pytest.fixture
def three(shared_desk):
    """Three tickets that one search finds, and the word that finds them."""
    word = f"w{uuid.uuid4().hex[:10]}"
    return [registered(shared_desk, text=f"چاه {word} {n}")["code"] for n in range(3)], word


def reads(mina, code):
    return mina.get(f"/tickets/{code}").text


def test_from_a_list_one_goes_to_its_next_ticket_after_each_act_and_back(mina, three):
    tickets, word = three
    order = mina.codes(search=word)
    assert set(order) == set(tickets)
    page = mina.get("/queue", search=word).text
    link = html.unescape(re.search(rf'href="(/desk/tickets/{order[0]}\?[^"]*)"', page)[1])
    shown = mina.session.get(mina.house.ops + link, timeout=30).text
    form = re.search(rf'action="/desk/tickets/{order[0]}/answer".*?</form>', shown, re.S)[0]
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)
    }
    done = mina.session.post(
        f"{mina.house.ops}/desk/tickets/{order[0]}/answer",
        data={**fields, "text": "بازدید شد.", "looked": "1"},
        timeout=30,
    )
    onward = html.unescape(re.search(r'href="(/desk/queue/next\?[^"]*)"', done.text)[1])
    following = mina.session.get(mina.house.ops + onward, timeout=30)
    assert f"/desk/tickets/{order[1]}" in following.url
    back = html.unescape(re.search(r'href="(/desk/queue\?[^"]*)"', following.text)[1])
    assert f"search={word}" in back
    assert order[1] in mina.session.get(mina.house.ops + back, timeout=30).text


def test_what_goes_to_another_unit_leads_on_and_says_where_it_went(shared_desk, three):
    tickets, word = three
    karim, back = Colleague(shared_desk, "karim"), f"search={word}"
    away = {"version": "1", "unit": "subscribers", "assignee": "", "back": back}
    moved = karim.press(f"/tickets/{tickets[0]}/assign", **away)
    assert (moved.status_code, "/desk/queue?" in moved.url) == (200, True)
    notice = f"پرونده {in_text(tickets[0], 'fa')} به امور مشترکین آب رفت"
    assert notice in moved.text
    onward = karim.press(f"/tickets/{tickets[1]}/assign", **away, then="next")
    assert f"/desk/tickets/{tickets[2]}" in onward.url
    assert "به امور مشترکین آب رفت" in onward.text
    assert f'href="/desk/tickets/{tickets[1]}' not in onward.text, "nothing leads to a closed page"
    closed = karim.get(f"/tickets/{tickets[1]}")
    assert (closed.status_code, "اکنون با واحد «امور مشترکین آب» است" in closed.text) == (403, True)
    last = {"version": "1", "text": "بازدید شد.", "back": f"search={tickets[2]}", "then": "next"}
    ended = karim.press(f"/tickets/{tickets[2]}/note", **last)
    assert "یادداشت ثبت شد. به پایان این فهرست رسیدید." in ended.text


def test_old_addresses_of_the_queue_still_lead_to_it(mina, three):
    tickets, word = three
    answer = mina.session.get(f"{mina.house.ops}/desk?state=ALL&search={word}", timeout=30)
    assert answer.url.endswith(f"/desk/queue?state=ALL&search={word}")
    assert all(code in answer.text for code in tickets)


def test_many_are_taken_and_those_that_changed_meanwhile_are_reported(mina, three):
    tickets, word = three
    mina.press(f"/tickets/{tickets[0]}/note", version="1", text="من دیدم")
    report = mina.bulk("take", [(code, 1) for code in tickets], back=f"search={word}")
    assert report.text.count("برداشته شد") >= 2
    assert "انجام نشد" in report.text
    assert "همکار دیگری هم‌زمان" in report.text
    own = mina.codes(mine="1", search=word)
    assert set(own) == set(tickets[1:])


def test_who_assigns_many_reads_how_many_went_to_whom(mina, three):
    tickets, word = three
    chosen = [(code, 1) for code in tickets]
    report = mina.bulk("assign", chosen, to="c:karim", back=f"search={word}")
    assert re.search(r'role="status">3 پرونده به [^<]+ ارجاع شد', report.text)
    forged = f"{mina.house.ops}/desk/queue?done=assign_many&count=3&to=Call 0900"
    page = mina.session.get(forged, timeout=30).text
    assert "Call 0900" not in page
    assert "پرونده‌های انتخاب‌شده ارجاع شد." in page


def test_a_message_to_many_is_shown_first_goes_once_and_fills_its_places(shared_desk, mina, three):
    tickets, word = three
    chosen, form = [(code, 1) for code in tickets], f"desk-{uuid.uuid4()}"
    look = mina.bulk("say", chosen, canned="received", form=form, back=f"search={word}")
    assert "{code}" in look.text
    assert "پیام واحد" not in reads(mina, tickets[0])
    sent = {"looked": "1", "text": "{name}، پرونده {code} در {unit} رسید.", "form": form}
    for _ in range(2):
        done = mina.bulk("say", chosen, **sent)
        assert "انجام نشد" not in done.text
    for code in tickets:
        page = reads(mina, code)
        sentence = f"پرونده {in_text(code, 'fa')} در حفاظت و بهره‌برداری آب‌های زیرزمینی رسید."
        assert page.count(f"زهرا کاظمی، {sentence}") == 1
    empty = mina.bulk("say", chosen, looked="1", text=" ", form=form)
    assert "متن را بنویسید" in empty.text
    page = mina.get("/queue", search=word).text
    now = re.findall(r'name="selected" value="([0-9]{10})\.([0-9]+)"', page)
    look = mina.bulk("pause", now, canned="received")
    assert "{code}" not in look.text, "nothing fills it there"
    waits = {"looked": "1", "reason": "agency", "text": "منتظر پاسخ منابع طبیعی هستیم."}
    assert mina.bulk("pause", now, **waits).text.count("در انتظار است") >= len(tickets)
    assert "منتظر پاسخ منابع طبیعی" in reads(mina, tickets[0])


def test_duplicates_are_joined_from_the_list_and_parted_again(mina, three):
    tickets, _word = three
    look = mina.bulk("merge", [(code, 1) for code in tickets])
    into = re.search(r'value="([0-9]{10})" checked', look.text)[1]
    assert into == tickets[0], "the oldest is proposed"
    done = mina.bulk("merge", [(code, 1) for code in tickets], looked="1", into=into)
    assert done.text.count("یکی شد") >= 2
    form = re.search(rf'id="undo-{tickets[1]}">(.*?)</form>', done.text, re.S)[1]
    fields = re.findall(r'name="([^"]*)" value="([^"]*)"', form)
    undone = mina.session.post(
        f"{mina.house.ops}/desk/queue/bulk",
        data=[(name, html.unescape(value)) for name, value in fields],
        timeout=30,
    )
    assert "جدا شد" in undone.text
    assert "یکی شده با" not in reads(mina, tickets[1])
    assert "یکی شده با" in reads(mina, tickets[2])


def test_rights_of_an_act_on_many_are_those_of_the_act_on_one(shared_desk, three):
    tickets, _word = three
    karim = Colleague(shared_desk, "karim")
    other = registered(shared_desk, category="bill", kind="request")["code"]
    look = karim.bulk("merge", [(c, 1) for c in tickets], into=other)
    assert "برای 3 پرونده انجام نمی‌شود، تا" in look.text
    no_letters = karim.bulk("spam", [(c, 1) for c in tickets]).text
    assert "برای 3 پرونده انجام نمی‌شود" in no_letters
    assert look.text.count("این پرونده اکنون با واحد «درآمد و قبوض»") >= 3
    stranger = karim.bulk("take", [(other, 1)])
    assert other not in stranger.text
    assert "انجام نشد" in stranger.text, "nobody is told that it was taken"
    grouped = karim.bulk("spam", [(f"{c[:3]} {c[3:]}", 1) for c in tickets])
    assert grouped.status_code == 200, "a form of no page of ours breaks nothing"
    endless = karim.bulk("take", [(tickets[0], "9" * 5000)])
    assert (endless.status_code, "برداشته شد" in endless.text) == (200, False)


def test_who_is_named_in_a_note_finds_it_on_the_first_page(shared_desk, mina, three):
    code, karim = three[0][0], Colleague(shared_desk, "karim")
    mina.press(f"/tickets/{code}/note", version="1", text="@karim لطفاً ببینید")
    page = karim.get().text
    assert "نام شما در یادداشت" in page
    assert f"/desk/tickets/{code}" in page
    karim.press("/for-me/read")
    assert "نام شما در یادداشت" not in karim.get().text


def test_a_named_list_opens_the_queue_when_it_is_the_default(mina, three):
    _tickets, word = three
    back = f"state=WORK&search={word}"
    without = mina.session.post(f"{mina.house.ops}/desk/queue/filters", data={"back": back})
    assert without.status_code == 422
    kept = mina.press("/queue/filters", name="فهرست آزمون", back=back, default="1")
    assert "با نامش ذخیره شد" in kept.text
    opened = mina.get("/queue")
    assert f"search={word}" in opened.url
    gone = re.search(r'action="(/desk/queue/filters/[0-9]+/remove)"', opened.text)[1]
    mina.press(gone.removeprefix("/desk"), back=back)
    assert mina.get("/queue").url.endswith("/desk/queue")


def test_live_counts_say_nothing_new_with_304_and_nothing_to_strangers(shared_desk, mina, three):
    _tickets, word = three
    page = mina.get("/queue", search=word).text
    address = html.unescape(re.search(r'data-live="([^"]+)"', page)[1])
    first = mina.session.get(mina.house.ops + address, timeout=30)
    assert first.json()["fresh"] == 0
    tag = {"If-None-Match": first.headers["ETag"]}
    assert mina.session.get(mina.house.ops + address, headers=tag, timeout=30).status_code == 304
    registered(shared_desk, text=f"چاه {word}")
    later = mina.session.get(mina.house.ops + address, headers=tag, timeout=30)
    assert (later.status_code, later.json()["fresh"]) == (200, 1)
    stranger = requests.get(mina.house.ops + address, allow_redirects=False, timeout=30)
    assert stranger.status_code in (303, 401)


def test_a_caller_is_looked_up_by_a_button_and_what_was_typed_stays(shared_desk, mina):
    code = registered(shared_desk, mobile="09173334455")["code"]
    page = mina.press("/telephone", look="1", mobile="۰۹۱۷۳۳۳۴۴۵۵", text="آب قطع است")
    assert f"/desk/tickets/{code}" in page.text
    assert "آب قطع است" in page.text
    assert mina.press("/telephone/earlier", mobile="09173334455").text.count(code) == 1


TABLES = ("units", "categories", "counties", "channels", "days", "clauses")


def test_each_table_of_the_figures_is_a_file_with_both_calendars(mina):
    for table in TABLES:
        days = {"from_day": "1405/07/01", "to_day": "۱۴۰۵/۰۷/۳۰"}
        answer = mina.get(f"/figures/{table}.csv", **days)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith("\ufeff".encode())
        head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert head[:4] == ["از (شمسی)", "تا (شمسی)", "از (میلادی)", "تا (میلادی)"]
        for row in rows:
            assert row[:4] == ["1405/07/01", "1405/07/30", "2026-09-23", "2026-10-22"]
        assert len(rows) == 30 or table != "days"


def test_no_cell_of_a_file_is_a_formula():
    text = csv_text(("a", "b"), [("=cmd()", -5), (" @SUM(A1)", "+98912"), ("\u200f=1", None)])
    first, second, third = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))[1:]
    assert first == ["'=cmd()", "-5"]
    assert second == ["' @SUM(A1)", "'+98912"]
    assert third == ["'\u200f=1", ""]


def test_a_list_by_units_own_times_and_the_ticket_say_what_is_left_of_them(shared_desk):
    """What is not late in its unit is not in the tab; a list by it says nothing of promises."""
    nader = Colleague(shared_desk, "nader")
    code = registered(shared_desk, category="water_turn", kind="request")["code"]
    by_part = {"unit": "surface", "sort": "-part", "size": "100"}
    assert code in nader.codes(**by_part)
    assert code not in nader.codes(late_part="1", **by_part)
    assert "مانده در واحد" in nader.get("/queue", **by_part).text
    late = nader.get("/queue", late_part="1", unit="surface").text
    (current,) = re.findall('<a href="([^"]*)" aria-current=page>دیر در واحد', late)
    assert "late_part=1" in current
    page = nader.get(f"/tickets/{code}").text
    assert "مهلت واحد" in page
    assert re.search('<details id="stays"><summary>زمان در کدام واحد گذشت؟</summary>', page)
    assert "در مهلت، از 14 ساعت" in page
    table = nader.get("/figures/parts.csv").text
    assert table.splitlines()[0].split(",")[4:8] == ["واحد", "ماه", "در مهلت", "دیر"]
