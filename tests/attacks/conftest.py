"""A face and an inquiry service before one register of signed copies, and agencies to attack it."""

import base64
import json
import uuid

import pytest
import requests

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from connector import Caller
from deploy.local.ports import free_port
from tests.databases import make_database
from tests.environments import secrets_in
from tests.processes import Starter
from tests.stores import execute, own_vhost
from tests.waiting import next_second
from tests.waiting import wait_for as wait

ASK = "/v1/inquiry/ask"
QUESTION = {"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"}
UNTIL = "2099-01-01"


def grant(contract="inquiry.*", purposes=("fuel_quota",), until=UNTIL, **more):
    return {"contract": contract, "purposes": list(purposes), "until": until, **more}


class Member:
    """An agency with a key of its own, which sends what it likes."""

    def __init__(self, house, code, key):
        self.house, self.code, self.key = house, code, key
        self.caller = Caller(house.url, key, timeout=60)

    def acting_for(self, code):
        return Caller(self.house.url, self.key, timeout=60, on_behalf_of=code)

    def send(self, data=QUESTION, *, path=ASK, headers=(), method="POST", unsigned=(), late=()):
        """The answer to a signed request; ``late`` headers are put on after it was signed."""
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        fields = {"Content-Type": "application/json", **dict(headers)}
        fields |= sign_request(self.key, method, self.house.url + path, fields, raw)
        fields |= {**dict(unsigned), **dict(late)}
        return requests.request(method, self.house.url + path, data=raw, headers=fields, timeout=60)

    def rows(self, columns="outcome"):
        """This agency's rows in the log of inquiries."""
        return execute(
            self.house.db,
            f"select {columns} from inquiry_log where agency = %s order by seq",
            (self.code,),
        )


class House:
    """The running parts, and the register that they read."""

    def __init__(self, start, folder, amqp, db):
        self.db, self.folder = db, folder / "agencies"
        self.folder.mkdir()
        self.key, self._version = SigningKey.new("register-1"), 0
        self.environ = {
            "AMQP_URL": amqp,
            "DB_URL": db,
            **secrets_in(folder),
            "AGENCIES_DIR": str(self.folder),
            "REGISTER_PUBLIC_KEY": self.key.public.base64(),
            "TRUSTED_PROXIES": "127.0.0.1",
        }
        self.service = start("bus", "serve", "services.inquiry", **self.environ)
        self._start = start
        self.begin_relay()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.face = start("gateway.agency", **self.environ, HOST="127.0.0.1", PORT=str(port))
        wait(lambda: "mirab.inquiry.requests" in self.service.log, 60)
        wait(self._lives, 60)
        next_second()

    def begin_relay(self):
        self.relay = self._start("bus", "relay", "services.inquiry", **self.environ)

    def _lives(self):
        assert self.face.alive, self.face.log
        try:
            return requests.get(f"{self.url}/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False

    def put(self, document):
        """Makes a document the newest of its agency, as the register's copies are made."""
        self._version += 1
        parts = (
            {"typ": "mirab-register+jws", "alg": "EdDSA", "kid": self.key.keyid},
            {**document, "version": self._version},
        )
        reply = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
        fresh = self.folder / f"{document['code']}.new"
        fresh.write_text(f"{reply}.{_encoded(self.key.sign(reply.encode()))}")
        fresh.replace(self.folder / f"{document['code']}.jws")

    def remove(self, code):
        (self.folder / f"{code}.jws").unlink()

    def member(self, *grants, code=None, **more):
        """A new agency with these grants, once the face knows it."""
        code = code or f"a-{uuid.uuid4().hex[:10]}"
        key = SigningKey.new(f"{code}-1")
        keys = [{"id": key.keyid, "public_key": key.public.base64(), "until": UNTIL}]
        document = {
            "code": code,
            "name": code,
            "keys": keys,
            "grants": list(grants),
            "limits": {"requests": 10_000, "seconds": 60},
            **more,
        }
        self.put(document)
        result = Member(self, code, key)
        result.document = document
        wait(lambda: result.send(b"x").json()["code"] != "signature.unknown_key")
        return result


def _encoded(reply):
    return base64.urlsafe_b64encode(reply).rstrip(b"=").decode()


def refused(answer, code):
    """Asserts that an answer is the problem of that code."""
    assert answer.json()["code"] == code, answer.text


@pytest.fixture(scope="session")
def house(tmp_path_factory, broker, postgres, demo_template):
    folder = tmp_path_factory.mktemp("attacks")
    db = make_database(postgres, f"attacks_{uuid.uuid4().hex[:8]}", demo_template)
    starter = Starter(folder)
    with own_vhost(broker) as vhost:
        yield House(starter, folder, vhost, db)
        starter.end()
