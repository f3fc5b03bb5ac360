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


ALONE = {
    "services.inquiry.service": ("gateway", "connector", "deploy"),
    "gateway.agency.api": ("services", "connector", "nameko", "eventlet", "sqlalchemy"),
    "gateway.public.api": ("services", "connector", "nameko", "eventlet", "sqlalchemy"),
    "gateway.desk.api": ("services", "connector", "nameko", "eventlet", "sqlalchemy"),
    "gateway.ops.api": ("services", "connector", "nameko", "eventlet", "sqlalchemy"),
    "connector": ("services", "gateway", "nameko", "eventlet", "sqlalchemy", "kombu"),
    "contracts": ("services", "gateway", "connector", "nameko", "sqlalchemy", "pika"),
}


@pytest.mark.parametrize(("module", "hidden"), ALONE.items())
def test_a_part_stands_with_all_others_hidden(module, hidden):
    code = f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); import {module}"
    done = run(sys.executable, "-W", "ignore", "-c", code)
    assert done.returncode == 0, done.stderr[-1500:]


def test_the_version_is_told_once():
    import tomllib

    from bus.process.version import release

    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert document["project"]["version"] == release()
