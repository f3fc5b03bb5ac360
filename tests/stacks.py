"""Mirab running: services, faces and all that a desk needs."""

import contextlib
import functools
import secrets
import shutil
import socket
import typing
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import requests

from deploy.local import antivirus
from deploy.local.ports import free_port, listening
from services.ticketing.accounts import staff
from tests.databases import make_database
from tests.environments import secrets_in
from tests.processes import ROOT, Process, Starter
from tests.stores import execute, own_vhost
from tests.waiting import next_second, wait_for

# Those of a whole session; one ends as soon as a worker's file needs it no more (tests/workers.py).
STACKS = (
    "agency_broker",
    "house",
    "kept_broker",
    "lone_faces",
    "operator",
    "ops_face",
    "public_face",
    "ruled_broker",
    "shared_desk",
    "shared_face",
)


def pytest_stacks():
    return STACKS


def run_inquiry(start, folder, amqp, db, **more):
    """The inquiry service and its relay, consuming; their environment, and they themselves."""
    environ = {"AMQP_URL": amqp, "DB_URL": db, **secrets_in(folder), **more}
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
    next_second()
    return face


@pytest.fixture
def agency_face(start, tmp_path, running_inquiry):
    """An agency face that this test may hurt."""
    return run_face(start, tmp_path, running_inquiry)


@pytest.fixture(scope="session")
def shared_face(tmp_path_factory, broker, postgres, demo_template):
    """One agency face, service and relay for all tests that do them no harm."""
    folder = tmp_path_factory.mktemp("shared")
    db = make_database(postgres, f"shared_{secrets.token_hex(4)}", demo_template)
    starter = Starter(folder)
    with own_vhost(broker) as amqp:
        yield run_face(starter, folder, run_inquiry(starter, folder, amqp, db))
        starter.end()


hashed = functools.cache(staff.hashed)


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
        for name, (role, unit) in self.people.items():
            self.account(name, role, unit)
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
        "sara": ("clerk", "subscribers"),
    }

    def serve(self):
        return self._start("bus", "serve", "services.ticketing", **self.environ)

    def account(self, username, role, unit):
        """Gives somebody an account with the password, as the command `staff put` does, which
        computes a hash for each.
        """
        execute(
            self.db,
            "insert into staff (username, name, role, unit, password_hash) "
            "values (%s, %s, %s, %s, %s)",
            (username, username, role, unit, hashed(self.password)),
        )

    def letters(self, address):
        folder = self.boxes / address
        paths = sorted(folder.glob("*.eml")) if folder.exists() else []
        return [message_from_bytes(path.read_bytes(), policy=default) for path in paths]

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
