"""Waiting for what happens in other processes."""

import time

import pytest


def wait_for(what, seconds=20.0, pause=0.02):
    """Returns the first true value of ``what()``; fails the test if none comes in time."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain for {getattr(what, '__name__', what)}")
        time.sleep(pause)


def next_second():
    """Waits until a new second of the clock begins.

    A signature of the second in which a face started is not taken: it may be from before that.
    """
    time.sleep(1.01 - time.time() % 1)
