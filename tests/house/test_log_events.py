"""A log event is a stable name, snake_case, and docs/operate.md lists each with its meaning."""

import ast
import re
from functools import cache

from tests.house.test_sizes import modules
from tests.processes import ROOT

LEVELS = frozenset(("debug", "info", "warning", "error", "exception", "critical"))
NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


@cache
def events():
    """The name of each event that the code logs, with where it does."""
    return list(logged())


def logged():
    for path, text in modules():
        # The connector runs at agencies and logs sentences by the standard library, as theirs does.
        if path.is_relative_to(ROOT / "bench") or path.is_relative_to(ROOT / "connector"):
            continue
        if "_log" not in text and "log.get(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and ast.unparse(node.func.value).startswith(("_log", "log.get("))
                and node.args
            ):
                first = node.args[0]
                options = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                for option in options:
                    if isinstance(option, ast.Constant):
                        yield option.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_log_events_are_names():
    assert [(name, place) for name, place in events() if not NAME.match(name)] == []


def test_every_log_event_is_listed_in_the_runbook():
    runbook = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    section = runbook.split("## Log events")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `([a-z0-9_]+)` \|", section, re.MULTILINE))
    assert {name for name, _ in events()} == listed
