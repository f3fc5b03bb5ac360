"""A process that is told to stop ends while those who told it still wait, whatever hangs in it."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.bus.amqp.test_silent_broker import SilentAt
from tests.bus.asking import Wire
from tests.probe.contracts import ADD
from tests.processes import ROOT, Process
from tests.stores import execute
from tests.waiting import wait_for

INCOMING = "services.ticketing.incoming_mail"
# Of the one that it is told while its patience is a second instead of 22.
IMPATIENT = """
import sys
from bus.process import ending
ending.SECONDS = 1.0
from bus.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
# What takes long to be imported takes for ever.
FIRST_OF_A_CONTAINER = """
import os, runpy, sys, time, types
os.getpid = lambda: 1
class Slow(types.ModuleType):
    def __getattr__(self, name):
        print("ready", flush=True)
        time.sleep(60)
slow, *sys.argv = sys.argv[1:]
sys.modules[slow] = Slow(slow)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""

# What is opened after the first signal may get the number of what was closed by it.
TOLD_TWICE = """
import select, signal, socket, threading
from bus.process import ending
heard = threading.Event()
ending.on_stop(heard.set)
signal.raise_signal(signal.SIGTERM)
heard.wait()
next(thread for thread in threading.enumerate() if thread.name == "stop").join(0.3)
connections = [end for _ in range(3) for end in socket.socketpair()]
signal.raise_signal(signal.SIGTERM)
print(len(select.select(connections, [], [], 0.1)[0]))
"""


@pytest.fixture
def impatient(tmp_path, vhost, probe_db):
    """Starts a part of the probe that has a second for its end."""
    started = []

    def start(command, **environ):
        words = [sys.executable, "-c", IMPATIENT, command, "tests.probe"]
        environ = {**os.environ, "AMQP_URL": vhost, "DB_URL": probe_db, **environ}
        process = Process(words, environ, tmp_path / f"{command}.log")
        started.append(process)
        return process

    yield start
    for process in started:
        if process.alive:
            process.kill()


def test_a_service_ends_although_its_work_does_not(impatient, vhost, probe_db):
    process = impatient("serve")
    wait_for(lambda: process.log.count('"consuming"') >= 3, 60)
    with Wire(vhost) as wire:
        wire.tell(ADD, mark="endless", seconds=600)
        wait_for(lambda: execute(probe_db, "select 1 from begun where mark = 'endless'"))
    assert process.stop(60) == 1
    assert "Timeout" in process.log


def test_a_relay_ends_although_its_database_is_silent(impatient, probe_db):
    """Its driver waits in the main thread, where no handler of a signal has its turn."""
    address = urlsplit(probe_db)
    way = SilentAt((address.hostname, address.port), b"for update skip locked")
    through = probe_db.replace(f":{address.port}/", f":{way.port}/")
    process = impatient("relay", DB_URL=through)
    wait_for(lambda: way.muted >= 1, 60)
    assert process.stop(60) == 1
    assert "Timeout" in process.log
    way.close()


@pytest.mark.parametrize(
    ("slow", "words", "code"),
    [
        ("eventlet", ["bus", "serve", "services.ticketing"], 143),
        ("gateway.public.api", ["gateway.public"], 0),
        (f"{INCOMING}.mailroom", [f"{INCOMING}.server"], 0),
        ("deploy.broker.keeper", ["deploy.broker.watch"], 0),
    ],
)
def test_the_first_process_of_a_container_heeds_at_once_that_it_shall_stop(slow, words, code):
    words = [sys.executable, "-c", FIRST_OF_A_CONTAINER, slow, *words]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(30) == code


def test_who_is_told_twice_to_stop_writes_into_no_connection_made_since():
    words = [sys.executable, "-c", TOLD_TWICE]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert (ended.stdout, ended.stderr) == ("0\n", "")
