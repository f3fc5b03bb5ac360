"""No page in English or Arabic says anything in Persian, but what it marks as Persian."""

import html.parser
import re
import tomllib

import pytest

from contracts.ticketing import citizens
from gateway.public.site import words
from tests.gateway.public.strangers import Portal
from tests.gateway.public.test_kept_pages import REPLIES, SAME_FOR_ALL
from tests.gateway.public.test_promise_page import promise
from tests.gateway.public.test_reports_pages import MAP, STATISTICS
from tests.processes import ROOT
from tests.ticketing.conftest import SECRET, Hand

# Letters that Arabic does not have.
PERSIAN = re.compile("[پچژگکی]")
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
ASKED = ("/contact/new", "/inquiry", "/inbox", "/subscribe", "/my", "/lost", "/contact/track")
# Names of people and places, and what a citizen wrote.
NAMES = ("فارسی",)
COMPONENTS = tomllib.loads((ROOT / "deploy/notify/components.toml").read_text(encoding="utf-8"))
WELL = {"code": "well", "fa": "چاه غیرمجاز یا اضافه‌برداشت", "en": "Unlicensed well"}
COUNTY = {"county": "gachsaran", "fa": "گچساران", "en": "Gachsaran", "lat": 30.36, "long": 50.8}
# What services tell by name, as our own province has it.
NAMED = {
    "ticketing.statistics.v1": STATISTICS
    | {
        "categories": [WELL],
        "subjects": [{"measure": "registered", "categories": [WELL], "count": 40}],
    },
    "ticketing.public_map.v1": MAP | {"counties": [{**COUNTY, "open": 4, "closed": 1}]},
    "notify.status.v1": REPLIES["notify.status.v1"]
    | {
        "components": [
            {**{name: row[name] for name in ("code", "fa", "en")}, "state": "up", "uptime": 9999}
            | {"days": []}
            for row in COMPONENTS["components"]
        ],
        "promises": [promise("S1", "uptime") | {"fa": "شبانه‌روز پیگیری می‌شود"}],
    },
}


class Texts(html.parser.HTMLParser):
    """The texts of a page that stand in no element whose language is Persian."""

    def __init__(self):
        super().__init__()
        self.open, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        inherited = self.open[-1][1] if self.open else ""
        language = named.get("lang") or inherited
        if language != "fa":
            attributes = ("title", "aria-label", "placeholder", "alt", "content")
            self.texts += [named[name] for name in attributes if named.get(name)]
        if tag not in VOID:
            self.open.append((tag, language))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1][0] not in ("script", "style") and self.open[-1][1] != "fa":
            self.texts.append(data)


def persian_on(page):
    parser = Texts()
    parser.feed(page.text)
    texts = {text.strip() for text in parser.texts if PERSIAN.search(text)}
    return sorted(texts - {*NAMES})


@pytest.fixture
def portal(ticketing_db, tmp_path):
    """A portal whose requests are told by the service itself; news are written in two languages."""
    hand = Hand(ticketing_db, tmp_path / "tickets")
    made = Portal(tmp_path, GUESSES_A_MINUTE="1000")
    made.services.replies |= REPLIES | NAMED
    for contract in (citizens.FORM, citizens.TRACK):
        made.services.replies[contract.name] = lambda data, of=contract: hand.call(of, **data)
    made.hand = hand
    yield made
    hand.store.engine.dispose()


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_a_page_in_another_language_says_nothing_in_persian_but_what_it_marks(portal, tag):
    own = {"Cookie": f"lang={tag}"}
    pages = [path for path in (*SAME_FOR_ALL, *ASKED) if "." not in path and path[:4] != "/v1/"]
    shown = {path: portal.send("GET", path, headers=own) for path in pages}
    assert {page.status_code for page in shown.values()} == {200}
    say = words.speaker(tag)
    assert say("agreement_persian") in shown["/agreement"].text
    assert (say("manual_persian") in shown["/help/manual"].text) == (tag == "ar")
    pages_with = {path: persian_on(page) for path, page in shown.items()}
    form = portal.form("/contact/new")
    kinds = {"form": form, "step": "kind", "kind": "complaint", "go": "next"}
    choice = portal.send("POST", "/contact/new", data=kinds, headers=own)
    assert "category" in choice.text
    pages_with["the choice of a subject"] = persian_on(choice)
    hand, proof = portal.hand, {"secret": SECRET}
    code = hand.register(text="a well", county="dena")
    hand.at("1405-09-04 10:00")
    hand.call(citizens.WITHDRAW, code=code, **proof)
    opened = portal.send("POST", "/contact/track", data={"code": code, **proof}, headers=own)
    own["Cookie"] += "".join(f"; {name}={value}" for name, value in opened.cookies.items())
    ticket = portal.send("GET", "/contact/ticket", headers=own)
    assert "a well" in ticket.text
    pages_with["a request"] = persian_on(ticket)
    assert {path: texts for path, texts in pages_with.items() if texts} == {}
