"""The probe service, running."""

import contextlib
import secrets

import pytest

from bus import topology
from tests.bus.asking import Wire, ask
from tests.databases import make_database
from tests.probe.contracts import LOOK, SPOIL
from tests.processes import Starter
from tests.stores import execute, own_vhost
from tests.waiting import wait_for


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

    def clear(self):
        """Ready, and with nothing of an earlier test, neither rows nor dead letters."""
        if not self.services[-1].alive:
            self.serve()
            self.ready()
        with Wire(self.amqp) as wire:
            # What died before these two is there when they are: queues keep their order.
            wire.publish(topology.REQUESTS, LOOK.name, b"last", message_id="last question")
            last = {wire.tell(SPOIL, mark="last command"), "last question"}

            def emptied():
                result = wire.take(topology.queue_name("probe", "dead"))
                last.discard(result and result[0].message_id)
                return not last

            wait_for(emptied)
        execute(self.db, "truncate marks, begun, batches, inbox, outbox")
        return self


@contextlib.contextmanager
def running_probe(folder, broker, postgres, template, *, relay=False):
    """A probe of a module, ready, on a vhost and a database of its own."""
    db = make_database(postgres, f"probe_{secrets.token_hex(4)}", template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        running = RunningProbe(starter, amqp, db)
        running.serve()
        if relay:
            running.relay()
        yield running.ready()
        starter.end()


@pytest.fixture(scope="module")
def shared_probe(tmp_path_factory, broker, postgres, probe_template):
    folder = tmp_path_factory.mktemp("probe")
    with running_probe(folder, broker, postgres, probe_template) as running:
        yield running


@pytest.fixture(scope="module")
def shared_relayed(tmp_path_factory, broker, postgres, probe_template):
    folder = tmp_path_factory.mktemp("told")
    with running_probe(folder, broker, postgres, probe_template, relay=True) as running:
        yield running


@pytest.fixture
def probe(shared_probe):
    """One probe, ready, without a relay, which the test does not hurt."""
    return shared_probe.clear()


@pytest.fixture
def relayed(shared_relayed):
    """One probe with its relay, which the test does not hurt."""
    return shared_relayed.clear()


@pytest.fixture
def probe_parts(start):
    """Makes a RunningProbe on a given broker and database."""
    return lambda amqp, db: RunningProbe(start, amqp, db)
