"""The tables that migrations make are the tables that the code expects."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bus.database import inbox, outbox


@pytest.mark.parametrize("module", [inbox, outbox])
def test_the_migrated_table_is_the_one_in_the_code(probe_db, module):
    engine = create_engine(probe_db.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: (
                    kind != "table" or name in module.metadata.tables
                )
            },
        )
        found = compare_metadata(context, module.metadata)
    engine.dispose()
    assert found == []
