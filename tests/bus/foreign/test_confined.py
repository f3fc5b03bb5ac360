"""Foreign bytes read in a child: what it gives back, and that nothing it does reaches us."""

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bus.errors import NotFound, Unavailable, from_wire
from bus.foreign import confined
from bus.foreign.confined import Bounds, Unreadable, run
from tests.bus.foreign import confining
from tests.processes import ROOT
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("new_readers")


def children():
    """Process numbers of our children; each thread of ours has its own."""
    lists = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
    return " ".join(lists).split()


def test_a_child_reads_bytes_or_a_file_and_gives_back_what_its_function_returns(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert run(confining.count, b"abcd", factor=2) == {"bytes": 8, "again": 0}
    assert run(confining.count, tmp_path / "x")["bytes"] == 3
    assert run(confining.echo, b"\x00\xff" * 500_000) == b"\x00\xff" * 500_000
    nested = run(confining.nested, b"\x00\xff")
    assert nested == {"files": [{"content": b"\x00\xff"}], "pair": [1, 2]}


def test_a_child_inherits_no_secret_and_no_open_file(monkeypatch, tmp_path):
    monkeypatch.setenv("DB_URL", "postgresql://user:secret@host/db")
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        around = run(confining.surroundings, b"")
    assert set(around["environ"]) <= {"LANG", "LC_CTYPE", "PATH", "TZ"}
    assert str(tmp_path / "open") not in around["open"]


@pytest.mark.parametrize(
    ("function", "options", "bounds", "reason"),
    [
        (confining.spin, {}, Bounds(cpu_seconds=1), "too_long"),
        (confining.sleep, {}, Bounds(wall_seconds=0.5), "too_long"),
        (confining.swallow, {}, Bounds(), "too_large"),
        (confining.talk, {}, Bounds(output=1_000_000), "too_large"),
        (confining.die, {"number": signal.SIGSEGV}, Bounds(), "crashed"),
        (confining.die, {"number": signal.SIGKILL}, Bounds(), "crashed"),
        (confining.leave, {}, Bounds(), "crashed"),
        (confining.leave_content, {}, Bounds(), "crashed"),
        (confining.stumble, {}, Bounds(), "failed"),
        (confining.dive, {}, Bounds(), "failed"),
    ],
)
def test_a_child_that_misbehaves_is_an_unreadable_input_and_leaves_nothing_behind(
    function, options, bounds, reason
):
    before = children()
    with pytest.raises(Unreadable) as caught:
        run(function, b"a person's secret", bounds=bounds, **options)
    assert caught.value.reason == reason
    assert caught.value.code == f"content.{reason}"
    assert "secret" not in str(caught.value.to_wire())
    assert from_wire(caught.value.to_wire()).kind == "RuleBroken"
    assert children() == before


def test_a_child_that_is_stopped_with_its_service_says_nothing_of_the_input():
    with pytest.raises(Unavailable) as caught:
        run(confining.die, b"", number=signal.SIGTERM)
    assert caught.value.code == "confined.unavailable"


def test_the_cause_of_a_failure_names_its_place_and_not_the_content():
    with pytest.raises(Unreadable) as caught:
        run(confining.stumble, b"a person's secret")
    assert caught.value.cause.startswith("ValueError at confining.py:")


def test_what_a_child_prints_is_no_part_of_its_result():
    assert run(confining.print_garbage, b"") == "fine"


def test_what_a_child_has_started_itself_ends_with_it():
    pid = run(confining.sleep_in_a_grandchild, b"")

    def gone():
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().split()[2] == "Z"
        except FileNotFoundError:
            return True

    wait_for(gone, 30)  # it would sleep for a minute


def test_a_refusal_of_the_function_arrives_as_itself():
    with pytest.raises(NotFound, match="no such sheet") as caught:
        run(confining.refuse, b"")
    assert (caught.value.code, caught.value.details) == ("sheet.missing", {"sheet": "wells"})


def test_only_so_many_children_run_at_once_and_who_finds_no_place_may_come_again(monkeypatch):
    monkeypatch.setattr(confined, "PLACE_SECONDS", 0.05)
    bounds, before = Bounds(wall_seconds=1.5), len(children())
    with ThreadPoolExecutor(confined.CHILDREN) as pool:
        long = [
            pool.submit(run, confining.sleep, b"", bounds=bounds) for _ in range(confined.CHILDREN)
        ]
        wait_for(lambda: len(children()) >= before + confined.CHILDREN, 5)
        with pytest.raises(Unavailable, match="Try again"):
            run(confining.echo, b"")
        assert {type(waiting.exception()) for waiting in long} == {Unreadable}
    assert run(confining.echo, b"x") == b"x"


def test_other_coroutines_go_on_while_a_child_works():
    async def both():
        reading = asyncio.create_task(
            asyncio.to_thread(run, confining.sleep, b"", bounds=Bounds(wall_seconds=0.5))
        )
        turns = 0
        while not reading.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns, reading.exception()

    turns, error = asyncio.run(both())
    assert turns > 5
    assert isinstance(error, Unreadable)


GREEN = """
import eventlet
eventlet.monkey_patch()
import time
from bus.foreign.confined import Bounds, Unreadable, run
from tests.bus.foreign import confining

turns = []
def other():
    while True:
        turns.append(1)
        eventlet.sleep(0.01)

eventlet.spawn(other)
waiting = [eventlet.spawn(run, confining.sleep, b"", bounds=Bounds(wall_seconds=0.5)) for _ in "12"]
for thread in waiting:
    try:
        thread.wait()
    except Unreadable as error:
        assert error.reason == "too_long"
assert len(turns) > 10, len(turns)
assert run(confining.echo, b"x" * 3_000_000) == b"x" * 3_000_000
"""


def test_other_green_threads_of_a_service_go_on_while_a_child_works():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", GREEN],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_rows_of_a_child_come_one_by_one_when_all_were_read():
    content = b"".join(b"line %d --- end of rows ---\n" % n for n in range(20_000))
    with confined.rows(confining.count_lines, content) as rows:
        assert sum(number for number, _ in rows) == sum(range(20_000))
    with confined.rows(confining.count_lines, b"") as rows:
        assert list(rows) == []


def test_rows_of_a_child_that_stumbled_or_wrote_too_much_are_none_at_all():
    content = b"line\n" * 20_000
    with (
        pytest.raises(NotFound, match="no such line"),
        confined.rows(confining.count_lines, content, stumble_at=19_999),
    ):
        pass
    with (
        pytest.raises(Unreadable) as refused,
        confined.rows(confining.count_lines, content, bounds=Bounds(output=100_000)),
    ):
        pass
    assert refused.value.reason == "too_large"
