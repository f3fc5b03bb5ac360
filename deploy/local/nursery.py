"""A parent that forks Mirab's processes for supervisord, which they are children of.

The parent imports while the stores start, and takes requests at a socket: what to run, with which
variables, and the files that are its standard input, output and error. It forks twice, so that the
kernel gives the new process to supervisord, who has asked to be given such orphans (prctl(2),
PR_SET_CHILD_SUBREAPER): signals, exit codes and restarts are supervisord's, as always.
"""

import ctypes
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from os import fork, waitpid  # before eventlet patches them: a parent waits like any other program
from pathlib import Path
from typing import NamedTuple, TypedDict

from deploy.local import preloaded

BECOME_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
LONGEST_REQUEST = 1 << 18
# So long a parent that still imports may keep supervisord waiting.
PATIENCE_SECONDS = 60


class Order(TypedDict):
    """What a parent is to run."""

    words: list[str]
    environ: dict[str, str]
    folder: str


class Nursery(NamedTuple):
    """supervisord's end of the line to one parent."""

    line: socket.socket

    def fork(
        self, words: Sequence[str], environ: Mapping[str, str], folder: Path, files: Sequence[int]
    ) -> int | None:
        """The process ID of the new process; None if the parent is not there any more."""
        order = Order(words=list(words), environ=dict(environ), folder=str(folder))
        try:
            socket.send_fds(self.line, [json.dumps(order).encode()], files)
            return int(self.line.recv(32)) or None
        except (OSError, ValueError):
            return None


def adopt_orphans() -> None:
    """Makes this process the parent of what its descendants leave behind."""
    if ctypes.CDLL(None, use_errno=True).prctl(BECOME_SUBREAPER, 1):
        raise OSError(ctypes.get_errno(), "prctl")


def open_nursery(names: Sequence[str], *, green: bool = False) -> Nursery:
    """Forks a parent that imports ``names``; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if fork():
        theirs.close()
        ours.settimeout(PATIENCE_SECONDS)
        return Nursery(ours)
    try:
        ours.close()
        os.dup2(0, 2)  # a part that cannot be imported tells so in its own log
        os.closerange(theirs.fileno() + 1, preloaded.LAST_FILE)
        os.closerange(preloaded.FILES, theirs.fileno())
        preloaded.name_process(f"mirab parent of {'services' if green else 'parts'}")
        preloaded.load(names, green=green)
        serve(theirs)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def serve(line: socket.socket) -> None:
    """Runs one order after another, each in a process of its own, until nobody is there to ask."""
    while True:
        raw, files, _, _ = socket.recv_fds(line, LONGEST_REQUEST, preloaded.FILES)
        if not raw:
            os._exit(0)
        order: Order = json.loads(raw)
        process = fork_twice(line, order, files)
        for file in files:
            os.close(file)
        line.send(b"%d" % process)


def fork_twice(line: socket.socket, order: Order, files: Sequence[int]) -> int:
    """The ID of a new process that runs the order, and is supervisord's already; 0: it has none."""
    reads, writes = os.pipe()
    between = fork()
    if not between:
        process = fork()
        if process:
            os.write(writes, b"%d" % process)
            os._exit(0)
        os.setpgrp()
        for number, file in enumerate(files):
            os.dup2(file, number)
        line.detach()
        os.closerange(preloaded.FILES, preloaded.LAST_FILE)
        preloaded.run(order["words"], order["environ"], Path(order["folder"]))
    os.close(writes)
    waitpid(between, 0)
    process_id = os.read(reads, 32)
    os.close(reads)
    return int(process_id or b"0")
