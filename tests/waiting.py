"""Waiting for what happens in other processes."""

import time

import pytest

LONGEST_PAUSE, LONGER = 0.2, 1.1


def wait_for(condition, seconds=60.0, pause=0.02):
    """Returns the first true value of ``condition()``; fails the test if none comes in time.

    It looks less and less often: each look takes processor time from what it waits for. A minute
    costs nothing where it comes, and on a busy machine a program that starts from nothing takes as
    long.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(
                f"waited {seconds} s in vain for {getattr(condition, '__name__', condition)}"
            )
        time.sleep(pause)
        pause = max(pause, min(pause * LONGER, LONGEST_PAUSE))


def next_second():
    """Waits until a new second of the clock begins.

    A signature of the second in which a face started is not taken: it may be from before that.
    """
    time.sleep(1.01 - time.time() % 1)
