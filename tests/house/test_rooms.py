"""The house can be drawn: no circles between modules, no folder too full, functions short."""

import ast

import grimp

from tests.house.test_sizes import FOLDERS, modules
from tests.processes import ROOT

MOST_MODULES, NINETIETH = 20, 25


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


def test_nine_of_ten_functions_are_seen_at_one_look():
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for _, text in modules()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) * 9 // 10] <= NINETIETH
