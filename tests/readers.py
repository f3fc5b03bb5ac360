"""Children that read foreign bytes (bus/foreign/confined.py), forked from a parent that is ready.

In production each starts a Python and imports what reads e-mails, workbooks, PDFs or photos, and
the suite reads a thousand of them. Their parent here has imported that, and nothing else, since a
child's limit of memory counts what it got from its parent; all other bounds, and the child's own
code, are those of production. That such a child starts from nothing, and what bounds it, is shown
by tests/bus/foreign/test_confined.py, by production's own children (the fixture ``new_readers``).
"""

import _socket  # which eventlet does not patch
import array
import gc
import importlib
import json
import os
import signal
import socket
import time

from bus.foreign import confined

READERS = (
    "bus.foreign.photos",
    "bus.foreign.pictures.cleaning",
    "gateway.notify.pdf_check",
    "gateway.papers.proof_in_pdf",
    "services.inquiry.registry_import.workbook",
    "services.ticketing.mail.reading",
)
OF_PRODUCTION = {"_start": confined._start, "_wait": confined._wait}
ENVIRON = {"LANG": "C.UTF-8", "PATH": os.defpath, "TZ": "UTC"}
OPTIONS = ("-IS", "-B", "-X", "utf8", "-W", "ignore")  # of production's children
ANSWER_SECONDS = 60


class Reader:
    """A child that another process has forked; what `subprocess.Popen` is for one's own."""

    def __init__(self, address, job, source, result):
        self._report, far = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        door = _socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with open(os.devnull, "wb") as nowhere:
            files = [file.fileno() for file in (source, result, nowhere, far)]
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))
            door.connect(address)
            door.sendmsg([json.dumps({"job": job}).encode()], [rights])
        for end in (door, far):
            end.close()
        self._report.settimeout(ANSWER_SECONDS)
        self.pid = int(self._report.recv(100))

    def ended(self):
        """Its exit code; None while it runs."""
        self._report.setblocking(False)
        try:
            return self._code()
        except BlockingIOError:
            return None

    def kill(self):
        """Ends it with what it has started; its exit code."""
        os.killpg(self.pid, signal.SIGKILL)
        self._report.settimeout(ANSWER_SECONDS)
        return self._code()

    def _code(self):
        code = int(self._report.recv(100) or -signal.SIGKILL)  # nothing: the parent is gone
        self._report.close()
        return code


def wait(reader, seconds):
    """As bus.foreign.confined waits for a child of its own process."""
    end, pause = time.monotonic() + seconds, 0.002
    while (code := reader.ended()) is None and time.monotonic() < end:
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return (reader.kill(), True) if code is None else (code, False)


def install(address):
    """Has this process, and those forked from it, get such children at what ``address`` returns."""
    confined._start = lambda job, source, result: Reader(address(), job, source, result)
    confined._wait = wait


def load():
    """In the parent: imports what reads."""
    for name in READERS:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def read(job):
    """In a forked child: reads, as production's child does, in a session of its own."""
    os.setsid()
    confined._child(job)
