"""Prefer is read as RFC 7240 has it, and what the catalogue tells of it is so."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from contracts import agency_contracts
from gateway.agency.catalogue.openapi import openapi
from gateway.agency.deferred.preferences import LONGEST_WAIT, Preferences, preferences
from gateway.agency.door.addresses import path_of
from gateway.agency.files.routes import FILE_ROUTES


def read(*values):
    headers = [(b"prefer", item.encode("latin-1")) for item in values]
    return preferences(Request({"type": "http", "headers": headers}))


@pytest.mark.parametrize(
    ("values", "meant"),
    [
        ([], Preferences()),
        (["respond-async"], Preferences(later=True)),
        (["Respond-Async , WAIT=10"], Preferences(later=True, wait=10)),
        (["respond-async", "wait=10", "call-back"], Preferences(True, 10, True)),
        (["respond-async; what=ever, wait = 3 ; x"], Preferences(True, 3)),
        (["wait=5, wait=7, respond-async"], Preferences(True, 5)),
        (["wait=5"], Preferences(wait=5)),
        (["wait=99999, respond-async"], Preferences(True, LONGEST_WAIT)),
        (["wait=-1, respond-async"], Preferences(True)),
        (["wait=۵, respond-async".encode().decode("latin-1")], Preferences(True)),
        (['x="a, respond-async", return=minimal'], Preferences()),
        (["respond-async=no"], Preferences()),
        (["handling=lenient,,;=,respond-async"], Preferences(later=True)),
    ],
)
def test_a_header_is_read(values, meant):
    assert read(*values) == meant


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=40), max_size=4))
def test_whatever_stands_in_it_is_no_error(values):
    result = read(*values)
    assert 0 <= result.wait <= LONGEST_WAIT


def test_what_is_applied_is_told():
    assert Preferences(later=True, wait=3).applied == "respond-async"
    assert Preferences(later=True, call_back=True).applied == "respond-async, call-back"


def test_openapi_tells_which_contracts_are_answered_later_and_where_the_answer_is():
    reply = orjson.loads(openapi())
    for contract in agency_contracts():
        operation = reply["paths"][path_of(contract)]["post"]
        names = [parameter["name"] for parameter in operation["parameters"]]
        headers = operation["responses"].get("202", {}).get("headers", {})
        assert ("Prefer" in names) == ("Location" in headers) == (contract not in FILE_ROUTES)
    assert set(reply["paths"]["/v1/calls/{id}"]) == {"get", "delete"}
