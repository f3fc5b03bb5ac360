"""No test waits longer than a second for nothing: it polls, or it is about time and says so; and
none fails because the machine was slow.
"""

import ast

from tests.processes import ROOT

SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "eventlet.sleep"}
REASON = "# about time:"
CLOCKS = {"time.monotonic", "time.perf_counter"}


def constants(tree):
    """The numbers that have a name in this module."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return {
        target.id: node.value.value
        for node in assigned
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant)
    }


def long_sleeps(path):
    """The lines of a module that sleep over a second without a reason."""
    text = path.read_text(encoding="utf-8")
    if ".sleep(" not in text:
        return
    tree, lines = ast.parse(text), text.splitlines()
    names = constants(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) in SLEEPS and node.args):
            continue
        argument = node.args[0]
        seconds = names.get(argument.id) if isinstance(argument, ast.Name) else None
        if isinstance(argument, ast.Constant):
            seconds = argument.value
        if (seconds or 0) > 1 and REASON not in lines[node.lineno - 1]:
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {lines[node.lineno - 1].strip()}"


def test_no_test_sleeps_over_a_second_unless_it_is_about_time():
    matches = [
        line for path in sorted((ROOT / "tests").rglob("*.py")) for line in long_sleeps(path)
    ]
    assert matches == []


def test_a_long_sleep_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "test_x.py"
    path.write_text(
        "import time\nPAUSE = 5\ntime.sleep(PAUSE)\ntime.sleep(2)  # about time: a lease\n"
        "time.sleep(0.1)\ntime.sleep(3)\n"
    )
    assert list(long_sleeps(path)) == [
        "test_x.py:3: time.sleep(PAUSE)",
        "test_x.py:6: time.sleep(3)",
    ]


def is_bound(node):
    """Whether an assertion holds only if not much time has passed."""
    if not isinstance(node, ast.Assert):
        return False
    compared = [part for part in ast.walk(node.test) if isinstance(part, ast.Compare)]
    return any(
        isinstance(call, ast.Call) and ast.unparse(call.func) in CLOCKS
        for comparison in compared
        if any(isinstance(operator, ast.Lt | ast.LtE) for operator in comparison.ops)
        for call in ast.walk(comparison)
    )


def bounds_of_time(path):
    """The lines of a module that bound by this process's clock how long something took."""
    text = path.read_text(encoding="utf-8")
    if any(clock in text for clock in CLOCKS):
        lines = text.splitlines()
        for node in filter(is_bound, ast.walk(ast.parse(text))):
            if REASON not in lines[node.lineno - 1]:
                yield f"{path.name}:{node.lineno}: {lines[node.lineno - 1].strip()}"


def test_no_test_bounds_the_seconds_that_something_takes():
    """What came first, who answered and what was not done says the same on every machine."""
    paths = sorted((ROOT / "tests").rglob("*.py"))
    assert [line for path in paths for line in bounds_of_time(path)] == []


def test_a_bound_of_seconds_is_seen(tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text(
        "import time\nbegan = time.monotonic()\nassert time.monotonic() - began < 5\n"
        "assert time.monotonic() - began >= 2\n"
    )
    assert list(bounds_of_time(path)) == ["test_x.py:3: assert time.monotonic() - began < 5"]
