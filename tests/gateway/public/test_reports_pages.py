"""What everybody may see: public reports on list and map, «me too», figures and open data, laws."""

import csv
import html
import io
import re

import feedparser
import pytest

from bus.errors import RuleBroken
from gateway.http import kept
from gateway.public.about import figures
from gateway.public.reports.places import parse_place
from people import tracking
from tests.gateway.public.strangers import Portal

CODE, AT = tracking.new(), "2026-11-23T08:30:00Z"
ROW = {
    "code": CODE,
    "token": None,
    "category": "illegal_well",
    "category_fa": "چاه غیرمجاز",
    "category_en": "Unlicensed well",
    "unit_fa": "آب زیرزمینی",
    "unit_en": "Groundwater",
    "county": "dena",
    "county_fa": "دنا",
    "county_en": "Dena",
    "open": True,
    "status_notes": None,
    "description": "کنار قنات <b>چاه</b> می‌زنند",
    "registered_at": AT,
    "updated_at": AT,
    "expected_at": AT,
    "address": "",
    "lat": 30.67,
    "long": 51.59,
    "media_url": None,
    "supporters": 3,
}
CATEGORY = {
    "code": "illegal_well",
    "fa": "چاه غیرمجاز",
    "en": "Unlicensed well",
    "kinds": ["complaint"],
    **dict.fromkeys(("group_fa", "group_en", "hint_fa", "hint_en", "days_fa", "days_en"), ""),
}
FORM = {
    "categories": [CATEGORY],
    "counties": [{"code": "dena", "fa": "دنا", "en": "Dena"}],
    "units": [],
    "hours_fa": "",
    "hours_en": "",
}
SEATS = [("dena", "دنا", "Dena", 30.864, 51.457, 4, 1), ("", "", "", None, None, 1, 0)]
MAP = {
    "area": None,
    "counties": [
        dict(zip(("county", "fa", "en", "lat", "long", "open", "closed"), seat, strict=True))
        for seat in SEATS
    ],
    "places": [{"lat": 30.87, "long": 51.45, "open": 1, "closed": 0}],
}


def counts(name, *periods):
    return [{"measure": name, "first": a, "last": b, "count": n} for a, b, n in periods]


def subjects(name, *groups):
    named = [{"code": f"={code}", "fa": f"موضوع {code}", "en": code} for code in "abc"]
    return [
        {"measure": name, "categories": named[first:end], "count": n} for first, end, n in groups
    ]


STATISTICS = {
    "from_day": "2026-09-23",
    "to_day": "2026-11-23",
    "smallest": 5,
    "months": [{"month": f"1405-0{n}"} for n in (7, 8, 9)],
    "categories": [{"code": f"={code}", "fa": code, "en": code} for code in "abc"],
    "total": {"registered": 40, "answered": 30, "on_time": None},
    "ratings": {"rated": 9, "mean_hundredths": 421, "solved": None},
    "periods": [
        *counts("registered", ("1405-07", "1405-07", 20), ("1405-08", "1405-09", 20)),
        *counts("answered", ("1405-07", "1405-09", 30)),
    ],
    "subjects": [*subjects("registered", (0, 1, 33), (1, 3, 7)), *subjects("answered", (0, 3, 30))],
}


HEAT = {
    "side": 0.1,
    "smallest": 5,
    "months": ["1405-09", "1405-08"],
    "cells": [{"south": 30.9, "west": 51.4, "reports": 120}],
    "seats": [{"fa": "دنا", "en": "Dena", "lat": 30.95, "long": 51.43}],
}


@pytest.fixture
def portal(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0)
    made = Portal(tmp_path)
    made.services.replies |= {
        "ticketing.form.v1": FORM,
        "ticketing.list_public.v1": {"tickets": [ROW]},
        "ticketing.public_map.v1": MAP,
        "ticketing.heat.v1": HEAT,
        "ticketing.nearby.v1": {"tickets": [ROW]},
        "ticketing.me_too.v1": {"code": CODE, "supporters": 4, "counted": True},
        "ticketing.statistics.v1": STATISTICS,
        "inquiry.ratings.v1": {"smallest": 5, "ratings": []},
    }
    return made


def questions_to(portal, contract):
    return [data for name, data, _, _ in portal.services.questions if name == contract]


def test_the_list_shows_what_is_asked_for_and_the_map_leads_there(portal):
    page = portal.send("GET", "/reports?county=dena&state=open&category=illegal_well&page=2").text
    (question,) = questions_to(portal, "ticketing.list_public.v1")
    assert (question["counties"], question["states"]) == (["dena"], ["open"])
    assert (question["categories"], question["page"]) == (["illegal_well"], 2)
    assert questions_to(portal, "ticketing.public_map.v1") == [
        {"category": "illegal_well", "state": "open"}
    ]
    assert f'href="/reports/{CODE}"' in page
    assert "&lt;b&gt;" in page
    assert html.unescape(re.search(r'<a href="(/reports\?[^"]*#list)"', page)[1]) == (
        "/reports?category=illegal_well&state=open&county=dena#list"
    )
    assert re.search(r">دنا </text><text[^>]*>5</text></a>", page)
    # The province that holds the seats is drawn, and its neighbours by name.
    assert page.count('<path class="land"') == 1
    assert re.search(r'<text class="beyond"[^>]*>فارس</text>', page)


def test_a_filter_that_there_is_not_is_none(portal):
    assert portal.send("GET", '/reports?county="><script>&state=x&category=y').status_code == 200
    (question,) = questions_to(portal, "ticketing.list_public.v1")
    assert question["counties"] is question["categories"] is question["states"] is None


def test_the_list_is_a_feed_by_its_filters_that_no_text_can_break(portal):
    filters = "category=illegal_well&county=dena&state=open"
    page = html.unescape(portal.send("GET", f"/reports?{filters}&lang=ar").text)
    assert page.count(f'href="/reports.atom?{filters}&lang=ar"') == 3
    ended = {"code": tracking.new(), "open": False, "updated_at": "2026-11-25T08:30:00Z"}
    rows = [{**ROW, "description": "<b>\n]]>&\ufffe", "updated_at": "2026-11-24T08:30:00Z"}]
    portal.services.replies["ticketing.list_public.v1"] = {"tickets": [*rows, {**ROW, **ended}]}
    reply = portal.send("GET", f"/reports.atom?{filters}&lang=en")
    question = questions_to(portal, "ticketing.list_public.v1")[1]
    assert (question["categories"], question["counties"]) == (["illegal_well"], ["dena"])
    assert (question["states"], question["page_size"]) == (["open"], 50)
    assert reply.headers["access-control-allow-origin"] == "*"
    again = {"If-None-Match": reply.headers["etag"]}
    assert portal.send("GET", f"/reports.atom?{filters}&lang=en", headers=again).status_code == 304
    feed = feedparser.parse(reply.content, sanitize_html=False, resolve_relative_uris=False)
    assert (feed.bozo, feed.version) == (False, "atom10")
    assert feed.feed.title == "Public list of reports: Unlicensed well, Dena, Open"
    assert feed.feed.updated == "2026-11-25T08:30:00Z"
    first, second = feed.entries
    assert first.content[0].value == '<p dir="auto">&lt;b&gt;<br>]]&gt;&amp;</p>'
    assert (first.id, first.title) == (
        f"http://portal.test/reports/{CODE}",
        "Open: Unlicensed well, Dena",
    )
    # What colleagues did to the open one shows nothing new; that the other has ended does.
    assert (first.updated, second.updated) == (AT, "2026-11-25T08:30:00Z")
    portal.services.replies["ticketing.list_public.v1"] = {"tickets": rows}
    (item,) = portal.send("GET", "/reports.json").json()["items"]
    assert item["id"] == first.id
    assert portal.send("GET", "/reports.atom?category=gone").status_code == 404


def test_the_heat_map_says_the_same_as_a_figure_a_table_and_open_data(portal):
    page = portal.send("GET", "/reports/heat?month=1405-08&category=nothing").text
    assert questions_to(portal, "ticketing.heat.v1")[-1] == {"category": None, "month": "1405-08"}
    assert '<rect class="heat-5"' in page
    assert "<title>120</title>" in page
    assert '30.9 تا 31.0 شمالی، 51.4 تا 51.5 شرقی</th><td>دنا</td><td class="n">120</td>' in page
    assert 'href="/reports/heat.csv?month=1405-08"' in page
    both = portal.send("GET", "/reports/heat?month=1405-08&category=illegal_well").text
    assert "با هم شمرده نمی‌شود" in both
    assert portal.send("GET", '/reports/heat?month="><script>&category=x').status_code == 200
    reply = portal.send("GET", "/reports/heat.csv?month=1405-08")
    assert reply.text.splitlines()[1] == "30.9,51.4,31.0,51.5,120,,1405-08,CC BY 4.0"
    assert reply.headers["access-control-allow-origin"] == "*"
    (cell,) = portal.send("GET", "/reports/heat.json").json()["cells"]
    assert cell == {"south": 30.9, "west": 51.4, "north": 31.0, "east": 51.5, "reports": 120}


def test_me_too_counts_a_browser_once_and_says_nothing_about_other_reports(portal):
    first = portal.send("POST", f"/reports/{CODE}/too")
    assert first.headers["location"] == f"/reports/{CODE}?did=too"
    cookie = {"cookie": first.headers["set-cookie"].split(";")[0]}
    portal.send("POST", f"/reports/{CODE}/too", headers=cookie)
    portal.send("POST", f"/reports/{tracking.new()}/too", headers=cookie)
    portal.send("POST", f"/reports/{CODE}/too")
    own, again, other, stranger = (
        data["supporter"] for data in questions_to(portal, "ticketing.me_too.v1")
    )
    assert own == again
    assert len({own, other, stranger}) == 3
    portal.services.replies["ticketing.me_too.v1"] = RuleBroken("Ended.", code="ticket.move")
    ended = portal.send("POST", f"/reports/{CODE}/too", headers=cookie)
    assert ended.headers["location"] == f"/reports/{CODE}"
    assert "شمرده شدید" in portal.send("GET", f"/reports/{CODE}?did=too").text


def test_me_too_of_another_site_and_of_no_code_is_refused(portal):
    away = {"sec-fetch-site": "cross-site"}
    assert portal.send("POST", f"/reports/{CODE}/too", headers=away).status_code == 403
    assert portal.send("POST", "/reports/12/too").status_code == 404
    assert questions_to(portal, "ticketing.me_too.v1") == []


@pytest.fixture
def at_check(portal):
    """The fields of a complaint on its last page."""
    hidden = {"form": portal.form("/contact/new"), "step": "who", "go": "next"}
    typed = {
        "kind": "complaint",
        "category": "illegal_well",
        "county": "dena",
        "text": "چاه می‌زنند",
    }
    return hidden | typed


def send(portal, **fields):
    return portal.send("POST", "/contact/new", data=fields)


def test_reports_like_the_new_one_are_offered_before_it_is_registered(portal, at_check):
    page = send(portal, **at_check, place="۳۰٫۶۶۸۲، ۵۱٫۵۸۸۰").text
    (question,) = questions_to(portal, "ticketing.nearby.v1")
    assert (question["county"], question["lat"], question["long"]) == ("dena", 30.6682, 51.588)
    assert f'value="too:{CODE}"' in page
    joined = send(portal, **{**at_check, "step": "check", "go": f"too:{CODE}"})
    assert joined.headers["location"] == f"/reports/{CODE}?did=too"
    assert questions_to(portal, "ticketing.register.v1") == []


def test_a_place_that_cannot_be_read_is_told_and_one_that_can_is_registered(portal, at_check):
    page = send(portal, **{**at_check, "step": "text"}, place="کنار رودخانه").text
    assert 'id="place-error"' in page
    send(portal, **{**at_check, "step": "check"}, declared="1", place="geo:30.6682,51.5880?z=15")
    (registered,) = questions_to(portal, "ticketing.register.v1")
    assert (registered["lat"], registered["long"]) == (30.6682, 51.588)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("30.66820, 51.58800", (30.6682, 51.588)),
        ("51.58800 30.66820", (30.6682, 51.588)),
        ("https://www.google.com/maps/@30.6682,51.5880,15z", (30.6682, 51.588)),
        ("https://neshan.org/maps/places/x#c30.668-51.588-17z-0p", None),
        ("https://maps.google.com/?q=30.6682%2C51.5880", (30.6682, 51.588)),
        ("چاه ۱۲", None),
        ("1405.09 2026.11", None),
        ("", None),
    ],
)
def test_places_are_read_as_maps_write_them(text, place):
    assert parse_place(text) == place


def test_figures_are_drawn_and_what_was_counted_together_is_shown_together(portal):
    page = portal.send("GET", "/statistics").text
    assert page.count('class="figure"') == 2
    assert "آبان تا آذر 1405" in page
    assert '<td class="n" rowspan="2">30</td>' in page
    assert 'rowspan="2"><span class="none">کمتر از حد نمایش</span>' in page
    assert "موضوع b، موضوع c" in page
    assert "موضوع b و 1 موضوع دیگر" in page
    assert "4.2" in page


def test_open_data_has_each_count_once_and_no_cell_is_a_formula(portal):
    reply = portal.send("GET", "/statistics.csv")
    assert reply.headers["access-control-allow-origin"] == "*"
    head, *rows = csv.reader(io.StringIO(reply.content.decode("utf-8-sig")))
    assert tuple(head) == figures.COLUMNS
    assert len(rows) == len(STATISTICS["periods"]) + len(STATISTICS["subjects"])
    assert rows[1][:4] + rows[1][7:] == [
        *("months", "registered", "1405-08", "1405-09", "20"),
        *("2026-09-23", "2026-11-23", "CC BY 4.0"),
    ]
    assert rows[4][4] == "'=b =c"
    document = portal.send("GET", "/statistics.json").json()
    assert document["licence"]["name"] == "CC BY 4.0"
    assert document["months"][0]["count"] == 20
    assert document["satisfaction"] == [
        {"of": "tickets", "rated": 9, "mean_hundredths": 421, "solved": None}
    ]


def test_without_enough_there_are_no_figures_and_the_page_says_why(portal):
    few = {"periods": [], "subjects": [], "months": [], "categories": [], "to_day": None}
    portal.services.replies["ticketing.statistics.v1"] = {**STATISTICS, **few}
    page = portal.send("GET", "/statistics").text
    assert "figure" not in page
    assert "کمتر از 5" in page
    assert len(portal.send("GET", "/statistics.csv").text.splitlines()) == 1


@pytest.mark.parametrize("path", ["/service", "/help", "/agreement", "/"])
@pytest.mark.parametrize("lang", ["fa", "en"])
def test_each_link_of_the_pages_about_us_leads_somewhere(portal, path, lang):
    page = portal.send("GET", f"{path}?lang={lang}")
    assert page.status_code == 200
    links = {link.split("#")[0].split("?")[0] for link in re.findall(r'href="(/[^"]*)"', page.text)}
    paths = [route.path_regex for route in portal.face.routes]
    assert [link for link in links if not any(path.match(link) for path in paths)] == []


@pytest.mark.parametrize(
    ("lang", "sought", "codes"),
    [
        ("fa", "پرداختم می بینم", ["paid"]),
        ("fa", "پرداختم ميبينم", ["paid"]),
        ("en", "LOST secret", ["lost"]),
    ],
)
def test_who_is_lost_searches_the_help_by_words_however_they_are_typed(portal, lang, sought, codes):
    lost = portal.send("GET", "/no-such-page", headers={"Accept": "text/html"})
    assert (lost.status_code, '<form action="/help"' in lost.text) == (404, True)
    page = portal.send("GET", f"/help?lang={lang}&q={sought}").text
    assert re.findall(r'<details class="act" id="(\w+)" open', page) == codes
    assert f'value="{sought}"' in page


def test_a_search_that_finds_nothing_says_so_and_shows_all_questions(portal):
    page = portal.send("GET", "/help?q=<script>xyzzy").text
    assert "در راهنما چنین چیزی نیست" in page
    assert page.count('<details class="act"') > 5
    assert "<script>xyzzy" not in page


def test_a_law_has_a_page_on_which_each_article_has_its_place(portal):
    article = {"code": "FDW-3", "article": "3"} | dict.fromkeys(
        ("gist_fa", "gist_en", "used_for_fa", "used_for_en"), "چاه"
    )
    act = {"title_fa": "قانون آب", "title_en": "Water Act", "articles": [article], "code": "water"}
    portal.services.replies["inquiry.laws.v1"] = {"acts": [act]}
    assert 'href="/laws/water#FDW-3"' in portal.send("GET", "/laws").text
    page = portal.send("GET", "/laws/water")
    assert 'id="FDW-3"' in page.text
    assert portal.send("GET", "/laws/fire").status_code == 404


def test_photos_are_taken_by_the_camera_or_chosen(portal, at_check):
    page = send(portal, **{**at_check, "step": "category"}).text
    assert re.search(r'id="photo" name="files" accept="image/\*" capture="environment"', page)
    (script,) = re.findall('src="(/static/portal[^"]+)"', page)
    assert portal.send("GET", script).status_code == 200


def test_who_reports_reads_before_sending_which_numbers_nobody_else_will_read(portal, at_check):
    page = send(portal, **{**at_check, "text": "به ۰۹۱۲-۱۲۳ ۴۵۶۷ بگویید، پلاک ۱۲"}).text
    hint = page.split('name="public"')[1].split("</p>")[0]
    assert "تنها شما و واحد رسیدگی" in hint
    assert re.findall(r'<bdi dir="ltr">([^<]+)', hint) == ["۰۹۱۲-۱۲۳ ۴۵۶۷"]
    assert "تنها شما و واحد رسیدگی" not in send(portal, **at_check).text
