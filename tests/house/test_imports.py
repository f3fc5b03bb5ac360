"""The rules of import hold, and each part stands alone."""

import subprocess
import sys

import pytest

from tests.processes import ROOT


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_rule_of_import_is_kept():
    done = (
        run(ROOT / ".venv/bin/lint-imports") if (ROOT / ".venv").exists() else run("lint-imports")
    )
    assert done.returncode == 0, done.stdout[-2000:]


FACES = " ".join(f"gateway.{name}.api" for name in ("agency", "public", "desk", "ops"))
# What is hidden from the same is imported by one process: a Python and its libraries, once.
ALONE = {
    "services.inquiry.service": ("gateway", "connector", "deploy"),
    FACES: ("services", "connector", "nameko", "eventlet", "sqlalchemy"),
    "connector": ("services", "gateway", "nameko", "eventlet", "sqlalchemy", "kombu"),
    "contracts": ("services", "gateway", "connector", "nameko", "sqlalchemy", "pika"),
}


@pytest.mark.parametrize(("names", "hidden"), ALONE.items())
def test_a_part_stands_with_all_others_hidden(names, hidden):
    imports = ", ".join(names.split())
    code = f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); import {imports}"
    done = run(sys.executable, "-W", "ignore", "-c", code)
    assert done.returncode == 0, done.stderr[-1500:]


def test_the_version_is_told_once():
    import tomllib

    from bus.process.version import release

    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert document["project"]["version"] == release()
