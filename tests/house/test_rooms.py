"""The house can be drawn: no circles between modules, no folder too full."""

import subprocess

import grimp
import pytest

from tests.house.test_sizes import FOLDERS
from tests.processes import ROOT

MOST_MODULES = 20


def test_no_package_has_a_circle_among_its_parts():
    graph = grimp.build_graph(*(folder for folder in FOLDERS if folder != "bench"))
    circles = {
        package: sorted(graph.nominate_cycle_breakers(package))
        for package in sorted(graph.modules)
        if graph.find_children(package)
    }
    assert {package: breakers for package, breakers in circles.items() if breakers} == {}


def test_no_folder_holds_more_modules_than_a_person_can_name():
    folders = {path.parent for top in (*FOLDERS, "tests") for path in (ROOT / top).rglob("*.py")}
    counts = {folder: len(list(folder.glob("*.py"))) for folder in folders}
    full = {
        str(folder.relative_to(ROOT)): count
        for folder, count in counts.items()
        if folder.name != "versions" and count > MOST_MODULES
    }
    assert full == {}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout, but its files alone")
def test_what_a_command_made_in_the_checkout_is_not_kept_with_it():
    listed = ["git", "ls-files", "*.db", "*.sqlite*", "*.log", "*.env", "*.key", "*.tmp"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    # The settings of the systemd units, which hold no secret.
    assert done.stdout.split() == ["deploy/systemd/mirab.env"]
