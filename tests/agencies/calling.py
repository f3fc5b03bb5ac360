"""Calls that are answered later, with real processes: agency faces, inquiry, agencies."""

import contextlib
import json
import secrets
import signal

from connector.caller import load_key
from deploy.local.ports import free_port
from tests.databases import make_database
from tests.gateway.conftest import GOOD, Sender, environ_of
from tests.processes import ROOT, Starter
from tests.stacks import AgencyFace, run_face, run_inquiry
from tests.stores import execute, own_vhost
from tests.waiting import next_second, wait_for

LATER = {"Prefer": "respond-async"}
ASK = "/v1/inquiry/ask"
SETTLED = ("DONE", "REFUSED", "FAILED", "CANCELLED")


class Calling:
    """All parts that run; one that is paused takes nothing and keeps its connections."""

    def __init__(self, start, folder, amqp, inquiry_db, agencies_db):
        self._start, self.db, self.agencies_db = start, inquiry_db, agencies_db
        inquiry = run_inquiry(start, folder, amqp, inquiry_db)
        self.environ = environ_of(inquiry)
        self.inquiry = inquiry["processes"][0]
        self.agencies = self.serve("agencies")
        self.face = run_face(start, folder, inquiry)
        self.other = None
        self.sender = Sender(str(self.face), inquiry_db)
        self.before = 0

    def begin_anew(self):
        """Brings all parts back that a test has hurt, and forgets its calls."""
        for part in (self.inquiry, self.agencies, self.face.process):
            if part.alive:
                go_on(part)
        self.inquiry = self.inquiry if self.inquiry.alive else self.serve("inquiry")
        self.agencies = self.agencies if self.agencies.alive else self.serve("agencies")
        if not self.face.process.alive:
            self.restart_face()
        if self.other:
            self.other.process.kill()
            self.other = None
        execute(self.agencies_db, "truncate calls")
        self.before = execute(self.db, "select coalesce(max(seq), 0) from inquiry_log")[0][0]

    def restart_face(self):
        self.face.restart()
        next_second()

    def serve(self, name):
        """A service that has begun to take requests."""
        environ = {**self.environ, "DB_URL": self.db if name == "inquiry" else self.agencies_db}
        service = self._start("bus", "serve", f"services.{name}", **environ)
        wait_for(lambda: f"mirab.{name}.requests" in service.log, 60)
        return service

    def another_face(self):
        face = AgencyFace(f"http://127.0.0.1:{free_port()}")
        face.begin = lambda: self._start(
            "gateway.agency",
            **self.environ,
            AGENCIES_DIR=str(self.face.register),
            PORT=face.rsplit(":", 1)[1],
            HOST="127.0.0.1",
        )
        face.restart()
        self.other = face
        return face

    # --- asking ---

    def sender_of(self, agency):
        """Sends as another agency of the sandbox."""
        made = Sender(str(self.face), self.db)
        key = ROOT / f"deploy/local/demo_keys/{agency}.pem"
        made.key = load_key(key, f"{agency}-demo")
        return made

    def ask(self, data=GOOD, *, path=ASK, key=None, headers=(), sender=None):
        """A POST; ``key`` is its Idempotency-Key."""
        reply = dict(headers) | ({"Idempotency-Key": f'"{key}"'} if key else {})
        return (sender or self.sender).send(data, path=path, headers=reply)

    def later(self, data=GOOD, **options):
        """The Location of a call that was kept."""
        answer = self.ask(data, **{**options, "headers": LATER | dict(options.get("headers", ()))})
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    def read(self, location, method="GET", sender=None):
        return (sender or self.sender).send(path=location, method=method, body=b"")

    def settled(self, location, seconds=60, sender=None):
        """The call once it has ended."""

        def ended():
            reply = self.read(location, sender=sender).json()
            return reply.get("state") in SETTLED and reply

        return wait_for(ended, seconds, 0.1)

    # --- looking ---

    def codes(self):
        """The tracking codes of what was asked since ``begin_anew``, as the log has them."""
        result = execute(
            self.db, "select tracking_code from inquiry_log where seq > %s", (self.before,)
        )
        return [code for (code,) in result]

    def question_count(self):
        """How many questions were answered or refused since ``begin_anew``."""
        return len(self.codes())

    def states(self):
        return [state for (state,) in execute(self.agencies_db, "select state from calls")]

    def begun(self):
        """Waits until a call was claimed."""
        wait_for(lambda: "RUNNING" in self.states(), 30)


def pause(process):
    process.popen.send_signal(signal.SIGSTOP)


def go_on(process):
    process.popen.send_signal(signal.SIGCONT)


def result_of(answer):
    """The bytes of the result, which stands last but one in a call."""
    return json.dumps(answer.json()["result"], ensure_ascii=False, separators=(",", ":")).encode()


def change(face, old, new, agency="fuel-co"):
    path = face.register / f"{agency}.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@contextlib.contextmanager
def calling_parts(folder, broker, postgres, *templates):
    """All parts, with a vhost and databases of their own, made from templates of inquiry's and
    agencies'.
    """
    urls, starter = [], Starter(folder)
    for template in templates:
        urls.append(make_database(postgres, f"c_{secrets.token_hex(6)}", template))
    with own_vhost(broker) as amqp:
        yield Calling(starter, folder, amqp, *urls)
        starter.end()
