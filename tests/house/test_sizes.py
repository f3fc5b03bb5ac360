"""Rooms stay small enough to be seen at one look."""

import ast
from functools import cache

from tests.processes import ROOT

MODULE_LINES, FUNCTION_LINES, NINETIETH = 350, 50, 25
FOLDERS = (
    "bus",
    "contracts",
    "iran",
    "members",
    "people",
    "services",
    "gateway",
    "connector",
    "deploy",
    "bench",
)


def modules():
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path, path.read_text(encoding="utf-8")


def suite():
    """The suite's own modules."""
    for path in (ROOT / "tests").rglob("*.py"):
        yield path, path.read_text(encoding="utf-8")


def test_the_formatter_lays_out_every_module():
    """Migrations that landed keep theirs: their hashes are held."""
    mark = "# fmt" + ": "
    marked = [str(path) for path, text in (*modules(), *suite()) if mark in text]
    assert marked == []


def test_no_module_is_too_long():
    long = {
        str(path.relative_to(ROOT)): text.count("\n")
        for path, text in modules()
        if text.count("\n") > MODULE_LINES
    }
    assert long == {}


@cache
def functions():
    """The lines of each function, and where it is."""
    return [
        ((node.end_lineno or 0) - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}")
        for path, text in modules()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_function_is_too_long():
    assert [(lines, name) for lines, name in functions() if lines > FUNCTION_LINES] == []


def test_nine_of_ten_functions_are_seen_at_one_look():
    lengths = sorted(lines for lines, _ in functions())
    assert lengths[len(lengths) * 9 // 10] <= NINETIETH


def test_every_module_and_public_class_says_what_it_is():
    silent = []
    for path, text in modules():
        if text.startswith('"""'):
            continue
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_no_mark_of_unfinished_work_stands_in_the_code():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")
    matches = [f"{path.name}: {mark}" for path, text in modules() for mark in marks if mark in text]
    assert matches == []
