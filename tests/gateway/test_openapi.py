"""Each face's OpenAPI document is its contract: every address, every header, every shape."""

import json
import re
import shutil
import subprocess

import pytest
import requests
from openapi_spec_validator import validate

from bus.contracts.inquiry import PURPOSES
from gateway.openapi.answers import EXAMPLES
from gateway.problems import PROBLEMS
from services.inquiry.domain import purposes

METHODS = ("get", "post", "put", "patch", "delete")


def patterns(part):
    """All patterns of a document."""
    if isinstance(part, dict):
        if isinstance(found := part.get("pattern"), str):
            yield found
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
        ("BatchStatus", "batch"), ("JobOf", "job"), ("CallbackOf", "callback"), ("One", "id"),
        ("CallOf", "id"), ("ReadBatch", "batch"), ("BatchProgress", "batch"), ("Sent", "id"),
    ):  # fmt: skip
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
        good = [answer for status, answer in answers.items() if status.startswith("2")]
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
    found = sorted({*patterns(document), *patterns(asyncapi)})
    assert "^[a-z][a-z0-9_]*$" in found
    for pattern in found:
        assert pattern.startswith("^"), pattern
        assert not re.search(r"\\[AZz]|\(\?(?!:|=|!)", pattern), pattern
        re.compile(pattern)
    if shutil.which("node"):
        script = (
            "for (const p of JSON.parse(process.argv[1])) { new RegExp(p); new RegExp(p, 'u') }"
        )
        done = subprocess.run(
            ["node", "-e", script, json.dumps(found)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_d11_a_code_is_judged_whole(sender):
    texts = {"fa": {"body": "متن"}}
    draft = {"channel": "sms", "name": "x", "texts": texts}
    for code in ("fine_code!", "Fine", "1st", "fine code"):
        answer = sender.send({**draft, "code": code}, path="/v1/notify/draft_template")
        assert [error["field"] for error in answer.json()["errors"]] == ["code"]
