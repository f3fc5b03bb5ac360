"""Waiting for what happens in other processes."""

import time

import pytest


def wait_for(condition, seconds=60.0, pause=0.02):
    """Returns the first true value of ``condition()``; fails the test if none comes in time.

    A minute costs nothing where it comes, and on a busy machine a program that starts from nothing
    takes as long.
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


def next_second():
    """Waits until a new second of the clock begins.

    A signature of the second in which a face started is not taken: it may be from before that.
    """
    time.sleep(1.01 - time.time() % 1)
