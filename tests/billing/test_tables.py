"""The tables of billing in the code are those of the migrated database, and so are its rows."""

import dataclasses

import pytest

from services.billing import rows, tables
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
