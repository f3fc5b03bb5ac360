""".env.example names every variable that the code reads, and no other."""

import itertools
import re

from tests.processes import ROOT

READ = re.compile(
    r"(?:(?:settings\.|Settings\(\)\.)(?:text|whole|secret|get)\(|_address\(settings,"
    r'|own_key\((?:[\w.]+, [\w.]+, )?)\s*"([A-Z0-9_]+)"'
    r'|(?:setting|environ\.get)\("(MIRAB_[A-Z_]+)"'
)
# A key of signatures is always a file.
READ_FROM_FILE = re.compile(r'own_signing_key\((?:[\w.]+, [\w.]+, )\s*"([A-Z0-9_]+)"')
REQUIRED = re.compile(r"\.require\(([^)]*)\)")


def variables_of_the_code():
    result = set()
    # Of what starts a developer's machine, this one alone is set by hand.
    by_hand = [ROOT / "deploy/local/readiness.py"]
    for folder in (
        "bus",
        "contracts",
        "iran",
        "members",
        "people",
        "services",
        "gateway",
        "connector",
    ):
        for path in (*by_hand, *(ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            result |= {name for match in READ.findall(text) for name in match if name}
            result |= {f"{name}_FILE" for name in READ_FROM_FILE.findall(text)}
            for names in REQUIRED.findall(text):
                result |= set(re.findall(r'"([A-Z0-9_]+)"', names))
    return result


def variables_of_the_example():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE))


def test_every_variable_that_the_code_reads_is_there():
    assert variables_of_the_code() - variables_of_the_example() == set()


def test_none_is_there_that_the_code_does_not_read():
    files = {f"{name}_FILE" for name in variables_of_the_code()}
    assert variables_of_the_example() - variables_of_the_code() - files == set()


def test_each_has_a_line_that_says_what_it_means():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for before, line in itertools.pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert before.startswith("#") or line.startswith("MIRAB_")


def test_the_runbook_names_each():
    runbook = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    assert [name for name in variables_of_the_example() if f"`{name}`" not in runbook] == []
