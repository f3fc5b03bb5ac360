"""Parts of `make up` that are forked from a parent are processes like any other."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from deploy.local import supervise
from deploy.local.state import State
from deploy.local.supervisord import module_of
from tests.processes import ROOT
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """Of a supervisor of `make up`, which is stopped in the end."""
    folder = tmp_path_factory.mktemp("nursery")
    made = State(folder, {"AMQP_URL": "amqp://x", "DB_URL": "postgresql://x"})
    yield made
    if supervise.running(made):
        supervise.stop(made)


@pytest.fixture
def up(state):
    """A supervisor with its two parents, the one of an earlier test if that has left it."""
    if not supervise.running(state):
        supervise.start(state, preload=True)
    return state


def part_of(state, name):
    (part,) = (part for part in supervise.states(state) if part["name"] == name)
    return part


def test_a_forked_part_is_supervisords_child_with_name_environment_and_log_of_its_own(up):
    supervisor = psutil.Process(int((up.home / "supervisord.pid").read_text()))
    parents = [p for p in supervisor.children() if p.cmdline()[:2] == ["mirab", "parent"]]
    assert len(parents) == 2
    supervise.server(up).startProcess("mailbox", False)
    part = wait_for(
        lambda: p if (p := part_of(up, "mailbox"))["statename"] == "RUNNING" else None, 60
    )
    process = psutil.Process(part["pid"])
    wait_for(lambda: process.cmdline()[:3] == ["python", "-m", "deploy.local.mailbox"])
    assert process.ppid() == supervisor.pid
    assert os.getpgid(process.pid) == process.pid
    process.send_signal(signal.SIGKILL)
    again = wait_for(
        lambda: (
            p
            if (p := part_of(up, "mailbox"))["statename"] == "RUNNING" and p["pid"] != process.pid
            else None
        ),
        60,
    )
    supervise.server(up).stopProcess("mailbox")
    assert not psutil.pid_exists(again["pid"])
    assert part_of(up, "mailbox")["statename"] == "STOPPED"


def test_nothing_is_left_when_the_supervisor_is_killed(up):
    supervise.server(up).startProcess("mailbox", False)
    wait_for(lambda: part_of(up, "mailbox")["statename"] == "RUNNING", 60)
    supervisor = psutil.Process(int((up.home / "supervisord.pid").read_text()))
    family = supervisor.children(recursive=True)
    supervisor.kill()
    supervise.end_orphans(up)
    _, alive = psutil.wait_procs(family, 30)
    assert alive == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{sys.executable} -W ignore -m bus serve services.x", ["bus", "serve", "services.x"]),
        (f"{sys.executable} -m gateway.ops", ["gateway.ops"]),
        ("/usr/sbin/clamd --config-file=x", []),
        ("/usr/bin/other -m gateway.ops", []),
    ],
)
def test_a_python_part_is_told_from_other_programs(command, words):
    assert module_of(command) == words


def in_own_process(code):
    """The output of a Python that runs ``code`` in the checkout."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.splitlines(), done.stderr


def test_a_parent_that_is_gone_is_no_reason_not_to_start():
    """The part is then begun from nothing."""
    lines, errors = in_own_process(
        "from pathlib import Path\n"
        "from deploy.local.nursery import open_nursery\n"
        "nursery = open_nursery(['no.such.module'])\n"
        "print(nursery.fork(['x'], {}, Path('.'), (0, 1, 2)))"
    )
    assert lines == ["None"], errors


STEPS = """
import json, os, time
from deploy.local import preloaded, steps
from deploy.local.programs import CannotStart
preloaded.STEPS = ()
step = lambda *words, **more: steps.Step(words, {**os.environ, "X": "1"}, **more)
try:
    took = steps.run_side_by_side(CHAINS, time.monotonic())
    print(json.dumps([t.name for t in took]))
except CannotStart as error:
    print(error)
"""


def test_steps_of_a_chain_run_one_after_another_with_input_and_result():
    lines, errors = in_own_process(
        STEPS.replace(
            "CHAINS",
            '[[step("platform", result=lambda text: print(bool(text.strip()))), '
            'step("json.tool", stdin="{}", result=lambda text: print(text.strip()))], '
            '[step("calendar", "2026")]]',
        )
    )
    assert {"True", "{}"} <= set(lines), errors
    assert sorted(json.loads(lines[-1])) == ["calendar 2026", "json.tool", "platform"]


def test_a_step_that_fails_ends_its_chain_and_is_named_with_its_last_line():
    lines, errors = in_own_process(
        STEPS.replace(
            "CHAINS",
            '[[step("json.tool", stdin="no JSON"), '
            'step("platform", result=lambda _: print("went on"))]]',
        )
    )
    assert len(lines) == 1, errors
    assert lines[0].startswith("json.tool: Expecting value")
