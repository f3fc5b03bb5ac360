"""What an agency installs runs by itself, and reaches nothing of Mirab's inside."""

import json
import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from bus.process.version import release
from tests.processes import ROOT

PARTS = ("bus", "connector", "contracts", "iran", "people")
NEVER = {
    "nameko",
    "kombu",
    "eventlet",
    "amqp",
    "pika",
    "sqlalchemy",
    "psycopg2",
    "starlette",
    "structlog",
    "services",
    "gateway",
}


LOADED = """
import json, sys
import connector.__main__, connector.check
print(json.dumps({name: getattr(m, "__file__", None) or "" for name, m in sys.modules.items()}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The files of mirab-connector, as its own pyproject.toml gathers them."""
    folder = tmp_path_factory.mktemp("distribution")
    for name in PARTS:
        shutil.copytree(ROOT / name, folder / "source" / name)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(folder / "installed")],
        cwd=folder / "source/connector",
        check=True,
        capture_output=True,
    )
    return folder / "installed"


def run(installed, *arguments):
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=installed.parent,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_installed_files_are_all_that_the_connector_needs_and_no_framework(installed):
    body = json.loads(run(installed, "-c", LOADED))
    assert not NEVER & {name.split(".")[0] for name in body}
    ours = {n: f for n, f in body.items() if n.split(".")[0] in PARTS}
    assert all(file.startswith(str(installed)) for file in ours.values())


def test_the_installed_commands_run(installed):
    assert "keygen" in run(installed, "-m", "connector", "--help")
    assert "a line each" in run(installed, "-m", "connector.check", "--help")


def test_the_connector_has_the_version_of_mirab():
    versions = [
        tomllib.loads((ROOT / path).read_text())["project"]["version"]
        for path in ("pyproject.toml", "connector/pyproject.toml")
    ]
    assert versions[0] == versions[1]


def test_what_is_installed_can_serve_too(installed):
    serve = (
        "from connector.provider import Provider; from connector.example import land_registry; "
        "Provider('amqp://u:p@h/%2F', 'land-registry').serve(land_registry.CONTRACT, dict)"
    )
    run(installed, "-W", "ignore", "-c", serve)
    assert (installed / "connector/example/land_registry.mjs").exists()


def test_d24_building_the_distribution_leaves_nothing_in_the_checkout(tmp_path):
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    for name in PARTS:
        shutil.copytree(ROOT / name, tmp_path / "checkout" / name, ignore=ignored)
    shutil.copy(ROOT / ".gitignore", tmp_path / "checkout")
    git = [
        "git",
        "-C",
        tmp_path / "checkout",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@mirab.example",
    ]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "all"], check=True)
    # What pip has setuptools do for a wheel, without the network that an isolated build needs.
    lib = ["build", "--build-lib", tmp_path / "lib"]
    subprocess.run(
        [sys.executable, "-W", "ignore", "setup.py", "-q", *lib, "egg_info"],
        cwd=tmp_path / "checkout/connector",
        check=True,
        capture_output=True,
    )
    status = subprocess.run(
        [*git, "status", "--porcelain", "--ignored"], check=True, capture_output=True, text=True
    )
    assert status.stdout == ""
    assert (tmp_path / "lib/connector/caller.py").exists()


def test_the_program_says_its_version(installed):
    assert run(installed, "-m", "connector", "--version").split()[-1] == release()


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/opt/bin/mirab-connector", "mirab-connector"),
        ("/x/connector/__main__.py", "python -m connector"),
    ],
)
def test_d24_help_says_the_programs_own_name(called, name):
    lines = f"import sys; sys.argv[0] = {called!r}; from connector.__main__ import main; main()"
    output = subprocess.run(
        [sys.executable, "-c", lines, "--help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output.startswith(f"usage: {name} ")
    assert f"{name} COMMAND --help" in " ".join(output.split())


def completed(script, *words):
    """What bash offers when Tab is pressed behind these words."""
    line = " ".join(words)
    program = (
        f"source {script}; COMP_WORDS=({line} ''); COMP_CWORD={len(words)}; COMP_LINE='{line} '; "
        f"COMP_POINT={len(line) + 1}; _shtab_mirab_connector; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    bash = ["bash", "--norc", "-c", program]
    return set(subprocess.run(bash, capture_output=True, text=True, check=True).stdout.split())


def test_bash_completes_the_commands_and_what_each_may_be_given(installed, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(run(installed, "-m", "connector", "completion", "bash"))
    assert {"ask", "batch", "verify", "keygen"} <= completed(script, "mirab-connector")
    assert {"bash", "zsh", "fish"} <= completed(script, "mirab-connector", "completion")
    kinds = completed(script, "mirab-connector", "ask", "--kind")
    assert {"national_id", "file_no"} <= kinds
