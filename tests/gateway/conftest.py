"""Hands for sending what no decent client sends."""

import json
import secrets

import pytest
import requests

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from connector.caller import load_key
from deploy.local.ports import free_port
from services.ticketing.accounts import ops_tokens
from tests.databases import make_database
from tests.environments import METRICS_TOKEN, secrets_in
from tests.processes import ROOT, Starter, run_main
from tests.stacks import run_face
from tests.stores import execute
from tests.waiting import wait_for

NOWHERE = "amqp://guest:guest@127.0.0.1:1/"
FACES = ("public", "agency", "ops", "notify", "desk")
GOOD = {"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"}


class Sender:
    """Sends requests of agency fuel-co that are right but for what a test changes."""

    def __init__(self, url, db):
        self.url, self.db = url, db
        self.key = load_key(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")

    def send(
        self,
        data=GOOD,
        *,
        path="/v1/inquiry/ask",
        body=None,
        key=None,
        signed_body=None,
        headers=(),
        life=120,
        now=None,
        nonce=None,
        drop=(),
        method="POST",
    ):
        raw = body if body is not None else json.dumps(data).encode()
        fields = {"Content-Type": "application/json", **dict(headers)}
        fields |= sign_request(
            key or self.key,
            method,
            self.url + path,
            fields,
            signed_body if signed_body is not None else raw,
            now=now,
            life=life,
            nonce=nonce,
        )
        for name in drop:
            fields.pop(name)
        return requests.request(method, self.url + path, data=raw, headers=fields, timeout=20)

    def rows(self):
        """The rows of the log that this test caused."""
        return execute(
            self.db, "select outcome from inquiry_log where seq > %s order by seq", (self.before,)
        )

    def questions(self):
        """How many questions of this test reached the service."""
        return len(self.rows())


def sender_to(face):
    result = Sender(str(face), face.inquiry["DB_URL"])
    result.face, result.before = face, 0
    result.before = execute(result.db, "select seq from inquiry_log_head")[0][0]
    return result


@pytest.fixture
def sender(shared_face):
    """Sends to a face that all share."""
    return sender_to(shared_face)


@pytest.fixture
def own_sender(start, tmp_path, shared_face):
    """Sends to a face that the test may hurt, with a register of its own; the inquiry service
    behind it is the one that all share.
    """
    return sender_to(run_face(start, tmp_path, shared_face.inquiry))


@pytest.fixture
def lone_sender(agency_face):
    """Sends to a face that the test may hurt, and so it may the service and the relay."""
    return sender_to(agency_face)


@pytest.fixture
def stranger():
    return SigningKey.new("nobody-2026")


def begin(start, face, **environ):
    """The address of another face, once it lives."""
    port = free_port()
    process = start(f"gateway.{face}", **{**environ, "HOST": "127.0.0.1", "PORT": str(port)})
    url = f"http://127.0.0.1:{port}"

    def lives():
        assert process.alive, process.log
        try:
            return requests.get(f"{url}/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False

    wait_for(lives)
    return url


TOKENS = "services.ticketing.accounts.ops_tokens"
OPERATORS = "services.ticketing.accounts.operators"


def reads(url, **more):
    """GET as a machine that may read the ops face."""
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}", **more.pop("headers", {})}
    return requests.get(url, headers=headers, timeout=more.pop("timeout", 20), **more)


class Operator:
    """A machine with a token: `post` acts, `get` looks."""

    def __init__(self, environ, name, role):
        self.environ, self.name = environ, name
        made = run_main(ops_tokens.main, "make", name, "--role", role, **environ)
        assert made.returncode == 0, made.stderr
        self.headers = {"Authorization": f"Bearer {made.stdout.strip()}"}

    def post(self, url, **more):
        return requests.post(url, headers=self.headers, timeout=20, **more)

    def get(self, url, **more):
        return requests.get(url, headers=self.headers, timeout=20, **more)


def run_accounts(start, folder, amqp, db):
    """The ticketing service, which knows who operates; its environment."""
    environ = {"AMQP_URL": amqp, "DB_URL": db, **secrets_in(folder)}
    service = start("bus", "serve", "services.ticketing", **environ)
    wait_for(lambda: "mirab.ticketing.requests" in service.log, 60)
    return environ


@pytest.fixture(scope="session")
def operator(shared_face, postgres, ticketing_template, tmp_path_factory):
    """A machine that may act at the ops faces before the shared parts."""
    folder = tmp_path_factory.mktemp("accounts")
    starter = Starter(folder)
    db = make_database(postgres, f"accounts_{secrets.token_hex(4)}", ticketing_template)
    environ = run_accounts(starter, folder, shared_face.inquiry["AMQP_URL"], db)
    yield Operator(environ, "ci", "operator")
    starter.end()


@pytest.fixture
def own_operator(start, agency_face, tmp_path, new_database, ticketing_template):
    """The same at parts that the test may hurt."""
    folder = tmp_path / "accounts"
    folder.mkdir()
    db = new_database(ticketing_template)
    environ = run_accounts(start, folder, agency_face.inquiry["AMQP_URL"], db)
    return Operator(environ, "ci", "operator")


def environ_of(inquiry):
    return {name: value for name, value in inquiry.items() if name != "processes"}


def lone_environ(folder):
    """The settings of faces without a broker."""
    return {
        "AMQP_URL": NOWHERE,
        "AGENCIES_DIR": str(ROOT / "deploy/agencies"),
        "AGENCY_URL": "http://127.0.0.1:1",
        **secrets_in(folder),
        "PORTAL_URL": "https://water.example",
        "DESK_URL": "https://desk.example/desk",
        "ALLOWED_HOSTS": "Prom.Internal. 10.0.0.0/8",
    }


@pytest.fixture(scope="session")
def lone_faces(tmp_path_factory):
    """All faces, without a broker behind them: what is refused here needs none."""
    folder = tmp_path_factory.mktemp("lone")
    starter = Starter(folder)
    environ = lone_environ(folder)
    yield {face: begin(starter, face, **environ) for face in FACES}
    starter.end()


@pytest.fixture(scope="session")
def public_face(shared_face, tmp_path_factory):
    starter = Starter(tmp_path_factory.mktemp("public"))
    yield begin(starter, "public", **environ_of(shared_face.inquiry))
    starter.end()


@pytest.fixture(scope="session")
def ops_face(shared_face, tmp_path_factory):
    starter = Starter(tmp_path_factory.mktemp("ops"))
    environ = environ_of(shared_face.inquiry)
    yield begin(starter, "ops", **environ, AGENCY_URL=str(shared_face))
    starter.end()


@pytest.fixture(scope="module")
def karim(house):
    """An officer who begins, at the module's house of officers (tests/gateway/desk/seats.py)."""
    return house.sit("karim")


@pytest.fixture(scope="module")
def mina(house):
    """An officer who approves."""
    return house.sit("mina")


@pytest.fixture(scope="module")
def nader(house):
    """Another officer who approves."""
    return house.sit("nader")
