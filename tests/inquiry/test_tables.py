"""The tables that the code names are those that the migrations make."""

from services.inquiry.tables import metadata
from tests.stores import execute
from tests.tables import KERNEL, OF_ALEMBIC, differences

# Kept by people/one_time_codes.py in the database of each service that uses it.
OF_PEOPLE = "secret_codes"


def test_the_tables_of_inquiry_are_those_of_the_migrated_database(inquiry_db):
    made = execute(inquiry_db, "select tablename from pg_tables where schemaname = 'public'")
    own = {name for (name,) in made} - KERNEL - {OF_ALEMBIC, OF_PEOPLE}
    assert differences(inquiry_db, metadata, only=own | set(metadata.tables), indexes=True) == []


def test_a_source_cannot_be_known_in_two_ways_at_once(inquiry_db):
    definition = execute(
        inquiry_db, "select indexdef from pg_indexes where indexname = 'source_versions_open'"
    )[0][0]
    assert "UNIQUE" in definition
    assert "(file_no) WHERE (known_to IS NULL)" in definition
