"""Open311 GeoReport v2, before a stand-in of the bus: what goes out, comes back, and is refused."""

import asyncio
import contextlib
import datetime as dt
import hashlib
import json
import re
import uuid
from typing import NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import Conflict, Unavailable
from bus.settings import Settings
from contracts.ticketing import citizens as contracts
from contracts.ticketing import public as of_all
from contracts.ticketing.civic import updates as civic
from gateway.limits import guesses as guesses_of
from gateway.limits.guesses import Guesses
from gateway.public.georeport import api, xml
from gateway.public.georeport import keys as open311_keys
from gateway.public.site.services import Services
from gateway.web import Face
from people import tracking
from tests import pictures
from tests.processes import ROOT

V2 = "/open311/v2"
KEY = "mirab-open311-demo"
FORMS = ("xml", "json")
CODE, TOKEN = "4052138845", "tok_EN-1"
PLACE = {"lat": "30.6680", "long": "51.5880"}
GOOD = {"api_key": KEY, "service_code": "canal", "description": "The canal leaks.", **PLACE}
ELEMENTS = [
    "service_request_id",
    "status",
    "status_notes",
    "service_name",
    "service_code",
    "description",
    "agency_responsible",
    "service_notice",
    "requested_datetime",
    "updated_datetime",
    "expected_datetime",
    "address",
    "address_id",
    "zipcode",
    "lat",
    "long",
    "media_url",
]


def attribute(code, datatype="string", **more):
    return {
        "variable": True,
        "code": code,
        "datatype": datatype,
        "required": False,
        "datatype_description": "",
        "order": 1,
        "description": "چند؟",
        **more,
    }


COLOURS = [{"key": "r", "name": "سرخ"}, {"key": "b", "name": "آبی"}]
WELL = {
    "type": "batch",
    "keywords": ["well", "چاه"],
    "attributes": [
        attribute("depth", "number", required=True),
        attribute("seen", "datetime"),
        attribute("colour", "singlevaluelist", values=COLOURS),
        attribute("colours", "multivaluelist", values=COLOURS),
        attribute("note", "text"),
        attribute("hint", variable=False, required=True),
    ],
}


def category(code, kinds, offered):
    return {
        "code": code,
        "kinds": kinds,
        "fa": f"نام {code}",
        "en": f"Name of {code}",
        "hint_fa": "راهنما",
        "hint_en": "Hint",
        "group_fa": "گروه",
        "group_en": "Group",
        "unit": {"code": "u", "fa": "واحد", "en": "Unit", "email": "u@example.ir"},
        "open311": offered,
    }


CATEGORIES = [
    category("canal", ["request", "complaint"], {"type": "realtime", "keywords": ["canal"]}),
    category("well", ["request"], WELL),
    category("bill", ["complaint"], None),
]


def listed(**more):
    return {
        "code": CODE,
        "token": None,
        "category": "canal",
        "category_fa": "نام canal",
        "category_en": "Name of canal",
        "unit_fa": "واحد",
        "unit_en": "Unit",
        "open": True,
        "status_notes": None,
        "description": "The canal leaks.",
        "registered_at": "2026-11-23T08:30:00Z",
        "updated_at": "2026-11-23T09:30:00.123456Z",
        "expected_at": None,
        "address": "",
        "lat": 30.5,
        "long": None,
        "media_url": None,
        **more,
    }


NO_FORM = {"counties": (), "units": (), "hours_fa": "", "hours_en": ""}
REGISTERED = {
    "registered_at": "2026-11-23T08:30:00Z",
    "first_response_due": None,
    "solution_due": None,
    "unit": {},
}


class Bus:
    """What Services asks instead of the ticketing service; keeps each question."""

    def __init__(self):
        self.questions, self.listed, self.refusal, self.token = [], [listed()], None, None
        self.done, self.updates, self.caller = {}, [], None

    async def call_json(self, contract, data, *, id, caller, traceparent):
        self.questions.append((contract, data, id))
        self.caller = caller
        if self.refusal is not None:
            raise self.refusal
        if contract is contracts.FORM:
            return {**NO_FORM, "categories": CATEGORIES}
        if contract is of_all.TOKEN:
            return {**data, "code": CODE if data["token"] == TOKEN else None}
        if contract in (civic.LIST_UPDATES, civic.REPORT_HISTORY):
            return {"updates": self.updates}
        if contract is civic.WRITE_UPDATE:
            return {"update_id": f"{data['code']}-a1"}
        if contract is of_all.LIST_PUBLIC:
            request = data["codes"]
            return {"tickets": [t for t in self.listed if request is None or t["code"] in request]}
        assert contract is contracts.REGISTER
        return self.done.setdefault(id, {**REGISTERED, "code": tracking.new(), "token": self.token})

    def data(self, contract):
        """The last question by this contract."""
        return next(data for request, data, _ in reversed(self.questions) if request is contract)

    def ids(self):
        return [id_ for request, _, id_ in self.questions if request is contracts.REGISTER]


class Answer(NamedTuple):
    status: int
    headers: httpx.Headers
    text: str
    data: object


class App:
    """A face with the routes of Open311 and nothing behind them but the stand-in."""

    def __init__(self, folder, **environ):
        self.bus = Bus()
        fields = {
            "PORTAL_KEY": "portal-key",
            "PORTAL_URL": "http://city.test",
            "BLOBS_DIR": str(folder / "blobs"),
            "OPEN311_KEYS_FILE": str(ROOT / "deploy/open311/keys.toml"),
            **environ,
        }
        settings = Settings(fields)
        self.tickets = Services(self.bus, settings, Guesses())
        self.face = Face("public", api.routes(self.tickets, settings), show=xml.show)

    def send(self, method, path, **more):
        async def go():
            transport = httpx.ASGITransport(self.face)
            async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as to:
                return await to.request(method, path, **more)

        answer = asyncio.run(go())
        return Answer(answer.status_code, answer.headers, answer.text, read(path, answer))

    def get(self, path, params=None, **headers):
        return self.send("GET", path, params=params, headers=headers)

    def post(self, form="json", *, drop=(), headers=None, files=None, query=None, **more):
        data = {name: value for name, value in {**GOOD, **more}.items() if name not in drop}
        return self.send(
            "POST",
            f"{V2}/requests.{form}",
            data=data,
            headers=headers,
            files=files,
            params=query,
        )


def read(path, answer):
    """The answer as data, from either form."""
    if not answer.content:
        return None
    if path.split("?")[0].endswith(".json"):
        return json.loads(answer.content)
    assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    return plain(ElementTree.fromstring(answer.content))


def plain(element):
    if len(element) == 0:
        return [] if element.tag in xml.ITEMS else element.text or ""
    if element.tag in xml.ITEMS:
        assert {child.tag for child in element} == {xml.ITEMS[element.tag]}
        return [plain(child) for child in element]
    assert len({child.tag for child in element}) == len(element)
    return {child.tag: plain(child) for child in element}


def descriptions(reply):
    return [error["description"] for error in reply.data]


def faults(reply):
    """The parameters that are named as wrong."""
    assert reply.status == 400, reply.text
    return [item.split(":")[0] for item in descriptions(reply)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("open311")


@pytest.fixture
def app(folder):
    return App(folder)


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


# --- discovery ---


def test_discovery_names_the_endpoint_and_both_formats(app, form):
    reply = app.get(f"/open311/discovery.{form}").data
    endpoint, _ = reply["endpoints"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"] == "http://city.test/open311/v2"
    assert endpoint["type"] == "production"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert {"changeset", "contact", "key_service"} <= set(reply)
    for changeset in (reply["changeset"], endpoint["changeset"]):
        assert dt.datetime.fromisoformat(changeset).tzinfo


def test_discovery_tells_the_settings_of_the_organisation(folder, form):
    app = App(folder, PUBLIC_BASE_URL="https://water.ir/", OPEN311_CONTACT="mailto:api@water.ir")
    reply = app.get(f"/open311/discovery.{form}").data
    assert reply["endpoints"][0]["url"] == "https://water.ir/open311/v2"
    assert reply["contact"] == "mailto:api@water.ir"
    assert "mailto:api@water.ir" in reply["key_service"]


CALLS = (
    "services",
    "services/well",
    "requests",
    f"requests/{CODE}",
    f"tokens/{TOKEN}",
)


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_names_its_charset_and_discovery_does_not(app, form, call):
    kind = {"xml": "text/xml", "json": "application/json"}[form]
    assert app.get(f"/open311/discovery.{form}").headers["content-type"] == kind
    response = app.get(f"{V2}/{call}.{form}")
    assert response.status == 200
    assert response.headers["content-type"] == f"{kind}; charset=utf-8"
    refused = app.get(f"{V2}/{call}.{form}", {"jurisdiction_id": "elsewhere"})
    assert (refused.status, refused.headers["content-type"]) == (404, f"{kind}; charset=utf-8")


# --- services ---


def test_services_are_the_categories_that_are_offered_in_persian(app, form):
    canal, well = app.get(f"{V2}/services.{form}").data
    no, yes = (False, True) if form == "json" else ("false", "true")
    assert canal == {
        "service_code": "canal",
        "service_name": "نام canal",
        "description": "راهنما",
        "metadata": no,
        "type": "realtime",
        "keywords": "canal",
        "group": "گروه",
    }
    assert (well["metadata"], well["type"], well["keywords"]) == (yes, "batch", "well,چاه")


ENGLISH = {
    "by locale": ({"locale": "en"}, {}),
    "by a locale with a region": ({"locale": "en_GB"}, {}),
    "by header": ({}, {"Accept-Language": "fa;q=0.2, en-GB;q=0.8"}),
    "by locale before header": ({"locale": "en"}, {"Accept-Language": "fa"}),
}
PERSIAN = {
    "by default": ({}, {}),
    "by locale before header": ({"locale": "fa"}, {"Accept-Language": "en"}),
    "by header": ({}, {"Accept-Language": "fa, en;q=0.9"}),
    "where no English is wanted": ({}, {"Accept-Language": "en;q=0, de"}),
    "where we know none of the languages": ({"locale": "de"}, {}),
}


@pytest.mark.parametrize(("params", "headers"), ENGLISH.values(), ids=ENGLISH)
def test_names_are_english_for_who_asks_so(app, params, headers):
    response = app.get(f"{V2}/services.json", params, **headers)
    assert response.data[0]["service_name"] == "Name of canal"
    assert response.headers["vary"] == "Accept-Language"
    response = app.get(f"{V2}/requests.json", params, **headers).data[0]
    assert (response["service_name"], response["agency_responsible"]) == ("Name of canal", "Unit")


@pytest.mark.parametrize(("params", "headers"), PERSIAN.values(), ids=PERSIAN)
def test_names_are_persian_for_everybody_else(app, params, headers):
    reply = app.get(f"{V2}/services.json", params, **headers).data[0]
    assert (reply["service_name"], reply["group"]) == ("نام canal", "گروه")


def test_a_definition_holds_the_questions_of_a_service(app, form):
    reply = app.get(f"{V2}/services/well.{form}").data
    assert reply["service_code"] == "well"
    depth, _, colour, *_ = reply["attributes"]
    yes, item = (True, 1) if form == "json" else ("true", "1")
    assert depth == {
        "variable": yes,
        "code": "depth",
        "datatype": "number",
        "required": yes,
        "datatype_description": "",
        "order": item,
        "description": "چند؟",
        "values": [],
    }
    assert colour["values"] == COLOURS


def test_a_service_without_questions_has_an_empty_definition(app, form):
    reply = app.get(f"{V2}/services/canal.{form}").data
    assert reply == {"service_code": "canal", "attributes": []}


def test_the_list_of_services_is_asked_for_once_a_minute(app):
    for _ in range(3):
        app.get(f"{V2}/services.json")
    assert [contract for contract, *_ in app.bus.questions] == [contracts.FORM]


# --- what is not there ---

NOWHERE = {
    "a service": "services/nonsense",
    "a service that is not offered": "services/bill",
    "a token": "tokens/nonsense",
    "a token that cannot be one": "tokens/%3Cscript%3E",
    "a token that is too long": f"tokens/{'t' * 41}",
    "a request": f"requests/{tracking.new()}",
    "a request that cannot be one": "requests/nonsense",
    "a path": "nothing/here",
}


@pytest.mark.parametrize("path", NOWHERE.values(), ids=NOWHERE)
def test_what_is_not_there_is_404_in_the_form_asked_for(app, form, path):
    response = app.get(f"{V2}/{path}.{form}")
    assert response.status == 404
    (error,) = response.data
    assert int(error["code"]) == 404
    assert error["description"]


@pytest.mark.parametrize("path", ["services.csv", "requests.", "services", "requests.xml/"])
def test_a_form_that_we_do_not_have_is_404(app, path):
    response = app.get(f"{V2}/{path}")
    assert response.status == 404
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    assert response.data[0]["code"] == "404"


@pytest.mark.parametrize("call", ["services", "services/well", "requests", f"requests/{CODE}"])
def test_our_own_jurisdiction_is_taken_an_empty_one_too_and_no_other(app, form, call):
    for jurisdiction, status in (("kbrw.ir", 200), ("", 200), ("tehran.ir", 404)):
        response = app.get(f"{V2}/{call}.{form}", {"jurisdiction_id": jurisdiction})
        assert response.status == status


def test_the_jurisdiction_is_a_setting(folder):
    app = App(folder, OPEN311_JURISDICTION="yazd.ir")
    assert app.get(f"{V2}/services.json", {"jurisdiction_id": "yazd.ir"}).status == 200
    assert app.get(f"{V2}/services.json", {"jurisdiction_id": "kbrw.ir"}).status == 404
    assert app.post(jurisdiction_id="kbrw.ir").status == 404
    assert app.post(query={"jurisdiction_id": "kbrw.ir"}).status == 404


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_method_that_a_path_does_not_have_is_405_and_allow_names_the_others(app, form, method):
    for path, allowed in (
        (f"/open311/discovery.{form}", "GET, HEAD"),
        (f"{V2}/services.{form}", "GET, HEAD"),
        (f"{V2}/requests.{form}", "GET, HEAD, POST"),
        (f"{V2}/requests/{CODE}.{form}", "GET, HEAD"),
    ):
        reply = app.send(method, path)
        assert (reply.status, reply.headers["allow"]) == (405, allowed)
        assert int(reply.data[0]["code"]) == 405
    assert app.send("POST", f"{V2}/services.{form}").status == 405


def test_no_problem_of_ours_is_told_in_another_form_than_georeports(app, form, monkeypatch):
    path = f"{V2}/requests.{form}"
    replies = [app.get(path, {"x": "y" * 5000}), app.get(path, **{"X-Long": "y" * 40_000})]
    app.bus.refusal = Unavailable("ticketing did not answer.", code="deadline.passed")
    replies.append(app.get(path))
    app.bus.refusal = RuntimeError("secret of ours")
    replies.append(app.get(path))
    monkeypatch.setattr(guesses_of, "REQUESTS", 0)
    replies.append(app.get(path))
    assert [item.status for item in replies] == [414, 431, 504, 500, 429]
    for item in replies:
        assert item.headers["content-type"].startswith(("text/xml", "application/json"))
        assert [int(error["code"]) for error in item.data] == [item.status]
        assert "secret of ours" not in item.text
    assert replies[4].headers["retry-after"].isdigit()


def test_while_the_bus_is_away_every_call_says_503_and_when_to_come_back(app, form):
    app.bus.refusal = Unavailable("The bus cannot be reached.", code="broker.unreachable")
    replies = [app.get(f"{V2}/{call}.{form}") for call in CALLS]
    for item in [*replies, app.post(form)]:
        assert (item.status, item.headers["retry-after"]) == (503, "2")
        assert descriptions(item) == ["The bus cannot be reached."]


def test_any_page_may_read_and_none_may_post(app, form):
    response = app.get(f"{V2}/services.{form}")
    assert response.headers["access-control-allow-origin"] == "*"
    assert app.get(f"{V2}/services/none.{form}").headers["access-control-allow-origin"] == "*"
    for posted in (app.post(form), app.post(form, drop=("api_key",))):
        assert "access-control-allow-origin" not in posted.headers


# --- GET requests ---


def test_a_request_has_every_element_and_tehrans_clock(app, form):
    app.bus.listed = [listed(expected_at="2026-12-01T20:29:59Z", status_notes="Seen.")]
    for path in (f"{V2}/requests.{form}", f"{V2}/requests/{CODE}.{form}"):
        (reply,) = app.get(path).data
        assert list(reply) == ELEMENTS
        assert reply["service_request_id"] == CODE
        assert (reply["status"], reply["status_notes"]) == ("open", "Seen.")
        assert reply["requested_datetime"] == "2026-11-23T12:00:00+03:30"
        assert reply["updated_datetime"] == "2026-11-23T13:00:00+03:30"
        assert reply["expected_datetime"] == "2026-12-01T23:59:59+03:30"
        assert (reply["lat"], reply["long"]) == ((30.5, None) if form == "json" else ("30.5", ""))


def test_what_is_not_known_is_null_in_json_and_an_empty_element_in_xml(app, form):
    (reply,) = app.get(f"{V2}/requests.{form}").data
    nothing = None if form == "json" else ""
    for name in ("expected_datetime", "address_id", "zipcode", "media_url", "status_notes"):
        assert reply[name] == nothing


def test_a_closed_one_is_closed_and_none_is_an_empty_list(app, form):
    app.bus.listed = [listed(open=False)]
    assert app.get(f"{V2}/requests.{form}").data[0]["status"] == "closed"
    app.bus.listed = []
    assert app.get(f"{V2}/requests.{form}").data == []


def search(app, **params):
    response = app.get(f"{V2}/requests.json", params)
    assert response.status == 200, response.text
    return app.bus.data(of_all.LIST_PUBLIC)


def test_without_arguments_the_last_90_days_are_asked_for_and_a_thousand_at_most(app):
    reply = search(app)
    since = dt.datetime.fromisoformat(reply["since"])
    assert abs(dt.datetime.now(dt.UTC) - dt.timedelta(days=90) - since).total_seconds() < 60
    assert (reply["page"], reply["page_size"]) == (1, 1000)
    assert [reply[name] for name in ("until", "codes", "categories", "states")] == [None] * 4


def test_an_empty_argument_is_an_absent_one(app):
    names = ("service_request_id", "service_code", "status", "end_date", "page", "page_size")
    reply = search(app, **dict.fromkeys(names, ""), start_date=" ")
    for name in ("until", "codes", "categories", "states"):
        assert reply[name] is None


def test_lists_with_commas_filter(app):
    reply = search(app, service_code="canal, well,", status="open,closed")
    assert (reply["categories"], reply["states"]) == (["canal", "well"], ["open", "closed"])
    assert search(app, status="closed")["states"] == ["closed"]
    assert app.get(f"{V2}/requests.json", {"service_code": "canal,none"}).status == 404


def test_ids_override_every_other_argument_and_unknown_ones_are_passed_over(app, form):
    other = tracking.new()
    response = app.get(
        f"{V2}/requests.{form}",
        {"service_request_id": f"{CODE},{other},nonsense", "status": "?", "start_date": "?"},
    )
    assert [item["service_request_id"] for item in response.data] == [CODE]
    question = app.bus.data(of_all.LIST_PUBLIC)
    assert question["codes"] == [CODE, other]
    assert (question["since"], question["states"]) == (None, None)
    assert app.get(f"{V2}/requests.{form}", {"service_request_id": "nonsense"}).data == []


def test_a_window_of_90_days_is_taken_and_a_second_more_is_not(app):
    start, end = "2026-01-01T00:00:00+03:30", "2026-04-01T00:00:00+03:30"
    reply = search(app, start_date=start, end_date=end)
    assert reply["since"] == "2025-12-31T20:30:00Z"
    assert reply["until"] == "2026-03-31T20:30:00Z"
    late = {"start_date": start, "end_date": "2026-04-01T00:00:01+03:30"}
    assert faults(app.get(f"{V2}/requests.json", late)) == ["end_date"]
    back = {"start_date": end, "end_date": start}
    assert faults(app.get(f"{V2}/requests.xml", back)) == ["end_date"]


def test_one_end_of_the_window_gives_the_other(app):
    assert search(app, start_date="2026-01-01T00:00:00Z")["until"] == "2026-04-01T00:00:00Z"
    assert search(app, end_date="2026-04-01T00:00:00Z")["since"] == "2026-01-01T00:00:00Z"


def test_a_plus_sign_that_nobody_escaped_is_understood(app):
    response = app.get(f"{V2}/requests.json?start_date=2026-01-01T03:30:00+03:30")
    assert response.status == 200
    assert app.bus.data(of_all.LIST_PUBLIC)["since"] == "2026-01-01T00:00:00Z"


WRONG = {
    "a day": {"start_date": "2026-01-01"},
    "no zone": {"end_date": "2026-01-01T00:00:00"},
    "no date": {"start_date": "yesterday"},
    "a far year": {"start_date": "0001-01-01T00:00:00+14:00"},
    "a year to come": {"end_date": "9999-12-31T23:59:59-12:00"},
    "a status": {"status": "open,pending"},
    "page 0": {"page": "0"},
    "page x": {"page": "x"},
    "a large page": {"page_size": "1001"},
    "twice": {"page": ["1", "2"]},
}


@pytest.mark.parametrize("params", WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_400_and_named(app, form, params):
    assert faults(app.get(f"{V2}/requests.{form}", params)) == list(params)


def test_each_wrong_argument_is_an_error_of_its_own(app, form):
    response = app.get(f"{V2}/requests.{form}", {"status": "x", "page": "x", "start_date": "x"})
    assert faults(response) == ["status", "start_date", "page"]


def test_pages_are_asked_for(app):
    reply = search(app, page="۳", page_size="50")
    assert (reply["page"], reply["page_size"]) == (3, 50)


def test_an_id_in_persian_digits_or_groups_is_found(app):
    assert app.get(f"{V2}/requests/۴۰۵ ۲۱۳ ۸۸۴۵.json").data[0]["service_request_id"] == CODE


def test_a_token_gives_the_id(app, form):
    assert app.get(f"{V2}/tokens/{TOKEN}.{form}").data == [
        {"service_request_id": CODE, "token": TOKEN}
    ]


# --- POST ---


def test_a_report_is_registered_and_its_id_comes_back(app, form):
    response = app.post(form)
    assert response.status == 200
    (request,) = response.data
    assert set(request) == {"service_request_id", "service_notice", "account_id"}
    (registered,) = app.bus.done.values()
    assert request["service_request_id"] == registered["code"]
    data = app.bus.data(contracts.REGISTER)
    assert data["text"] == "The canal leaks."
    assert (data["kind"], data["category"], data["channel"]) == ("complaint", "canal", "open311")
    assert (data["lat"], data["long"], data["address"]) == (30.668, 51.588, "")
    assert (data["privacy"], data["public"], data["declared"]) == ("anonymous", True, True)
    assert data["secret"] not in response.text
    assert "secret" not in response.text


def test_a_service_of_the_kind_batch_gives_a_token_and_never_the_id(app, form):
    app.bus.token = TOKEN
    (request,) = app.post(form).data
    assert set(request) == {"token", "service_notice", "account_id"}
    assert request["token"] == TOKEN


def test_a_person_makes_it_private_and_tells_how_to_follow_up(app):
    (reply,) = app.post(
        first_name="سارا",
        last_name="رضایی",
        phone="۰۹۱۲ ۱۲۳ ۴۵۶۷",
        email="sara@Example.IR",
        device_id="device-1",
        account_id="account-1",
    ).data
    data = app.bus.data(contracts.REGISTER)
    assert data["privacy"] == "private"
    assert (data["name"], data["mobile"]) == ("سارا رضایی", "+989121234567")
    assert data["email"] == "sara@example.ir"
    assert "پست الکترونیکی شما" in reply["service_notice"]
    assert "device-1" not in str(data)
    assert "account-1" not in str(data)
    assert "e-mail" in app.post(locale="en", email="").data[0]["service_notice"]
    assert app.bus.data(contracts.REGISTER)["language"] == "en"


@pytest.mark.parametrize("name", ["first_name", "last_name"])
def test_a_name_alone_is_private_too(app, name):
    assert app.post(**{name: "Sara"}).status == 200
    assert app.bus.data(contracts.REGISTER)["privacy"] == "private"


NO_KEY = {
    "none": ({}, {}),
    "an empty one": ({"api_key": " "}, {}),
    "a wrong one": ({"api_key": KEY + "x"}, {}),
    "the hash of one": ({"api_key": hashlib.sha256(KEY.encode()).hexdigest()}, {}),
    "a wrong one in the query": ({"api_key": KEY}, {"api_key": "x"}),
}


@pytest.mark.parametrize(("more", "query"), NO_KEY.values(), ids=NO_KEY)
def test_without_a_key_that_we_gave_a_post_is_403(app, form, more, query):
    response = app.post(form, drop=() if more else ("api_key",), query=query, **more)
    assert response.status == 403
    assert [int(error["code"]) for error in response.data] == [403]
    assert app.bus.questions == []


def test_a_key_may_stand_in_the_query(app):
    assert app.post(drop=("api_key",), query={"api_key": KEY}).status == 200


def test_a_persons_data_in_the_address_is_not_taken(app):
    assert app.post(query={"email": "sara@example.ir"}).status == 200
    assert app.bus.data(contracts.REGISTER)["email"] is None


def test_who_guesses_keys_is_stopped(app, monkeypatch):
    monkeypatch.setattr(guesses_of, "REQUESTS", 2)
    assert [app.post(api_key=f"k{n}").status for n in range(3)] == [403, 403, 429]


def app_of(keys, key):
    entry = keys.find(key)
    return entry and entry.app


def test_a_key_that_ended_or_went_is_refused_at_once_and_a_broken_file_changes_nothing(
    tmp_path, folder
):
    path = tmp_path / "keys.toml"

    def write(until, app="Civic"):
        digest = hashlib.sha256(b"mine").hexdigest()
        path.write_text(f'[[keys]]\napp = "{app}"\nsha256 = "{digest}"\nuntil = {until}\n')

    write("2099-01-01")
    keys = open311_keys.Keys(path)
    assert app_of(keys, "mine") == "Civic"
    assert app_of(keys, "other") is None
    path.write_text("[[keys")
    assert app_of(keys, "mine") == "Civic"
    path.unlink()
    assert app_of(keys, "mine") == "Civic"
    write("2020-01-01", app="Civic app")
    assert app_of(keys, "mine") is None
    path.write_text("# none\n")
    assert app_of(keys, "mine") is None


BROKEN = {
    "no hash": '[[keys]]\napp = "a"\nsha256 = "clear text"\nuntil = 2099-01-01\n',
    "no day": f'[[keys]]\napp = "a"\nsha256 = "{"0" * 64}"\nuntil = "2099-01-01"\n',
    "no right": f'[[keys]]\napp = "a"\nsha256 = "{"0" * 64}"\nuntil = 2099-01-01\nanswers = "no"\n',
    "no owner": f'[[keys]]\nsha256 = "{"0" * 64}"\nuntil = 2099-01-01\n',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_the_face_does_not_start_with_keys_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "keys.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match="OPEN311_KEYS_FILE"):
        open311_keys.Keys(path)


def test_the_demo_key_is_the_one_that_the_docs_tell():
    keys = open311_keys.Keys(ROOT / "deploy/open311/keys.toml")
    assert app_of(keys, KEY) == "Demo civic app"
    assert f"api_key={KEY}" in (ROOT / "docs/open311.md").read_text(encoding="utf-8")
    assert KEY not in (ROOT / "deploy/open311/keys.toml").read_text(encoding="utf-8")


def test_an_unknown_service_is_404(app, form):
    for code in ("nonsense", "bill"):
        response = app.post(form, service_code=code)
        assert response.status == 404
        assert "service_code" in descriptions(response)[0]


LOCATIONS = {
    "nothing": ({}, ["location"]),
    "empty": ({"lat": "", "long": " ", "address_string": ""}, ["location"]),
    "half": ({"lat": "30"}, ["long"]),
    "the other half": ({"long": "51", "address_string": "Yasuj"}, ["lat"]),
    "no number": ({"lat": "north", "long": "51"}, ["lat"]),
    "not a number": ({"lat": "nan", "long": "inf"}, ["lat", "long"]),
    "not of this world": ({"lat": "90.1", "long": "-180.1"}, ["lat", "long"]),
    "underscores": ({"lat": "3_0", "long": "51"}, ["lat"]),
    "a long address": ({"address_string": "x" * 301}, ["address_string"]),
    "degrees": ({"lat": "-90", "long": "180.0"}, []),
    "Persian digits": ({"lat": "۳۰.۵", "long": "۵۱"}, []),
    "an address": ({"address_string": "Yasuj, Imam street"}, []),
    "an address's id": ({"address_id": "77"}, []),
}


@pytest.mark.parametrize(("place", "wrong"), LOCATIONS.values(), ids=LOCATIONS)
def test_a_report_needs_a_place(app, form, place, wrong):
    response = app.post(form, drop=set(PLACE) - set(place), **place)
    assert (faults(response) if wrong else [response.status]) == (wrong or [200])


def test_an_address_and_its_id_are_kept(app):
    app.post(address_string="Yasuj,\r\nImam street", address_id="77")
    assert app.bus.data(contracts.REGISTER)["address"] == "Yasuj, Imam street (address_id: 77)"


def test_every_fault_is_an_error_of_its_own(app, form):
    response = app.post(
        form,
        drop=("service_code", *PLACE),
        phone="021 1234",
        email="sara",
        description="x" * 4001,
        media_url="javascript:alert(1)",
        first_name="x" * 60,
        last_name="y" * 60,
    )
    assert sorted(faults(response)) == [
        "description",
        "email",
        "first_name",
        "location",
        "media_url",
        "phone",
        "service_code",
    ]
    assert {int(error["code"]) for error in response.data} == {400}
    assert app.bus.ids() == []


def test_a_description_may_have_4000_characters_and_no_tag_in_it_is_lost(app):
    text = "<b>آب</b> & <script>" + "x" * 3980
    assert app.post(description=text[:4000]).status == 200
    assert app.bus.data(contracts.REGISTER)["text"] == text[:4000]


def test_a_report_without_words_is_told_by_its_service(app):
    assert app.post(drop=("description",)).status == 200
    assert app.bus.data(contracts.REGISTER)["text"] == "گزارش: نام canal"
    assert app.post(description="آب").status == 200
    assert app.bus.data(contracts.REGISTER)["text"] == "گزارش: نام canal\nآب"


def test_control_characters_are_dropped_and_line_breaks_stay(app):
    response = app.post(description="one\r\ntwo\x00\x1b[31m\tthree", first_name="Sa\nra")
    assert response.status == 200
    data = app.bus.data(contracts.REGISTER)
    assert (data["text"], data["name"]) == ("one\ntwo[31m\tthree", "Sa ra")


def test_a_media_url_is_noted_and_never_fetched(app):
    url = "https://pictures.example/1.jpg?a=b&c=d"
    assert app.post(media_url=url).status == 200
    assert app.bus.data(contracts.REGISTER)["text"] == f"The canal leaks.\nmedia_url: {url}"
    assert app.post(media_url=url, description="x" * 4000).status == 200
    data = app.bus.data(contracts.REGISTER)
    assert (data["text"], data["attributes"]) == ("x" * 4000, {"media_url": url})
    for wrong in ("ftp://a.b/c", "http://[", "https://", "https://a b", "https://a/" + "x" * 500):
        assert faults(app.post(media_url=wrong)) == ["media_url"]


def well(app, form="json", **answers):
    reply = {f"attribute[{name}]": value for name, value in answers.items()}
    return app.post(form, service_code="well", **reply)


def test_attributes_are_kept_by_their_codes(app):
    response = app.post(
        service_code="well",
        **{
            "attribute[depth]": "۱۲.۵",
            "attribute[seen]": "2026-11-23T08:30:00+03:30",
            "attribute[colour]": "r",
            "attribute[colours][]": ["r", "b"],
            "attribute[note]": "by\nnight",
            "attribute[hint]": "passed over",
        },
    )
    assert response.status == 200
    data = app.bus.data(contracts.REGISTER)
    assert data["kind"] == "request"
    assert data["attributes"] == {
        "depth": "۱۲.۵",
        "seen": "2026-11-23T08:30:00+03:30",
        "colour": "r",
        "colours": "r, b",
        "note": "by night",
    }


ANSWERS = {
    "a required one that is missing": {},
    "a required one that is empty": {"depth": " "},
    "no number": {"depth": "deep"},
    "no moment": {"depth": "1", "seen": "2026-11-23"},
    "no key of the list": {"depth": "1", "colour": "green"},
    "two where one is asked": {"depth": "1", "colour": ["r", "b"]},
    "one key that is none": {"depth": "1", "colours": ["r", "green"]},
    "too much": {"depth": "1", "note": "x" * 501},
    "one that nobody asks for": {"depth": "1", "taste": "salt"},
}


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_a_wrong_attribute_is_400_and_named(app, form, answers):
    wrong = list(answers)[-1] if answers else "depth"
    assert faults(well(app, form, **answers)) == [f"attribute[{wrong}]"]
    assert app.bus.ids() == []


PICTURE = pictures.png(bytes(64))


def test_files_come_as_media_of_a_multipart_form(app, form):
    response = app.post(form, files={"media": ("well.png", PICTURE, "image/png")})
    assert response.status == 200
    (file,) = app.bus.data(contracts.REGISTER)["attachments"]
    assert (file["name"], file["type"], file["size"]) == ("well.png", "image/png", len(PICTURE))
    assert file["sha256"] == hashlib.sha256(PICTURE).hexdigest()


def test_a_photo_of_a_civic_app_is_kept_without_its_place(app, form):
    came = pictures.photo()
    app.post(form, files={"media": ("well.jpg", came, "image/jpeg")})
    (file,) = app.bus.data(contracts.REGISTER)["attachments"]
    kept = app.tickets.blobs.read(file["sha256"])
    assert pictures.facts(kept) == pictures.CLEAN
    assert pictures.pixels(kept) == pictures.pixels(came)


def test_a_file_that_is_not_taken_is_an_error_beside_the_others(app, form):
    files = {"media": ("virus.exe", b"MZ\x90\x00" + b"\0" * 99, "image/png")}
    assert sorted(faults(app.post(form, files=files, lat="x"))) == ["lat", "media"]


def test_a_body_that_is_no_form_is_refused_in_the_form_asked_for(app, form):
    for headers, content, status in (
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"api_key=%ff", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"x=" + b"y" * 70_000, 413),
        ({"Content-Type": "multipart/form-data"}, b"", 400),
    ):
        reply = app.send("POST", f"{V2}/requests.{form}", content=content, headers=headers)
        assert (reply.status, int(reply.data[0]["code"])) == (status, status)


def test_the_same_idempotency_key_is_the_same_report_and_none_is_a_new_one(app):
    headers = {"Idempotency-Key": '"my-key"'}
    item, two = app.post(headers=headers).data, app.post("xml", headers=headers).data
    assert item[0]["service_request_id"] == two[0]["service_request_id"]
    other = app.post(headers={"Idempotency-Key": "another"}).data
    assert other[0]["service_request_id"] != item[0]["service_request_id"]
    ids = {app.post().data[0]["service_request_id"] for _ in range(2)}
    assert len(ids) == 2
    assert [uuid.UUID(id_).version for id_ in app.bus.ids()] == [5, 5, 5, 4, 4]


def test_nobody_can_work_out_the_id_of_a_report_from_its_idempotency_key(folder):
    ids = []
    for key in ("portal-key", "another"):
        app = App(folder, PORTAL_KEY=key)
        app.post(headers={"Idempotency-Key": "k"})
        ids += app.bus.ids()
    assert len(set(ids)) == 2


def test_an_idempotency_key_that_was_used_for_another_report_is_400(app, form):
    app.get(f"{V2}/services.json")
    app.bus.refusal = Conflict("Used before.", code="idempotency_key.reused")
    assert app.post(form, headers={"Idempotency-Key": "k"}).status == 400
    assert app.post(form, headers={"Idempotency-Key": "k" * 129}).status == 400


def test_what_the_contract_refuses_is_named_in_georeports_words():
    request = api.Request(
        {
            "type": "http",
            "method": "POST",
            "path": f"{V2}/requests.json",
            "headers": [],
            "query_string": b"",
            "server": ("a", 1),
        }
    )
    fields = [{"field": "mobile", "detail": "No."}, {"field": "attributes.a.value", "detail": "B."}]
    reply = xml.show(request, {"status": 422, "detail": "-", "errors": fields})
    assert reply.status_code == 400
    assert [e["description"] for e in json.loads(reply.body)] == [
        "phone: No.",
        "attributes.a.value: B.",
    ]


def test_what_lies_outside_of_open311_is_shown_by_others():
    for path in ("/", "/v1/tickets", "/open3111/x"):
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "headers": [],
            "query_string": b"",
            "server": ("a", 1),
        }
        problem = {"status": 404, "detail": "x"}
        assert xml.show(api.Request(scope), problem) is None


# --- whatever people write ---

ANY = st.text(max_size=60) | st.sampled_from(
    [
        "]]>",
        "<!--",
        "&amp;",
        "<![CDATA[x]]>",
        '"><request>',
        "\x00",
        "\ufffe",
        "\r\n",
        "\u202e",
        "\uffff",
    ]
)
LEGAL = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def legal(text):
    """What XML 1.0 can say of a text, with its own line breaks."""
    return "".join(c for c in re.sub("\r\n?", "\n", text) if LEGAL.fullmatch(c))


@given(texts=st.fixed_dictionaries(dict.fromkeys(("description", "address", "status_notes"), ANY)))
def test_any_text_reads_back_from_both_forms(folder, texts):
    app = App(folder)
    app.bus.listed = [listed(**texts)]
    (reply,) = app.get(f"{V2}/requests.json").data
    assert {name: reply[name] for name in texts} == texts
    (reply,) = app.get(f"{V2}/requests.xml").data
    assert list(reply) == ELEMENTS
    assert {name: reply[name] for name in texts} == {n: legal(t) for n, t in texts.items()}


FIELDS = (
    "service_code",
    "lat",
    "long",
    "address_string",
    "address_id",
    "email",
    "first_name",
    "last_name",
    "phone",
    "description",
    "media_url",
    "jurisdiction_id",
    "locale",
    "api_key",
    "attribute[depth]",
    "attribute[]",
    "attribute[note][]",
)


@given(st.dictionaries(st.sampled_from(FIELDS), ANY), st.sampled_from(FORMS))
def test_any_text_in_a_post_is_registered_or_refused_and_never_our_fault(folder, more, form):
    app = App(folder)
    response = app.post(form, **{"service_code": "well", **more})
    assert response.status in {200, 400, 403, 404}
    assert isinstance(response.data, list)
    assert response.data
    with contextlib.suppress(StopIteration):
        app.bus.data(contracts.REGISTER)
        assert response.status == 200


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "service_request_id",
                "service_code",
                "start_date",
                "end_date",
                "status",
                "page",
                "page_size",
                "jurisdiction_id",
                "locale",
            ]
        ),
        ANY,
    ),
    st.sampled_from(FORMS),
)
def test_any_text_in_a_query_is_answered_or_refused_and_never_our_fault(folder, params, form):
    response = App(folder).get(f"{V2}/requests.{form}", params)
    assert response.status in {200, 400, 404}


@given(st.text(min_size=1, max_size=30), st.sampled_from(["services", "requests", "tokens"]))
def test_any_text_in_a_path_is_answered_or_refused_and_never_our_fault(folder, text, call):
    path = f"{V2}/{call}/{quote(text, safe='')}.xml"
    assert App(folder).get(path).status in {200, 404}
