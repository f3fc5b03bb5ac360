"""Demo agencies as callers of a running agency face."""

import csv

import pytest

from connector import Caller
from connector.caller import load_key
from tests.processes import ROOT
from tests.stores import execute


def demo_caller(url, agency, **options):
    return Caller(
        url,
        load_key(ROOT / f"deploy/local/demo_keys/{agency}.pem", f"{agency}-demo"),
        timeout=options.pop("timeout", 15),
        **options,
    )


@pytest.fixture
def fuel_co(shared_face):
    return demo_caller(shared_face, "fuel-co")


@pytest.fixture
def justice(shared_face):
    return demo_caller(shared_face, "justice")


class Log:
    """The rows that this test caused in the log of inquiries."""

    def __init__(self, db):
        self.db = db
        self._before = execute(db, "select seq from inquiry_log_head")[0][0]

    def rows(self, columns):
        return execute(
            self.db,
            f"select {columns} from inquiry_log where seq > %s order by seq",
            (self._before,),
        )


@pytest.fixture
def log(shared_face):
    return Log(shared_face.inquiry["DB_URL"])


@pytest.fixture
def someone(shared_face):
    """The national ID of somebody who owns a source of the demo registry."""
    return execute(
        shared_face.inquiry["DB_URL"],
        "select value from source_keys where kind = 'national_id' order by value limit 1",
    )[0][0]


@pytest.fixture
def demo_ids():
    """Many national IDs of the demo registry, as the clerk wrote them."""
    with (ROOT / "deploy/local/registry/sources.csv").open(encoding="utf-8-sig") as file:
        return [row["کد ملی / شناسه ملی"] for row in csv.DictReader(file)]
