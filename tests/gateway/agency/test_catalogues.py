"""The catalogue: every document is valid by its own standard, and leads to the next."""

import gzip
import json

import jsonschema
import pytest
import requests
from openapi_spec_validator import validate

from bus.process.version import release
from bus.topology import COMMANDS, EVENTS
from contracts import Command, Event, Request, catalogue
from tests.gateway.conftest import GOOD
from tests.processes import ROOT

# From @asyncapi/specs 6.11.1 (Apache 2), schemas/3.0.0-without-$id.json.
ASYNCAPI = json.loads(gzip.decompress((ROOT / "tests/data/asyncapi-3.0.0.json.gz").read_bytes()))


@pytest.fixture
def get(shared_face):
    def get(path, **headers):
        return requests.get(f"{shared_face}{path}", headers=headers, timeout=20)

    return get


def test_the_asyncapi_document_is_valid_and_tells_every_command_and_event(get):
    reply = get("/asyncapi.json").json()
    jsonschema.Draft7Validator(ASYNCAPI).validate(reply)
    spoken = {c.name: c for c in catalogue().values() if isinstance(c, Command | Event)}
    hearing = reply["channels"].pop("hearing")
    assert set(reply["channels"]) == set(spoken)
    for name, channel in reply["channels"].items():
        exchange = EVENTS if isinstance(spoken[name], Event) else COMMANDS
        assert channel["bindings"]["amqp"]["exchange"]["name"] == exchange
    assert {o["channel"]["$ref"] for o in reply["operations"].values()} == {
        f"#/channels/{name}" for name in (*spoken, "hearing")
    }
    assert hearing["address"] == "agency.{agency}.events"
    assert set(hearing["messages"]) == {
        f"{c.name}.heard" for c in spoken.values() if isinstance(c, Event) and c.hearable
    }
    bill = reply["components"]["schemas"]["billing.bill_paid.v1.heard"]
    assert "total_rials" in bill["properties"]
    assert "source_ref" not in {*bill["properties"], *bill["required"]}


def test_each_reference_of_the_asyncapi_document_leads_somewhere(get):
    reply = get("/asyncapi.json").json()

    def follow(part):
        if isinstance(part, dict):
            if isinstance(ref := part.get("$ref"), str):
                result = reply
                for step in ref.removeprefix("#/").split("/"):
                    result = result[step]
            for inner in part.values():
                follow(inner)
        elif isinstance(part, list):
            for inner in part:
                follow(inner)

    follow(reply)


def test_openapi_tells_both_ways_in_and_the_scope_of_each_contract(get):
    reply = get("/openapi.json").json()
    validate(reply)
    schemes = reply["components"]["securitySchemes"]
    assert set(schemes) == {"signature", "oauth"}
    ask = reply["paths"]["/v1/inquiry/ask"]["post"]
    assert ask["security"] == [{"signature": []}, {"oauth": ["inquiry.ask.v1"]}]
    assert "inquiry.ask.v1" in schemes["oauth"]["flows"]["clientCredentials"]["scopes"]
    assert "/oauth/token" in reply["paths"]


def test_every_contract_of_agencies_and_every_event_has_a_json_schema(get):
    names = [
        name
        for name, c in catalogue().items()
        if isinstance(c, Command | Event) or (isinstance(c, Request) and c.agency)
    ]
    answers = [f"{n}.reply" for n in names if isinstance(catalogue()[n], Request)]
    for name in [*names, *answers]:
        answer = get(f"/schemas/{name}.json")
        assert answer.status_code == 200, name
        assert answer.headers["content-type"] == "application/schema+json"
        reply = answer.json()
        assert reply["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert reply["$id"] == f"/schemas/{name}.json"
        jsonschema.Draft202012Validator.check_schema(reply)
        assert "#/components/" not in answer.text


def test_the_schema_takes_what_the_contract_takes_and_names_what_it_does_not(get):
    schema = jsonschema.Draft202012Validator(get("/schemas/inquiry.ask.v1.json").json())
    assert list(schema.iter_errors(GOOD)) == []
    for wrong in ({**GOOD, "key": 5}, {**GOOD, "colour": "red"}, {"key": "9900000013"}):
        assert list(schema.iter_errors(wrong)) != []


@pytest.mark.parametrize(
    "name",
    [
        "nothing.here.v1",
        "ticketing.open.v1",
        "x.reply",
        "inquiry",
        "inquiry.ask.v1.heard",
        "ticketing.ticket_moved.v1.heard",
        "inquiry.registry_loaded.v1.heard.reply",
    ],
)
def test_there_is_no_schema_of_what_agencies_cannot_ask(get, name):
    answer = get(f"/schemas/{name}.json")
    assert (answer.status_code, answer.json()["code"]) == (404, "contract.unknown")


def test_the_api_catalogue_leads_to_documents_that_are_there(get, shared_face):
    answer = get("/.well-known/api-catalog")
    assert answer.headers["content-type"].startswith("application/linkset+json")
    (api,) = answer.json()["linkset"]
    assert api["anchor"] == f"{shared_face}/v1"
    for relation in ("service-desc", "service-doc", "service-meta"):
        for link in api[relation]:
            result = requests.get(link["href"], timeout=20)
            assert result.status_code == 200
            assert result.headers["content-type"].startswith(link["type"])
    assert api["status"]
    head = requests.head(f"{shared_face}/.well-known/api-catalog", timeout=20)
    assert 'rel="api-catalog"' in head.headers["link"]


def test_the_metadata_of_oauth_is_whole_and_agrees_with_itself(get, shared_face):
    server = get("/.well-known/oauth-authorization-server").json()
    resource = get("/.well-known/oauth-protected-resource").json()
    assert server["issuer"] == resource["resource"] == str(shared_face)
    assert resource["authorization_servers"] == [server["issuer"]]
    assert server["token_endpoint"] == f"{shared_face}/oauth/token"
    assert server["response_types_supported"] == []
    assert server["grant_types_supported"] == ["client_credentials"]
    assert server["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    for name in ("token_endpoint_auth_signing_alg_values", "dpop_signing_alg_values"):
        assert not {"none", "HS256", "RS256"} & set(server[f"{name}_supported"])
    assert resource["dpop_bound_access_tokens_required"] is True
    assert requests.get(resource["jwks_uri"], timeout=20).json()["keys"][0]["alg"] == "EdDSA"


def test_security_txt_stands_on_this_face_too(get):
    reply = get("/.well-known/security.txt").text
    assert "Contact: mailto:" in reply
    assert "Expires: 20" in reply


def test_every_answer_tells_the_version_of_the_api(get, sender):
    for answer in (get("/docs"), get("/nothing"), get("/openapi.json"), sender.send()):
        assert answer.headers["api-version"] == release()
