"""What a service checks before it begins."""

import subprocess
import sys

from tests.processes import ROOT

CHECK = """
import time
slow = time.sleep
import eventlet
eventlet.monkey_patch({patch})
from bus.__main__ import check_database_cooperates

def hog():
    while True:
        slow(0.2)  # a machine so busy that a green thread gets few turns
        eventlet.sleep(0)

eventlet.spawn(hog)
check_database_cooperates({url!r})
"""


def check(url, patch):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECK.format(patch=patch, url=url)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_service_starts_on_a_machine_so_busy_that_green_threads_get_few_turns(postgres):
    done = check(postgres.url("postgres"), "")
    assert done.returncode == 0, done.stderr


def test_a_service_does_not_start_with_a_driver_that_blocks_green_threads(postgres):
    done = check(postgres.url("postgres"), "psycopg=False")
    assert done.returncode == 1
    assert "blocks green threads" in done.stderr
