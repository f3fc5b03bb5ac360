"""The faults: what breaks, how it is broken and how it ends."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from deploy.chaos import broken_database, broken_stores, outside
from deploy.chaos.broken_database import LOCKED
from deploy.chaos.installation import OWN_PARTS, Installation, until
from deploy.local.parts import (
    AGENCY_RABBITMQ_PORT,
    BANK_PORT,
    CLAMD_PORT,
    MAILBOX_PORT,
    POSTGRES_PORT,
    RABBITMQ_PORT,
    SMS_PORT,
)

HOLD_SECONDS, FREEZE_SECONDS, BACK_SECONDS = 8.0, 6.0, 60.0
HOURS = 3600.0
# What is no part of Mirab and remembers nothing that its like in production would lose.
KILLED_TOO = ("postgres", "rabbitmq", "agency-rabbitmq", "clamd", "mailbox", "land-registry")
FROZEN_TOO = (*KILLED_TOO, "bank", "sms")
# By a clock that is wrong, signatures of callers whose clock is right are of another time.
OF_THE_CLOCK = r"signature\.|session|sign-in|form|inquiry"
# A payment that a lying bank does not begin is refused, and begun anew by the payer.
OF_THE_BANK = r"/pay: |the way to the bank"
Make = Callable[[Installation], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: ``make`` begins it and ends it, ``seconds`` is how long it stays between the two.

    ``excuses`` is a pattern of refusals that it explains. ``quick`` marks those of the short form.
    """

    name: str
    title: str
    make: Make
    seconds: float = HOLD_SECONDS
    quick: bool = False
    excuses: str = ""


def all_faults() -> list[Fault]:
    """Every fault, in the order in which they are made."""
    return [*_kills(), *_freezes(), *_of_brokers(), *_of_databases(), *_of_links(), *_of_the_rest()]


# --- processes ---


@contextlib.contextmanager
def killed(installation: Installation, *names: str) -> Iterator[None]:
    """kill -9; the supervisor begins it again."""
    before = {name: installation.pid(name) for name in names}
    for name in names:
        installation.signal(name, signal.SIGKILL)
    yield
    until(
        lambda: all(installation.pid(name) not in (0, pid) for name, pid in before.items()),
        BACK_SECONDS,
    )


@contextlib.contextmanager
def frozen(installation: Installation, *names: str) -> Iterator[None]:
    """It lives, keeps its connections and does nothing, until it goes on."""
    for name in names:
        installation.signal(name, signal.SIGSTOP)
    yield
    for name in names:
        installation.signal(name, signal.SIGCONT)


def _killed(*names: str) -> Make:
    return lambda installation: killed(installation, *names)


def _frozen(*names: str) -> Make:
    return lambda installation: frozen(installation, *names)


def _kills() -> list[Fault]:
    quick = ("inquiry", "billing-relay", "agency")
    kills = [
        Fault(f"kill-{name}", f"kill -9 {name}", _killed(name), 0.5, name in quick)
        for name in (*OWN_PARTS, *KILLED_TOO)
    ]
    everything = Fault("kill-all", "kill -9 of all our parts at once", _killed(*OWN_PARTS), 0.5)
    return [*kills, everything]


def _freezes() -> list[Fault]:
    return [
        Fault(f"freeze-{name}", f"{name} stands still", _frozen(name), FREEZE_SECONDS)
        for name in (*OWN_PARTS, *FROZEN_TOO)
    ]


# --- stores ---


def _of_brokers() -> list[Fault]:
    b = broken_stores
    return [
        Fault("restart-broker", "our broker is restarted", b.restarted("rabbitmq"), 1, True),
        Fault(
            "restart-agency-broker",
            "the agencies' broker is restarted",
            b.restarted("agency-rabbitmq"),
            1,
        ),
        Fault("cut-connections", "all connections to our broker are closed", b.disconnected, 1),
        Fault("memory-alarm", "memory alarm of our broker", b.memory_alarm, quick=True),
        Fault("disk-alarm", "disk alarm of our broker", b.disk_alarm),
        Fault("purge-queues", "all queues of our broker are purged", b.purged, 1),
        Fault("delete-queues", "all queues of our broker are deleted", b.deleted, 1),
        Fault("lose-broker", "our broker loses all its data", b.broker_data_lost, 1),
    ]


def _of_databases() -> list[Fault]:
    d = broken_database
    locks = [
        Fault(f"lock-{table}", f"a lock on {table}", d.locked(database, table), quick=quick)
        for database, table, quick in LOCKED
    ]
    return [
        Fault(
            "restart-database", "the database is restarted", broken_stores.restarted("postgres"), 3
        ),
        Fault("read-only", "the database is read-only", d.read_only, 10, True),
        Fault("slow-database", "the database has a tenth of its processor", d.slow, 15),
        *locks,
        Fault("terminate", "all sessions at the database are ended", d.terminated, 1),
        Fault("no-connections", "the database has no connection left", d.exhausted),
        Fault("full-database", "the disk of the database is full", d.disk_full, 10, False),
    ]


# --- network and the rest ---


def _of_links() -> list[Fault]:
    links = {
        "database": ("our parts and the database", POSTGRES_PORT),
        "broker": ("our parts and our broker", RABBITMQ_PORT),
        "agency-broker": ("agencies and their broker", AGENCY_RABBITMQ_PORT),
        "bank": ("billing and the bank", BANK_PORT),
        "sms": ("notify and the providers of SMS", SMS_PORT),
        "scanner": ("ticketing and the virus scanner", CLAMD_PORT),
        "mail": ("our parts and the mail server", MAILBOX_PORT),
    }
    cuts = [
        Fault(f"cut-{name}", f"no packet between {words}", outside.cut(port), 12, name == "broker")
        for name, (words, port) in links.items()
    ]
    resets = [
        Fault(f"reset-{name}", f"every packet between {words} resets", outside.reset(port))
        for name, (words, port) in links.items()
        if name in ("database", "broker")
    ]
    return [*cuts, *resets]


def _of_the_rest() -> list[Fault]:
    return [
        Fault("full-blobs", "the disk of files is full", outside.full("blobs")),
        Fault("full-replays", "the disk of used signatures is full", outside.full("replays")),
        Fault("full-marks", "the disk of newest numbers is full", outside.full("marks")),
        Fault(
            "bank-lies",
            "the bank answers wrongly, late or not",
            outside.bank_lies,
            15,
            quick=True,
            excuses=OF_THE_BANK,
        ),
        Fault("sms-lies", "providers of SMS answer wrongly, late or not", outside.sms_lies, 15),
        Fault("no-mail", "the mail server is stopped", outside.stopped("mailbox")),
        Fault(
            "no-registry",
            "the land registry's program is stopped",
            outside.stopped("land-registry"),
        ),
        Fault(
            "clock-ahead",
            "clocks two hours ahead, then right",
            outside.clock(2 * HOURS),
            10,
            excuses=OF_THE_CLOCK,
        ),
        Fault(
            "clock-behind",
            "clocks two hours behind, then right",
            outside.clock(-2 * HOURS),
            10,
            excuses=OF_THE_CLOCK,
        ),
    ]
