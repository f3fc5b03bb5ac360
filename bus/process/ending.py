"""A process that is told to stop ends while those who told it still wait, whatever hangs in it.

What runs is let finish first. For what never answers, such as a database that hangs, it would wait
without an end, be killed, and count as failed. Work that is cut off was not committed: it comes
again.
"""

import faulthandler
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import cache

STOPS = (signal.SIGTERM, signal.SIGINT)
# Less than who started it waits: 25 s by `make up`, 30 by systemd and compose, 40 by Kubernetes.
SECONDS = 22.0


@cache
def in_time() -> None:
    """Has this process end so many seconds from now if it has not by then; where its threads stand
    is printed, and it ends with 1. This needs no turn of the process itself. Who is told again has
    no more time.
    """
    faulthandler.dump_traceback_later(SECONDS, exit=True)


def on_stop(act: Callable[[], object]) -> None:
    """Calls ``act`` on a thread of its own as soon as the process is told to stop: at once also
    while the main thread waits in a driver, where no handler of Python has its turn.
    """
    reads, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    for number in STOPS:
        signal.signal(number, lambda *_: None)

    def hear() -> None:
        with reads, wakes:
            while reads.recv(1)[0] not in STOPS:
                pass
            in_time()
            act()
            # Who is told again writes here again: closed, its number may be a new connection's.
            while reads.recv(1):
                pass

    threading.Thread(target=hear, name="stop", daemon=True).start()


def at_once(code: int) -> None:
    """Has the first process of a container end when it is told to, as any other does by itself: the
    kernel keeps from that one what it does not handle. A part that has more to do says so later.
    """
    if os.getpid() == 1:
        for number in STOPS:
            signal.signal(number, lambda *_: sys.exit(code))
