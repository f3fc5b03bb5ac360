"""The tables of the service are those that its migrations make."""

from services.agencies.tables import metadata
from tests.tables import differences


def test_the_tables_are_those_of_the_migrated_database(agencies_db):
    assert differences(agencies_db, metadata, indexes=True) == []
