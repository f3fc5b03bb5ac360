"""How the suite runs; what tests stand on is in the modules named here, one job each."""

import gc
import os
import sys
from collections import Counter
from pathlib import Path

import playwright
import pytest
from _pytest.unraisableexception import collect_unraisable
from hypothesis import settings

from deploy.local import ports
from tests import durations

# Python keeps what it compiled, also where the machine says otherwise: a run starts hundreds of
# Pythons, and each would compile all its libraries again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A machine without Node runs the one that Playwright brings.
os.environ["PATH"] += f"{os.pathsep}{Path(playwright.__file__).parent / 'driver'}"

# A test that waits for a lock in PostgreSQL cannot be ended by a signal: the library waits on. So
# the server ends it; what we ship brings shorter limits of its own.
os.environ["PGOPTIONS"] = "-c lock_timeout=60s -c statement_timeout=120s"

PORTS, MOST_WORKERS = ports.RANGE, 8
PORTS_EACH = len(PORTS) // MOST_WORKERS
ports.RANGE = PORTS[-PORTS_EACH:]  # of the first process

gc.disable()  # until all tests are collected: what is imported stays

pytest_plugins = [
    "tests.processes",
    "tests.stores",
    "tests.databases",
    "tests.stacks",
    "tests.chromium",
]

# A busy machine is slow now and then; speed is measured in bench/, never here. Each run tries other
# examples, and `make fuzz` tries them for hours.
settings.register_profile("mirab", deadline=None, max_examples=50)
settings.load_profile("mirab")


def pytest_collection_modifyitems(items):
    """Files that take long come first, so that all workers end together; before them those of
    which nobody knows yet how long they take, few tests first, as such files start processes.
    """
    seconds, sizes = durations.read(), Counter(item.path for item in items)

    def place(item):
        duration = seconds.get(str(item.path.relative_to(durations.TESTS)), float("inf"))
        return -duration, sizes[item.path], str(item.path)

    items.sort(key=place)


def pytest_collection_finish():
    """The tests stay until the end; the garbage collector need not look at them again and again."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """What a file has left open fails its last test, and no innocent one of another file, whenever
    the garbage collector comes by. It takes five milliseconds.
    """
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        collect_unraisable(item.config)


def pytest_worker_begins(number):
    """It gives out ports of its own: two never mean the same one while its program starts."""
    ports.RANGE = PORTS[number % MOST_WORKERS * PORTS_EACH :][:PORTS_EACH]
