"""Every attack of docs/attacks.md has a test, and so has each kind of threat to each flow of data
in docs/threats.md; each test that a page names exists.
"""

import ast
import re
from functools import cache

import pytest

from tests.processes import ROOT

PAGE = (ROOT / "docs/attacks.md").read_text(encoding="utf-8")
THREATS = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
ROWS = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| (API)?\d+ \|", line)]
CASES = [
    *(f"API{number}" for number in (1, 2, 3, 4, 5, 6, 7, 10)),
    *map(str, (*range(1, 107), *range(110, 117), *range(120, 128))),
]
NAMED = sorted(set(re.findall(r"`(tests/[a-z0-9_/]+\.py)::(test_[A-Za-z0-9_]+)`", PAGE + THREATS)))
KINDS = ["Spoofing", "Tampering", "Repudiation", "Disclosure", "Denial", "Elevation"]
FLOWS = {
    title: [row.strip("| ").split(" | ") for row in body.splitlines() if row.startswith("| ")][1:]
    for title, body in re.findall(
        r"^## (\d+\. .+?)$(.+?)(?=^## )", THREATS, re.MULTILINE | re.DOTALL
    )
}


@cache
def names_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_case_has_one_row_and_every_row_names_a_test():
    assert [row[0].removeprefix("| ") for row in ROWS] == CASES
    assert [row[0] for row in ROWS if "::test_" not in row[2]] == []


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_test_that_is_named_exists(path, name):
    assert name in names_in(path)


def test_every_test_that_is_named_after_a_case_stands_in_the_row_of_that_case():
    reply = {row[0].removeprefix("| "): row[2] for row in ROWS}
    for path in (ROOT / "tests/attacks").glob("test_*.py"):
        for name in names_in(path.relative_to(ROOT)):
            match = re.match(r"test_(?:(api\d+)_)?(?:case_([\d_]+?)_(?=[a-z]))?", name)
            api, cases = match.groups() if match else (None, None)
            rows = [*([api.upper()] if api else []), *(cases.split("_") if cases else [])]
            assert not rows or any(name in reply[row] for row in rows), name


def test_the_flows_are_numbered_and_none_is_gone():
    assert [title.split(". ")[0] for title in FLOWS] == [str(n + 1) for n in range(len(FLOWS))]
    assert len(FLOWS) >= 16


@pytest.mark.parametrize("flow", FLOWS)
def test_each_kind_of_threat_has_a_control_and_a_test(flow):
    assert [row[0] for row in FLOWS[flow]] == KINDS
    assert all(len(row) == 4 and "::test_" in row[3] for row in FLOWS[flow])
