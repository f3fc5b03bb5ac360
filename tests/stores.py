"""PostgreSQL and RabbitMQ: those that all tests share, and those that a test may hurt."""

import contextlib
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests

from deploy.certificates import certificate
from deploy.local import stores
from deploy.local.ports import free_port
from tests import workers

_shared: dict[str, Future] = {}  # the servers of all workers
_folders = contextlib.ExitStack()


def pytest_collection(session):
    """While tests are collected, the servers of all workers start."""
    if workers.wanted(session.config):
        pool, folder = ThreadPoolExecutor(2), tempfile.TemporaryDirectory(prefix="mirab-")
        home = Path(_folders.enter_context(folder))
        for name, begin in SERVERS.items():
            _shared[name] = pool.submit(begin, home / name)
        pool.shutdown(wait=False)


def pytest_workers_begin():
    for server in _shared.values():
        server.result()


def pytest_sessionfinish():
    while _shared:
        end(_shared.popitem()[1].result())
    _folders.close()


def end(server):
    """At once: nobody needs its data any more."""
    server.kill()
    if isinstance(server, stores.RabbitMQ):
        server.end_epmd()


def shared(name, factory):
    """A server that all tests share, those of other workers too; without workers its own."""
    if name in _shared:
        yield _shared[name].result()
        return
    server = SERVERS[name](factory.mktemp(name))
    yield server
    end(server)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The PostgreSQL that all tests share; one that must be hurt takes ``own_postgres``."""
    yield from shared("postgres", tmp_path_factory)


def tls_settings(folder, port):
    """Lines of RabbitMQ's configuration, with a certificate for localhost in the folder."""
    ca = certificate("broker ca", ca=True)
    ca.write(folder / "ca")
    certificate("localhost", ca).write(folder / "server")
    return f"""
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {folder}/server.crt
ssl_options.keyfile = {folder}/server.key
"""


def start_broker(folder):
    """A RabbitMQ that takes connections by TLS too, at ``tls_port``, with a certificate of the
    authority ``ca_file``.
    """
    folder.mkdir(exist_ok=True)
    tls_port = free_port()
    made = tls_settings(folder, tls_port)
    server = stores.start_rabbitmq(folder / "node", api_port=free_port(), more=made)
    server.tls_port, server.ca_file = tls_port, folder / "ca.crt"
    return server


SERVERS = {"postgres": stores.start_postgres, "rabbitmq": start_broker}


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """The RabbitMQ that all tests share; one that must be hurt takes ``own_broker``, and who makes
    users or looks at what others left there ``ruled_broker``.
    """
    yield from shared("rabbitmq", tmp_path_factory)


@pytest.fixture(scope="session")
def ruled_broker(tmp_path_factory):
    """Our broker, whose users and their rights belong to the tests of one worker."""
    server = stores.start_rabbitmq(tmp_path_factory.mktemp("rabbitmq"), api_port=free_port())
    yield server
    end(server)


@pytest.fixture(scope="session")
def agency_broker(tmp_path_factory):
    """The agencies' broker, with its own limits; whoever floods it floods it alone."""
    folder = tmp_path_factory.mktemp("agency-rabbitmq")
    server = stores.start_rabbitmq(folder, api_port=free_port(), for_agencies=True)
    yield server
    end(server)


@pytest.fixture(scope="session")
def kept_broker(tmp_path_factory):
    """A RabbitMQ that tests of one worker hurt, one after another (``as_new``)."""
    server = stores.start_rabbitmq(tmp_path_factory.mktemp("kept-rabbitmq"))
    yield server
    end(server)


BLOCKING, PLENTY = 1, 1_000_000_000  # of memory
AS_NEW = f"""
    ok = vm_memory_monitor:set_vm_memory_high_watermark({{absolute, {PLENTY}}}),
    rabbit_vhost:delete(<<"/">>, <<"tests">>), rabbit_vhost:add(<<"/">>, <<"tests">>),
    Everything = <<".*">>,
    ok = rabbit_auth_backend_internal:set_permissions(
        <<"guest">>, <<"/">>, Everything, Everything, Everything, <<"tests">>)
"""


def as_new(server):
    """The kept broker, running, with nothing of an earlier test: a start costs as much processor
    time as a dozen tests.
    """
    if server._process.poll() is None:
        tell_node(server, AS_NEW)
    else:
        shutil.rmtree(server.home / "mnesia", ignore_errors=True)
        server.start()
    return server


@pytest.fixture
def own_broker(kept_broker):
    """A broker with nothing in it, that a test may stop, kill, block and rob of its data."""
    return as_new(kept_broker)


def tell_node(server, expression):
    """Has a node of RabbitMQ do what rabbitmqctl would, which starts another Erlang for it."""
    cookie = (server.home / ".erlang.cookie").read_text(encoding="utf-8")
    address = f"127.0.0.1:{server.dist_port}"
    done = subprocess.run(
        ["erl_call", "-address", address, "-c", cookie, "-e"],
        input=f"{expression}.\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("{ok, "), (done.stdout, done.stderr)


def memory_limit(server, size):
    """Sets how many bytes of memory a node may use; one that uses more blocks who publishes."""
    limit = f"{{absolute, {size}}}"
    tell_node(server, f"ok = vm_memory_monitor:set_vm_memory_high_watermark({limit})")


@pytest.fixture
def own_postgres(tmp_path):
    server = stores.start_postgres(tmp_path / "postgres")
    yield server
    server.kill()


def as_owner(url):
    """The same database for who owns it: what a test prepares or looks at, no service does."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"postgres@{parts.netloc.rpartition('@')[2]}").geturl()


def execute(url, sql, values=()):
    """Runs one statement as the owner, outside any transaction; its rows, if it has any."""
    return execute_as_role(as_owner(url), sql, values)


def told_to_proposers(url):
    """What a service told those whose proposals were decided, in its order."""
    rows = execute(
        url,
        "select convert_from(body, 'UTF8')::json from outbox "
        "where name = 'ticketing.tell_proposer.v1' order by seq",
    )
    outcomes = ((row["proposer"], row["matter"], row["accepted"], row["why"]) for (row,) in rows)
    return list(outcomes)


# Reads, and asks nothing of the server or of its own session.
LOOK = re.compile(r"\s*select\b(?!.*\bpg_)", re.DOTALL | re.IGNORECASE)


class Kept(threading.local):
    """A connection that a thread keeps, as long as it is for the same database: it costs more than
    what most statements do.
    """

    url = connection = None

    def at(self, url):
        if self.url != url:
            self.end()
            self.url, self.connection = url, connected(url)
        return self.connection

    def end(self):
        if self.connection is not None:
            self.connection.close()
        self.url = self.connection = None


_looking = Kept()  # as long as the thread does nothing else: who waits looks again and again
_ruling = Kept()


def connected(url):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection


def rows_of(connection, sql, values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def by(kept, url, sql, values=()):
    """Rows by the connection that is there; by another one if it was ended since its last use."""
    is_open, connection = kept.url == url, kept.at(url)
    try:
        return rows_of(connection, sql, values)
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        if not connection.closed:
            raise
        kept.end()
        if not is_open:
            raise
    return rows_of(kept.at(url), sql, values)


def rule(server, statement):
    """Makes or drops a database of a server, which most tests begin and end with."""
    _looking.end()
    by(_ruling, server.url("postgres"), statement)


def execute_as_role(url, sql, values=()):
    """The same as the role of the URL, which is the service's own."""
    if LOOK.match(sql):
        return by(_looking, url, sql, values)
    _looking.end()
    with contextlib.closing(connected(url)) as connection:
        return rows_of(connection, sql, values)


RIGHTS = ("configure", "write", "read")


@contextlib.contextmanager
def own_vhost(broker):
    """URL of a vhost of a broker that nobody else has; it is gone afterwards."""
    name = f"t{secrets.token_hex(6)}"
    # Not by rabbitmqctl: that starts an Erlang each time.
    vhost, everything = f"{broker.api_url}/api/vhosts/{name}", dict.fromkeys(RIGHTS, ".*")
    guests = f"{broker.api_url}/api/permissions/{name}/guest"
    requests.put(vhost, json={}, timeout=30).raise_for_status()
    requests.put(guests, json=everything, timeout=30).raise_for_status()
    yield broker.url.rsplit("/", 1)[0] + "/" + name
    requests.delete(vhost, timeout=30).raise_for_status()


def forget_agencies(*brokers):
    """Users belong to a whole broker, and an agency's vhost is named like it: none is left."""
    for broker in brokers:
        for kind in ("users", "vhosts"):
            address = f"{broker.api_url}/api/{kind}"
            for row in requests.get(address, timeout=30).json():
                if row["name"].startswith("agency."):
                    requests.delete(f"{address}/{row['name']}", timeout=30).raise_for_status()


@pytest.fixture
def vhost(broker):
    """URL of a vhost of the shared broker that this test has for itself."""
    with own_vhost(broker) as url:
        yield url
