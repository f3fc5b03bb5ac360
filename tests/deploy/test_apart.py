"""Plays that run apart: what they have begun ends with them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import apart
from tests.processes import ROOT
from tests.waiting import wait_for

# A play that begins something which does not end by itself, and takes a while to take it down.
PLAY = """
import os, subprocess, sys, time
from deploy import apart
if not apart.is_inside():
    sys.exit(apart.run("{name}", []))
apart.end_when_told()
begun = subprocess.Popen(["sleep", "{seconds}"], start_new_session=True)
print(open("/proc/net/dev").read().count(":"), flush=True)
try:
    time.sleep(60)
finally:
    time.sleep(0.5)
    begun.kill()
    print("taken down", flush=True)
"""


def sleepers(seconds):
    commands = (p / "cmdline" for p in Path("/proc").iterdir() if p.name.isdigit())
    return [c for c in commands if c.exists() and c.read_bytes() == b"sleep\0%d\0" % seconds]


@pytest.fixture
def play(tmp_path):
    if subprocess.run([*apart.UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("Nobody may make networks here, such as who is not root.")
    seconds = 100_000 + os.getpid()
    (tmp_path / "some_play.py").write_text(PLAY.format(name="some_play", seconds=seconds))
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    process = subprocess.Popen(
        [sys.executable, "-m", "some_play"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: sleepers(seconds))
    process.sleepers = lambda: sleepers(seconds)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_play_that_is_told_to_stop_twice_takes_down_what_it_has_begun(play):
    assert play.stdout.readline() == "1\n"  # no network but its own
    play.send_signal(signal.SIGTERM)
    play.send_signal(signal.SIGTERM)
    assert play.wait(30) == 128 + signal.SIGTERM
    assert play.stdout.read() == "taken down\n"
    assert play.sleepers() == []


def test_nothing_of_a_play_stays_that_is_killed(play):
    assert apart.INSIDE not in os.environ
    play.kill()
    wait_for(lambda: not play.sleepers())
