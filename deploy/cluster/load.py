"""A light load of what must not be lost: signed questions, tickets, letters, each with its number.

Each is sent to one of the two faces, as a balancer would, and to the other if that fails, until it
is accepted: under the same Idempotency-Key, or as the same letter.
"""

import itertools
import json
import smtplib
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import requests

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from connector.caller import load_key
from deploy.local.state import AGENCY_URL, CHECKOUT

ATTEMPT_SECONDS, PAUSE, GIVE_UP = 3.0, 0.2, 120.0
ASK = "/v1/inquiry/ask"
QUESTION = {"key_kind": "national_id", "key": "9905251782", "purpose": "fuel_quota"}
AGENCY, PUBLIC, MAIL = (8001, 8101), (8000, 8100), (8025, 8125)


class Accepted(NamedTuple):
    """What was accepted: its own number, what it was called in the answer, when, and how long
    that took from the first attempt, in seconds; ``attempts`` is how often it was sent.
    """

    mark: str
    reference: str
    at: float
    seconds: float
    attempts: int


class Stream(ABC):
    """One kind of load, from threads of its own; ``ports`` are those of both faces."""

    def __init__(self, name: str, ports: Sequence[int], pause: float, threads: int) -> None:
        self.name, self._pause = name, pause
        self._ports = itertools.cycle(ports)
        self.accepted: list[Accepted] = []
        self.given_up: list[str] = []
        self.problems: dict[str, int] = {}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    @abstractmethod
    def send(self, port: int, mark: str) -> str | None:
        """Send it once; the reference of the answer, None if it was not accepted."""

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when all that was begun was accepted, or given up."""
        self._stop.set()
        for thread in self._threads:
            thread.join(GIVE_UP + 2 * ATTEMPT_SECONDS)

    def longest(self, since: float, until: float) -> float:
        """The longest wait, in seconds, of what was accepted between two moments."""
        return max((a.seconds for a in self.accepted if since <= a.at <= until), default=0.0)

    def note(self, problem: str) -> None:
        """Count why something was not accepted."""
        self.problems[problem] = self.problems.get(problem, 0) + 1

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            self._send_until_accepted(f"cluster-{uuid.uuid4().hex}")

    def _send_until_accepted(self, mark: str) -> None:
        began = time.monotonic()
        for attempts in itertools.count(1):
            reference = self.send(next(self._ports), mark)
            now = time.monotonic()
            if reference is not None:
                self.accepted.append(Accepted(mark, reference, now, now - began, attempts))
                return
            if now - began > GIVE_UP:
                self.given_up.append(mark)
                return
            time.sleep(PAUSE)


class Http(Stream):
    """What is sent by HTTP; a session for each thread keeps its connections."""

    own = threading.local()

    def post(
        self, port: int, path: str, body: bytes, headers: dict[str, str]
    ) -> requests.Response | None:
        """The answer, None if there was none that accepts."""
        session = getattr(self.own, "session", None)
        if session is None:
            session = self.own.session = requests.Session()
        try:
            answer = session.post(
                f"http://127.0.0.1:{port}{path}",
                data=body,
                headers=headers,
                timeout=ATTEMPT_SECONDS,
            )
        except requests.RequestException as error:
            self.note(type(error).__name__)
            return None
        if not answer.ok:
            self.note(f"{answer.status_code} {answer.json().get('code', '')}")
            return None
        return answer


class Questions(Http):
    """Signed questions of an agency."""

    key: SigningKey = load_key(CHECKOUT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")

    def send(self, port: int, mark: str) -> str | None:
        body = json.dumps(QUESTION).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": f'"{mark}"'}
        headers |= sign_request(self.key, "POST", AGENCY_URL + ASK, headers, body)
        # The second face is reached by the same name, as behind a balancer.
        headers["Host"] = AGENCY_URL.removeprefix("http://")
        answer = self.post(port, ASK, body, headers)
        return None if answer is None else str(answer.json()["tracking_code"])


class Tickets(Http):
    """Complaints of citizens."""

    def send(self, port: int, mark: str) -> str | None:
        key = uuid.UUID(mark.removeprefix("cluster-"))
        headers = {"Content-Type": "application/json", "Idempotency-Key": f'"{key}"'}
        fields = {"kind": "complaint", "category": "illegal_well", "text": mark, "declared": True}
        answer = self.post(port, "/v1/tickets", json.dumps(fields).encode(), headers)
        return None if answer is None else str(answer.json()["code"])


class Letters(Stream):
    """E-mails of strangers to a unit."""

    def send(self, port: int, mark: str) -> str | None:
        text = (
            f"From: {mark}@example.org\r\nTo: groundwater@water.example\r\n"
            f"Message-ID: <{mark}@example.org>\r\nSubject: {mark}\r\n\r\nWater is away: {mark}\r\n"
        )
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=ATTEMPT_SECONDS) as line:
                line.sendmail(f"{mark}@example.org", ["groundwater@water.example"], text)
        except (OSError, smtplib.SMTPException) as error:
            self.note(type(error).__name__)
            return None
        return f"<{mark}@example.org>"


def streams() -> list[Stream]:
    """All kinds, as light as they are on a small machine."""
    return [
        Questions("questions", AGENCY, 0.2, 2),
        Tickets("tickets", PUBLIC, 1.0, 1),
        Letters("letters", MAIL, 2.0, 1),
    ]


def running(kinds: Sequence[Stream], say: Callable[[str], None]) -> None:
    """Starts all, and returns when each was accepted once."""
    for stream in kinds:
        stream.start()
    end = time.monotonic() + GIVE_UP
    while not all(stream.accepted for stream in kinds):
        if time.monotonic() > end:
            say("; ".join(f"{s.name}: {s.problems}" for s in kinds if not s.accepted))
            raise SystemExit("the load is not accepted before anything was broken")
        time.sleep(0.2)
