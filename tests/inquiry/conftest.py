"""The inquiry database, and exports to load into it."""

import pytest

from bus.database.store import Store
from tests.inquiry.registry_import.exports import Export


@pytest.fixture
def store(inquiry_db):
    made = Store(inquiry_db, source="inquiry")
    yield made
    made.engine.dispose()


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path / "export")
