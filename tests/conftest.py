"""Real parts for all tests: one PostgreSQL, one RabbitMQ, and Mirab's own processes."""

import base64
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from deploy.local import stores

ROOT = Path(__file__).parent.parent


def wait_for(what, seconds=20.0, pause=0.05):
    """Returns the first true value of ``what()``; fails the test if none comes in time."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain for {getattr(what, '__name__', what)}")
        time.sleep(pause)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    server = stores.start_postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """The broker that tests share; one that must be hurt takes ``own_broker``."""
    server = stores.start_rabbitmq(tmp_path_factory.mktemp("rabbitmq"))
    yield server
    server.stop()


@pytest.fixture
def own_broker(tmp_path):
    server = stores.start_rabbitmq(tmp_path / "rabbitmq")
    yield server
    server.stop()


@pytest.fixture
def own_postgres(tmp_path):
    server = stores.start_postgres(tmp_path / "postgres")
    yield server
    server.stop()


def execute(url, sql, values=()):
    """Runs one statement outside any transaction; its rows, if it has any."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _migrated(server, name, part):
    execute(server.url("postgres"), f"create database {name}")
    environ = {**os.environ, "DB_URL": server.url(name)}
    subprocess.run([sys.executable, "-m", "bus", "migrate", part],
                   cwd=ROOT, env=environ, check=True, capture_output=True)
    return name


@pytest.fixture(scope="session")
def inquiry_template(postgres):
    return _migrated(postgres, "inquiry_template", "services.inquiry")


@pytest.fixture(scope="session")
def probe_template(postgres):
    return _migrated(postgres, "probe_template", "tests.probe")


@pytest.fixture
def new_database(postgres):
    """Makes databases from a template, and drops them after the test."""
    made = []

    def new(template):
        name = f"t_{secrets.token_hex(6)}"
        execute(postgres.url("postgres"), f"create database {name} template {template}")
        made.append(name)
        return postgres.url(name)

    yield new
    for name in made:
        execute(postgres.url("postgres"), f"drop database {name} with (force)")


@pytest.fixture
def inquiry_db(new_database, inquiry_template):
    """URL of a migrated, empty database of the inquiry service."""
    return new_database(inquiry_template)


@pytest.fixture
def probe_db(new_database, probe_template):
    return new_database(probe_template)


@pytest.fixture
def vhost(broker):
    """URL of a vhost of the shared broker that this test has for itself."""
    name = f"t{secrets.token_hex(6)}"
    broker.ctl("add_vhost", name)
    broker.ctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
    yield broker.url.rsplit("/", 1)[0] + "/" + name
    broker.ctl("delete_vhost", name)


class Process:
    """One of Mirab's processes, with its log in a file."""

    def __init__(self, command, environ, log):
        self.log_path = log
        self._log = log.open("ab")
        self.popen = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=self._log,
                                      stderr=subprocess.STDOUT)

    @property
    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    @property
    def alive(self):
        return self.popen.poll() is None

    def stop(self, seconds=20):
        """SIGTERM, and the exit code."""
        self.popen.terminate()
        return self.popen.wait(seconds)

    def kill(self):
        self.popen.kill()
        self.popen.wait(10)


@pytest.fixture
def start(tmp_path):
    """Starts `python -m …` with an environment; ends all that still run after the test."""
    started = []

    def start_one(*arguments, **environ):
        name = f"{len(started)}-{'-'.join(arguments[:3])}.log".replace("/", "_")
        process = Process([sys.executable, "-m", *arguments],
                          {**os.environ, "LOG_LEVEL": "INFO", "PYTHONUNBUFFERED": "1", **environ},
                          tmp_path / name)
        started.append(process)
        return process

    yield start_one
    for process in started:
        if process.alive:
            process.kill()
        process._log.close()


@pytest.fixture
def secrets_of(tmp_path):
    """Keys and secrets as `make up` makes them: the environment variables that name them."""
    key = tmp_path / "signing.pem"
    subprocess.run([sys.executable, "-m", "connector", "keygen", "--out", str(key)],
                   cwd=ROOT, check=True, capture_output=True)
    return {
        "INQUIRY_LOG_KEY": base64.b64encode(b"k" * 32).decode(),
        "SIGNING_KEY_FILE": str(key),
        "OPS_KEY_FILE": str(ROOT / "deploy/local/demo_keys/mirab-ops.pem"),
    }


@pytest.fixture(scope="session")
def demo_template(postgres, inquiry_template):
    """The inquiry database with the demo registry in it."""
    execute(postgres.url("postgres"), f"create database demo_template template {inquiry_template}")
    subprocess.run(
        [sys.executable, "-m", "services.inquiry.load", "deploy/local/registry",
         "--report", os.devnull],
        cwd=ROOT, env={**os.environ, "DB_URL": postgres.url("demo_template")}, check=True,
        capture_output=True)
    return "demo_template"


@pytest.fixture
def demo_db(new_database, demo_template):
    return new_database(demo_template)


@pytest.fixture
def running_inquiry(start, vhost, demo_db, secrets_of):
    """The inquiry service and its relay on the demo registry; the environment of both."""
    environ = {"AMQP_URL": vhost, "DB_URL": demo_db, **secrets_of}
    environ_of = {name: value for name, value in environ.items()}
    service = start("bus", "serve", "services.inquiry", **environ_of)
    relay = start("bus", "relay", "services.inquiry", **environ_of)
    environ_of["processes"] = (service, relay)
    return environ_of


@pytest.fixture
def agency_face(start, running_inquiry, tmp_path):
    """The address of a running agency face before a running inquiry service."""
    agencies = tmp_path / "agencies"
    shutil.copytree(ROOT / "deploy/agencies", agencies)
    port = free_port()
    environ = {name: value for name, value in running_inquiry.items() if name != "processes"}
    start("gateway.agency", **environ, AGENCIES_DIR=str(agencies), PORT=str(port),
          HOST="127.0.0.1")

    def answers():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    wait_for(answers)
    return f"http://127.0.0.1:{port}"
