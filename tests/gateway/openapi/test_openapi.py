"""Each face's OpenAPI document is its contract: every address, every header, every shape."""

import json
import re
import shutil
import subprocess

import pytest
import requests
from openapi_spec_validator import validate

from bus.settings import Settings
from connector.keys import make_key
from contracts import agency_contracts
from contracts.inquiry.questions import PURPOSES
from gateway.agency import api as agency
from gateway.agency.catalogue import openapi as catalogue
from gateway.agency.xroad import document as xroad
from gateway.http.problems import PROBLEMS
from gateway.notify import api as notify
from gateway.notify import openapi_document
from gateway.notify import schemas as notify_schemas
from gateway.openapi.answers import EXAMPLES
from gateway.openapi.document import served
from gateway.public import bills, json_api
from services.inquiry.domain import purposes
from tests.processes import ROOT

METHODS = ("get", "post", "put", "patch", "delete")


def patterns(part):
    """All patterns of a document."""
    if isinstance(part, dict):
        if isinstance(result := part.get("pattern"), str):
            yield result
        for inner in part.values():
            yield from patterns(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from patterns(inner)


def operations(document):
    """Each operation with its path and method."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


@pytest.fixture(scope="module")
def document(shared_face):
    return requests.get(f"{shared_face}/openapi.json", timeout=20).json()


def test_d9_what_is_refused_by_its_shape_stands_in_the_schema(document):
    validate(document)
    schemas = document["components"]["schemas"]
    ask = document["paths"]["/v1/inquiry/ask"]["post"]
    headers = {p["name"]: p["schema"] for p in ask["parameters"] if p["in"] == "header"}
    assert headers["Idempotency-Key"]["pattern"] == '^"[\\x21\\x23-\\x5b\\x5d-\\x7e]{16,128}"$'
    assert schemas["Ask"]["properties"]["purpose"]["enum"] == list(PURPOSES)
    assert schemas["Ask"]["additionalProperties"] is False
    assert schemas["Ask"]["properties"]["as_of"]["format"] == "date-time"
    for name, member in (
        ("BatchStatus", "batch"),
        ("JobOf", "job"),
        ("CallbackOf", "callback"),
        ("One", "id"),
        ("CallOf", "id"),
        ("ReadBatch", "batch"),
        ("BatchProgress", "batch"),
        ("Sent", "id"),
    ):
        assert schemas[name]["properties"][member]["format"] == "uuid", name
    limit = schemas["ReadBatch"]["properties"]["limit"]
    assert (limit["type"], limit["minimum"], limit["maximum"]) == ("integer", 1, 500)


def test_the_purposes_of_the_document_are_those_of_the_service():
    assert tuple(purposes.PURPOSES) == PURPOSES


def test_d10_each_operation_tells_its_address_its_headers_and_every_answer(document, shared_face):
    assert document["servers"] == [{"url": str(shared_face)}]
    for path, method, operation in operations(document):
        answers = operation["responses"]
        assert {"400", "404", "405", "406", "421", "500"} <= set(answers), path
        # A form of a page is answered by the page to read next.
        good = [answer for status, answer in answers.items() if status.startswith(("2", "303"))]
        assert good
        for answer in good:
            assert {"traceparent", "Signature", "Content-Digest"} <= set(answer["headers"]), path
        if operation["security"]:
            assert {"401", "403", "422", "429", "503"} <= set(answers), path
            names = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
            assert {"Signature-Input", "Content-Digest", "DPoP", "Idempotency-Key"} <= names
        if method == "post":
            assert {"413", "415"} <= set(answers), path
    again = document["components"]["responses"]
    for name in ("TooManyRequests", "ServiceUnavailable", "GatewayTimeout"):
        assert "Retry-After" in again[name]["headers"]


def test_d10_each_example_of_a_problem_is_one_of_that_status():
    for status, codes in EXAMPLES.items():
        for code in codes:
            assert PROBLEMS[code].status in (None, status), code


def test_d11_all_readers_of_patterns_read_ours_alike(document, shared_face):
    asyncapi = requests.get(f"{shared_face}/asyncapi.json", timeout=20).json()
    result = sorted({*patterns(document), *patterns(asyncapi)})
    assert "^[a-z][a-z0-9_]*$" in result
    for pattern in result:
        assert pattern.startswith("^"), pattern
        assert not re.search(r"\\[AZz]|\(\?(?!:|=|!)", pattern), pattern
        re.compile(pattern)
    if shutil.which("node"):
        script = (
            "for (const p of JSON.parse(process.argv[1])) { new RegExp(p); new RegExp(p, 'u') }"
        )
        done = subprocess.run(
            ["node", "-e", script, json.dumps(result)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_d11_a_code_is_judged_whole(sender):
    texts = {"fa": {"body": "متن"}}
    draft = {"channel": "sms", "name": "x", "texts": texts}
    for code in ("fine_code!", "Fine", "1st", "fine code"):
        answer = sender.send({**draft, "code": code}, path="/v1/notify/draft_template")
        assert [error["field"] for error in answer.json()["errors"]] == ["code"]


def addresses_of(routes):
    """What routes take: pairs of a path, with its parts unnamed, and a method."""
    return {
        (re.sub(r"\{[^}]*\}", "{}", route.path), method.lower())
        for route in routes
        for method in route.methods - {"HEAD"}
    }


def addresses_in(document):
    return {(re.sub(r"\{[^}]*\}", "{}", path), m) for path, m, _ in operations(document)}


# Of every request, whatever is asked: HTTP's own, and what a browser or the edge writes.
EVERYWHERE = {
    "accept",
    "accept-encoding",
    "if-none-match",
    "authorization",
    "content-length",
    "content-type",
    "content-encoding",
    "host",
    "origin",
    "sec-fetch-site",
    "expect",
    "connection",
    "cookie",
    "x-forwarded-for",
}
READS = re.compile(r"""headers\.(?:get|getlist)\(\s*"([A-Za-z-]+)"|"([a-z-]+)" in \w+\.headers""")


def headers_read_in(*folders):
    """The names of the headers that the code of these folders, with their rooms, reads."""
    return {
        (result[1] or result[2]).lower()
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        for result in READS.finditer(file.read_text(encoding="utf-8"))
    } - EVERYWHERE


def headers_in(document):
    return {
        parameter["name"].lower()
        for _, _, operation in operations(document)
        for parameter in operation["parameters"]
        if parameter["in"] == "header"
    }


def test_d10_every_address_of_the_agency_face_is_in_its_document_and_no_other(tmp_path):
    key = tmp_path / "key.pem"
    register = make_key(key).base64()
    face = agency.make(
        Settings(
            {
                "AMQP_URL": "amqp://127.0.0.1:1",
                "AGENCIES_DIR": str(ROOT / "deploy/agencies"),
                "SIGNING_KEY_FILE": str(key),
                "AGENCY_BASE_URL": "https://mirab.example",
                "SANDBOX": "1",
                "REGISTER_PUBLIC_KEY": register,
            }
        )
    )
    contracts = "/v{}/{}/{}"
    reply = addresses_in(json.loads(served(catalogue.openapi(sandbox=True), "https://x").body))
    of_xroad = json.loads(served(xroad.document(), "https://x").body)
    validate(of_xroad)
    by_service = {("/r{}/{}", method) for method in xroad.METHODS}
    theirs = addresses_in(of_xroad)
    assert by_service <= addresses_of(face.routes)
    reply |= {address for address in theirs if not address[0].startswith("/r1/")} | by_service
    of_services = {method for path, method in theirs if path.startswith("/r1/")}
    assert of_services == set(xroad.METHODS) - {"options"}  # ``operations`` leaves that out
    calls = {(catalogue.path_of(contract), "post") for contract in agency_contracts()}
    assert (contracts, "post") in addresses_of(face.routes)
    assert addresses_of(face.routes) - {(contracts, "post")} | calls == reply


def test_d10_every_address_of_the_citizens_api_is_in_its_document_and_no_other(public_face):
    reply = requests.get(f"{public_face}/openapi.json", timeout=20).json()
    validate(reply)
    assert reply["servers"][0]["url"].startswith("http")
    routes = [*json_api.routes(None), *bills.routes(None, "")]
    acts = {(f"/v1/tickets/{{}}/{act}", "post") for act in json_api.ACTS}
    served_paths = {
        address for address in addresses_of(routes) if address[0].startswith("/v1/")
    } - {("/v1/tickets/{}/{}", "post")} | acts
    beside = {("/v1/verify/{}", "get"), ("/openapi.json", "get"), ("/health/live", "get")}
    assert addresses_in(reply) == served_paths | beside
    names = headers_in(reply)
    assert {"ticket-secret", "payment-key", "idempotency-key", "accept-language"} <= names
    for pattern in patterns(reply):
        assert not re.search(r"\\[AZz]|\(\?(?!:|=|!)", pattern), pattern


def test_d10_every_address_of_the_notify_api_is_in_its_document_and_no_other(tmp_path):
    face = notify.make(
        Settings(
            {
                "AMQP_URL": "amqp://127.0.0.1:1",
                "BLOBS_DIR": str(tmp_path),
                "NOTIFY_API_URL": "https://notify.example",
            }
        )
    )
    reply = json.loads(served(openapi_document.openapi(), "https://notify.example").body)
    validate(reply)
    calls = {address for address in addresses_of(face.routes) if address[0].startswith("/v2/")}
    assert addresses_in(reply) == calls
    assert headers_read_in("gateway/notify") <= headers_in(reply)
    mine, theirs = (
        set(openapi_document.BODIES["sms"]["properties"]),
        set(notify_schemas.SMS.members),
    )
    assert mine == theirs
    assert set(openapi_document.BODIES["email"]["properties"]) == set(notify_schemas.EMAIL.members)
    assert set(openapi_document.QUERY) == set(notify_schemas.NOTIFICATIONS.members)


def test_d10_each_header_that_the_agency_face_reads_is_a_parameter(document):
    shared = [f"gateway/{room}" for room in ("html", "http", "forms", "limits", "openapi")]
    read_there = headers_read_in("gateway/agency", *shared)
    assert {"idempotency-key", "signature-input"} <= read_there
    of_xroad = headers_in(json.loads(xroad.document()))
    assert read_there <= headers_in(document) | of_xroad | {
        # Of the edge, about the certificate of a connection; no caller writes it.
        "x-client-cert",
        # Of the other faces.
        "ticket-secret",
        "payment-key",
    }
