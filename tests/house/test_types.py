"""Values have types: `Any` stands only where a library has none, and says which."""

import ast
import re

from tests.house.test_sizes import modules
from tests.processes import ROOT

MOST_ANY = 150


def lines_with_any(path, text):
    if "Any" not in text:
        return []
    lines = text.split("\n")
    numbers = {
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name) and node.id == "Any"
    }
    return [(number, lines[number - 1]) for number in sorted(numbers)]


def test_any_is_rare():
    matches = [
        f"{path.relative_to(ROOT)}:{n}"
        for path, text in modules()
        for n, _ in lines_with_any(path, text)
    ]
    assert len(matches) <= MOST_ANY, matches


def test_no_row_is_any():
    loose = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in modules()
        for number, line in enumerate(text.split("\n"), 1)
        if re.search(r"\brows?: (Any|Sequence\[Any\]|list\[Any\])", line)
    ]
    assert loose == []


def test_no_statement_is_put_together_from_text():
    silenced = [str(path.relative_to(ROOT)) for path, text in modules() if "S608" in text]
    assert silenced == []


def test_mypy_leaves_no_package_out():
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "ignore_errors = true" not in config
