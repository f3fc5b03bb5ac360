"""The register's tables as the migrations make them and as the code names them."""

from sqlalchemy import inspect

from bus.database.store import Store
from services.inquiry.registry import lookup as registry_store
from tests.stores import execute


def test_the_migrated_tables_have_the_columns_that_the_code_names(inquiry_db):
    store = Store(inquiry_db)
    made = inspect(store.engine)
    for table in registry_store.metadata.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in made.get_columns(table.name)}
        assert columns == {c.name: bool(c.nullable) for c in table.columns}
    store.engine.dispose()


def test_a_source_cannot_be_known_in_two_ways_at_once(inquiry_db):
    definition = execute(
        inquiry_db, "select indexdef from pg_indexes where indexname = 'source_versions_open'"
    )[0][0]
    assert "UNIQUE" in definition
    assert "(file_no) WHERE (known_to IS NULL)" in definition
