"""One clock for all: the modules of the bus, their event loop, and the rows of the database."""

import asyncio
import contextlib
import time
from types import SimpleNamespace
from unittest import mock

import bus.activator
import bus.amqp.aggregator
import bus.amqp.deliveries
import bus.amqp.inlet
import bus.amqp.outlet
import bus.amqp.relay
import bus.client
import bus.database.faults
import bus.envelope
import bus.message_endpoint

TIMED = (
    bus.activator,
    bus.amqp.aggregator,
    bus.amqp.deliveries,
    bus.amqp.inlet,
    bus.amqp.outlet,
    bus.amqp.relay,
    bus.client,
    bus.database.faults,
    bus.envelope,
    bus.message_endpoint,
)
GREEN = (bus.amqp.inlet, bus.amqp.outlet, bus.message_endpoint)
BEGIN = 1_800_000_000.0
MOST_STEPS = 100  # until a task has ended


class Clock:
    """Seconds since the play began; they pass only by a move."""

    def __init__(self):
        self.now = 0.0

    def module(self):
        """What stands in place of the module ``time``."""
        return SimpleNamespace(
            time=lambda: BEGIN + self.now,
            monotonic=lambda: 1000.0 + self.now,
            perf_counter=time.perf_counter,
            sleep=lambda _seconds: None,
        )


class Loop(asyncio.SelectorEventLoop):
    """An event loop by the play's clock, that runs as far as a move lets it."""

    def __init__(self, clock):
        super().__init__()
        self._played = clock

    def time(self):
        return self._played.now

    def add_reader(self, *_):
        """Nothing: what comes from outside of the play comes by a move."""

    def remove_reader(self, *_):
        return True

    def step(self, times=3):
        """Run what is ready, and what became ready by that."""
        for _ in range(times):
            self.call_soon(self.stop)
            self.run_forever()

    def end(self):
        """Ends all its tasks, and itself; one may swallow a cancellation that meets its end."""
        for _ in range(MOST_STEPS):
            self.step(2)
            tasks = asyncio.all_tasks(self)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
        self.close()

    def inside(self, act):
        """Run an act as a callback of the loop; what it raises is raised here."""
        raised = []

        def run():
            try:
                act()
            except BaseException as error:
                raised.append(error)

        self.call_soon(run)
        self.step(1)
        if raised:
            raise raised[0]


class Green:
    """What stands in place of the module ``eventlet``: threads are tasks of the process in turn."""

    def __init__(self, world):
        self._world = world

    def spawn(self, act, *arguments):
        process = self._world.in_turn
        process.tasks.append(lambda: act(*arguments))

    def spawn_after(self, seconds, act, *arguments):
        process = self._world.in_turn
        process.timers.append((self._world.clock.now + seconds, lambda: act(*arguments)))

    def sleep(self, _seconds=0):
        pass

    class Timeout(Exception):
        def __init__(self, *_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False


@contextlib.contextmanager
def played_by(world):
    """All modules of the bus live by the world's clock and in its threads."""
    with contextlib.ExitStack() as stack:
        for module in TIMED:
            stack.enter_context(mock.patch.object(module, "time", world.clock.module()))
        for module in GREEN:
            stack.enter_context(mock.patch.object(module, "eventlet", Green(world)))
        yield
