"""What a forge, a commit hook and `.ci/run` run is the same."""

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import yaml

from tests import durations, whole
from tests.fuzz.__main__ import rooms
from tests.processes import ROOT

CHECKS = re.findall(r"^make (\w+)", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_workflow_runs_each_check_of_the_ci():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    commands = [s["run"] for job in workflow["jobs"].values() for s in job["steps"] if "run" in s]
    assert CHECKS == ["check", "docs", "test"]
    for name in CHECKS:
        assert any(command.startswith(f"make {name}") for command in commands)


def test_the_weekly_workflow_fuzzes_each_parser_by_its_name():
    path = ROOT / ".github/workflows/fuzz.yml"
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    lists, fuzzes = (
        next(s["run"] for s in jobs[job]["steps"] if needle in s.get("run", ""))
        for job, needle in (("parsers", "names="), ("fuzz", "make fuzz"))
    )
    # Before anything of ours is installed there.
    words = re.search(r"\$\((.*)\)", lists)[1].split()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout) == sorted(rooms())
    begin, end = fuzzes.split("${{ matrix.parser }}")
    assert begin == "make fuzz PARSER="
    assert end.split("=")[0].strip() == "MINUTES"


def test_the_commit_hooks_run_what_make_check_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = " ".join(hook["entry"] for hook in hooks["repos"][0]["hooks"])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split("check: setup")[1].split("\n\n")[0]
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert tool in recipe
        assert tool in entries


@pytest.mark.parametrize("name", CHECKS)
def test_make_knows_each_check(name):
    done = subprocess.run(["make", "-n", name], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0


RUN = """<testsuites><testsuite>
<testcase classname="tests.billing.test_paying" name="test_a" time="1.2" />
<testcase classname="tests.iran.test_persian" name="test_b" time="0.1" />
<testcase classname="tests.billing.test_paying" name="test_c[x.y]" time="2.3" />
</testsuite></testsuites>"""


def test_the_seconds_of_a_run_are_written_down_by_file_the_longest_first(tmp_path):
    (tmp_path / "run.xml").write_text(RUN, encoding="utf-8")
    table = tmp_path / "durations.tsv"
    durations.write(durations.seconds_of(tmp_path / "run.xml"), table)
    assert table.read_text() == "4\tbilling/test_paying.py\n0\tiran/test_persian.py\n"
    assert durations.read(table) == {"billing/test_paying.py": 4, "iran/test_persian.py": 0}


FLAKY = """
from pathlib import Path
def test_late():
    tries = Path(__file__).with_suffix(".tries")
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    assert tries.read_text() == "xx"
"""


def test_what_failed_is_tried_once_more_alone_and_named(tmp_path):
    (tmp_path / "test_flaky.py").write_text(FLAKY, encoding="utf-8")
    words = [sys.executable, "-m", "tests.whole", str(tmp_path), "-n", "0"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, "only alone" in done.stdout) == (0, True), done.stdout
    assert "test_late" in done.stdout.split("only alone")[1]


@pytest.mark.parametrize(("failures", "runs"), [(1, 2), (whole.MOST_TRIED_AGAIN + 1, 1)])
def test_what_fails_alone_too_fails_and_many_are_no_accident(monkeypatch, failures, runs):
    names = [str(number) for number in range(failures)]
    begun = []
    monkeypatch.setattr(whole, "failed", lambda memory: names)
    monkeypatch.setattr(whole, "run", lambda words, memory: begun.append(words) or 1)
    assert (whole.main("tests/iran"), len(begun)) == (1, runs)


OF_WORKERS = {
    "test_lost.py": """
import os, signal
def test_before(tmp_path): print("said before", tmp_path)
def test_that_ends_its_worker(): os.kill(os.getpid(), signal.SIGKILL)
def test_after(tmp_path): assert "worker" in str(tmp_path)
""",
    "test_other.py": """
import pytest
@pytest.fixture(scope="session")
def whole():
    yield
    raise ValueError("left behind")
@pytest.fixture(scope="module")
def part():
    yield
    raise ValueError("of the file")
def test_one(whole): print("said by one")
def test_two(part):
    print("said by two")
    assert 1 == 2
""",
    "test_third.py": "import pytest\ndef test_skipped(): pytest.skip('not today')\n",
}


def outcomes(run):
    """What became of each test of a run, as `--junitxml` has it, with what it printed."""
    cases = ElementTree.parse(run).iter("testcase")
    return {case.attrib["name"]: {part.tag: part for part in case} for case in cases}


def test_workers_tell_of_each_test_and_one_that_ends_takes_no_other_with_it(tmp_path):
    for name, code in OF_WORKERS.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    run = ("-n", "2", "--junitxml", str(tmp_path / "run.xml"), "-o", f"cache_dir={tmp_path}/memory")
    words = [sys.executable, "-m", "pytest", *whole.PLUGINS, *run, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    reports = outcomes(tmp_path / "run.xml")
    assert done.returncode == 1, done.stdout
    assert "2 failed, 3 passed, 1 skipped, 2 errors" in done.stdout
    assert set(reports["test_before"]) | set(reports["test_after"]) <= {"system-out"}
    assert "exit code -9" in reports["test_that_ends_its_worker"]["failure"].text
    assert "skipped" in reports["test_skipped"]
    assert "of the file" in done.stdout
    assert "left behind" in done.stdout
    # What failed says what it printed, and nothing that another test did.
    assert set(re.findall("^said b.*", done.stdout, re.MULTILINE)) == {"said by two"}
    again = {name.rpartition("::")[2] for name in whole.failed(tmp_path / "memory")}
    assert {"test_that_ends_its_worker", "test_two"} <= again
