"""Demo agencies as callers of a running agency face."""

import csv

import pytest

from connector import Caller
from connector.caller import load_key
from tests.conftest import ROOT, execute


def demo_caller(url, agency, **options):
    return Caller(url, load_key(ROOT / f"deploy/local/demo_keys/{agency}.pem", f"{agency}-demo"),
                  timeout=options.pop("timeout", 15), **options)


@pytest.fixture
def fuel_co(agency_face):
    return demo_caller(agency_face, "fuel-co")


@pytest.fixture
def justice(agency_face):
    return demo_caller(agency_face, "justice")


@pytest.fixture
def someone(running_inquiry):
    """The national ID of somebody who owns a source of the demo registry."""
    return execute(running_inquiry["DB_URL"],
                   "select value from source_keys where kind = 'national_id' order by value limit 1"
                   )[0][0]


@pytest.fixture
def demo_ids():
    """Many national IDs of the demo registry, as the clerk wrote them."""
    with (ROOT / "deploy/local/registry/sources.csv").open(encoding="utf-8-sig") as file:
        return [row["کد ملی / شناسه ملی"] for row in csv.DictReader(file)]
