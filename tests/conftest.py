"""Real parts for all tests: one PostgreSQL, one RabbitMQ, and Mirab's own processes."""

import base64
import contextlib
import functools
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import typing
from collections import Counter
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests
from hypothesis import settings

from deploy.local import antivirus, stores
from deploy.local.ports import free_port, listening

ROOT = Path(__file__).parent.parent

# A busy machine is slow now and then; speed is measured in bench/, never here.
settings.register_profile("mirab", deadline=None)
settings.load_profile("mirab")


def pytest_collection_modifyitems(items):
    """Files of few tests come first: they start processes, and two workers then end together."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (sizes[item.path], str(item.path)))


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


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    server = stores.start_postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """The broker that tests share; one that must be hurt takes ``own_broker``."""
    server = stores.start_rabbitmq(tmp_path_factory.mktemp("rabbitmq"), api_port=free_port())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def agency_broker(tmp_path_factory):
    """The agencies' broker, with its own limits; whoever floods it floods it alone."""
    folder = tmp_path_factory.mktemp("agency-rabbitmq")
    server = stores.start_rabbitmq(folder, api_port=free_port(), for_agencies=True)
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


def as_owner(url):
    """The same database for who owns it: what a test prepares or looks at, no service does."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"postgres@{parts.netloc.rpartition('@')[2]}").geturl()


def execute(url, sql, values=()):
    """Runs one statement as the owner, outside any transaction; its rows, if it has any."""
    return execute_as_role(as_owner(url), sql, values)


def execute_as_role(url, sql, values=()):
    """The same as the role of the URL, which is the service's own."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


# What runs the programs of `programs`, as `python -m` would, one after another.
RUN_EACH = """
import json, runpy, sys
for line in json.loads(sys.argv[1]):
    sys.argv = line
    try:
        runpy.run_module(line[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
"""


def programs(environ, *lines, typed=""):
    """Runs `python -m …` for each line in one process, for their imports cost most of their time.

    ``typed`` is what they read from standard input. The first that fails fails the test.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN_EACH, json.dumps(lines)],
        cwd=ROOT,
        env={**os.environ, **environ},
        input=typed,
        text=True,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr


def told_by(main, *words, **environ):
    """What a program did and said whose ``main`` ran in this process, as subprocess tells it.

    For programs of which many tests ask much; that they start, one test by `python -m` shows.
    """
    said, complained = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environ),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        try:
            code = main(list(map(str, words)))
        except SystemExit as end:  # argparse
            code = end.code
    return subprocess.CompletedProcess(words, code, said.getvalue(), complained.getvalue())


def make_role(server, name):
    """The role of a service, as production has it: no superuser, owner of nothing."""
    execute(
        server.url("postgres"),
        f"do $$ begin if not exists (select from pg_roles where rolname = '{name}') then "
        f"create role {name} login; end if; end $$",
    )


def make_database(server, name, template):
    """URL of a new copy of a template for the role of the service whose database it is."""
    execute(
        server.url("postgres"), f"create database {name} template {template} strategy file_copy"
    )
    service = "inquiry" if template == "demo_template" else template.removesuffix("_template")
    return server.url(name, service)


def make_empty_database(server, part, name):
    """URL of a new, migrated database of ``part`` for the role of its service."""
    service = part.rsplit(".", 1)[1]
    make_role(server, service)
    execute(server.url("postgres"), f"create database {name}")
    programs({"DB_URL": server.url(name)}, ("bus", "migrate", part))
    return server.url(name, service)


def make_template(server, part, *lines):
    """Name of a database that was migrated by its owner and then filled by its service's role
    with the programs of ``lines``.
    """
    name = f"{part.rsplit('.', 1)[1]}_template"
    url = make_empty_database(server, part, name)
    if lines:
        programs({"DB_URL": url}, *lines)
    return name


def officers(module, **roles):
    """The lines that give people their roles."""
    return [(module, "put", name, "--role", role) for name, role in roles.items()]


@pytest.fixture(scope="session")
def inquiry_template(postgres):
    return make_template(postgres, "services.inquiry")


@pytest.fixture(scope="session")
def probe_template(postgres):
    return make_template(postgres, "tests.probe")


@pytest.fixture(scope="session")
def agencies_template(postgres):
    """The agencies database with the register's officers in it."""
    return make_template(
        postgres,
        "services.agencies",
        *officers("services.agencies.officers", karim="clerk", mina="approver", nader="approver"),
    )


@pytest.fixture(scope="session")
def ticketing_template(postgres):
    """The ticketing database with the demo desk's book and calendar in it."""
    return make_template(
        postgres, "services.ticketing", ("services.ticketing.books", "deploy/desk")
    )


@pytest.fixture(scope="session")
def billing_template(postgres):
    """The billing database with the demo treasury's book, tariff and officers in it."""
    return make_template(
        postgres, "services.billing",
        ("services.billing.books", "deploy/billing"),
        *officers("services.billing.officers", karim="clerk", mina="approver", nader="approver"),
        ("services.billing.tariffs", "deploy/billing/tariffs.csv", "--drafted-by", "karim",
         "--approved-by", "nader", "--approved-on", "2025-03-01T00:00:00Z"),
    )  # fmt: skip


@pytest.fixture(scope="session")
def notify_template(postgres):
    """The notify database with the demo's book, our templates and editors in it."""
    return make_template(
        postgres, "services.notify",
        ("services.notify.books", "deploy/notify"),
        *officers("services.notify.editors", karim="editor", mina="approver", nader="approver"),
        ("services.notify.templates", "deploy/notify/templates.toml",
         "--drafted-by", "karim", "--approved-by", "nader"),
    )  # fmt: skip


@pytest.fixture(scope="session")
def demo_template(postgres, inquiry_template):
    """The inquiry database with the demo registry in it."""
    url = make_database(postgres, "demo_template", inquiry_template)
    load = ("services.inquiry.load", "deploy/local/registry", "--report", os.devnull)
    programs({"DB_URL": url}, load)
    return "demo_template"


@pytest.fixture
def new_database(postgres):
    """Makes databases from a template, and drops them after the test."""
    made = []

    def new(template):
        made.append(f"t_{secrets.token_hex(6)}")
        return make_database(postgres, made[-1], template)

    yield new
    for name in made:
        execute(postgres.url("postgres"), f"drop database {name} with (force)")


@pytest.fixture
def inquiry_db(new_database, inquiry_template):
    """URL of a migrated, empty database of the inquiry service."""
    return new_database(inquiry_template)


@pytest.fixture
def demo_db(new_database, demo_template):
    """URL of an inquiry database with the demo registry."""
    return new_database(demo_template)


@pytest.fixture
def ticketing_db(new_database, ticketing_template):
    """URL of a ticketing database without tickets."""
    return new_database(ticketing_template)


@pytest.fixture
def billing_db(new_database, billing_template):
    """URL of a billing database without bills."""
    return new_database(billing_template)


@pytest.fixture
def notify_db(new_database, notify_template):
    """URL of a notify database without messages."""
    return new_database(notify_template)


@pytest.fixture
def agencies_db(new_database, agencies_template):
    """URL of a database of the agencies service, without agencies."""
    return new_database(agencies_template)


@pytest.fixture
def probe_db(new_database, probe_template):
    return new_database(probe_template)


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


class Process:
    """One of Mirab's processes, with its log in a file."""

    def __init__(self, command, environ, log):
        self.log_path = log
        self._log = log.open("ab")
        self.popen = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=self._log, stderr=subprocess.STDOUT
        )

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


# The setting by which a face knows its own address.
ADDRESSES = {"gateway.agency": "AGENCY_BASE_URL", "gateway.notify": "NOTIFY_API_URL"}


def own_address_of(arguments, environ):
    """What tells a face, which does not start without it, that its callers come by its port."""
    name = ADDRESSES.get(arguments[0])
    return {name: f"http://127.0.0.1:{environ['PORT']}"} if name and "PORT" in environ else {}


class Starter:
    """Starts `python -m …` with an environment, and ends all that still run."""

    def __init__(self, folder):
        self._folder, self._started = folder, []

    def __call__(self, *arguments, **environ):
        name = f"{len(self._started)}-{'-'.join(arguments[:3])}.log".replace("/", "_")
        process = Process(
            [sys.executable, "-m", *arguments],
            {
                **os.environ,
                "LOG_LEVEL": "INFO",
                "PYTHONUNBUFFERED": "1",
                **own_address_of(arguments, environ),
                **environ,
            },
            self._folder / name,
        )
        self._started.append(process)
        return process

    def end(self):
        for process in self._started:
            if process.alive:
                process.kill()
            process._log.close()


@pytest.fixture
def start(tmp_path):
    starter = Starter(tmp_path)
    yield starter
    starter.end()


@functools.cache
def signing_key():
    """A private key as `make up` makes it, the same in all houses of a run."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "signing.pem"
        programs({}, ("connector", "keygen", "--out", str(key)))
        return key.read_bytes()


METRICS_TOKEN = "the metrics of tests"


def secrets_in(folder):
    """Keys and secrets as `make up` makes them: the environment variables that name them."""
    key = folder / "signing.pem"
    key.touch(0o600)
    key.write_bytes(signing_key())
    return {
        "INQUIRY_LOG_KEY": base64.b64encode(b"k" * 32).decode(),
        "SIGNING_KEY_FILE": str(key),
        "OPS_KEY_FILE": str(ROOT / "deploy/local/demo_keys/mirab-ops.pem"),
        "IMPORT_DIR": str(folder),
        "TICKETING_KEY": "the pepper of tests",
        "PORTAL_KEY": "the portal of tests",
        "DESK_KEY": "the desk of tests",
        "METRICS_TOKEN": METRICS_TOKEN,
        "BILLING_KEY": "the treasury of tests",
        "NOTIFY_KEY": "the notices of tests",
        "AGENCIES_KEY": "the agencies of tests",
        "REGISTER_KEY_FILE": str(key),
        "NOTIFY_PROVIDERS_FILE": str(ROOT / "deploy/notify/providers.toml"),
        "PSPS_FILE": str(ROOT / "deploy/billing/psps.toml"),
        "PORTAL_URL": "http://127.0.0.1:1",
        "DESK_URL": "http://127.0.0.1:1/desk",
        "BLOBS_DIR": str(folder / "blobs"),
        "OPEN311_KEYS_FILE": str(ROOT / "deploy/open311/keys.toml"),
    }


def run_inquiry(start, folder, amqp, db):
    """The inquiry service and its relay, consuming; their environment, and they themselves."""
    environ = {"AMQP_URL": amqp, "DB_URL": db, **secrets_in(folder)}
    service = start("bus", "serve", "services.inquiry", **environ)
    relay = start("bus", "relay", "services.inquiry", **environ)
    wait_for(lambda: "mirab.inquiry.requests" in service.log)
    return {**environ, "processes": (service, relay)}


@pytest.fixture
def running_inquiry(start, tmp_path, vhost, demo_db):
    """An inquiry service that this test may hurt."""
    return run_inquiry(start, tmp_path, vhost, demo_db)


class AgencyFace(str):
    """The address of a running agency face; ``process`` and ``restart`` are for killing it."""

    process: Process
    register: Path

    def restart(self):
        self.process = self.begin()
        wait_for(self.answers)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", int(self.rsplit(":", 1)[1]))) == 0


def run_face(start, folder, inquiry):
    """A running agency face before a running inquiry service, with a register of its own."""
    face = AgencyFace(f"http://127.0.0.1:{free_port()}")
    face.inquiry, face.register = inquiry, folder / "agencies"
    shutil.copytree(ROOT / "deploy/agencies", face.register)
    environ = {name: value for name, value in inquiry.items() if name != "processes"}
    face.begin = lambda: start(
        "gateway.agency",
        **environ,
        AGENCIES_DIR=str(face.register),
        PORT=face.rsplit(":", 1)[1],
        HOST="127.0.0.1",
    )
    face.restart()
    # A signature of the second in which the face started is not taken.
    time.sleep(1.1)
    return face


@pytest.fixture
def agency_face(start, tmp_path, running_inquiry):
    """An agency face that this test may hurt."""
    return run_face(start, tmp_path, running_inquiry)


@pytest.fixture(scope="session")
def shared_face(tmp_path_factory, broker, postgres, demo_template):
    """One agency face, service and relay for all tests that do them no harm."""
    folder = tmp_path_factory.mktemp("shared")
    db = make_database(postgres, "shared", demo_template)
    starter = Starter(folder)
    yield run_face(starter, folder, run_inquiry(starter, folder, broker.url, db))
    starter.end()


STAFF = "services.ticketing.accounts.staff"


class Desk:
    """All of ticketing, running: portal, desk, letters, scanner; what a test needs to look at it.

    ``ops`` is the address of the desk's own face. ``letters(address)`` are what the organisation's
    mail server took for an address.
    """

    password = "a password of tests"

    def __init__(self, start, folder, amqp, postgres, db):
        self.db, self.amqp, self.folder = db, amqp, folder
        self.portal = f"http://127.0.0.1:{free_port()}"
        self.ops = f"http://127.0.0.1:{free_port()}"
        self.mail_port, self.box_port = free_port(), free_port()
        self.boxes = folder / "boxes"
        self._start, self._clamd = start, contextlib.ExitStack()
        scanner = self._clamd.enter_context(antivirus.running(free_port()))
        self.environ = {
            **secrets_in(folder),
            "AMQP_URL": amqp,
            "DB_URL": db,
            "HOST": "127.0.0.1",
            "CLAMD_ADDRESS": scanner,
            "SMTP_URL": f"smtp://127.0.0.1:{self.box_port}",
            "MAIL_PORT": str(self.mail_port),
            "MAILBOX_DIR": str(self.boxes),
            "MAILBOX_PORT": str(self.box_port),
            "PORTAL_URL": self.portal,
            "DESK_URL": f"{self.ops}/desk",
            "AGENCY_URL": "http://127.0.0.1:1",
        }
        self.begin_letters()
        self.service = self.serve()
        self.public = start("gateway.public", **self.environ, PORT=self.portal.rsplit(":", 1)[1])
        start("gateway.desk", **self.environ, PORT=self.ops.rsplit(":", 1)[1])
        self.accounts()
        for port in (*self.letter_ports, self.portal, self.ops):
            wait_for(lambda p=port: listening(int(str(p).rsplit(":", 1)[-1])), 60)
        wait_for(lambda: requests.get(f"{self.portal}/v1/form", timeout=10).status_code == 200, 30)

    letter_ports = ()

    def begin_letters(self):
        """What carries letters to the desk and from it."""
        self._start("deploy.local.mailbox", **self.environ)
        self.relay = self._start("bus", "relay", "services.ticketing", **self.environ)
        self.mailroom = self.let_letters_in()
        self.letter_ports = (self.mail_port, self.box_port)

    def let_letters_in(self):
        return self._start("services.ticketing.incoming_mail.server", **self.environ)

    people: typing.ClassVar = {
        "karim": ("clerk", "groundwater"),
        "mina": ("unit_head", "groundwater"),
        "nader": ("supervisor", "inspection"),
    }

    def serve(self):
        return self._start("bus", "serve", "services.ticketing", **self.environ)

    def accounts(self):
        """Gives each of ``people`` an account with the password."""
        lines = [
            (STAFF, "put", name, "--name", name, "--role", role, "--unit", unit)
            for name, (role, unit) in self.people.items()
        ]
        programs(self.environ, *lines, typed=f"{self.password}\n" * len(lines))

    def letters(self, address):
        folder = self.boxes / address
        found = sorted(folder.glob("*.eml")) if folder.exists() else []
        return [message_from_bytes(path.read_bytes(), policy=default) for path in found]

    def end(self):
        self._clamd.close()


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory, broker, postgres, ticketing_template):
    """One running desk for all tests that do it no harm."""
    folder = tmp_path_factory.mktemp("desk")
    db = make_database(postgres, f"desk_{secrets.token_hex(4)}", ticketing_template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        desk = Desk(starter, folder, amqp, postgres, db)
        yield desk
        starter.end()
        desk.end()


@pytest.fixture
def own_desk(start, tmp_path, own_broker, new_database, postgres, ticketing_template):
    """A running desk with a broker of its own, that a test may hurt."""
    desk = Desk(start, tmp_path, own_broker.url, postgres, new_database(ticketing_template))
    yield desk
    desk.end()
