"""The register in hand, with a key of its own and officers."""

import subprocess
import sys

import pytest

from tests.agencies.register.registrars import Hand
from tests.processes import ROOT


@pytest.fixture(scope="session")
def key_file(tmp_path_factory):
    """The private key that signs the register."""
    path = tmp_path_factory.mktemp("register") / "register.pem"
    command = [sys.executable, "-m", "connector", "keygen", "--out", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path


@pytest.fixture
def register(agencies_db, key_file):
    """The register's entrypoints on a database without agencies."""
    made = Hand(agencies_db, key_file)
    yield made
    made.store.engine.dispose()
