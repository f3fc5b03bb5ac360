"""The probe service, running."""

import pytest

from bus import topology
from tests.bus.asking import Wire, ask
from tests.conftest import execute, wait_for
from tests.probe.contracts import LOOK


class RunningProbe:
    """The probe with its broker and database, and what can be counted about it."""

    def __init__(self, start, amqp, db):
        self._start, self.amqp, self.db = start, amqp, db
        self.environ = {"AMQP_URL": amqp, "DB_URL": db}
        self.services = []

    def serve(self, **environ):
        process = self._start("bus", "serve", "tests.probe", **self.environ, **environ)
        self.services.append(process)
        return process

    def relay(self):
        return self._start("bus", "relay", "tests.probe", **self.environ)

    def ready(self):
        """Waits until the probe answers and hears: what is told to no queue yet is lost."""
        wait_for(lambda: isinstance(ask(self.amqp, LOOK, mark="ready", deadline=2), dict), 30)
        for kind in ("commands", "events"):
            queue = topology.queue_name("probe", kind)
            wait_for(lambda q=queue: any(q in process.log for process in self.services))
        return self

    def marks(self, mark):
        return execute(self.db, "select count(*) from marks where mark = %s", (mark,))[0][0]

    def begun(self, mark):
        return execute(self.db, "select count(*) from begun where mark = %s", (mark,))[0][0]

    def dead(self):
        with Wire(self.amqp) as wire:
            return wire.count(topology.queue_name("probe", "dead"))


@pytest.fixture
def probe(start, vhost, probe_db):
    """One probe, ready, without a relay."""
    running = RunningProbe(start, vhost, probe_db)
    running.serve()
    return running.ready()


@pytest.fixture
def probe_parts(start):
    """Makes a RunningProbe on a given broker and database."""
    return lambda amqp, db: RunningProbe(start, amqp, db)
