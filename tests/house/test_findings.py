"""What trials from outside found stays mended: each finding has a test that bears its name.

Mail (m), export of the register (x), law (l), broker (b) and operations (o).
"""

import re

import pytest

from tests.processes import ROOT

FINDINGS = {"m": 29, "x": 16, "l": 23, "b": 6, "o": 10}
NAMED = re.compile(r"def test_((?:[a-z][0-9]+_)+)")


def findings_of_tests():
    """The findings that names of tests begin with."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in NAMED.findall(path.read_text(encoding="utf-8")):
            yield from name.strip("_").split("_")


@pytest.mark.parametrize("area", FINDINGS)
def test_each_finding_has_a_test_that_bears_its_name(area):
    wanted = {f"{area}{number}" for number in range(1, FINDINGS[area] + 1)}
    assert wanted - set(findings_of_tests()) == set()
