"""Service request updates over Open311, before a stand-in of the bus: as FixMyStreet asks."""

import datetime as dt
import hashlib

import pytest

from bus.errors import NotFound
from contracts.ticketing import citizens as contracts
from contracts.ticketing import public as of_all
from contracts.ticketing.civic import updates as civic
from tests.gateway.public.test_open311 import CODE, KEY, V2, App, descriptions, faults
from tests.gateway.public.test_open311 import GOOD as REPORT

UPDATES = f"{V2}/servicerequestupdates"
ANSWERED = {
    "update_id": f"{CODE}-3",
    "code": CODE,
    "at": "2026-11-23T08:30:00.123456Z",
    "act": "answer",
    "status": "CLOSED",
    "extended_status": "CLOSED",
    "title_fa": "پاسخ داده شد",
    "title_en": "Answered",
}
# What perllib/Open311.pm of FixMyStreet sends for a comment with a picture.
COMMENT = {
    "updated_datetime": "2026-11-23T05:00:00Z",
    "service_request_id": CODE,
    "status": "IN_PROGRESS",
    "description": "Still leaking.\r\nMore than before.",
    "last_name": "-",
    "first_name": "Sara",
    "email": "Sara@example.ir",
    "phone": "0044 20 7946 0000",
    "update_id": "4711",
    "media_url": ["https://fms.example/photo/1.jpeg", "https://fms.example/photo/2.jpeg"],
    "service_code": "canal",
    "attribute[uprn]": "1",
    "jurisdiction_id": "kbrw.ir",
    "api_key": KEY,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("updates")


@pytest.fixture
def app(folder):
    return App(folder)


@pytest.fixture(params=("xml", "json"))
def form(request):
    return request.param


def post(app, form="json", *, drop=(), **more):
    data = {name: value for name, value in {**COMMENT, **more}.items() if name not in drop}
    return app.send("POST", f"{UPDATES}.{form}", data=data)


def keys(folder, **more):
    """A face whose demo key has these rights."""
    lines = [f"{name} = {str(value).lower()}" for name, value in more.items()]
    text = "\n".join(
        (
            "[[keys]]",
            'app = "Demo civic app"',
            f'sha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"',
            "until = 9999-12-31",
            *lines,
        )
    )
    path = folder / f"{'-'.join(sorted(more))}.toml"
    path.write_text(text, encoding="utf-8")
    return App(folder, OPEN311_KEYS_FILE=str(path))


def test_an_update_has_the_elements_of_the_extension(app, form):
    app.bus.updates = [ANSWERED]
    reply = app.get(f"{UPDATES}.{form}", {"locale": "en"})
    assert reply.status == 200
    assert reply.data == [
        {
            "update_id": f"{CODE}-3",
            "service_request_id": CODE,
            "status": "CLOSED",
            "updated_datetime": "2026-11-23T12:00:00+03:30",
            "description": "Answered",
            "media_url": "" if form == "xml" else None,
        }
    ]
    assert app.get(f"{UPDATES}.{form}").data[0]["description"] == "پاسخ داده شد"
    if form == "xml":  # the root and the items that Open311.pm reads
        assert "<service_request_updates><request_update><update_id>" in reply.text


def test_everybody_asks_for_all_and_gets_no_words(app):
    window = {"start_date": "2026-11-23T03:00:00Z", "end_date": "2026-11-23T05:00:00Z"}
    app.get(f"{UPDATES}.xml", window)
    question = app.bus.data(civic.LIST_UPDATES)
    assert (question["since"], question["until"]) == (
        "2026-11-23T03:00:00Z",
        "2026-11-23T05:00:00Z",
    )
    assert (question["words"], question["page_size"]) == (False, 1000)
    assert "app" not in app.bus.caller


@pytest.mark.parametrize("answers", [True, False])
def test_a_key_asks_in_the_name_of_its_app_with_words_if_the_operator_lets_it(folder, answers):
    app = keys(folder, answers=answers)
    app.get(f"{UPDATES}.xml", {"api_key": KEY, "jurisdiction_id": "kbrw.ir"})
    assert app.bus.caller["app"] == "Demo civic app"
    assert app.bus.data(civic.LIST_UPDATES)["words"] is answers


def test_finer_statuses_are_for_who_asks_or_whose_key_says_so(folder, app):
    ours = keys(folder, extended_statuses=True)
    for face, params in ((app, {"extended_statuses": "true"}), (ours, {"api_key": KEY})):
        face.bus.updates = [{**ANSWERED, "extended_status": "DUPLICATE"}]
        assert face.get(f"{UPDATES}.json", params).data[0]["status"] == "DUPLICATE"
    app.bus.updates = ours.bus.updates
    assert app.get(f"{UPDATES}.json").data[0]["status"] == "CLOSED"


def test_without_dates_it_is_the_last_90_days(app):
    before = dt.datetime.now(dt.UTC)
    app.get(f"{UPDATES}.json")
    question = app.bus.data(civic.LIST_UPDATES)
    since, until = (dt.datetime.fromisoformat(question[name]) for name in ("since", "until"))
    assert until >= before
    assert until - since == dt.timedelta(days=90)


def test_a_wrong_key_reads_nothing_and_counts_as_a_guess(app):
    assert app.get(f"{UPDATES}.json", {"api_key": "wrong"}).status == 403
    assert app.bus.questions == []


def test_a_comment_of_fixmystreet_is_kept_and_our_id_comes_back(app, form):
    reply = post(app, form)
    assert (reply.status, reply.data) == (200, [{"update_id": f"{CODE}-a1"}])
    assert app.bus.caller["app"] == "Demo civic app"
    assert app.bus.data(civic.WRITE_UPDATE) == {
        "code": CODE,
        "update_id": "4711",
        "status": "IN_PROGRESS",
        "text": "Still leaking.\nMore than before.\n"
        "media_url: https://fms.example/photo/1.jpeg\n"
        "media_url: https://fms.example/photo/2.jpeg",
        "email": "Sara@example.ir",
        "mobile": None,
        "attachments": [],
    }


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"drop": ("service_request_id",)}, "service_request_id"),
        ({"drop": ("description", "status", "media_url")}, "description"),
        ({"status": "'; drop"}, "status"),
        ({"updated_datetime": "yesterday"}, "updated_datetime"),
        ({"update_id": "9" * 101}, "update_id"),
        ({"media_url": ["file:///etc/passwd"]}, "media_url"),
        ({"media_url": [f"https://a.example/{n}" for n in range(11)]}, "media_url"),
        ({"description": "x" * 4001}, "description"),
    ],
)
def test_what_is_wrong_in_an_update_is_named(app, form, more, wrong):
    assert faults(post(app, form, **more)) == [wrong]


@pytest.mark.parametrize("id_", ["1", "ABCDEFGH", "4052138846", "../../x"])
def test_an_id_that_is_none_of_ours_is_404(app, id_):
    app.bus.refusal = NotFound("service_request_id: not yours.", code="update.not_yours")
    reply = post(app, service_request_id=id_)
    assert reply.status == 404
    assert descriptions(reply)[0].startswith("service_request_id: ")


@pytest.mark.parametrize("key", ["", "wrong"])
def test_an_update_without_a_key_of_ours_is_403(app, key):
    assert post(app, api_key=key).status == 403
    assert app.bus.questions == []


def test_no_page_of_another_site_posts_an_update(app):
    assert "access-control-allow-origin" not in post(app).headers
    assert app.send("PUT", f"{UPDATES}.json").headers["allow"] == "GET, HEAD, POST"


def test_a_report_names_its_app_by_the_key_and_by_nothing_else(app):
    app.send("POST", f"{V2}/requests.json", data={**REPORT, "app": "Another"})
    assert app.bus.caller["app"] == "Demo civic app"
    assert "app" not in app.bus.data(contracts.REGISTER)


def test_several_pictures_of_a_report_are_noted_and_never_fetched(app):
    urls = ["https://fms.example/1.jpeg", "https://fms.example/2.jpeg"]
    app.send("POST", f"{V2}/requests.json", data={**REPORT, "media_url": urls})
    assert app.bus.data(contracts.REGISTER)["text"].endswith(
        "\nmedia_url: https://fms.example/1.jpeg\nmedia_url: https://fms.example/2.jpeg"
    )


def test_discovery_names_the_extension_beside_georeport(app, form):
    endpoints = app.get(f"/open311/discovery.{form}").data["endpoints"]
    assert [item["specification"].rpartition("/")[2] for item in endpoints] == [
        "GeoReport_v2",
        "Open311-FMS---Proposed-differences-to-Open311",
    ]
    assert {item["url"] for item in endpoints} == {f"http://city.test{V2}"}


def test_a_sandbox_says_that_it_is_one(folder):
    app = App(folder, OPEN311_TYPE="test")
    assert {e["type"] for e in app.get("/open311/discovery.json").data["endpoints"]} == {"test"}
    with pytest.raises(ValueError, match="OPEN311_TYPE"):
        App(folder, OPEN311_TYPE="sandbox")


@pytest.mark.parametrize("path", ["requests", f"requests/{CODE}"])
def test_with_extensions_a_request_tells_what_was_done_with_it(app, form, path):
    moved = {**ANSWERED, "update_id": f"{CODE}-2", "status": "OPEN", "title_en": "Paused"}
    app.bus.updates = [moved, {**ANSWERED, "extended_status": "NO_FURTHER_ACTION"}]
    question = {"extensions": "true", "locale": "en"}
    [request] = app.get(f"/open311/v2/{path}.{form}", question).data
    assert [(note["type"], note["summary"]) for note in request["notes"]] == [
        ("opened", "Registered"),
        ("activity", "Paused"),
        ("closed", "Answered"),
    ]
    assert request["notes"][0]["datetime"] == request["requested_datetime"]
    assert request["extended_attributes"] == {"status": "NO_FURTHER_ACTION"}
    assert app.bus.data(civic.REPORT_HISTORY) == {"codes": [CODE]}
    if form == "xml":
        text = app.get(f"/open311/v2/{path}.xml", question).text
        assert "<notes><note><datetime>" in text
        assert text.count("<note>") == 3


def test_without_extensions_nobody_is_asked_for_notes(app):
    [request] = app.get("/open311/v2/requests.json").data
    assert not {"notes", "extended_attributes"} & set(request)
    assert civic.REPORT_HISTORY not in [contract for contract, _, _ in app.bus.questions]


def test_a_page_with_extensions_has_a_hundred_requests_at_most(app, form):
    app.get(f"/open311/v2/requests.{form}", {"extensions": "true"})
    assert app.bus.data(of_all.LIST_PUBLIC)["page_size"] == 100
    for more in ({"page_size": "101"}, {"service_request_id": ",".join([CODE] * 101)}):
        assert app.get(f"/open311/v2/requests.{form}", {"extensions": "true", **more}).status == 400
