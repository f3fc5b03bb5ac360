"""The tables of billing in the code are those of the migrated database, and so are its rows."""

import dataclasses
import json

import pytest
from alembic import command
from alembic.config import Config

from bus.database.migrate import migrate
from bus.database.store import Store
from contracts.billing import treasury
from services.billing import rows, tables
from tests.processes import ROOT
from tests.stores import as_owner, execute
from tests.tables import differences


def test_the_tables_of_billing_are_those_of_the_migrated_database(billing_db):
    assert differences(billing_db, tables.metadata) == []


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (rows.BillRow, tables.BILLS),
        (rows.PaymentRow, tables.PAYMENTS),
        (rows.ExceptionRow, tables.EXCEPTIONS),
        (rows.RefundRow, tables.REFUNDS),
        (rows.TariffRow, tables.TARIFFS),
        (rows.FileRow, tables.FILE_ROWS),
    ],
    ids=lambda item: getattr(item, "name", getattr(item, "__name__", "")),
)
def test_a_row_has_a_field_for_each_column_of_its_table(kind, table):
    assert {field.name for field in dataclasses.fields(kind)} == {c.name for c in table.columns}


def test_the_plain_names_of_columns_keep_the_rows_of_a_filled_database(billing):
    day = "2026-11-01"
    report = {**billing.day(day), "open_exceptions": 7}
    execute(
        billing.db,
        "insert into closes (day, closed_at, closed_by, report) "
        f"values ('{day}', now(), 'mina', '{json.dumps(report)}')",
    )
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services/billing/migrations"))
    owner = Store(as_owner(billing.db), source="test")
    with owner.engine.begin() as conn:
        config.attributes["connection"] = conn
        command.downgrade(config, "0008")
    owner.engine.dispose()
    assert execute(billing.db, "select told->>'open_exceptions' from closes") == [("7",)]
    migrate("services.billing", as_owner(billing.db))
    closed = billing.call(treasury.LOOK_AT_DAY, as_="karim", day=day)
    assert (closed["closed_by"], closed["open_exceptions"]) == ("mina", 7)
