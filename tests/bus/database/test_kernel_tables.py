"""The kernel's tables in the code are those that the migrations make."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from bus.database import tables
from tests.stores import execute
from tests.tables import KERNEL, differences


@pytest.mark.parametrize("context", ["billing", "notify"])
def test_the_tables_of_the_kernel_are_those_of_the_migrated_database(request, context):
    url = request.getfixturevalue(f"{context}_db")
    assert differences(url, tables.metadata, only=KERNEL, indexes=True) == []


def test_every_difference_of_a_table_is_found(probe_db):
    execute(probe_db, "create table odd (id int primary key, name text not null, at int default 1)")
    declared = MetaData()
    Table(
        "odd",
        declared,
        Column("id", Text),
        Column("name", Text, primary_key=True),
        Column("at", Integer),
        Column("more", Integer),
    )
    result = "\n".join(differences(probe_db, declared, only=["odd", "inbox"]))
    signs = [
        "add_column', None, 'odd'",
        "modify_type",
        "primary key ['name']",
        "odd.at: default",
        "remove_table",
    ]
    assert [sign for sign in signs if sign not in result] == []
