"""What everybody reads alike is kept for half a second, tagged and compressed; all else is not."""

import gzip
import itertools
import re
import time

import pytest

from bus.errors import TooMany, Unavailable
from bus.messages.message import to_wire
from gateway.forms.seals import Seals
from gateway.http import kept
from gateway.public.site.access import DOORS
from tests.gateway.papers.test_documents import bill_of
from tests.gateway.public.strangers import Portal

AT = "2026-11-23T08:30:00Z"
CODE, SECRET = "4052138845", "7" * 20
NEWS = {
    "id": 4,
    "kind": "news",
    "state": "PUBLISHED",
    "title": {"fa": "خبر یک", "en": "News one"},
    "body": {"fa": "متن خبر. " * 100, "en": "The text."},
    "components": [],
    "impact": "none",
    "starts_at": None,
    "ends_at": None,
    "contracts": [],
    "sunset": None,
    "drafted_at": AT,
    "published_at": AT,
    "updated_at": AT,
    "open": True,
    "in_time": None,
    "excluded": [],
    "updates": [],
}
HOLIDAY = {
    "id": 7,
    "from_day": "2026-12-22",
    "to_day": "2026-12-22",
    "title": "شب یلدا",
    "estimated": False,
    "cancelled": False,
    "changed_at": AT,
}
REPLIES = {
    "ticketing.public_holidays.v1": {"holidays": [HOLIDAY], "known_until": None},
    "ticketing.form.v1": {
        "categories": [],
        "counties": [],
        "units": [{"code": "a", "fa": "واحد یک", "en": "Unit one", "email": "one@water.example"}],
        "hours_fa": "شنبه تا چهارشنبه",
        "hours_en": "Saturday to Wednesday",
    },
    "ticketing.statistics.v1": {
        "from_day": "2025-11-23",
        "smallest": 5,
        "months": [],
        "categories": [],
        "total": {"registered": None, "answered": None, "mean_hours": None},
        "ratings": None,
    },
    "ticketing.list_public.v1": {"tickets": []},
    "ticketing.heat.v1": {"side": 0.1, "smallest": 5, "months": [], "cells": [], "seats": []},
    "ticketing.public_map.v1": {"area": None, "counties": [], "places": []},
    "ticketing.track.v1": {"code": CODE},
    "inquiry.ratings.v1": {"smallest": 5, "ratings": []},
    "inquiry.laws.v1": {"acts": []},
    "billing.look_up.v1": to_wire(bill_of(bill_id="1462119", payment_id="175550912")),
    "notify.status.v1": {
        "now": AT,
        "from_day": "2026-08-25",
        "announce_hours_before": 48,
        "components": [],
        "promises": [],
    },
    "notify.message_figures.v1": {
        "now": AT,
        "since": None,
        "until": None,
        "smallest": 5,
        "limits": [],
        "days": [],
        "months": [],
        "senders": [],
    },
    "notify.promises.v1": {
        "now": AT,
        "from_day": "2026-08-25",
        "announce_hours_before": 48,
        "promises": [],
        "months": [],
    },
    "notify.current.v1": {
        "announcements": [],
        "banner_hours": 24,
        "contact": {"fa": "ما", "en": "us", "phone": "1", "email": "a@water.example"},
    },
    "notify.announcements.v1": {"announcements": [NEWS], "next": None},
    "notify.announcement.v1": NEWS,
}
# Each page that everybody reads alike, with the Request whose reply it shows.
SAME_FOR_ALL = {
    "/": None,
    "/verify": None,
    "/receipts": None,
    "/agreement": None,
    "/service": None,
    "/help": None,
    "/accessibility": None,
    "/privacy": None,
    "/bills": None,
    "/contact/track": None,
    "/lost": None,
    "/contact/follow-up": None,
    "/help/manual": None,
    "/contact": "ticketing.form.v1",
    "/v1/form": "ticketing.form.v1",
    "/statistics": "ticketing.statistics.v1",
    "/statistics.csv": "ticketing.statistics.v1",
    "/statistics.json": "ticketing.statistics.v1",
    "/v1/statistics": "ticketing.statistics.v1",
    "/reports": "ticketing.list_public.v1",
    "/reports.atom": "ticketing.list_public.v1",
    "/reports.json": "ticketing.list_public.v1",
    "/reports/heat": "ticketing.heat.v1",
    "/reports/heat.csv": "ticketing.heat.v1",
    "/reports/heat.json": "ticketing.heat.v1",
    "/calendar/holidays.ics": "ticketing.public_holidays.v1",
    "/laws": "inquiry.laws.v1",
    "/status": "notify.status.v1",
    "/status.json": "notify.status.v1",
    "/status/4": "notify.announcement.v1",
    "/status/messages": "notify.message_figures.v1",
    "/status/messages.csv": "notify.message_figures.v1",
    "/status/messages.json": "notify.message_figures.v1",
    "/promise": "notify.promises.v1",
    "/promise.csv": "notify.promises.v1",
    "/promise.json": "notify.promises.v1",
    "/news": "notify.announcements.v1",
    "/news.rss": "notify.announcements.v1",
    "/news.atom": "notify.announcements.v1",
    "/news.json": "notify.announcements.v1",
    "/news.ics": "notify.announcements.v1",
}
FILES = ("/static/mirab.css", "/openapi.json", "/docs/join.md", "/problems/http.not_found")
# A calendar shows what has a day, and news of this kind have none.
ASKING = [path for path, contract in SAME_FOR_ALL.items() if contract and path != "/news.ics"]


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path, GUESSES_A_MINUTE="1000")
    made.services.replies |= REPLIES
    return made


def get(portal, path, **headers):
    return portal.send("GET", path, headers=headers)


def seconds_until(portal, path, word):
    """When, from now, the first visitor came who reads this word on a page."""
    since = time.monotonic()
    while True:
        came = time.monotonic() - since
        if word in get(portal, path).text:
            return came


# --- kept until a second after the event --------------------------------------------------------


def test_a_thousand_readers_ask_a_service_once(portal):
    answers = portal.send_all([("GET", "/contact", {})] * 300)
    assert {answer.status_code for answer in answers} == {200}
    assert len(portal.services.questions) == 1


def test_an_event_shows_on_a_page_within_a_second_however_often_it_is_read(portal):
    assert "خبر یک" in get(portal, "/news").text
    changed = {**NEWS, "title": {"fa": "خبر دو", "en": "News two"}}
    portal.services.replies["notify.announcements.v1"] = {"announcements": [changed], "next": None}
    assert seconds_until(portal, "/news", "خبر دو") < 1
    assert "خبر یک" not in get(portal, "/news").text


def test_a_page_of_a_kept_reply_is_no_older_than_a_second_too(portal):
    assert 2 * kept.SECONDS <= 1
    assert "واحد یک" in get(portal, "/contact").text
    unit = {"code": "b", "fa": "واحد دو", "en": "Unit two", "email": "two@water.example"}
    portal.services.replies["ticketing.form.v1"] = {
        **REPLIES["ticketing.form.v1"],
        "units": [unit],
    }
    assert seconds_until(portal, "/contact", "واحد دو") < 1


@pytest.mark.parametrize("path", ["/news", "/contact", "/v1/form"])
def test_no_failure_is_kept(portal, path):
    contract = SAME_FOR_ALL[path]
    portal.services.replies[contract] = Unavailable("Nobody is there.")
    assert get(portal, path).status_code == 503
    portal.services.replies[contract] = REPLIES[contract]
    assert get(portal, path).status_code == 200


def test_who_asks_too_often_is_refused_and_those_who_wait_with_him_are_not(portal):
    turns = itertools.count()

    def reply(_):
        if next(turns) == 0:
            raise TooMany("You ask too often.", retry_after=9)
        return REPLIES["notify.announcements.v1"]

    portal.services.replies["notify.announcements.v1"] = reply
    answers = portal.send_all([("GET", "/news", {})] * 5)
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429]


def test_each_query_and_each_language_has_its_own_page(portal):
    assert get(portal, "/news").text != get(portal, "/news?before=9").text
    persian, english = get(portal, "/news"), get(portal, "/news", cookie="lang=en")
    assert ('lang="fa"' in persian.text, 'lang="en"' in english.text) == (True, True)
    assert "Cookie" in persian.headers["vary"]


def test_who_chooses_a_language_gets_its_cookie_and_nobody_else_does(portal):
    chosen = get(portal, "/news?lang=en")
    assert "lang=en" in chosen.headers["set-cookie"]
    assert chosen.headers["cache-control"] == "no-store"
    assert "set-cookie" not in get(portal, "/news").headers


def test_a_flood_of_addresses_of_one_page_does_not_fill_the_memory(portal):
    for number in range(3 * kept.MOST):
        assert get(portal, f"/privacy?n={number}").status_code == 200
    made = [
        cell.cell_contents
        for route in portal.face.routes
        if route.path == "/privacy"
        for cell in route.endpoint.__closure__
        if isinstance(cell.cell_contents, kept.Kept)
    ]
    assert [len(pages._made) <= kept.MOST for pages in made] == [True]


# --- tags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*SAME_FOR_ALL, *FILES])
def test_who_has_a_document_is_told_that_it_is_the_same(portal, path):
    first = get(portal, path)
    assert first.status_code == 200, first.text
    tag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}(-gzip)?"', tag)
    for sent in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        again = get(portal, path, if_none_match=sent, **{"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b""), sent
        assert again.headers["etag"] == tag
        for name in ("cache-control", "vary"):
            assert again.headers.get(name) == first.headers.get(name)
    assert get(portal, path, **{"If-None-Match": '"another"'}).status_code == 200


# Replies that are another than those of REPLIES, by contract.
OTHERS = {
    "ticketing.form.v1": {"hours_fa": "همه روزه", "units": []},
    "ticketing.statistics.v1": {
        "from_day": "2025-12-22",
        "months": [{"month": "1404-09"}],
        "total": {"registered": 7, "answered": None, "on_time": None},
        "to_day": "2025-12-30",
        "periods": [{"measure": "registered", "first": "1404-09", "last": "1404-09", "count": 7}],
    },
    "ticketing.list_public.v1": {
        "tickets": [
            {
                "code": CODE,
                "category": "river_bed",
                "category_fa": "بستر رودخانه",
                "county_fa": "",
                "unit_fa": "واحد یک",
                "open": True,
                "registered_at": AT,
                "address": None,
                "description": "چاه",
                "supporters": 2,
            }
        ]
    },
    "ticketing.public_holidays.v1": {"holidays": [{**HOLIDAY, "cancelled": True}]},
    "inquiry.laws.v1": {"acts": [{"title_fa": "قانون", "title_en": "Act", "articles": []}]},
    "notify.status.v1": {"now": "2026-11-23T08:31:00Z", "from_day": "2026-08-26"},
    "notify.message_figures.v1": {
        "since": "2026-10-23",
        "until": "2026-11-21",
        "months": [
            {
                "channel": "sms",
                "pace": "prompt",
                "month": "1405-08",
                "first": "2026-10-23",
                "last": "2026-11-21",
                "accepted": 7,
                "judged": 7,
                "on_time": 7,
                "delivered": 6,
            }
        ],
    },
    "notify.promises.v1": {
        "from_day": "2026-08-26",
        "months": [
            {
                "month": "1405-08",
                "first_day": "2026-10-23",
                "last_day": "2026-11-21",
                "over": True,
                "edition": None,
                "promises": [
                    {
                        "code": "S4",
                        "value": 9000,
                        "of": 600,
                        "missed": 60,
                        "excluded": 0,
                        "budget_left": -57,
                    }
                ],
            }
        ],
    },
    "ticketing.heat.v1": {"cells": [{"south": 30.6, "west": 51.5, "reports": 7}]},
    "notify.announcement.v1": {"title": {"fa": "خبر دو", "en": "News two"}},
    "notify.announcements.v1": {"announcements": [{**NEWS, "id": 5}]},
}


@pytest.mark.parametrize("path", ASKING)
def test_a_tag_goes_with_what_it_names(portal, path, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0.01)
    contract = SAME_FOR_ALL[path]
    before = get(portal, path)
    portal.services.replies[contract] = {**REPLIES[contract], **OTHERS[contract]}
    time.sleep(0.03)
    after = get(portal, path, **{"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.headers["etag"] != before.headers["etag"]


def test_what_a_page_names_is_kept_for_good_until_a_page_names_another_version(portal):
    named = re.findall(r'(?:src|href)="(/static/[^"#]+)', get(portal, "/reports").text)
    names = {address.partition("?")[0] for address in named}
    assert {"/static/mirab.css", "/static/portal.js", "/static/icons.svg"} <= names
    for address in {*named, *re.findall(r"/static/[^'\"]+js\?v=\w+", get(portal, "/verify").text)}:
        assert "immutable" in get(portal, address).headers["cache-control"], address
        path, _, version = address.partition("?")
        other = get(portal, f"{path}?v={version[2:][::-1]}")
        assert (other.status_code, other.headers["cache-control"]) == (200, "public, no-cache")
        assert get(portal, path).headers["cache-control"] == "max-age=3600"
    assert get(portal, "/static/other.css?v=0").status_code == 404


# --- compression --------------------------------------------------------------------------------

TAKES = ("gzip", "deflate, gzip;q=0.5", "*", "GZIP", "x, *;q=0.1")
REFUSES = ("identity", "gzip;q=0", "*;q=0", "br", "", "gzip;q=0, *", "gzip;q=x")


@pytest.mark.parametrize("path", ["/", "/news.rss", "/openapi.json", "/static/mirab.css"])
def test_a_text_is_compressed_for_who_takes_that_and_for_nobody_else(portal, path):
    with_gzip = [get(portal, path, **{"Accept-Encoding": value}) for value in TAKES]
    plain = [get(portal, path, **{"Accept-Encoding": value}) for value in REFUSES]
    assert {answer.headers.get("content-encoding") for answer in with_gzip} == {"gzip"}
    assert {answer.headers.get("content-encoding") for answer in plain} == {None}
    assert len({answer.content for answer in [*with_gzip, *plain]}) == 1, "httpx unpacks"
    assert int(with_gzip[0].headers["content-length"]) < len(plain[0].content) / 2
    assert with_gzip[0].headers["etag"] != plain[0].headers["etag"]
    for answer in (with_gzip[0], plain[0]):
        assert "Accept-Encoding" in answer.headers["vary"]


def test_the_same_document_is_packed_to_the_same_bytes():
    assert gzip.compress(b"a" * 2000, mtime=0) == gzip.compress(b"a" * 2000, mtime=0)


@pytest.mark.parametrize("path", ["/static/vazirmatn.woff2", "/status.json"])
def test_what_is_packed_already_or_small_is_sent_as_it_is(portal, path):
    answer = get(portal, path, **{"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/contact/new", "/inquiry", "/inbox", "/subscribe"])
def test_no_page_with_a_seal_is_compressed_kept_or_tagged(portal, path):
    answers = [get(portal, path, **{"Accept-Encoding": "gzip"}) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 200
        assert not {"content-encoding", "etag"} & set(answer.headers)
        assert re.fullmatch("no-store|private, no-cache", answer.headers["cache-control"])
    seals = [re.search(r'name="form" value="([^"]+)"', answer.text)[1] for answer in answers]
    assert seals[0] != seals[1]


def test_a_badge_says_the_state_in_words_and_is_given_also_when_nobody_knows_it(
    portal, monkeypatch
):
    monkeypatch.setattr(kept, "SECONDS", 0)
    row = {"fa": "-", "en": "-", "uptime": None, "days": []}
    states = {"portal": "up", "billing": "down"}
    status = {
        **REPLIES["notify.status.v1"],
        "components": [{**row, "code": code, "state": state} for code, state in states.items()],
    }
    portal.services.replies["notify.status.v1"] = status
    whole = get(portal, "/status/badge.svg?lang=en", cookie="lang=fa")
    bill = get(portal, "/status/billing/badge.svg")
    assert "<title>Status of our services: Partly down</title>" in whole.text
    assert "<title>قبض و پرداخت: قطع</title>" in bill.text
    assert "<title>درگاه مردم: کار می‌کند</title>" in get(portal, "/status/portal/badge.svg").text
    assert not re.search("script|style=|href|@import", whole.text + bill.text)
    partial = {"portal": "up", "billing": "partial"}
    rows = [{**row, "code": code, "state": state} for code, state in partial.items()]
    portal.services.replies["notify.status.v1"] = {**status, "components": rows}
    for path in ("/status/badge.svg?lang=en", "/status/billing/badge.svg?lang=en"):
        assert ": Partial outage</title>" in get(portal, path).text
    assert "قطعی بخشی از آن" in get(portal, "/status").text
    assert "partial" in [x["state"] for x in get(portal, "/status.json").json()["components"]]
    portal.services.replies["notify.status.v1"] = status
    assert (whole.headers["content-type"], whole.headers["cache-control"]) == (
        *("image/svg+xml", "public, max-age=60"),
    )
    assert whole.headers["access-control-allow-origin"] == "*"
    again = get(portal, "/status/billing/badge.svg", **{"If-None-Match": bill.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get(portal, "/status/nothing/badge.svg").status_code == 404
    unknown = [get(portal, "/status/inquiry/badge.svg?lang=en")]  # nobody measures it
    portal.services.replies["notify.status.v1"] = Unavailable("Nobody is there.")
    unknown += [get(portal, f"/status{which}/badge.svg?lang=en") for which in ("", "/billing")]
    for answer in unknown:
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert ": Cannot be known</title>" in answer.text


def test_the_page_of_our_state_has_the_uptime_of_each_window_and_says_which_cannot_be_known(portal):
    window = {"window": "week", "from_day": "2026-11-17", "measured": 9000}
    windows = [
        {**window, "uptime": 9950, "down": 45},
        {**window, "window": "year", "uptime": None, "down": None},
    ]
    row = {"code": "portal", "fa": "درگاه", "en": "Portal", "state": "up", "uptime": 9950}
    portal.services.replies["notify.status.v1"] = {
        **REPLIES["notify.status.v1"],
        "components": [{**row, "days": [], "windows": windows}],
    }
    page = get(portal, "/status?lang=en").text
    assert re.search(
        '7 days</th>.*365 days</th>.*99.50%</bdi><br><span class="small">45 minutes down<'
        ".*>Cannot be known</span>",
        page,
        re.DOTALL,
    )
    assert "انقطاع 45 دقيقة" in get(portal, "/status?lang=ar").text
    assert get(portal, "/status.json").json()["components"][0]["windows"] == windows


# --- nothing of a person ------------------------------------------------------------------------

PLACES = {
    "component": "portal",
    "code": CODE,
    "bill_id": "1462119",
    "payment_id": "175550912",
    "id": "4",
    "key": "4052138845",
    "name": "mirab.css",
    "token": "a" * 22,
    "order": "7",
    "file": "1",
    "attachment": "1",
    "act": "rate",
    "provider": "demo",
    "ids": "4",
    "what": "request",
    "reference": "0" * 20,
    "month": "1405-08",
    "number": "1" * 16,
}
# Neither of a person nor kept by us: life itself, a contact, and what Open311's own clients read.
NOBODYS = re.compile(
    r"/health/live|/\.well-known/|/open311/|/static/|/docs/|/problems/|/openapi|/favicon|/robots"
)


def with_session():
    """The cookies of somebody who has opened a ticket, an inquiry and an inbox."""
    seals = Seals("the portal of tests", "cookie")
    proof = {"code": CODE, "secret": SECRET}
    return "; ".join(f"{door.cookie}={seals.seal(proof)}" for door in DOORS)


def filled(path):
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda place: PLACES[place[1]], path)


def test_of_all_routes_only_those_that_show_nobody_may_be_kept(portal):
    cookies = with_session()
    paths = {filled(route.path) for route in portal.face.routes if "GET" in route.methods}
    assert set(SAME_FOR_ALL) <= paths
    headers = {"cookie": cookies, "Ticket-Secret": SECRET, "Accept": "text/html, */*;q=0.1"}
    good = []
    for path in sorted(paths - {path for path in paths if NOBODYS.match(path)}):
        answer = portal.send("GET", path, headers=headers)
        rule = answer.headers.get("cache-control", "")
        if path in SAME_FOR_ALL:
            assert rule.startswith("public"), path
            assert "set-cookie" not in answer.headers, path
            continue
        assert answer.is_redirect or re.search("no-store|private", rule), (path, rule)
        assert not {"etag", "content-encoding"} & set(answer.headers), path
        if answer.status_code == 200:
            good.append(path)
    assert {"/bills/1462119/175550912", f"/v1/tickets/{CODE}", "/contact/done"} <= set(good)


@pytest.mark.parametrize("path", SAME_FOR_ALL)
def test_a_session_changes_nothing_on_what_is_kept(portal, path, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0)
    own = portal.send("GET", path, headers={"cookie": with_session()})
    strangers = portal.send("GET", path)
    assert own.content == strangers.content
    assert CODE not in own.text
    assert SECRET not in own.text


class Away(dict):
    """Replies of services none of which is there."""

    def get(self, _name, _otherwise=None):
        return Unavailable("Nobody is there.")


def test_while_no_service_answers_each_page_says_so_or_stands_without(tmp_path):
    portal = Portal(tmp_path)
    portal.services.replies = Away()
    paths = {route.path for route in portal.face.routes if "GET" in (route.methods or ())}
    assert "/contact/new" in paths
    for path in sorted(paths):
        answer = portal.send("GET", re.sub(r"\{[^}]*\}", "1", path))
        assert answer.status_code not in (500, 502), path
        assert answer.status_code != 503 or "retry-after" in answer.headers, path
