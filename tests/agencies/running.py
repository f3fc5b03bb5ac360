"""The agency face kept in line by the running register: both, their relay, and inquiry behind."""

import http.client
import json
from urllib.parse import urlsplit

import requests

from bus.errors import BusError
from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from connector.caller import load_key
from contracts.agencies import desk
from deploy.local.ports import free_port
from tests.agencies.receipts.logs import ORIGIN
from tests.bus.asking import ask_all
from tests.environments import secrets_in
from tests.processes import ROOT, run_programs
from tests.waiting import wait_for

QUESTION = {"key_kind": "national_id", "key": "9905251782", "purpose": "fuel_quota"}


class House:
    """``face`` is the address of the agency face; ``folder`` where it keeps the copies."""

    def __init__(self, start, folder, amqp, dbs, **environ):
        self.start, self.amqp, self.db = start, amqp, dbs["agencies"]
        self.inquiry_db, self.folder = dbs["inquiry"], folder / "copies"
        self.folder.mkdir()
        reply = secrets_in(folder)
        key = SigningKey.load(reply["REGISTER_KEY_FILE"], "register")
        self.environ = {
            **reply,
            # As everywhere in production, each call is in the log of receipts.
            "RECEIPTS_ORIGIN": ORIGIN,
            "RECEIPTS_KEY_FILE": reply["SIGNING_KEY_FILE"],
            "MARKS_DIR": str(folder / "marks"),
            **environ,
            "AMQP_URL": amqp,
            "DB_URL": self.db,
            "HOST": "127.0.0.1",
            "AGENCIES_DIR": str(self.folder),
            "REGISTER_PUBLIC_KEY": key.public.base64(),
        }
        self.inquiry = self.serve("inquiry", self.inquiry_db)
        self.run("importing", "deploy/agencies", "--drafted-by", "karim", "--approved-by", "nader")
        self.service, self.relay = self.serve("agencies", self.db)
        self.faces = []
        self.face = self.open()

    def serve(self, part, db):
        """A running service and its relay."""
        environ = {**self.environ, "DB_URL": db}
        service = self.start("bus", "serve", f"services.{part}", **environ)
        relay = self.start("bus", "relay", f"services.{part}", **environ)
        wait_for(lambda: f"mirab.{part}.requests" in service.log, 60)
        return service, relay

    def open(self, **environ):
        """One more process of the agency face, once it has copies; its address."""
        port = free_port()
        process = self.start("gateway.agency", **{**self.environ, **environ, "PORT": str(port)})
        self.faces.append(process)
        wait_for(lambda: "copies_updated" in process.log, 60)
        return f"http://127.0.0.1:{port}"

    def run(self, module, *words):
        run_programs(self.environ, (f"services.agencies.{module}", *words))

    def ask(self, contract, *, as_="karim", **data):
        request = [(contract, None, contract.load_data(data))]
        answer = ask_all(self.amqp, request, caller={"staff": as_})[0]
        assert not isinstance(answer, BusError), answer
        return answer

    def revoke(self, code, kind, id_=""):
        """Takes a right back, and waits until every face was told; the version."""
        reply = self.ask(desk.REVOKE, code=code, what=kind, id=id_, reason="it leaked")
        self.wait_told(reply["version"])
        return reply["version"]

    def put_back(self, code, change):
        """Changes the document of an agency by two officers."""
        now = self.ask(desk.READ, code=code)
        reply = {"document": change(now["document"]), "base_version": now["version"]}
        change = self.ask(desk.PROPOSE, reason="put back", **reply)
        self.ask(desk.APPROVE, as_="nader", id=change["id"])
        self.wait_told(self.ask(desk.READ, code=code)["version"])

    def wait_told(self, version):
        """Waits until each face has taken that version: from then on it must bite."""
        for face in self.faces:
            wait_for(lambda log=face: newest_taken(log.log) >= version, 30)


def newest_taken(log):
    """The version of the register that a face has taken last, by its log."""
    lines = map(json.loads, (line for line in log.splitlines() if "copies_updated" in line))
    return max((line["version"] for line in lines), default=0)


def demo_key(code):
    """The key of a demo agency."""
    return load_key(ROOT / f"deploy/local/demo_keys/{code}.pem", f"{code}-demo")


def signed(url, key, path, data, headers=()):
    """Body and headers of a signed request."""
    body = json.dumps(data).encode()
    reply = {"Content-Type": "application/json", **dict(headers)}
    return body, reply | sign_request(key, "POST", url + path, reply, body)


def post(url, key, data=QUESTION, path="/v1/inquiry/ask", headers=()):
    body, headers = signed(url, key, path, data, headers)
    return requests.post(url + path, data=body, headers=headers, timeout=20)


class Line:
    """One connection that is kept open, as a busy agency does."""

    def __init__(self, url):
        self.url = url
        self._line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)

    def post(self, key, data=QUESTION, path="/v1/inquiry/ask"):
        """Status and code of the answer, on the same connection as the one before."""
        before = self._line.sock
        body, headers = signed(self.url, key, path, data)
        self._line.request("POST", path, body, headers)
        answer = self._line.getresponse()
        reply = json.loads(answer.read())
        assert before is None or self._line.sock is before, "it was another connection"
        return answer.status, reply.get("code", "")

    def close(self):
        self._line.close()
