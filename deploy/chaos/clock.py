"""A clock that can be moved under running processes: Debian's libfaketime, which all of them load.

Only the time of day is moved; what counts seconds (CLOCK_MONOTONIC) goes on, as on a machine whose
clock is corrected.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.local.parts import OUTSIDE

CANDIDATES = ("x86_64-linux-gnu", "aarch64-linux-gnu")
NAME = "faketime/libfaketimeMT.so.1"
CACHE_SECONDS = "1"
# Begun without the library: brokers and others' servers, whose clocks are their own, and what the
# library does not let sleep until a moment of the monotonic clock (clock_nanosleep).
OTHERS = (
    *("postgres", "wal", "rabbitmq", "agency-rabbitmq", "clamd", "agency-rights"),
    *(part.name for part in OUTSIDE),
)


def library() -> Path | None:
    """The library, if Debian's package libfaketime is installed."""
    places = (Path("/usr/lib") / name / NAME for name in CANDIDATES)
    return next((place for place in places if place.exists()), None)


class FakeClock:
    """Seconds by which all processes of an installation are ahead (or behind, below zero)."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def movable(self) -> bool:
        """True if the clock can be moved here."""
        return library() is not None

    def move(self, seconds: float) -> None:
        """Set how far ahead the processes are; they learn of it within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+.0f}\n", encoding="ascii")
        new.chmod(0o644)
        new.replace(self._file)

    def dress(self, config: Path, server: Path) -> None:
        """Have the programs of a supervisord's configuration begun so that all of our own, and the
        database's ``server``, have this clock; the brokers and the scanner keep the machine's.

        The library shares a semaphore by the process's ID: who changes its user, as PostgreSQL's
        starter does, loads it afterwards.
        """
        text = config.read_text(encoding="utf-8")
        sections = text.split("\n[program:")
        dressed = [self._dressed(section, server) for section in sections[1:]]
        config.write_text("\n[program:".join([sections[0], *dressed]), encoding="utf-8")

    def _dressed(self, section: str, server: Path) -> str:
        name = section.partition("]")[0]
        if name not in OTHERS:
            return section
        bare = section.replace("\nenvironment=", '\nenvironment=LD_PRELOAD="",', 1)
        # Not forked from a parent that has loaded it.
        bare = bare.replace(f"\ncommand={sys.executable} ", f"\ncommand=env {sys.executable} ", 1)
        return bare.replace(f"{server} ", f"env LD_PRELOAD={library()} {server} ", 1)

    @contextlib.contextmanager
    def preloaded(self) -> Iterator[None]:
        """What is begun meanwhile keeps this clock, and so does all that it begins."""
        shared = library()
        if shared is None:
            yield
            return
        self.move(0)
        names = {
            "LD_PRELOAD": str(shared),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": CACHE_SECONDS,
        }
        os.environ.update(names)
        try:
            yield
        finally:
            for name in names:
                os.environ.pop(name)
