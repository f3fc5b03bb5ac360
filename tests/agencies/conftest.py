"""The register in hand, with a key of its own and officers."""

import pytest

from tests.agencies.register.registrars import Hand
from tests.processes import run_programs


@pytest.fixture(scope="session")
def key_file(tmp_path_factory):
    """The private key that signs the register."""
    path = tmp_path_factory.mktemp("register") / "register.pem"
    run_programs({}, ("connector", "keygen", "--out", str(path)))
    return path


@pytest.fixture
def register(agencies_db, key_file):
    """The register's entrypoints on a database without agencies."""
    made = Hand(agencies_db, key_file)
    yield made
    made.store.engine.dispose()
