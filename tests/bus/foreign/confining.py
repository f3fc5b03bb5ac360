"""Functions that tests run in confined children: good ones, and ones that misbehave."""

import os
import signal
import sys
import time

from bus.errors import NotFound


def count(stream, *, factor=1):
    return {"bytes": len(stream.read()) * factor, "again": stream.seek(0)}


def echo(stream):
    return stream.read()


def nested(stream):
    return {"files": [{"content": stream.read()}], "pair": (1, 2)}


def surroundings(_stream):
    folder = "/proc/self/fd"
    files = [
        os.readlink(f"{folder}/{number}")
        for number in range(3, 10)
        if os.path.exists(f"{folder}/{number}")
    ]
    return {"environ": dict(os.environ), "open": files}


def spin(_stream):
    while True:
        pass


def sleep(_stream, *, seconds=60):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    time.sleep(seconds)


def sleep_in_a_grandchild(stream):
    pid = os.fork()
    if pid == 0:
        time.sleep(60)  # about time: it outlives its parent, unless it is ended
    return pid


def swallow(_stream):
    return len(bytearray(4 * 1024**3))


def talk(_stream):
    return "x" * 10_000_000


def die(_stream, *, number):
    os.kill(os.getpid(), number)


def leave(_stream):
    os._exit(7)


def leave_content(_stream):
    os.write(3, b"J{not json")
    os._exit(0)


def print_garbage(_stream):
    print("garbage")
    sys.stdout.flush()
    os.write(1, b"\x00\xff")
    os.write(2, b"\x00\xff")
    return "fine"


def stumble(stream):
    raise ValueError(stream.read())


def refuse(_stream):
    raise NotFound("There is no such sheet.", code="sheet.missing", sheet="wells")


def dive(stream):
    return dive(stream)


def count_lines(stream, *, stumble_at=None, most=10**9):
    """Yields the number and the text of each line, and may stumble on its way."""
    for number, line in enumerate(stream):
        if number == stumble_at:
            raise NotFound("There is no such line.", code="line.not_found")
        if number < most:
            yield [number, line.decode().rstrip("\n")]
