"""Faults of the database."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg2

from deploy.chaos.installation import Installation
from deploy.local.parts import SERVICES

# database, table, whether the short form has it
LOCKED = (
    ("inquiry", "inquiry_log", True),
    ("inquiry", "outbox", False),
    ("ticketing", "tickets", False),
    ("ticketing", "letters", False),
    ("billing", "bills", False),
    ("notify", "messages", False),
    ("agencies", "calls", False),
)
RUN_SECONDS, STOP_SECONDS = 0.05, 0.45
CHUNK = b"\0" * (1 << 20)


@contextlib.contextmanager
def read_only(installation: Installation) -> Iterator[None]:
    """Every transaction is read-only, as on a standby to which a failover has led."""
    _set(installation, "default_transaction_read_only = on")
    yield
    _set(installation, "default_transaction_read_only = off")


def _set(installation: Installation, setting: str) -> None:
    installation.sql("postgres", f"alter system set {setting}")
    installation.sql("postgres", "select pg_reload_conf()")


@contextlib.contextmanager
def slow(installation: Installation) -> Iterator[None]:
    """It stands still nine tenths of the time."""
    ending = threading.Event()

    def throttle() -> None:
        while not ending.is_set():
            with contextlib.suppress(Exception):
                installation.signal("postgres", signal.SIGSTOP)
            ending.wait(STOP_SECONDS)
            with contextlib.suppress(Exception):
                installation.signal("postgres", signal.SIGCONT)
            ending.wait(RUN_SECONDS)

    thread = threading.Thread(target=throttle)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        installation.signal("postgres", signal.SIGCONT)


def locked(database: str, table: str) -> Callable[[Installation], AbstractContextManager[None]]:
    """Somebody holds a table and does not let go."""

    @contextlib.contextmanager
    def make(installation: Installation) -> Iterator[None]:
        with contextlib.closing(installation.connect(database)) as connection:
            connection.autocommit = False
            with connection.cursor() as cursor:
                cursor.execute(f"lock table {table} in access exclusive mode")
                yield
            connection.rollback()

    return make


@contextlib.contextmanager
def terminated(installation: Installation) -> Iterator[None]:
    """The server ends every session of ours."""
    installation.sql(
        "postgres",
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)",
        (list(SERVICES),),
    )
    yield


@contextlib.contextmanager
def exhausted(installation: Installation) -> Iterator[None]:
    """All connections are taken by others, and ours must be made anew."""
    with contextlib.ExitStack() as stack:
        watcher = stack.enter_context(contextlib.closing(installation.connect("postgres")))
        with watcher.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)",
                (list(SERVICES),),
            )
            with contextlib.suppress(psycopg2.OperationalError):
                while True:
                    connection = installation.connect("postgres")
                    stack.enter_context(contextlib.closing(connection))
        yield


@contextlib.contextmanager
def disk_full(installation: Installation) -> Iterator[None]:
    """Nothing more fits on the disk of the database."""
    postgres = installation.state.postgres
    assert postgres is not None
    ballast = postgres.home / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(CHUNK):
            pass
    try:
        yield
    finally:
        os.unlink(ballast)
