"""The tables that ticketing declares are those that its migrations make."""

from services.ticketing.tables import metadata
from tests.tables import differences


def test_the_declared_tables_are_the_migrated_ones(ticketing_db):
    assert differences(ticketing_db, metadata) == []
