"""Faults of the brokers, and restarts of any store."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import quote

from deploy.chaos.installation import Installation, until
from deploy.local.stores import CannotStart

VHOST = quote("/", safe="")
START_SECONDS = 90.0
DEAD = ".dead"


def restarted(name: str) -> Callable[[Installation], AbstractContextManager[None]]:
    """The supervisor ends a store in order and begins it again."""

    @contextlib.contextmanager
    def make(installation: Installation) -> Iterator[None]:
        installation.stop_part(name)
        yield
        installation.start_part(name)

    return make


@contextlib.contextmanager
def disconnected(installation: Installation) -> Iterator[None]:
    """The broker ends every connection; their owners come again."""
    installation.ctl("close_all_connections", "a fault that is tried")
    yield


@contextlib.contextmanager
def memory_alarm(installation: Installation) -> Iterator[None]:
    """The broker takes no messages while it is over its limit of memory."""
    installation.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    yield
    installation.ctl("set_vm_memory_high_watermark", "absolute", "1GB")


@contextlib.contextmanager
def disk_alarm(installation: Installation) -> Iterator[None]:
    """The broker takes no messages while its disk has less free than its limit."""
    installation.ctl("set_disk_free_limit", "9000GB")
    yield
    installation.ctl("set_disk_free_limit", "500MB")


def working_queues(installation: Installation) -> list[str]:
    """All queues of our broker but those of dead letters, which nobody could send again."""
    rows = installation.broker_api("GET", f"queues/{VHOST}")
    names = [str(row["name"]) for row in rows]
    return [name for name in names if name.startswith("mirab.") and not name.endswith(DEAD)]


@contextlib.contextmanager
def purged(installation: Installation) -> Iterator[None]:
    """Whatever waits in a queue is thrown away."""
    for name in working_queues(installation):
        installation.broker_api("DELETE", f"queues/{VHOST}/{quote(name)}/contents")
    yield


@contextlib.contextmanager
def deleted(installation: Installation) -> Iterator[None]:
    """The queues themselves are deleted, under their consumers."""
    for name in working_queues(installation):
        installation.broker_api("DELETE", f"queues/{VHOST}/{quote(name)}")
    yield


@contextlib.contextmanager
def broker_data_lost(installation: Installation) -> Iterator[None]:
    """The broker's disk is lost. It begins empty, and the runbook's one act gives it its users."""
    broker = installation.state.rabbitmq
    assert broker is not None
    installation.stop_part("rabbitmq")
    shutil.rmtree(broker.home / "mnesia")
    yield
    installation.start_part("rabbitmq")
    with contextlib.suppress(CannotStart):
        broker.wait(START_SECONDS)
    until(lambda: _applied(installation), START_SECONDS, 1.0)


def _applied(installation: Installation) -> bool:
    try:
        installation.apply_rights()
    except CannotStart:
        time.sleep(1)
        return False
    return True
