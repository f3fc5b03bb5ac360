"""The reference is made of the contracts: messages that they take, errors, samples, a search."""

import ast
import json
import re

import pytest

from contracts import agency_contracts, catalogue
from gateway.agency.catalogue import reference
from gateway.agency.catalogue.openapi import BATCH_KEYS
from gateway.html import guides
from gateway.http.problems import PROBLEMS
from gateway.notify import reference as notify_reference
from gateway.reference import llms
from gateway.reference.samples import signed
from gateway.reference.search import Index
from tests.house import raised_codes

BASE = "http://127.0.0.1:8001"
PANELS = {panel.name: panel for panel in reference.panels(BASE, sandbox=True)}
# The form in which it is asked over HTTP is another than that on the bus.
OVER_HTTP = {"inquiry.submit_batch.v1": BATCH_KEYS}


class NoEndings:
    """Announcements without the end of a contract."""

    def ending(self, _):
        return None


@pytest.fixture(scope="module")
def site():
    return reference.site(BASE, NoEndings(), "", sandbox=True)


def test_each_contract_has_a_panel_with_a_message_that_it_takes():
    assert set(PANELS) == {contract.name for contract in agency_contracts()}
    for name, panel in PANELS.items():
        OVER_HTTP.get(name, catalogue()[name]).load_data(json.loads(panel.body))
        assert panel.callers, name
        assert json.loads(panel.answer) is not None, name
        fields = {field.name for field in panel.fields}
        assert fields >= set(json.loads(panel.body)), name
    for name, answer in reference.ANSWERS.items():
        assert catalogue()[name].reply_schema.validate(answer) == {}, name


def test_the_codes_of_each_contract_are_those_of_the_code_that_serves_it():
    assert raised_codes.raised() == reference.RAISED, raised_codes.__doc__
    assert "purpose.not_granted" in PANELS["inquiry.ask.v1"].errors
    assert "callback.disabled" in PANELS["notify.test_callback.v1"].errors
    listed = {code for panel in PANELS.values() for code in panel.errors}
    assert listed | set(reference.AT_THE_DOOR) <= set(PROBLEMS)
    for code in listed:
        assert reference.callers_of(code), code


def test_each_sample_differs_by_address_and_body_alone():
    samples = {name: panel.samples for name, panel in PANELS.items()}
    keys = [language.key for language in signed.LANGUAGES]
    for name, listed in samples.items():
        assert [sample.language.key for sample in listed] == keys
        for sample in listed:
            assert not re.search("__[A-Z_]+__", sample.text), (name, sample.language.key)
        assert f"{BASE}{PANELS[name].path}" in listed[0].text
        ast.parse(listed[1].text)


def test_llms_txt_names_each_contract_each_call_and_each_guide(site):
    text = llms.text(site.title, site.about, site.services, site.panels)
    assert text.startswith(f"# {site.title}\n\n> {site.about}\n")
    for contract in agency_contracts():
        assert f"[{contract.name}](/reference/{contract.name})" in text
    for name in guides.FOR_PROGRAMS:
        assert f"(/docs/{name})" in text
    other = notify_reference.site("http://127.0.0.1:8003")
    listed = llms.text(other.title, other.about, other.services, other.panels)
    for panel in other.panels:
        assert f"`{panel.method} {panel.path}`" in listed


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("ask", "inquiry.ask.v1"),
        ("grant.quota", "grant.quota"),
        ("Idempotency-Key asking again", "Asking again"),
        ("پیوستن", "پیوستن به میراب"),
        ("verification_code", "inquiry.verify.v1"),
    ],
)
def test_the_search_finds_contracts_fields_problems_and_guides(site, words, first):
    assert first in [hit.name for hit in site.index.find(words)[:4]]


def test_the_search_finds_nothing_for_no_word_and_for_one_that_is_nowhere():
    index = Index(PANELS.values())
    assert index.find("  ") == index.find("zzzzqq") == []


def test_each_link_of_a_guide_leads_to_something_that_is_served():
    names = set(guides.menu_names())
    assert {"join.md", "webhooks.md", "contracts.md", "fa/join.md"} <= names
    for name in names:
        html = str(guides.guide_of(name).page.html)
        ids = set(re.findall(r'id="([^"]+)"', html))
        assert "<script" not in html
        for href in re.findall(r'href="([^"]+)"', html):
            if href.startswith("#"):
                assert href[1:] in ids, (name, href)
            else:
                assert href.startswith(("/", "http://", "https://", "mailto:")), (name, href)
