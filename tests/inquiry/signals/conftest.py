"""One hub a test."""

import pytest

from tests.inquiry.signals.hub import SignalHub


@pytest.fixture
def hub(inquiry_db, tmp_path, export):
    made = SignalHub(inquiry_db, tmp_path, export)
    yield made
    made.service.store.engine.dispose()
