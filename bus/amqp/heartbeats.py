"""Heartbeats of a connection that more than one green thread writes to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Beating(Protocol):
    """A connection, as far as its heartbeats go."""

    send_heartbeat: Callable[[], None]


def guard_heartbeats(connection: Beating, lock: AbstractContextManager[object]) -> None:
    """Have the loop's heartbeats wait for a frame that a worker is writing under the lock."""
    send = connection.send_heartbeat

    def send_heartbeat() -> None:
        with lock:
            send()

    connection.send_heartbeat = send_heartbeat
