"""The editors' pages of notices at the desk, with the real notify service behind them."""

import asyncio
import datetime as dt
import io
import re
import secrets
import uuid
import zipfile
from dataclasses import replace
from unittest import mock

import pytest
import requests

from bus.messages.kinds import Request
from contracts.notify import messages as notify
from contracts.notify import promises, received
from contracts.ticketing.colleagues import Outcome
from gateway.ops.desk.lists.outcome_words import namer
from gateway.ops.notices import words
from gateway.texts.files import FILES
from iran.persian import TEHRAN, jalali
from tests.bus.asking import ask
from tests.gateway.desk.seats import Officers, Seat, running
from tests.stores import execute
from tests.waiting import wait_for

MOBILE, WRITTEN = "09900000077", "+989900000077"
SOON, FAR = dt.timedelta(minutes=30), dt.timedelta(days=9)


def jalali_day(moment):
    return jalali(moment.astimezone(TEHRAN).date()).replace("-", "/")


def hour(moment):
    return f"{moment.astimezone(TEHRAN):%H:%M}"


class Editor(Seat):
    """A browser of an editor who has signed in."""

    root = "/desk/notices"

    def draft(self, code, body="آب ((place)) قطع است", **more):
        """The ID of a template's form that was drafted just now."""
        answer = self.post(
            "/templates/new",
            code=code,
            channel=more.pop("channel", "sms"),
            name=code,
            lane=more.pop("lane", "transactional"),
            consent="transactional",
            fa__body=body,
            **more,
        )
        assert answer.status_code == 200, answer.text
        return re.search(r"/templates/([0-9a-f-]{36})", answer.url)[1]

    def announce(self, kind="maintenance", begins=FAR, status=200, **more):
        """The page of an announcement that was drafted just now, or what refuses it."""
        starts = dt.datetime.now(dt.UTC) + begins
        window = {}
        if kind == "maintenance":
            ends = starts + dt.timedelta(hours=2)
            window = {
                "from_day": jalali_day(starts),
                "from_hour": hour(starts),
                "to_day": jalali_day(ends),
                "to_hour": hour(ends),
            }
        fields = {
            "kind": kind,
            "title_fa": "نگهداری سامانه",
            "title_en": "Maintenance",
            "body_fa": "درگاه بسته است.",
            "body_en": "The portal is closed.",
            "impact": "down",
            "components": "portal",
            **window,
            **more,
        }
        answer = self.post("/announcements/new", **fields)
        assert answer.status_code == status, answer.text
        return answer


class Notices(Officers):
    """A desk with notify beside it; karim is an editor."""

    beside, seat = "notify", Editor

    def ask(self, contract: Request, agency="power-co", **data):
        """What the service answers to an agency, over the bus."""
        return ask(self.amqp, contract, caller={"agency": agency}, **data)


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, notify_template):
    templates = {"ticketing": ticketing_template, "notify": notify_template}
    with running(Notices, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


PAGES = [
    "",
    "/templates",
    "/templates?drafts=1",
    "/templates/new",
    "/jobs",
    "/jobs/new",
    "/by-hand",
    "/by-hand/new",
    "/announcements",
    "/announcements/new",
    "/reports",
    "/messages",
    "/letters",
    "/returned-letters",
    "/texts",
    "/senders",
    "/figures",
    "/rules",
    "/opt-out",
    "/looks",
]


# --- who may ---


@pytest.mark.parametrize("path", PAGES)
def test_an_editor_reads_every_page(karim, path):
    answer = karim.get(path)
    assert answer.status_code == 200, answer.text
    assert "ویراستار پیام‌ها" in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_who_is_no_editor_is_told_so_on_every_page(house, path):
    answer = house.sit("sara").get(path)
    assert answer.status_code == 403
    assert "شما به پیام‌ها دسترسی ندارید" in answer.text


def test_who_is_not_signed_in_is_shown_the_way_in(house):
    answer = requests.get(f"{house.ops}/desk/notices/looks", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")


@pytest.mark.parametrize(
    "path",
    [
        "/templates/new",
        "/messages",
        "/opt-out",
        "/announcements/new",
        "/jobs/new",
        "/letters",
        "/returned-letters",
        "/returned-letters/find",
        "/providers/magfa/pause",
        "/announcements/1/cancel",
    ],
)
def test_another_site_cannot_act_in_an_editors_name(karim, path):
    answer = karim.post(path, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


# --- templates ---


def test_a_template_is_written_by_one_seen_by_two_and_approved_by_the_other(house, karim, mina):
    id_ = karim.draft("water_cut")
    page = mina.get(f"/templates/{id_}").text
    assert "آب «place» قطع است" in page
    assert "1 بخش پیامک" in page
    assert "تأیید نسخه 1" in page
    assert "تأیید نسخه 1" not in karim.get(f"/templates/{id_}").text
    answer = mina.post(f"/templates/{id_}/approve", version="1")
    assert "نسخه تأیید شد" in answer.text
    assert house.ask(notify.TEMPLATES, agency="mirab")["templates"]


def test_nobody_approves_his_own_words_even_by_a_form_of_his_own_making(mina):
    id_ = mina.draft("own_words")
    answer = mina.post(f"/templates/{id_}/approve", version="1", act="approve")
    assert answer.status_code == 403
    assert "این را خود شما نوشته‌اید" in answer.text


def test_the_unsubscribe_link_is_chosen_with_the_draft_and_shown_to_who_approves(karim, mina):
    fields = {"channel": "email", "name": "link", "lane": "bulk", "unsubscribe": "1"}
    texts = {"fa-subject": "خبر", "fa-body": "سلام"}
    wrong = karim.post("/templates/new", code="by_duty", consent="transactional", **fields, **texts)
    assert wrong.status_code == 422
    made = karim.post("/templates/new", code="with_link", consent="news", **fields, **texts)
    assert made.status_code == 200, made.text
    id_ = made.url.rpartition("/")[2].partition("?")[0]
    page = mina.get(f"/templates/{id_}").text
    assert "پست الکترونیک پیوند لغو اشتراک دارد" in page
    assert "اشتراک خود را لغو کنید" in page
    assert '<option value="1" selected>دارد' in karim.get("/templates/new", like=id_).text


def test_a_new_version_is_compared_word_by_word_with_the_one_in_force(karim, mina):
    id_ = karim.draft("compared", "آب ((place)) فردا قطع است")
    mina.post(f"/templates/{id_}/approve", version="1")
    assert karim.get("/templates/new", like=id_).text.count("compared") >= 1
    assert karim.draft("compared", "آب ((place)) امروز قطع است") == id_
    page = mina.get(f"/templates/{id_}").text
    assert "<del>فردا</del><ins>امروز</ins>" in page


def test_own_values_are_tried_before_approval_and_never_become_markup(karim):
    id_ = karim.draft("tried")
    answer = karim.post(f"/templates/{id_}/values", version="1", **{"value-place": "<b>روستا</b>"})
    assert "آب &lt;b&gt;روستا&lt;/b&gt; قطع است" in answer.text


def test_an_email_is_shown_in_a_frame_that_can_do_nothing(karim):
    id_ = karim.draft("mailed", channel="email", fa__subject="قطعی آب")
    page = karim.get(f"/templates/{id_}")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    path = re.search(r'<iframe[^>]* sandbox [^>]*src="/desk/notices([^"]+)"', page.text)[1]
    frame = karim.get(path)
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "«place»" in frame.text


def test_a_form_that_is_sent_twice_is_one_draft(karim):
    form = f"desk-{secrets.token_hex(8)}"
    first = karim.draft("twice", form=form)
    assert karim.draft("twice", form=form) == first
    assert "نسخه 2" not in karim.get(f"/templates/{first}").text


@pytest.mark.parametrize(("code", "wrong"), [("Not A Code", "code"), ("fine", "fa-subject")])
def test_what_was_typed_stays_beside_what_is_wrong_with_it(karim, code, wrong):
    answer = karim.post(
        "/templates/new",
        code=code,
        channel="email",
        name="x",
        lane="transactional",
        consent="transactional",
        fa__body="متن من",
    )
    assert answer.status_code == 422
    assert "متن من" in answer.text
    assert f'id="draft-{wrong}-error"' in answer.text


def test_only_an_approver_takes_a_version_in_force_back(karim, mina):
    id_ = karim.draft("taken_back")
    mina.post(f"/templates/{id_}/approve", version="1")
    assert karim.post(f"/templates/{id_}/withdraw", version="1").status_code == 403
    look = mina.press(f"/templates/{id_}/withdraw", version="1").text
    assert '<textarea id="why"' in look, "its author is told the reason"
    gone = mina.post(f"/templates/{id_}/withdraw", version="1", why="کهنه است")
    assert "نسخه کنار گذاشته شد" in gone.text
    for_me = f"{karim.house.ops}/desk/for-me"
    wait_for(lambda: "کهنه است" in karim.session.get(for_me, timeout=30).text)
    outcome = re.search(r"/desk/for-me/outcomes/[0-9]+", karim.session.get(for_me, timeout=30).text)
    led = karim.session.get(f"{karim.house.ops}{outcome[0]}", timeout=30)
    assert led.url.endswith(f"/templates/{id_}")
    assert "الگو بایگانی شد" in mina.post(f"/templates/{id_}/archive", version="1").text


# --- board ---


def test_the_board_shows_whether_every_message_is_accounted_for(house, karim):
    page = karim.get().text
    assert "هیچ پیامی گم نشده است" in page


def test_a_provider_is_put_aside_weighed_and_used_again(house, karim, mina):
    wait_for(lambda: "magfa" in karim.get().text, 40)
    page = karim.post("/providers/magfa/pause").text
    assert "ارائه‌دهنده کنار گذاشته شد" in page
    assert "به کار گرفتن مگفا" in page
    assert karim.post("/providers/magfa/weigh", weight="20").status_code == 403
    assert "سهم ارائه‌دهنده تغییر کرد" in mina.post("/providers/magfa/weigh", weight="۲۰").text
    wrong = mina.post("/providers/magfa/weigh", weight="many", act="weigh-magfa")
    assert wrong.status_code == 422
    assert 'id="weigh-magfa-weight-error"' in wrong.text
    assert "دوباره به کار گرفته شد" in karim.post("/providers/magfa/resume").text
    assert karim.post("/providers/nobody/pause").status_code == 404


def test_a_share_is_kept_for_some_hours_and_each_change_stands_with_its_reason(house, karim, mina):
    wait_for(lambda: "kavenegar" in karim.get().text, 40)
    assert karim.post("/providers/kavenegar/pin", hours="3").status_code == 403
    page = mina.post("/providers/kavenegar/pin", hours="3").text
    assert "نگه‌داشته تا" in page
    assert "نگه داشتن سهم" in page
    execute(
        house.beside_db,
        "insert into provider_moves (provider, at, reason, weight_before, weight_after, part, "
        "whole) values ('kavenegar', now(), 'slow', 30, 20, 18, 100)",
    )
    page = karim.get().text
    for text in ("دیر رسیدن", "30 به 20", "18 پیام کند از 100"):
        assert text in page
    wrong = mina.post("/providers/kavenegar/pin", hours="500", act="pin-kavenegar")
    assert wrong.status_code == 422
    assert "نگه‌داشته تا" not in mina.post("/providers/kavenegar/pin", hours="0").text


# --- messages ---


def test_the_board_says_which_provider_is_slow_and_what_waits_in_each_lane(house, karim, sent):
    copy = str(uuid.uuid4())
    execute(
        house.beside_db,
        "insert into messages select (jsonb_populate_record(m, jsonb_build_object('id', %s, "
        "'state', 'SENT', 'sent_at', now()))).* from messages m where id = %s",
        (copy, sent),
    )
    execute(
        house.beside_db,
        "insert into handovers (message, channel, provider, state, reserved_at) values "
        "(%s, 'sms', 'magfa', 'HANDED', now() - interval '30 seconds')",
        (copy,),
    )
    page = karim.get().text
    execute(house.beside_db, "delete from handovers where message = %s", (copy,))
    execute(house.beside_db, "delete from messages where id = %s", (copy,))
    row = page.split("<bdi>مگفا</bdi>")[1].split("</tr>")[0]
    assert "کند</span>" in row
    assert "30 ثانیه" in row
    lanes = page.split('aria-label="نوبت‌ها"')[1].split("</table>")[0]
    assert all(lane in lanes for lane in ("رمز یک‌بار مصرف", "خدماتی", "انبوه"))
    assert page.count("<title>") > 24  # the columns of a day say their values


@pytest.fixture(scope="module")
def sent(house, karim, mina):
    """The ID of a message to MOBILE that waits for next week."""
    id_ = karim.draft("searched", "سلام ((name))")
    mina.post(f"/templates/{id_}/approve", version="1")
    later = (dt.datetime.now(dt.UTC) + FAR).isoformat()
    reply = house.ask(
        notify.SEND,
        agency="mirab",
        template="searched",
        to={"mobile": MOBILE},
        personalisation={"name": "زهرا"},
        reference="ref-77",
        not_before=later,
    )
    return reply["id"]


def test_a_message_is_found_without_anything_personal_on_the_page(karim, sent):
    for item in ({"mobile": "۰۹۹۰۰۰۰۰۰۷۷"}, {"reference": "ref-77"}, {"id": sent}):
        answer = karim.post("/messages", **item)
        result = answer.text.split('id="found"')[1]
        assert sent in result
        assert answer.url.endswith("/messages")
        assert not {"زهرا", MOBILE, WRITTEN} & set(re.split(r"[\s<>\"]", result))


def test_nothing_is_found_by_another_number_and_a_wrong_one_is_told(karim, sent):
    assert "پیامی پیدا نشد" in karim.post("/messages", mobile="09900000078").text
    wrong = karim.post("/messages", mobile="12", day="1405/13/01")
    assert wrong.status_code == 422
    assert 'id="find-mobile-error"' in wrong.text
    assert 'id="find-day-error"' in wrong.text


def test_receiver_and_text_are_shown_for_a_reason_that_all_editors_see(karim, mina, sent):
    assert "زهرا" not in karim.get(f"/messages/{sent}").text
    assert karim.post(f"/messages/{sent}", why="").status_code == 422
    whole = karim.post(f"/messages/{sent}", why="شهروند تماس گرفت").text
    assert "سلام زهرا" in whole
    assert WRITTEN in whole
    looks = mina.get("/looks").text
    assert "شهروند تماس گرفت" in looks
    assert "زهرا" not in looks
    assert WRITTEN not in looks


def test_an_opt_out_at_a_counter_is_final(house, karim):
    assert karim.post("/opt-out", why="در دفتر گفت").status_code == 422
    answer = karim.post(
        "/opt-out", mobile="09900000079", consent="transactional", why="در دفتر گفت"
    )
    assert "انصراف ثبت شد" in answer.text


# --- announcements ---


def test_a_maintenance_is_checked_published_moved_and_cancelled(karim):
    draft = karim.announce()
    assert "آنچه مردم خواهند دید" in draft.text
    assert '<div class="notice maintenance">' in draft.text
    assert "قطع برنامه‌ای" in draft.text
    assert "Planned interruption" in draft.text
    assert "این زمان از تعهد خدمت بیرون است" in draft.text
    at = "/announcements/" + re.search(r"/announcements/([0-9]+)", draft.url)[1]
    published = karim.post(f"{at}/publish", tell="1").text
    assert "اطلاعیه منتشر شد" in published
    assert "به‌موقع اعلام شد" in published
    starts = dt.datetime.now(dt.UTC) + FAR + dt.timedelta(days=1)
    moved = karim.post(
        f"{at}/reschedule",
        from_day=jalali_day(starts),
        from_hour="01:00",
        to_day=jalali_day(starts),
        to_hour="02:00",
        text_fa="یک روز دیرتر",
        text_en="A day later",
    )
    assert "یک روز دیرتر" in moved.text
    assert "ساعت 01:00" in moved.text
    response = karim.post(
        f"{at}/update", state="SCHEDULED", text_fa="همه چیز آماده است", text_en="All is ready"
    )
    assert "همه چیز آماده است" in response.text
    gone = karim.post(f"{at}/cancel", text_fa="لازم نشد", text_en="Not needed")
    assert "لغوشده</span>" in gone.text


def test_the_banner_that_an_editor_checks_has_the_words_of_the_portal():
    fa, en = (FILES[tag].texts for tag in ("fa", "en"))
    public = {key: [fa[key], en[key]] for key in fa}
    for kind in ("maintenance", "incident", "end_of_service"):
        assert public[f"banner_{kind}"] == list(words.BANNERS[kind].values())
    assert public["banner_maintenance_slow"] == list(words.SLOW.values())
    assert public["when_window"] == [
        value.format("{starts}", "{ends}") for value in words.WINDOW.values()
    ]
    assert public["when_sunset"] == [value.format("{day}") for value in words.SUNSET.values()]


def test_the_end_of_a_service_for_people_is_checked_with_its_banner_and_last_day(karim):
    draft = karim.announce("end_of_service", sunset="1405/12/29")
    assert '<div class="notice end_of_service">' in draft.text
    assert "تا آخرین روز" in draft.text
    assert "Last day: 1405/12/29" in draft.text
    contract = karim.announce("end_of_service", sunset="1405/12/29", contracts="inquiry.ask.v1")
    assert "نواری در صفحه‌ها ندارد" in contract.text


def test_who_announces_too_late_is_told_before_he_publishes(karim):
    draft = karim.announce(begins=SOON)
    assert "اگر اکنون منتشر شود دیر است" in draft.text


def test_a_draft_is_written_anew_with_what_it_had(karim):
    draft = karim.announce()
    number = re.search(r"/announcements/([0-9]+)", draft.url)[1]
    form = karim.get("/announcements/new", draft=number).text
    assert "درگاه بسته است." in form
    again = karim.announce(id=number, title_fa="نگهداری بازنوشته")
    assert f"/announcements/{number}?" in again.url
    assert "نگهداری بازنوشته" in again.text


def test_an_incident_is_followed_to_its_end(karim):
    draft = karim.announce("incident", impact="degraded", title_fa="کندی درگاه")
    at = "/announcements/" + re.search(r"/announcements/([0-9]+)", draft.url)[1]
    karim.post(f"{at}/publish")
    done = karim.post(f"{at}/update", state="RESOLVED", text_fa="برطرف شد", text_en="Resolved")
    assert "برطرف‌شده</span>" in done.text


def test_news_is_written_at_the_desk_like_the_rest_and_closes_nothing(karim):
    form = karim.get("/announcements/new").text
    assert '<option value="news">خبر</option>' in form
    draft = karim.announce("news", components=[], title_fa="درگاه تازه")
    assert "نواری در صفحه‌ها ندارد" in draft.text
    assert "در دسترس نیست" not in draft.text
    at = "/announcements/" + re.search(r"/announcements/([0-9]+)", draft.url)[1]
    published = karim.post(f"{at}/publish", tell="1").text
    assert "منتشرشده</span>" in published
    response = karim.post(f"{at}/update", state="PUBLISHED", text_fa="نشانی تازه", text_en="New")
    assert "نشانی تازه" in response.text


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"title_en": "", "from_hour": "25:00"}, ("title_en", "from_day")),
        ({"to_day": "", "to_hour": ""}, ("to_day",)),
        ({"components": ""}, ("components",)),
    ],
)
def test_what_is_wrong_in_an_announcement_stands_beside_its_field(karim, typed, wrong):
    answer = karim.announce(**typed, status=422)
    assert "درگاه بسته است." in answer.text
    for name in wrong:
        assert f'id="write-{name}-error"' in answer.text, name


# --- jobs ---


def job_of(answer):
    return re.search(r"/jobs/([0-9a-f-]{36})", answer.url)[1]


@pytest.fixture(scope="module")
def bulk(karim, mina):
    """The code of a template in force for many."""
    id_ = karim.draft("bulk_cut", "آب ((place)) قطع است", lane="bulk")
    mina.post(f"/templates/{id_}/approve", version="1")
    return "bulk_cut"


def submit(editor, template, text, **more):
    return editor.post(
        "/jobs/new",
        name="خبر قطعی",
        template=template,
        language="fa",
        files={"file": ("rows.csv", text.encode(), "text/csv")},
        **more,
    )


def test_a_file_is_checked_shown_and_priced_before_anything_goes_out(house, karim, bulk):
    rows = f"phone number,place\n{MOBILE},روستای بالا\n12,روستای پایین\n"
    at = f"/jobs/{job_of(submit(karim, bulk, rows))}"
    wait_for(lambda: "آماده آغاز" in karim.get(at).text, 40)
    page = karim.get(at).text
    assert "آب روستای بالا قطع است" in page
    assert "سطرهای نادرست" in page
    assert "آغاز ارسال به 1 گیرنده" in karim.press(f"{at}/start").text
    assert execute(house.beside_db, "select count(*) from messages where job is not null") == [(0,)]
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    text = karim.post(f"{at}/start", from_day=jalali_day(later), from_hour="10:00").text
    assert "زمان‌دار</span>" in text
    assert "لغوشده</span>" in karim.post(f"{at}/cancel").text


def test_a_file_that_is_sent_twice_is_one_job(karim, bulk):
    rows, form = f"phone number,place\n{MOBILE},بالا\n", f"desk-{secrets.token_hex(8)}"
    first = job_of(submit(karim, bulk, rows, form=form))
    assert job_of(submit(karim, bulk, rows, form=form)) == first


def test_a_job_without_a_name_or_of_an_unknown_template_is_refused_with_its_reason(karim):
    answer = karim.post("/jobs/new", name="", template="nothing", language="fa")
    assert answer.status_code == 422
    assert 'id="submit-name-error"' in answer.text


# --- letters ---


def wait_for_printer(house, karim, mina, name="زهرا کاظمی", code="posted"):
    """A letter to this name that waits for the printer."""
    id_ = karim.draft(
        code, channel="letter", body="درخواست ((code)) پاسخ گرفت", fa__subject="پاسخ درخواست"
    )
    mina.post(f"/templates/{id_}/approve", version="1")
    return house.ask(
        notify.SEND,
        agency="mirab",
        template=code,
        to={"address": [name, "خیابان آب 1", "شیراز", "7134567890"]},
        personalisation={"code": "12"},
    )


def test_letters_are_printed_and_marked_once(house, karim, mina):
    reply = wait_for_printer(house, karim, mina)
    page = karim.get("/letters").text
    assert reply["id"] in page
    pdf = karim.get(f"/letters/{reply['id']}")
    assert pdf.content.startswith(b"%PDF")
    with zipfile.ZipFile(io.BytesIO(karim.get("/letters.zip").content)) as bundle:
        assert [bundle.read(name)[:4] for name in bundle.namelist()] == [b"%PDF"]
    assert karim.post("/letters").status_code == 422
    assert "چاپ‌شده ثبت شد" in karim.post("/letters", ids=reply["id"]).text
    assert reply["id"] not in karim.get("/letters").text
    assert "چاپ 1 نامه" in mina.get("/looks").text


def test_a_letter_that_the_post_brought_back_is_found_by_its_envelope_and_noted_once(
    house, karim, mina
):
    reply = wait_for_printer(house, karim, mina, "سهراب برگشتی", "came_back")
    karim.post("/letters", ids=reply["id"])
    assert f"/returned-letters?id={reply['id']}" in karim.get(f"/messages/{reply['id']}").text
    assert reply["id"] in karim.get(f"/returned-letters?id={reply['id']}").text
    assert reply["id"] in karim.post("/returned-letters/find", text="سهراب برگ").text
    assert reply["id"] not in karim.post("/returned-letters/find", text="کسی دیگر").text
    chosen = {"ids": reply["id"], "reason": "moved"}
    look = karim.press("/returned-letters", **chosen).text
    assert "هنوز چیزی انجام نشده است" in look
    assert "گیرنده از این نشانی رفته است" in look
    assert "برگشت نامه‌ها ثبت شد" in karim.post("/returned-letters", **chosen).text
    assert reply["id"] not in karim.get("/returned-letters").text
    page = karim.get(f"/messages/{reply['id']}").text
    assert "پست برگرداند" in page
    assert "گیرنده از این نشانی رفته است" in page
    assert "نامه‌های پست‌شده" in mina.get("/looks").text


def test_returned_letters_without_a_choice_or_a_reason_are_refused_at_the_box(house, karim, mina):
    wait_for_printer(house, karim, mina, code="chosen")
    karim.post(
        "/letters", ids=re.findall(r'id="letter-([0-9a-f-]{36})"', karim.get("/letters").text)
    )
    answer = karim.post("/returned-letters", reason="moved")
    assert answer.status_code == 422
    assert "نامه‌هایی را که برگشت انتخاب کنید" in answer.text
    posted = re.findall(r'id="letter-([0-9a-f-]{36})"', karim.get("/returned-letters").text)
    unreasoned = karim.post("/returned-letters", ids=posted[0], reason="")
    assert (unreasoned.status_code, 'id="returned-reason-error"' in unreasoned.text) == (422, True)


# --- what mail servers report ---


def report(house, message, kind, status, **more):
    """A report about a message, as it is on record."""
    values = {"permanent": True, "unknown": False, "letter": 7} | more
    ((ref,),) = execute(
        house.beside_db,
        "insert into handovers (message, channel, provider, state, reserved_at) "
        "values (%s, 'email', 'smtp', 'REFUSED', now()) returning ref",
        (message,),
    )
    execute(
        house.beside_db,
        "insert into email_reports (ref, kind, message, receiver_hash, status, permanent, "
        "address_unknown, letter, at) values (%s, %s, %s, '', %s, %s, %s, %s, now())",
        (ref, kind, message, status, values["permanent"], values["unknown"], values["letter"]),
    )


def test_the_page_of_a_message_says_in_persian_what_mail_servers_reported(house, karim, mina):
    id_ = wait_for_printer(house, karim, mina, code="reported")["id"]
    report(house, id_, "failed", "5.1.1", unknown=True)
    report(house, id_, "failed", "5.2.2")
    report(house, id_, "delayed", "4.4.1", permanent=False)
    report(house, id_, "complaint", "", letter=8)
    page = karim.get(f"/messages/{id_}").text
    for words_ in (
        "پیام برگشت: کسی این نشانی را ندارد",
        "پیام برگشت: صندوق گیرنده پر است",
        "هنوز برای رساندن پیام تلاش می‌کند",
        "گیرنده این پیام را ناخواسته اعلام کرده است",
        'href="/desk/letters/8"',
    ):
        assert words_ in page


def test_the_board_shows_the_senders_whose_e_mails_come_back(house, karim):
    execute(house.beside_db, "delete from sender_rates")
    execute(
        house.beside_db,
        "insert into sender_rates (owner, handed, failed, complaints, at) values "
        "('', 2000, 150, 1, now()), ('power-co', 1000, 120, 4, now()), "
        "('fine', 1000, 30, 0, now())",
    )
    page = karim.get("").text
    assert "همه فرستنده‌ها با هم" in page
    row = page.partition("power-co")[2] or page
    assert "12.0%" in page
    assert row.count("بیش از اندازه") >= 2
    assert "باید دید" in page


# --- figures of senders ---


def figure(house, owner, state, count, kind="live", channel="sms"):
    execute(
        house.beside_db,
        "insert into sender_days (day, owner, channel, template, kind, state, count, parts, "
        "cost_rials) values ((now() at time zone 'Asia/Tehran')::date, %s, %s, %s, %s, %s, %s, "
        "%s, %s)",
        (owner, channel, str(uuid.UUID(int=5)), kind, state, count, count * 2, count * 5000),
    )


def test_the_figures_of_all_senders_lead_to_those_of_one_and_to_its_file(house, karim):
    figure(house, "power-co", "DELIVERED", 7654)
    figure(house, "power-co", "REJECTED", 321)
    figure(house, "power-co", "DELIVERED", 99, kind="test")
    figure(house, "gas-co", "DELIVERED", 11)
    page = karim.get("/figures").text
    assert page.index("power-co") < page.index("gas-co"), "the largest comes first"
    assert all(f"<td>{number}</td>" in page for number in (7975, 7654, 321, 11))
    page = karim.get("/figures", owner="power-co", days=7).text
    assert "gas-co" not in page
    assert all(word in page for word in ("کلید آزمایشی", "کلید اصلی", f"{7975 * 5000:,}"))
    file = karim.get("/figures.csv", owner="power-co")
    assert file.headers["content-type"].startswith("text/csv")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("sender,day,channel,")
    assert len(rows) == 4
    assert any(row.endswith(",live,REJECTED,321,642,1605000") for row in rows)


def test_who_unsubscribed_is_a_file_by_message_without_addresses(house, karim):
    message = str(uuid.uuid4())
    for owner in ("power-co", "gas-co"):
        execute(
            house.beside_db,
            "insert into unsubscriptions (receiver_hash, owner, template, message, at) "
            "values ('h', %s, 'newsletter', %s, '2026-12-01T08:00:00Z')",
            (owner, message),
        )
    assert "/unsubscribed.csv" in karim.get("/figures").text
    assert "/unsubscribed.csv?owner=power-co" in karim.get("/figures", owner="power-co").text
    rows = karim.get("/unsubscribed.csv", owner="power-co").content.decode("utf-8-sig").splitlines()
    assert rows[0] == "sender,template,message,reference,at,undone_at"
    assert len(rows) == 2
    assert rows[1].startswith(f"power-co,newsletter,{message},,2026-12-01T08:00:00")


def test_a_limit_is_proposed_by_one_and_approved_by_another_after_a_look(house, karim, mina):
    today = jalali_day(dt.datetime.now(dt.UTC))
    fields = {"owner": "power-co", "channel": "email", "rule": "a_year", "from_day": today}
    page = karim.post("/rules", act="propose", value="۲۰۰۰۰۰", reason="قرارداد 12", **fields)
    assert "همکار دیگری باید آن را تأیید کند" in page.text, page.text
    id_ = re.search(r"/rules/([0-9a-f-]{36})/withdraw", page.text)[1]
    assert f"{id_}/approve" not in page.text, "nobody is offered what is refused"
    look = mina.press(f"/rules/{id_}/approve")
    assert all(text in look.text for text in ("200000", "سقف سالانه", "قرارداد 12"))
    page = mina.confirm(look).text
    assert "قاعده تأیید شد" in page
    assert "جا دارد" in page
    assert f"{id_}/withdraw" not in page, "what counts ends by another rule"
    wrong = karim.post(
        "/rules", act="propose", value="2", reason="x", **{**fields, "rule": "keep_days"}
    )
    assert (wrong.status_code, "نگهداری پیام از 3 تا 400 روز است" in wrong.text) == (422, True)


# --- senders and texts ---


def test_a_sender_is_proposed_by_one_and_approved_by_another(house, karim, mina):
    page = karim.post(
        "/senders", owner="power-co", channel="sms", text="۳۰۰۰ ۹۹۹", provider="magfa"
    )
    assert "همکار دیگری باید آن را تأیید کند" in page.text
    id_ = re.search(r"/senders/([0-9a-f-]{36})/withdraw", page.text)[1]
    assert f"{id_}/approve" not in page.text, "nobody is offered what is refused"
    assert karim.post(f"/senders/{id_}/approve").status_code == 403
    page = mina.post(f"/senders/{id_}/approve").text
    assert ("فرستنده تأیید شد" in page, "تأییدشده" in page, "3000999" in page) == (True,) * 3
    fields = {"owner": "power-co", "channel": "sms", "text": "abc", "provider": "magfa"}
    wrong = karim.post("/senders", act="propose", **fields)
    assert (wrong.status_code, "abc" in wrong.text) == (422, True)
    assert "شماره خط 4 تا 20 رقم دارد" in wrong.text
    assert "3000999" not in karim.post(f"/senders/{id_}/withdraw").text


def test_what_became_of_a_proposed_sender_is_called_by_the_name_of_its_agency():
    outcome = Outcome(
        id=1,
        matter="sender",
        number="power-co",
        name="",
        accepted=True,
        decided_by="mina",
        at="2026-12-01T09:00:00Z",
        unread=False,
    )
    pages = mock.Mock(agency=mock.AsyncMock(return_value=lambda code: f"شرکت برق ({code})"))
    name_of = asyncio.run(namer(pages, mock.Mock(), [outcome]))
    assert name_of(outcome) == "فرستنده دستگاه شرکت برق (power-co)"
    asyncio.run(namer(pages, mock.Mock(), [replace(outcome, matter="refund")]))
    assert pages.agency.await_count == 1, "agencies are read where one is named"


def test_a_text_that_no_rule_could_file_is_settled_once_and_the_look_is_noted(house, karim, mina):
    fields = {"provider": "magfa", "line": "1000", "sender": "09900000078"}
    for ref, text in (("1", "سلام <b>"), ("2", "دومی")):
        house.ask(received.TAKE_TEXT, ref=ref, text=text, **fields)
    page = karim.get("/texts").text
    assert ("سلام &lt;b&gt;" in page, "+989900000078" in page) == (True, True)
    ids = re.findall(r'<option value="([0-9a-f-]{36})"', page)
    refused = karim.post("/texts", id=ids[0], ticket="12")
    assert (refused.status_code, "کد رهگیری نیست" in refused.text) == (422, True)
    assert "سلام &lt;b&gt;" not in karim.post("/texts", id=ids[0], ticket="5720000008").text
    assert "پیامکی در انتظار نیست" in karim.post("/texts", id=ids[1]).text
    assert "پیامک‌های رسیده" in mina.get("/looks").text


def test_a_report_is_corrected_by_a_second_editor_who_sees_old_and_new(house, karim):
    day = dt.datetime.now(TEHRAN).date() - dt.timedelta(days=70)
    month = jalali(day)[:7]
    row = "insert into component_days values ('portal', %s, 1440, 9, 0, 0)"
    execute(house.beside_db, row, (day,))
    house.ask(promises.CLOSE_MONTH, month=month, figures=[])
    execute(house.beside_db, "update component_days set down = 1")
    typed = {"month": month, "reason": "<یک> روز دو بار شمرده شد.", "act": "propose"}
    answer = karim.post("/reports", **typed)  # what inquiry counts is missing: nobody guesses
    assert (answer.status_code, "&lt;یک&gt; روز" in answer.text) == (503, True)
    (proposal,) = ask(
        house.amqp,
        promises.PROPOSE_CORRECTION,
        caller={"staff": "karim"},
        **{"month": month, "reason": typed["reason"], "figures": []},
    )["corrections"]
    page = karim.get("/reports").text
    change = "از 9 به 1"
    assert change in page
    approve = f"/reports/{proposal['id']}/approve"
    assert "تأییدکننده می‌خواهد" in karim.post(approve).text
    mina = house.sit("mina")
    look = mina.press(approve).text
    assert change in look
    assert "&lt;یک&gt; روز" in look
    answer = mina.post(approve)
    assert "ویرایش تازه امضا" in answer.text
    assert "ویرایش 2" in answer.text
    assert change in answer.text
    assert mina.post(approve).status_code == 404


# --- what is wrong ---


@pytest.mark.parametrize(
    "path",
    [
        "/templates/x",
        "/templates/00000000-0000-0000-0000-000000000000",
        "/messages/x",
        "/announcements/999999",
        "/announcements/99999999999999999999",
        "/letters/x",
        "/jobs/00000000-0000-0000-0000-000000000000",
    ],
)
def test_what_there_is_not_is_not_found(karim, path):
    assert karim.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/templates/x/approve", {"version": "1"}),
        ("/templates/x/nothing", {}),
        ("/announcements/1/nothing", {}),
        (f"/announcements/{'9' * 20}/publish", {}),
        ("/announcements/new", {"kind": "news", "id": "9" * 20}),
        ("/jobs/x/start", {"from_day": "x", "from_hour": "y"}),
        ("/jobs/x/nothing", {}),
        ("/messages", {"before": "x", "state": "POEM"}),
        ("/messages/x", {"why": "کنجکاوی"}),
        ("/opt-out", {"mobile": "12"}),
        ("/letters", {"ids": "x"}),
        ("/returned-letters", {"ids": "x", "reason": "poem"}),
        ("/returned-letters/find", {"text": "x" * 200}),
        ("/announcements/new", {"kind": "poem", "id": "x"}),
    ],
)
def test_bad_input_is_told_and_never_an_error_of_ours(karim, path, form):
    assert karim.post(path, **form).status_code in (200, 404, 422)


def test_p27_p32_an_editor_sees_slowness_as_such_where_it_stands_and_when_an_sms_goes(karim):
    draft = karim.announce(impact="degraded", components="billing")
    assert "کندی برنامه‌ای" in draft.text
    assert "قطع برنامه‌ای" not in draft.text
    assert "صفحه‌های قبض و پرداخت" in draft.text
    at = "/announcements/" + re.search(r"/announcements/([0-9]+)", draft.url)[1]
    look = karim.press(f"{at}/publish", tell="1").text
    assert "هنوز چیزی انجام نشده است" in look
    assert "پیامک مشترکان" in look


def test_p8_an_announcement_that_changed_after_it_was_looked_at_is_not_published(karim):
    draft = karim.announce()
    number = re.search(r"/announcements/([0-9]+)", draft.url)[1]
    look = karim.press(f"/announcements/{number}/publish")
    karim.announce(id=number, title_fa="عنوان دیگر")
    reply = karim.confirm(look)
    assert (reply.status_code, "کاری انجام نشد" in reply.text) == (409, True)
