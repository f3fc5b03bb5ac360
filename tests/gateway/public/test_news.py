"""What an announcement does to real faces: banner, closed pages, feeds, ending contracts."""

import datetime as dt
import json
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import feedparser
import pytest
import requests
from icalendar import Calendar

from bus.health import NOTIFY
from contracts.notify import announcements as c
from deploy.local.ports import free_port, listening
from gateway.http import kept
from tests.bus.asking import ask_all
from tests.databases import make_database
from tests.gateway.conftest import begin, environ_of, sender_to
from tests.gateway.public.test_citizens_pages import as_typed
from tests.processes import Starter
from tests.stacks import run_face, run_inquiry
from tests.stores import execute, own_vhost
from tests.waiting import wait_for

TITLE = {"fa": "تعمیر «پایگاه داده»", "en": "Repair of the <database>"}
WORDS = {"fa": "سامانه به‌روز می‌شود & برمی‌گردد.", "en": "It is being updated & comes back."}
BROWSER = {"Accept": "text/html"}


class Newsroom:
    """Notify, the portal and the agency face, running; and an editor."""

    def __init__(self, start, folder, amqp, notify_db, inquiry_db):
        self.shown_from = 0.0
        self.start, self.amqp, self.db, self.folder = start, amqp, notify_db, folder
        inquiry = run_inquiry(start, folder, amqp, inquiry_db)
        self.portal = f"http://127.0.0.1:{free_port()}"
        self.environ = {**environ_of(inquiry), "PORTAL_URL": self.portal}
        port = self.portal.rsplit(":", 1)[1]
        public = start("gateway.public", **self.environ, HOST="127.0.0.1", PORT=port)
        self.face = run_face(start, folder, {**inquiry, "PORTAL_URL": self.portal})
        wait_for(lambda: listening(int(port)) or not public.alive, 60)
        assert public.alive, public.log
        self.service = self.serve()
        self.sender = sender_to(self.face)

    def serve(self):
        environ = {**self.environ, "DB_URL": self.db}
        service = self.start("bus", "serve", "services.notify", **environ)
        health = (NOTIFY, None, {})
        wait_for(lambda: isinstance(self.answer(health), dict), 90, 1)
        return service

    def answer(self, question):
        """An editor's question, asked in a thread: in ours a browser's loop may run."""
        with ThreadPoolExecutor(1) as pool:
            request = pool.submit(ask_all, self.amqp, [question], caller={"staff": "karim"})
            return request.result()[0]

    def ask(self, contract, **data):
        question = (contract, None, contract.load_data(data))
        reply = self.answer(question)
        assert isinstance(reply, dict), reply
        self.shown_from = time.monotonic() + kept.SECONDS
        return reply

    def publish(self, kind, **more):
        request = {"kind": kind, "title": TITLE, "body": WORDS, **more}
        drafted = self.ask(c.DRAFT_ANNOUNCEMENT, **request)
        return self.ask(c.PUBLISH_ANNOUNCEMENT, id=drafted["id"])

    def maintenance(self, begins=-60, ends=3600, **more):
        more = {"components": ["portal"], "impact": "down", **more}
        return self.publish("maintenance", starts_at=at(begins), ends_at=at(ends), **more)

    def over(self, reply):
        """Cancelled, and the faces have heard of it."""
        self.ask(c.CANCEL_ANNOUNCEMENT, id=reply["id"], text=WORDS)

    def get(self, path, **more):
        """What a visitor reads who comes once the last act of an editor must be shown."""
        time.sleep(max(0, self.shown_from - time.monotonic()))
        return requests.get(self.portal + path, timeout=20, **more)

    def page(self, path, language="fa", status=200):
        answer = self.get(path, headers=BROWSER, cookies={"lang": language})
        assert answer.status_code == status, answer.text
        return answer.text


def at(seconds):
    """A moment so many seconds from now."""
    moment = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z")


def rated(name):
    """Waits, asking once a second: the agency face counts questions."""
    return wait_for(name, 60, 1)


@pytest.fixture(scope="module")
def room(tmp_path_factory, broker, postgres, notify_template, demo_template):
    folder = tmp_path_factory.mktemp("news")
    notify = make_database(postgres, "news_notify", notify_template)
    inquiry = make_database(postgres, "news_inquiry", demo_template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        yield Newsroom(starter, folder, amqp, notify, inquiry)
        starter.end()


# --- the banner ---


def test_every_page_tells_of_a_maintenance_with_day_and_hour_until_it_is_cancelled(room):
    reply = room.maintenance(begins=7200, ends=10_800, components=["portal"])
    wait_for(lambda: 'class="notice' in room.page("/"), 60)
    for path in ("/", "/verify", "/accessibility", "/nowhere"):
        status = 404 if path == "/nowhere" else 200
        page = room.page(path, status=status)
        assert page.count('role="region" aria-labelledby="notice-title"') == 1, path
        assert page.index("notice-title") < page.index("<h1")
        assert f'href="/status/{reply["id"]}"' in page
        assert "ساعت" in page
    # Never together with an error summary.
    wrong = room.page("/verify?code=")
    assert "error-summary" in wrong
    assert "notice-title" not in wrong
    room.over(reply)
    wait_for(lambda: 'class="notice' not in room.page("/"), 60)


def test_p27_slow_is_not_away_and_only_the_first_page_and_those_affected_tell_it(room):
    reply = room.maintenance(begins=7200, ends=10_800, components=["billing"], impact="degraded")
    wait_for(lambda: 'class="notice' in room.page("/"), 60)
    for path in ("/", "/bills"):
        page = room.page(path)
        assert "کندی برنامه‌ای" in page, path
        assert "قطع برنامه‌ای" not in page, path
    for path in ("/privacy", "/verify", "/accessibility"):
        assert "notice-title" not in room.page(path), path
    room.over(reply)
    wait_for(lambda: 'class="notice' not in room.page("/"), 60)


def test_o1_how_we_stand_is_told_soon_while_the_service_that_knows_it_is_frozen(room):
    assert room.get("/status.json").json()["fresh"]
    room.service.popen.send_signal(signal.SIGSTOP)
    try:
        time.sleep(kept.SECONDS)
        # A question to a frozen service would take its whole deadline of ten seconds.
        answer = requests.get(f"{room.portal}/status.json", timeout=9)
        assert (answer.status_code, answer.json()["fresh"]) == (200, False)
    finally:
        room.service.popen.send_signal(signal.SIGCONT)


def test_what_only_agencies_feel_is_no_banner_of_the_portal(room):
    reply = room.maintenance(components=["agency-door"], impact="degraded")
    page = wait_for(lambda: (p := room.page("/status")) and TITLE["fa"] in p and p)
    assert "notice-title" not in page
    assert "notice-title" not in room.page("/")
    room.over(reply)


def test_the_end_of_a_service_for_people_is_told_on_its_pages_and_that_of_a_contract_is_not(room):
    contract = room.publish(
        "end_of_service", contracts=["inquiry.ask.v1"], sunset="2027-03-20", components=["inquiry"]
    )
    reply = room.publish("end_of_service", sunset="2027-03-20", components=["inquiry"])
    page = wait_for(lambda: "notice-title" in (p := room.page("/")) and p, 60)
    assert f'href="/status/{reply["id"]}"' in page
    assert "پایان خدمت" in page
    assert "29 اسفند" in page
    room.over(reply)
    wait_for(lambda: "notice-title" not in room.page("/"), 60)
    room.over(contract)


# --- closed ---


def test_in_its_window_the_portal_says_when_it_is_back_and_the_state_stays_open(room):
    reply = room.maintenance()
    wait_for(lambda: room.get("/").status_code == 503, 60)
    answer = room.get("/", headers=BROWSER)
    assert 3000 < int(answer.headers["Retry-After"]) <= 3600
    assert answer.headers["Cache-Control"] == "no-store"
    for words in ("دوباره باز است", "ساعت", "074-33330000", "ثبت نشد"):
        assert words in answer.text, words
    english = room.page("/contact/new", "en", 503)
    assert "It is open again on" in english
    assert 'lang="en"' in english
    machine = room.get("/v1/verify/V-0000", headers={"Accept": "application/json"})
    assert (machine.status_code, machine.json()["code"]) == (503, "service.maintenance")
    for path in (
        "/status",
        f"/status/{reply['id']}",
        "/news",
        "/news.rss",
        "/status.json",
        "/health/live",
        "/static/mirab.css",
        "/problems/service.maintenance",
    ):
        assert room.get(path).status_code == 200, path
    # A provider's receipt is no visit.
    assert room.get("/callbacks/sms/kavenegar/nonsense").status_code == 404
    room.over(reply)
    wait_for(lambda: room.get("/").status_code == 200, 60)


def test_what_stays_up_is_not_closed_and_one_component_closes_its_own_pages(room):
    reply = room.maintenance(components=["inquiry"])
    wait_for(lambda: room.get("/verify").status_code == 503, 60)
    assert room.get("/").status_code == 200
    assert room.get("/privacy").status_code == 200
    update = {"id": reply["id"], "state": "IN_PROGRESS", "text": WORDS}
    room.ask(c.UPDATE_ANNOUNCEMENT, **update, impact="degraded")
    wait_for(lambda: room.get("/verify").status_code == 200, 60)
    room.over(reply)


def test_an_agency_is_told_when_to_ask_again_and_the_answer_is_signed(room):
    reply = room.maintenance(components=["inquiry"])
    # An answer that is an error is false to requests.
    (answer,) = rated(lambda: (a := room.sender.send()).status_code == 503 and (a,))
    assert answer.json()["code"] == "service.maintenance"
    assert 3000 < int(answer.headers["Retry-After"]) <= 3600
    assert "Signature" in answer.headers
    # How the service is may always be asked; what is not of that context goes on.
    other = room.sender.send({"month": "1405-08"}, path="/v1/billing/statement")
    assert other.json().get("code") != "service.maintenance"
    room.over(reply)
    rated(lambda: room.sender.send().status_code == 200)


def test_a_window_opens_and_closes_by_the_clock_while_notify_is_away(room):
    reply = room.maintenance(begins=10, ends=22, components=["inquiry"])
    starts, ends = (dt.datetime.fromisoformat(reply[n]) for n in ("starts_at", "ends_at"))
    wait_for(lambda: "notice-title" in room.page("/"), 60)
    wait_for(lambda: room.get("/status").status_code == 200, 60)
    room.service.kill()
    try:
        wait_for(lambda: room.get("/verify").status_code == 503, 60)
        assert dt.datetime.now(dt.UTC) >= starts
        wait_for(lambda: room.get("/verify").status_code == 200, 60)
        assert dt.datetime.now(dt.UTC) >= ends
        assert "اکنون پاسخ نمی‌دهد" in room.page("/status"), "what was known last is shown"
    finally:
        room.service = room.serve()
    assert room.ask(c.ANNOUNCEMENT, id=reply["id"])["state"] == "COMPLETED"


# --- what ends ---


def test_a_contract_that_ends_says_so_until_its_last_day_and_is_gone_after_it(room):
    last = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
    reply = room.publish("end_of_service", contracts=["inquiry.ask.v1"], sunset=last.isoformat())
    answer = rated(lambda: "Sunset" in (a := room.sender.send()).headers and a)
    assert answer.status_code == 200
    published = dt.datetime.fromisoformat(reply["published_at"])
    assert answer.headers["Deprecation"] == f"@{int(published.timestamp())}"
    # Midnight of Tehran (UTC+3:30) after the last day.
    assert answer.headers["Sunset"] == f"{last:%a, %d %b %Y} 20:30:00 GMT"
    page = f"{room.portal}/status/{reply['id']}"
    assert f'<{page}>; rel="deprecation"' in answer.headers["Link"]
    assert f'<{page}>; rel="sunset"' in answer.headers["Link"]
    refused = room.sender.send({"key": "nonsense"})
    assert refused.status_code == 422
    assert "Sunset" in refused.headers
    assert "Sunset" not in room.sender.send({}, path="/v1/inquiry/health").headers
    sunset = "update announcements set sunset = current_date - 2 where id = %s"
    execute(room.db, sunset, (reply["id"],))
    (gone,) = rated(lambda: (a := room.sender.send()).status_code == 410 and (a,))
    assert gone.json()["code"] == "contract.ended"
    assert "Deprecation" in gone.headers
    execute(room.db, "update announcements set state = 'CANCELLED' where id = %s", (reply["id"],))
    rated(lambda: room.sender.send().status_code == 200)


# --- feeds ---


@pytest.fixture(scope="module")
def announced(room):
    """One of each kind; the maintenance was moved once, another cancelled."""
    moved = room.maintenance(begins=86_400 * 5, ends=86_400 * 5 + 3600, components=["billing"])
    room.ask(
        c.RESCHEDULE_ANNOUNCEMENT,
        id=moved["id"],
        text=WORDS,
        starts_at=at(86_400 * 6),
        ends_at=at(86_400 * 6 + 3600),
    )
    cancelled = room.maintenance(begins=86_400 * 7, ends=86_400 * 8, components=["billing"])
    room.over(cancelled)
    room.publish("news")
    room.publish("end_of_service", sunset="2027-03-20")
    yield {"moved": moved["id"], "cancelled": cancelled["id"]}
    room.over(moved)


@pytest.mark.parametrize("form", ["rss", "atom"])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_feeds_are_well_formed_and_carry_every_announcement(room, announced, form, language):
    answer = room.get(f"/news.{form}?lang={language}")
    parsed = feedparser.parse(
        answer.content, response_headers={"content-type": answer.headers["Content-Type"]}
    )
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == {"rss": "rss20", "atom": "atom10"}[form]
    total = len(room.ask(c.ANNOUNCEMENTS, limit=50)["announcements"])
    assert len(parsed.entries) == total
    assert len({entry.id for entry in parsed.entries}) == total
    assert all(TITLE[language] in entry.title for entry in parsed.entries)
    assert all(entry.published_parsed for entry in parsed.entries)
    newest = parsed.entries[0]
    assert newest.link.startswith(room.portal + "/status/") or newest.link.startswith("http")
    assert "&amp;" in newest.get("summary", "") or "&" in newest.get("summary", "")


def test_the_json_feed_follows_version_1_1(room, announced):
    body = json.loads(room.get("/news.json").content)
    assert body["version"] == "https://jsonfeed.org/version/1.1"
    assert body["feed_url"].endswith("/news.json")
    for item in body["items"]:
        assert {"id", "url", "title", "content_html", "date_published"} <= set(item)
        assert dt.datetime.fromisoformat(item["date_published"])
        assert "<p>" in item["content_html"]
    assert {item["_mirab"]["kind"] for item in body["items"]} >= {"maintenance", "news"}


def test_the_calendar_moves_and_cancels_its_events(room, announced):
    answer = room.get("/news.ics")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    calendar = Calendar.from_ical(answer.content)
    assert " / " in calendar["X-WR-CALNAME"]
    events = {int(str(e["UID"]).split("-")[1].split("@")[0]): e for e in calendar.walk("VEVENT")}
    moved, cancelled = events[announced["moved"]], events[announced["cancelled"]]
    assert (int(moved["SEQUENCE"]), str(moved["STATUS"])) == (1, "CONFIRMED")
    start = moved.decoded("DTSTART")
    assert dt.timedelta(days=5, hours=23) < start - dt.datetime.now(dt.UTC) < dt.timedelta(days=6)
    assert moved.decoded("DTEND") - start == dt.timedelta(hours=1)
    assert str(cancelled["STATUS"]) == "CANCELLED"
    assert TITLE["fa"] in str(moved["DESCRIPTION"])
    assert TITLE["en"] in str(moved["DESCRIPTION"])


def test_c8_c10_the_calendar_speaks_the_language_asked_for_and_invites_nobody(room, announced):
    names = {}
    for lang, other in (("fa", "en"), ("en", "fa")):
        calendar = Calendar.from_ical(room.get(f"/news.ics?lang={lang}").content)
        assert "METHOD" not in calendar
        (event,) = (
            e
            for e in calendar.walk("VEVENT")
            if str(e["UID"]).startswith(f"announcement-{announced['moved']}@")
        )
        assert TITLE[lang] in str(event["SUMMARY"])
        assert TITLE[other] not in str(event["SUMMARY"])
        assert event["SUMMARY"].params["LANGUAGE"] == lang
        assert event["DESCRIPTION"].index(TITLE[lang]) < event["DESCRIPTION"].index(TITLE[other])
        assert not event.errors
        names[lang] = str(calendar["X-WR-CALNAME"])
    assert names["fa"] != names["en"]


def test_c10_an_all_day_row_is_a_day_and_a_window_has_its_hours(room, announced):
    events = Calendar.from_ical(room.get("/news.ics").content).walk("VEVENT")
    ends = [e for e in events if str(e["CATEGORIES"].to_ical()).find("end_of_service") > 0]
    assert ends
    for event in ends:
        assert event["DTSTART"].params["VALUE"] == "DATE"
        assert event.decoded("DTEND") - event.decoded("DTSTART") == dt.timedelta(days=1)


def entry(room, form, id):
    """The newest item of an announcement in a feed."""
    parsed = feedparser.parse(room.get(f"/news.{form}").content)
    page = f"{room.portal}/status/{id}"
    return next(e for e in parsed.entries if e.link.split("#")[0] == page)


def test_c11_what_changes_is_shown_again_by_every_reader(room):
    reply = room.maintenance(begins=86_400 * 9, ends=86_400 * 9 + 3600, components=["billing"])
    try:
        before = {form: entry(room, form, reply["id"]) for form in ("rss", "atom")}
        room.ask(
            c.RESCHEDULE_ANNOUNCEMENT,
            id=reply["id"],
            text=WORDS,
            starts_at=at(86_400 * 10),
            ends_at=at(86_400 * 10 + 3600),
        )
        after = {form: entry(room, form, reply["id"]) for form in ("rss", "atom")}
        assert after["rss"].id == f"{before['rss'].id}#update-1"
        assert after["rss"].published_parsed >= before["rss"].published_parsed
        assert 'id="update-1"' in room.page(f"/status/{reply['id']}")
        assert after["atom"].id == before["atom"].id
        assert after["atom"].updated > before["atom"].updated
    finally:
        room.over(reply)
    cancelled = entry(room, "rss", reply["id"])
    assert cancelled.id == f"{before['rss'].id}#update-2"
    assert "لغو شد" in cancelled.title


LISTED = "متن نخست:\n* آب قطع است\n* تا صبح\nبخوانید: https://water.example/a?b=1&c=2."


def test_c12_contents_are_html_as_the_page_shows_it(room):
    reply = room.publish("news", body={"fa": LISTED, "en": LISTED})
    page = room.page(f"/status/{reply['id']}")
    items = {
        **{form: entry(room, form, reply["id"]) for form in ("rss", "atom")},
        "json": next(
            item
            for item in room.get("/news.json").json()["items"]
            if item["url"].endswith(f"/{reply['id']}")
        ),
    }
    contents = [items["json"]["content_html"]]
    for form in ("rss", "atom"):
        raw = room.get(f"/news.{form}").text
        assert "dir=&quot;rtl&quot; lang=&quot;fa&quot;" in raw or 'dir="rtl" lang="fa"' in raw
        contents.append(items[form].get("summary") or items[form].content[0].value)
    for content in [*contents, page]:
        assert "<ul><li>آب قطع است</li><li>تا صبح</li></ul>" in content
        assert 'href="https://water.example/a?b=1&amp;c=2"' in content


def test_who_has_a_feed_is_not_sent_it_again(room, announced):
    for path in ("/news.rss", "/news.atom", "/news.json", "/news.ics"):
        first = room.get(path)
        again = room.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert first.headers["Cache-Control"] == "public, max-age=60"


def test_pages_lead_to_the_feeds(room):
    page = room.page("/")
    for form, kind in (("rss", "rss+xml"), ("atom", "atom+xml"), ("json", "feed+json")):
        assert f'type="application/{kind}"' in page
        assert f'href="/news.{form}"' in page


# --- how we stand ---


def test_the_page_of_our_state_names_every_promise_and_says_what_is_not_measured(room):
    page = room.page("/status")
    for number in range(1, 14):
        assert f'id="S{number}"' in page
    assert "سنجش کافی نیست" in page
    body = room.get("/status.json").json()
    assert {x["code"] for x in body["components"]} == set(c.COMPONENTS)
    assert all(x["uptime"] is None for x in body["components"])


def test_the_ops_face_measures_each_minute(room):
    ops = begin(
        room.start,
        "ops",
        **room.environ,
        AGENCY_URL=str(room.face),
    )
    states = wait_for(
        lambda: (
            (s := {x["code"]: x["state"] for x in room.ask(c.STATUS)["components"]})["portal"]
            != "unknown"
            and s
        ),
        60,
    )
    assert requests.get(f"{ops}/health/live", timeout=10).ok
    assert states["notify"] == "up"
    assert states["inquiry"] == "up"
    assert (states["ticketing"], states["billing"]) == ("down", "down")


def test_an_unknown_announcement_is_no_page(room):
    for number in ("0", "999999", "9" * 20):
        assert room.get(f"/status/{number}").status_code == 404, number
    assert room.get("/news?before=zzz").status_code == 200


# --- subscribing ---


def pin(room):
    (contents,) = execute(
        room.db,
        "select m.contents from messages m join templates t on t.id = m.template "
        "where t.code = 'subscribe_confirm' order by m.created_at desc limit 1",
    )[0]
    (content,) = contents.values()
    return next(w for w in content["body"].split() if w.isdigit() and len(w) == 6)


@pytest.mark.parametrize("how", ["persian", "arabic", "pasted"])
def test_p10_the_code_of_a_subscription_is_read_in_any_digits(room, how):
    form = {"way": "email", "address": f"{how}@mirab.example", "news": "1"}
    response = requests.post(f"{room.portal}/subscribe", data=form, timeout=20)
    typed = as_typed(pin(room), how)
    confirmed = requests.post(response.url, data={"pin": typed}, timeout=20)
    assert "/u/" in confirmed.url, confirmed.text
    requests.post(confirmed.url.split("?")[0], timeout=20)


@pytest.mark.parametrize("door", ["/inquiry/open", "/contact/track", "/inbox/open"])
def test_p17_code_and_secret_open_what_they_belong_to_at_whichever_door(room, door):
    made = requests.post(f"{room.portal}/inbox", data={"form": ""}, timeout=20).text
    code, secret = re.findall(r'<dd><bdi dir="ltr">([0-9 ]+)</bdi>', made)
    opened = requests.post(
        f"{room.portal}{door}", data={"code": code, "secret": secret}, timeout=30
    )
    # The desk is away here, which does not shut the doors of others.
    assert (opened.status_code, opened.url) == (200, f"{room.portal}/inbox/mine")


def subscribe(room, address, way="email"):
    """The page of a confirmed subscription."""
    form = {"way": way, "address": address, "news": "1"}
    response = requests.post(f"{room.portal}/subscribe", data=form, timeout=20)
    assert "/subscribe/confirm/" in response.url, response.text
    confirmed = requests.post(response.url, data={"pin": f" {pin(room)} "}, timeout=20)
    assert "/u/" in confirmed.url, confirmed.text
    return confirmed


def test_somebody_subscribes_by_a_code_and_ends_it_by_one_click_from_elsewhere(room):
    confirmed = subscribe(room, "reader@mirab.example")
    assert "مشترک شدید" in confirmed.text
    address = confirmed.url.split("?")[0]
    changed = requests.post(f"{address}/change", data={"topics": ["portal"]}, timeout=20)
    assert 'value="portal" checked' in changed.text
    room.publish("news")
    clicked = requests.post(
        address,
        data={"List-Unsubscribe": "One-Click"},
        timeout=20,
        headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert clicked.status_code == 200
    assert "لغو شد" in clicked.text
    assert execute(room.db, "select count(*) from subscriptions where ended_at is null") == [(0,)]


@pytest.mark.parametrize(
    ("reason", "words"), [("undeliverable", "کسی این نشانی را ندارد"), ("complaint", "هرزنامه")]
)
def test_a_subscription_that_reports_ended_says_why(room, reason, words):
    confirmed = subscribe(room, f"{reason}@mirab.example")
    execute(
        room.db,
        "update subscriptions set ended_at = now(), receiver = null, ended_by = %s "
        "where ended_at is null",
        (reason,),
    )
    page = requests.get(confirmed.url.split("?")[0], timeout=20).text
    assert words in page
    assert "نشانی شما را پاک کردیم" in page


def test_a_form_that_is_wrong_says_so_beside_what_was_typed(room):
    for way, address in (("sms", "0912"), ("email", "nobody"), ("sms", "")):
        answer = requests.post(
            f"{room.portal}/subscribe", data={"way": way, "address": address}, timeout=20
        )
        assert answer.status_code == 422
        assert 'href="#address"' in answer.text
        assert f'value="{address}"' in answer.text
    answer = requests.post(
        f"{room.portal}/subscribe/confirm/nobody", data={"pin": "123456"}, timeout=20
    )
    assert answer.status_code == 422
    assert room.get("/u/forged").status_code == 404


def test_a_service_killed_while_it_tells_goes_on_and_tells_nobody_twice(room):
    execute(
        room.db,
        "insert into subscriptions (id, channel, receiver, receiver_hash, language, topics, news, "
        "asked_at, confirmed_at) select gen_random_uuid(), 'email', jsonb_build_object('email', "
        "'r' || n || '@mirab.example'), decode(md5('r' || n), 'hex'), 'fa', '{}', false, now(), "
        "now() - interval '1 minute' from generate_series(1, 2300) n",
    )
    reply = room.publish("incident", components=["billing"], impact="degraded")
    count = (
        "select count(*) from subscriber_notices t join announcement_updates u on u.id = t.update "
        "where u.announcement = %s"
    )

    def done():
        return execute(room.db, count, (reply["id"],))[0][0]

    wait_for(done, 60)
    room.service.kill()
    before = done()
    assert before % 500 == 0 or before == 2300
    room.service = room.serve()
    wait_for(lambda: done() == 2300, 120)
    sent = execute(
        room.db,
        "select count(*), count(distinct m.receiver->>'email') from messages m "
        "join templates t on t.id = m.template where t.code = 'outage' "
        "and m.receiver->>'email' like 'r%@%'",
    )
    assert sent == [(2300, 2300)]
    room.ask(c.UPDATE_ANNOUNCEMENT, id=reply["id"], state="RESOLVED", text=WORDS, tell=False)
