"""docs/extend.md names every file to touch: found by what stands for one that is there already."""

import re

import pytest

from contracts import agency_contracts
from gateway.agency.files.routes import FILE_ROUTES
from gateway.ops.notices import provider_words
from gateway.ops.register import words as register_words
from services.notify.providers.registry import PROVIDERS
from tests.processes import ROOT

PAGE = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
SOURCES = ("bus", "contracts", "deploy", "docs", "gateway", "iran", "members", "people", "services")
# Made by a command, or told once and for all.
BUILT = ("docs/contracts.md", "docs/decisions/")
EXAMPLES = "deploy/chaos/"  # it plays one of each kind, and needs no second
READ = (".py", ".toml", ".html", ".json", ".md", ".yml")
# A recipe; the name of one such thing that is there already, as a pattern; and files that are that
# thing itself, which a new one has not to touch.
RECIPES = {
    "A new provider of SMS": ("(smsir|SMS\\.ir)", ()),
    "A new bank's gateway": ("behpardakht", ("services/billing/psps/behpardakht.py",)),
    "A new rule for the status of a licence": ("EXPIRED_RENEWAL_PENDING", ()),
    "A new rule for tickets": (
        "(take_down|PAUSED)",
        ("deploy/compose_test/__main__.py", "deploy/compose_test/running.py"),
    ),
    "A new purpose": ("industry_supply", ()),
    "A new contract for another ministry": ("(list_bills|ask_parcel)", ()),
}


def recipe(title):
    """The section of a title, to the next one."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def naming(word):
    """The files of the product and its pages in which a word stands."""
    paths = [path for folder in SOURCES for path in (ROOT / folder).rglob("*")]
    for path in (*paths, ROOT / "pyproject.toml"):
        place = str(path.relative_to(ROOT))
        if path.suffix not in READ or "/migrations/" in place or place.startswith(BUILT):
            continue
        if place.startswith(EXAMPLES):
            continue
        if re.search(rf"\b{word}\b", path.read_text(encoding="utf-8")):
            yield place


def test_the_list_at_the_top_names_each_section():
    titles = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    listed = re.findall(r"^\[(.+)\]\(#", PAGE.partition("\n## ")[0], re.MULTILINE)
    assert listed == titles


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_names_each_file_that_knows_of_such_a_thing(title):
    word, own = RECIPES[title]
    own = {*own, "docs/extend.md"}
    links = LINK.findall(recipe(title))
    named = {str((ROOT / "docs" / link).resolve().relative_to(ROOT)) for link in links}
    assert sorted({*naming(word)} - named - own) == []


def test_each_recipe_of_the_page_ends_with_its_proof():
    for title in (*RECIPES, "A v2 of a contract"):
        assert "\nProof: `" in recipe(title), title


def test_each_version_of_a_contract_with_files_has_a_route_of_its_own():
    operations = {(contract.context, contract.operation) for contract in FILE_ROUTES}
    versions = {c for c in agency_contracts() if (c.context, c.operation) in operations}
    assert versions == set(FILE_ROUTES)


def test_colleagues_read_the_name_of_each_provider_and_contract_in_persian():
    assert set(PROVIDERS) <= set(provider_words.NAMES)
    grantable = {c.operation for c in agency_contracts() if not c.everyone}
    assert grantable <= set(register_words.CONTRACTS)
