"""One hub a test."""

import pytest

from tests.inquiry.signals.hub import SignalHub, exported_template  # noqa: F401 - a fixture


@pytest.fixture
def hub(new_database, exported_template, tmp_path, export):  # noqa: F811 - the fixture
    made = SignalHub(new_database(exported_template), tmp_path, export)
    yield made
    made.service.store.engine.dispose()
