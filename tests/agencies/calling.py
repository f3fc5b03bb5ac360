"""Calls that are answered later, with real processes: agency faces, inquiry, agencies."""

import json
import shutil
import signal

from deploy.local.ports import free_port
from tests.conftest import AgencyFace, execute, run_face, run_inquiry, wait_for
from tests.gateway.conftest import GOOD, Sender, environ_of

LATER = {"Prefer": "respond-async"}
ASK = "/v1/inquiry/ask"
SETTLED = ("DONE", "REFUSED", "FAILED", "CANCELLED")


class Calling:
    """All parts that run; a part that is ``paused`` takes nothing and keeps its connections."""

    def __init__(self, start, folder, amqp, inquiry_db, agencies_db):
        self._start, self.db, self.agencies_db = start, inquiry_db, agencies_db
        inquiry = run_inquiry(start, folder, amqp, inquiry_db)
        self.environ = environ_of(inquiry)
        self.inquiry = inquiry["processes"][0]
        self.agencies = self.serve("agencies")
        self.face = run_face(start, folder, inquiry)
        self.sender = Sender(str(self.face), inquiry_db)

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
        return face

    # --- asking ---

    def ask(self, data=GOOD, *, path=ASK, key=None, headers=(), sender=None):
        """A POST; ``key`` is its Idempotency-Key."""
        told = dict(headers) | ({"Idempotency-Key": f'"{key}"'} if key else {})
        return (sender or self.sender).send(data, path=path, headers=told)

    def later(self, data=GOOD, **given):
        """The Location of a call that was kept."""
        answer = self.ask(data, **{**given, "headers": LATER | dict(given.get("headers", ()))})
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    def read(self, location, method="GET", sender=None):
        return (sender or self.sender).send(path=location, method=method, body=b"")

    def settled(self, location, seconds=60):
        """The call once it has ended."""

        def ended():
            told = self.read(location).json()
            return told["state"] in SETTLED and told

        return wait_for(ended, seconds, 0.1)

    # --- looking ---

    def asked(self):
        """How many questions were answered or refused in all, as the log of inquiries has it."""
        return execute(self.db, "select count(*) from inquiry_log")[0][0]

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
    shutil.copy(path, path.with_suffix(".before"))
    path.write_text(text.replace(old, new))
