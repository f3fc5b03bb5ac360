"""Checks of what a part depends on: folders, the mail server, the virus scanner."""

import errno
import functools
import math
import os
import socket
import tempfile
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from prometheus_client import Gauge

from bus.process import called
from bus.process.monitor import WELL, Check, Finding, fail, warn, watch
from bus.settings import Settings

FOLDERS = {"BLOBS_DIR": "blobs", "REPLAY_DIR": "replays", "MARKS_DIR": "marks"}
PROBE_BYTES = 4096
LOW_BYTES = 256 * 1024 * 1024
ANSWER_SECONDS = 1.5
# Servers of others are not asked more often than that, however often we are asked.
ASKED_EVERY = 20.0
FULL = (errno.ENOSPC, errno.EDQUOT)
FREE = Gauge("mirab_folder_free_bytes", "Room that is left for a folder of this part", ["folder"])


def watch_surroundings(settings: Settings) -> None:
    """Adds a check for each thing around this part that its variables name."""
    for variable, name in FOLDERS.items():
        if folder := settings.get(variable):
            watch(name, folder_check(folder))
            FREE.labels(name).set_function(functools.partial(free_bytes, folder))
    if url := settings.get("SMTP_URL"):
        called.expect("mail", "smtp")
        watch("mail", at_most_every(ASKED_EVERY, mail_check(url)))
    if address := settings.get("CLAMD_ADDRESS"):
        called.expect("scanner", "clamd")
        watch("scanner", at_most_every(ASKED_EVERY, scanner_check(address)))


def free_bytes(folder: str) -> float:
    """The room that is left on the disk of a folder; not a number if nobody can say."""
    try:
        space = os.statvfs(folder)
    except OSError:
        return math.nan
    return float(space.f_bavail * space.f_frsize)


def folder_check(folder: str) -> Check:
    """The check that a file can be written into a folder."""

    def check() -> Finding:
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"\0" * PROBE_BYTES)
                file.flush()
            space = os.statvfs(folder)
        except OSError as error:
            if error.errno in FULL:
                return fail("folder.full", f"{folder} is full.")
            return fail("folder.unusable", f"{folder} cannot be written ({error.strerror}).")
        free = space.f_bavail * space.f_frsize
        if free < LOW_BYTES:
            return warn("folder.low", f"{folder} has {free // 1024**2} MiB left.")
        return WELL

    return check


def mail_check(url: str) -> Check:
    """The check that the mail server greets (RFC 5321); one behind TLS is only reached."""

    def check() -> Finding:
        parts = urlsplit(url)
        place = (
            parts.hostname or "127.0.0.1",
            parts.port or (465 if parts.scheme == "smtps" else 25),
        )
        try:
            with socket.create_connection(place, ANSWER_SECONDS) as line:
                if parts.scheme == "smtps" or line.recv(3) == b"220":
                    return WELL
        except OSError:
            return warn("mail.away", "The mail server does not answer: letters wait.")
        return warn("mail.refuses", "The mail server takes nothing now: letters wait.")

    return check


def scanner_check(address: str) -> Check:
    """The check that the virus scanner answers PING (clamd(8))."""

    def check() -> Finding:
        parts = urlsplit(address)
        try:
            if parts.scheme == "unix":
                line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                line.settimeout(ANSWER_SECONDS)
                line.connect(parts.path)
            else:
                line = socket.create_connection((parts.hostname, parts.port), ANSWER_SECONDS)
            with line:
                line.sendall(b"zPING\0")
                if line.recv(16).startswith(b"PONG"):
                    return WELL
        except OSError:
            pass
        return warn("scanner.away", "The virus scanner does not answer: files stay held.")

    return check


def at_most_every(seconds: float, check: Check) -> Check:
    """The same check, run at most once in so many seconds."""
    return _Kept(seconds, check)


class _Kept:
    def __init__(self, seconds: float, check: Callable[[], Finding]) -> None:
        self._seconds, self._check = seconds, check
        self._found, self._at = WELL, -seconds

    def __call__(self) -> Finding:
        if time.monotonic() - self._at >= self._seconds:
            self._found, self._at = self._check(), time.monotonic()
        return self._found
