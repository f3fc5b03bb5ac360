"""Each flow of docs/threats.md has all six kinds of threats, each with a test that exists."""

import re

import pytest

from tests.house.test_attacks import names_in
from tests.processes import ROOT

PAGE = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
KINDS = ["Spoofing", "Tampering", "Repudiation", "Disclosure", "Denial", "Elevation"]
FLOWS = {
    title: [row.strip("| ").split(" | ") for row in body.splitlines() if row.startswith("| ")][1:]
    for title, body in re.findall(r"^## (\d+\. .+?)$(.+?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
}
NAMED = sorted(set(re.findall(r"`(tests/[a-z0-9_/]+\.py)::(test_[A-Za-z0-9_]+)`", PAGE)))


def test_the_flows_are_numbered_and_none_is_gone():
    assert [title.split(". ")[0] for title in FLOWS] == [str(n + 1) for n in range(len(FLOWS))]
    assert len(FLOWS) >= 16


@pytest.mark.parametrize("flow", FLOWS)
def test_each_kind_of_threat_has_a_control_and_a_test(flow):
    assert [row[0] for row in FLOWS[flow]] == KINDS
    assert all(len(row) == 4 and "::test_" in row[3] for row in FLOWS[flow])


def test_every_test_that_is_named_exists():
    assert [name for path, name in NAMED if name not in names_in(path)] == []
