"""A broker with users, an inquiry service that asks the land registry, and who plays that."""

import json
import os
import shutil
import subprocess
import uuid
from urllib.parse import quote

import pytest
import requests

from bus import topology
from contracts.inquiry.parcels import ASK_PARCEL, READ_PARCEL, SOURCES_OF_PARCEL, TAKE_SOURCES
from members.register import Register
from tests.bus.asking import Wire, ask
from tests.databases import make_database
from tests.environments import secrets_in
from tests.processes import ROOT, Process, Starter, run_module
from tests.stores import execute, forget_agencies, own_vhost
from tests.waiting import wait_for

REGISTRY, HEARS = "land-registry", "inquiry.registry_loaded.v1"
NOTARY = {
    "agency": "notary-office",
    "key": "notary-office-demo",
    "grants": [{"purpose": "land_transfer", "until": "2099-01-01"}],
}
FOUND = {"result": {"file_nos": ["1001/5"]}}


def look(broker, path):
    """What a broker's management API tells; rabbitmqctl would start an Erlang for each look."""
    answer = requests.get(f"{broker.api_url}/api/{path}", timeout=30)
    answer.raise_for_status()
    return answer.json()


def put(broker, path, **reply):
    requests.put(f"{broker.api_url}/api/{path}", json=reply, timeout=30).raise_for_status()


def give(broker, vhost, user, configure=".*", write=".*", read=".*"):
    """Rights that somebody gives by hand."""
    put(broker, f"permissions/{vhost}/{user}", configure=configure, write=write, read=read)


class Rights:
    """A vhost of our broker, the agencies' broker, a register of agencies, and the command that
    brings them together.
    """

    def __init__(self, broker, agency_broker, amqp, folder):
        self.broker, self.agency_broker = broker, agency_broker
        self.amqp, self.folder = amqp, folder
        self.register, self.passwords = folder / "register", folder / "passwords"
        self.own_passwords = folder / "own-passwords"
        shutil.copytree(ROOT / "deploy/agencies", self.register)
        self.in_line = False

    @property
    def vhost(self):
        return self.amqp.rsplit("/", 1)[1]

    def serves(self, code, *contracts, hears=(), queue=False):
        """Writes what an agency serves, and what it hears, into its file."""
        text = f'code = "{code}"\nname = "{code}"\n[amqp]\nserves = {json.dumps(contracts)}\n'
        text += f"[events]\nhears = {json.dumps(hears)}\nqueue = {json.dumps(queue)}\n"
        (self.register / f"{code}.toml").write_text(text, encoding="utf-8")
        self.in_line = False

    @property
    def settings(self):
        """What the commands of the brokers read of the environment."""
        return {
            "BROKER_API_URL": self.broker.api_url,
            "AGENCY_BROKER_API_URL": self.agency_broker.api_url,
            "BROKER_PASSWORDS_DIR": str(self.own_passwords),
            "AMQP_URL": self.amqp,
            "AGENCIES_DIR": str(self.register),
            "AGENCY_PASSWORDS_DIR": str(self.passwords),
        }

    def apply(self, *options, **environ):
        """Runs the command; its result."""
        return run_module("deploy.broker.apply", *options, **{**self.settings, **environ})

    def applied(self):
        done = self.apply()
        assert done.returncode == 0, done.stderr
        self.in_line = True
        return self

    def password(self, code=REGISTRY):
        return (self.passwords / code).read_text(encoding="utf-8").strip()

    def url(self, code=REGISTRY):
        """The address by which an agency reaches its broker."""
        user = f"{topology.agency_user(code)}:{quote(self.password(code), safe='')}"
        return f"amqp://{user}@{self.agency_address(code)}"

    def agency_address(self, code=REGISTRY):
        return f"127.0.0.1:{self.agency_broker.port}/{topology.agency_vhost(code)}"

    def inside_agency(self, code=REGISTRY):
        """The agency's vhost, with all rights."""
        return f"amqp://guest:guest@{self.agency_address(code)}"

    def waiting(self, queue, code=REGISTRY):
        """How many messages wait in a queue of the agency's vhost, and in ours of that name."""
        count = 0
        for url in (self.inside_agency(code), self.amqp):
            with Wire(url) as wire:
                count += wire.count(queue)
        return count

    def purge(self, queue, code=REGISTRY):
        """Empties a queue here and there, and what a shovel has in hand too."""

        def empty():
            for url in (self.amqp, self.inside_agency(code)):
                with Wire(url) as wire:
                    wire.channel.queue_purge(queue)
            return self.waiting(queue, code) == 0

        for _ in range(2):
            wait_for(empty, 30)


class World(Rights):
    """The same with a running inquiry service, its relay, and a land registry to play."""

    def __init__(self, start, brokers, amqp, folder, db):
        super().__init__(*brokers, amqp, folder)
        self.applied()
        self._start, self.db = start, db
        self.environ = {"AMQP_URL": amqp, "DB_URL": db, **secrets_in(folder)}
        self.service = self.serve()
        self.relay = start("bus", "relay", "services.inquiry", **self.environ)
        self.parcels = folder / "parcels.csv"
        self.parcels.write_text("parcel_no,file_no\n990/17,1001/5\n990/18,\n", encoding="utf-8")

    def serve(self):
        service = self._start(
            "bus", "serve", "services.inquiry", **self.environ, AGENCIES_DIR=str(self.register)
        )
        for kind in ("requests", "answers"):
            wait_for(lambda k=kind: topology.queue_name("inquiry", k) in service.log, 60)
        return service

    # --- the notary ---

    def ask(self, parcel_no="990/17", caller=NOTARY, **more):
        fields = {"parcel_no": parcel_no, "purpose": "land_transfer", **more}
        return ask(self.amqp, ASK_PARCEL, id=str(uuid.uuid4()), caller=caller, **fields)

    def read(self, code, caller=NOTARY):
        return ask(self.amqp, READ_PARCEL, caller=caller, code=code)

    def settled(self, code):
        """What the notary reads when the question is not open any more."""
        wait_for(lambda: self.read(code)["state"] != "AWAITING", 60, 0.2)
        return self.read(code)

    def question_of(self, code):
        """The id of the message that the land registry got."""
        return execute(self.db, "select question from parcel_questions where code = %s", (code,))[
            0
        ][0]

    # --- the land registry ---

    def provide(self, **environ):
        """The worked example in Python, serving."""
        process = self._start(
            "connector.example.land_registry",
            **{
                "AMQP_URL": f"amqp://{self.agency_address()}",
                "AMQP_PASSWORD_FILE": str(self.passwords / REGISTRY),
                "PARCELS_FILE": str(self.parcels),
                **environ,
            },
        )
        wait_for(lambda: "serving land_registry" in process.log, 60)
        return process

    def provide_in_node(self, amqplib):
        """The worked example in Node, serving; it finds amqplib in the folder where it runs."""
        fields = {"AMQP_URL": self.url(), "PARCELS_FILE": str(self.parcels)}
        process = Process(
            [
                "sh",
                "-c",
                'cd "$0" && exec node "$1"',
                str(amqplib),
                str(ROOT / "connector/example/land_registry.mjs"),
            ],
            {**os.environ, **fields},
            self.folder / f"node-{uuid.uuid4()}.log",
        )
        wait_for(lambda: "serving land_registry" in process.log, 60)
        return process

    def take_question(self, code=REGISTRY):
        """One question from the agency's queue, as the agency itself would take it."""
        with Wire(self.url(code)) as wire:
            return wait_for(lambda: wire.take(f"agency.{code}.commands"), 60)

    def tell(self, question, body=FOUND, code=REGISTRY, **properties):
        """An answer as a plain AMQP client of the agency would send it."""
        reply = {
            "content_type": "application/json",
            "user_id": topology.agency_user(code),
            "message_id": str(uuid.uuid4()),
            "correlation_id": question,
            "delivery_mode": 2,
        } | properties
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = {name: value for name, value in reply.items() if value is not None}
        with Wire(self.url(code)) as wire:
            wire.publish(topology.agency_ingress(code), TAKE_SOURCES.name, raw, **reply)

    def refusals(self):
        """How often answers were refused, by sender and reason."""
        rows = execute(self.db, "select served_by, reason, times from refused_answers")
        return {(served_by, reason): times for served_by, reason, times in rows}

    def wait_refused(self, reason, code=REGISTRY, times=1):
        wait_for(lambda: self.refusals().get((code, reason)) == times, 60)

    def clear(self):
        """Nothing waits, nothing was refused, and the land registry serves."""
        execute(self.db, "truncate parcel_questions, refused_answers")
        if not self.in_line or Register(self.register).server(SOURCES_OF_PARCEL.name) != REGISTRY:
            (self.register / "other-registry.toml").unlink(missing_ok=True)
            self.serves(REGISTRY, SOURCES_OF_PARCEL.name, hears=[HEARS], queue=True)
            self.applied()
        self.purge(topology.agency_queue(REGISTRY).name)
        return self


@pytest.fixture
def rights(ruled_broker, agency_broker, tmp_path):
    """An empty vhost, and a register where the land registry serves; its user is not there yet."""
    forget_agencies(ruled_broker, agency_broker)
    with own_vhost(ruled_broker) as amqp:
        yield Rights(ruled_broker, agency_broker, amqp, tmp_path)


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory, ruled_broker, agency_broker, postgres, demo_template):
    folder = tmp_path_factory.mktemp("world")
    db = make_database(postgres, f"w_{uuid.uuid4().hex[:12]}", demo_template)
    starter = Starter(folder)
    forget_agencies(ruled_broker, agency_broker)
    with own_vhost(ruled_broker) as amqp:
        yield World(starter, (ruled_broker, agency_broker), amqp, folder, db)
        starter.end()


@pytest.fixture
def world(shared_world):
    """The running world, with nothing of another test in it."""
    return shared_world.clear()


@pytest.fixture(scope="session")
def amqplib(tmp_path_factory):
    """A folder in which npm has installed amqplib, and nothing of ours."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm and node are not installed")
    folder = tmp_path_factory.mktemp("amqplib")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "amqplib@0.10.9"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder
