"""Rates of their days, each with its own source; and settings by which nothing could be paid."""

import shutil

import pytest

from bus import health
from contracts.billing import bills as contracts
from iran.persian import parse_jalali
from services.billing import books
from tests.processes import ROOT
from tests.stores import execute

FOLDER = ROOT / "deploy/billing"
# The table of the tax office, as accountants copy it (worldofacc.com, 1403/02/02); domain facts, 9.
RATES = {
    "1387/07/01": 300,
    "1389/12/29": 300,
    "1390/01/01": 400,
    "1390/06/15": 400,
    "1391/06/15": 500,
    "1392/06/15": 600,
    "1393/06/15": 800,
    "1394/01/01": 900,
    "1400/10/13": 900,
    "1402/12/29": 900,
    "1403/01/01": 1000,
    "1404/06/15": 1000,
    "1405/12/29": 1000,
}


def book():
    return books.to_book(1, books.read(FOLDER))


@pytest.mark.parametrize("day", RATES)
def test_l12_the_rate_of_vat_is_that_of_its_year(day):
    assert book().vat_rate("taxable", parse_jalali(day)) == RATES[day]


def test_l12_a_quote_of_an_old_day_has_the_rate_of_that_day(billing):
    days = '{"from_day": "2008-09-22", "to_day": "2025-03-20", "id": 99001}'
    execute(
        billing.db,
        "insert into tariffs overriding system value "
        f"select (jsonb_populate_record(t, '{days}')).* from tariffs t where service = 'copy'",
    )
    items = [{"service": "copy", "quantity": 100}]
    reply = billing.call(contracts.QUOTE, items=items, agency_class="applicant", on="2011-06-05")
    assert reply["vat_rials"] * 100 == reply["net_rials"] * 4


def test_l13_each_rate_has_a_source_and_a_last_day():
    rows = books.read(FOLDER)["vat"]
    assert all(row["source"] and row["to"] for row in rows)
    assert len({row["source"] for row in rows}) == len(rows)
    assert "نمایشی" in rows[-1]["source"]


def test_l13_a_taxable_bill_of_a_year_without_a_rate_is_refused_by_name(billing):
    items = [{"service": "copy", "quantity": 1}]
    refused = billing.call(contracts.QUOTE, items=items, agency_class="applicant", on="2027-03-21")
    assert refused["code"] == "vat.missing"
    free = [{"service": "own_inquiry", "quantity": 1}]
    reply = billing.call(contracts.QUOTE, items=free, agency_class="applicant", on="2027-03-21")
    assert reply["vat_rials"] == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("to = 2024-03-19\n", "", "vat"),
        ("to = 2024-03-19", "to = 2024-04-19", "reaches into"),
        ("to = 2024-03-19", "to = 2024-03-10", "no row holds between"),
        ("basis_points = 400\n", "basis_points = -400\n", "basis_points"),
        ("due_days = 3", "due_days = 0", "due_days"),
        ("expire_days = 7", "expire_days = 2", "expire_days"),
        ("remind_days = 1\n", "remind_days = 9\n", "remind_days"),
        ("to_rials = 1000", "to_rials = 1500", "does not fit payment IDs"),
        ("to_rials = 1000", "to_rials = 1000000000", "to_rials"),
        ("to_rials = 1000", "to_rials = 0", "to_rials"),
    ],
)
def test_l9_l13_the_command_refuses_a_treasury_that_stops_or_leaves_days_out(
    tmp_path, capsys, old, new, words
):
    folder = tmp_path / "billing"
    shutil.copytree(FOLDER, folder)
    reply = (folder / "book.toml").read_text(encoding="utf-8")
    assert old in reply
    (folder / "book.toml").write_text(reply.replace(old, new, 1), encoding="utf-8")
    assert books.main([str(folder), "--check"]) == 1
    assert words in capsys.readouterr().err


def test_l11_l13_health_tells_when_each_dated_thing_of_the_treasury_ends(billing):
    reply = billing.call(health.BILLING)["book_ends"]
    assert reply == {"vat": "2027-03-20", "tariffs": "2028-03-19"}
    execute(billing.db, "delete from books")
    assert "book_ends" not in billing.call(health.BILLING)
