"""The journeys of the README on what runs, through its doors alone: TLS at the edge, port 25, ops.

Run inside of the network namespace of the test; each step raises Lost if it does not go as the
documents say.
"""

import json
import smtplib
import socket
import ssl
import sys
import time
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path

import jwt
import requests

from bus.process.private import own_files_only
from bus.wire import Wire
from connector.caller import Caller
from connector.keys import load_key
from deploy.compose_test.place import AGENCY, BROKER_HOST, DOORS

SECONDS, PATIENCE = 30, 120.0
PORTAL, DESK, NOTIFY = (f"https://{DOORS[door]}" for door in ("public", "desk", "notify"))
AGENCY_DOOR = f"https://{DOORS['agency']}:8443"
OPS = "http://127.0.0.1:8002"
QUESTION = {"key_kind": "national_id", "key": "9905251782", "purpose": "fuel_quota"}


class Lost(Exception):
    """A journey came to nothing; the text says where."""


def require(right: object, sentence: str) -> None:
    """Lost with the sentence unless ``right``."""
    if not right:
        raise Lost(sentence)


def patiently(look: Callable[[], object], sentence: str) -> None:
    """Look until it is so; Lost after two minutes."""
    end = time.monotonic() + PATIENCE
    while not look():
        require(time.monotonic() < end, f"{sentence} (waited {PATIENCE:g} s)")
        time.sleep(1)


class Walk:
    """All journeys; ``own`` is the folder of what callers keep, ``mailbox`` where our mail ends."""

    def __init__(self, own: Path, mailbox: Path) -> None:
        self._own, self._mailbox = own, mailbox
        self._token = (own / "metrics-token").read_text(encoding="utf-8").strip()
        self._session = requests.Session()
        # Of this walk alone, whatever authorities this machine names.
        self._session.trust_env = False
        self._session.verify = str(own / "doors-ca.crt")

    def readiness(self) -> str:
        """/health/ready passes: every part and the signed self-call."""
        statuses: dict[str, str] = {}

        def ready() -> bool:
            bearer = {"Authorization": f"Bearer {self._token}"}
            answer = requests.get(f"{OPS}/health/ready", headers=bearer, timeout=SECONDS)
            checks = answer.json()["checks"]
            statuses.clear()
            statuses.update({name: rows[0]["status"] for name, rows in checks.items()})
            worse = {name: rows[0] for name, rows in checks.items() if rows[0]["status"] != "pass"}
            self._worse = json.dumps(worse, ensure_ascii=False)
            return not worse

        try:
            patiently(ready, "not every check of /health/ready passes")
        except Lost as error:
            raise Lost(f"{error}: {self._worse}") from None
        return f"{len(statuses)} checks pass"

    def edge(self) -> str:
        """TLS at every door; no plain HTTP; nobody without a certificate at the agencies' door."""
        for door in (PORTAL, DESK, NOTIFY):
            answer = self._session.get(f"{door}/health/live", timeout=SECONDS)
            require(answer.status_code == HTTPStatus.OK, f"{door} answers {answer.status_code}")
        plain = requests.get("http://water.test/", timeout=SECONDS, allow_redirects=False)
        require(
            plain.status_code == HTTPStatus.PERMANENT_REDIRECT, "plain HTTP is not sent on to TLS"
        )
        anonymous = self._session.get(f"{AGENCY_DOOR}/health/live", timeout=SECONDS)
        require(
            anonymous.status_code == HTTPStatus.BAD_REQUEST,
            "the agencies' door opens without a certificate",
        )
        context = ssl.create_default_context(cafile=str(self._own / "doors-ca.crt"))
        with (
            socket.create_connection((BROKER_HOST, 5671), SECONDS) as line,
            context.wrap_socket(line, server_hostname=BROKER_HOST) as tls,
        ):
            version = tls.version()
        return f"portal, desk, Notify API, agencies by mutual TLS; their broker by {version}"

    def question(self) -> str:
        """A signed question through the edge by mutual TLS, its answer verified."""
        session = self._other()
        session.cert = (str(self._own / f"{AGENCY}.crt"), str(self._own / f"{AGENCY}.key"))
        key = load_key(self._own / f"{AGENCY}.pem", f"{AGENCY}-demo")
        caller = Caller(AGENCY_DOOR, key, timeout=SECONDS, session=session)
        answer = caller.call("inquiry.ask.v1", QUESTION).data
        require(answer["outcome"] == "FOUND", f"the question is answered {answer['outcome']}")
        page = self._session.get(
            f"{PORTAL}/v1/verify/{answer['verification_code']}", timeout=SECONDS
        )
        require(
            page.status_code == HTTPStatus.OK, "the answer's code does not verify at the portal"
        )
        return f"FOUND, tracking code {answer['tracking_code']}, verified at the portal"

    def ticket(self) -> str:
        """A citizen's complaint with a file, which the scanner releases."""
        picture = ("a.txt", "شب‌ها".encode(), "text/plain")
        claim = self._post("/v1/attachments", files={"file": picture}).get("claim")
        body = {
            "kind": "complaint",
            "category": "illegal_well",
            "text": "شب‌ها چاه می‌زنند.",
            "declared": True,
            "claims": [claim],
        }
        key = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
        made = self._post("/v1/tickets", json=body, headers=key)
        secret = {"Ticket-Secret": made["secret"]}
        address = f"{PORTAL}/v1/tickets/{made['code']}"

        def scanned() -> bool:
            answer = self._session.get(address, headers=secret, timeout=SECONDS)
            require(answer.status_code == HTTPStatus.OK, f"the ticket answers {answer.status_code}")
            return '"CLEAN"' in answer.text.upper() or '"READY"' in answer.text.upper()

        patiently(scanned, "the ticket's file is not released by the scanner")
        self.code = made["code"]
        return f"{made['code']} registered, its file scanned"

    def letter(self) -> str:
        """An e-mail to a unit becomes a ticket, which is acknowledged."""
        mail = EmailMessage()
        mail["From"], mail["To"] = "citizen@people.example", "subscribers@water.example"
        mail["Subject"] = "آب قطع است"
        mail["Message-ID"] = f"<{uuid.uuid4()}@people.example>"
        mail.set_content("از دیروز آب نداریم.")
        with smtplib.SMTP("127.0.0.1", 25, timeout=SECONDS) as server:
            server.send_message(mail)
        folder = self._mailbox / "citizen@people.example"
        patiently(lambda: folder.exists() and list(folder.iterdir()), "no letter is acknowledged")
        return "taken at port 25, acknowledged by the organisation's mail server"

    def desk(self, password: str) -> str:
        """A colleague signs in and finds the citizen's ticket."""
        browser = self._other()
        # The unit that such complaints go to.
        fields = {"username": "karim", "password": password}
        browser.post(f"{DESK}/desk/sign-in", data=fields, timeout=SECONDS)
        page = browser.get(f"{DESK}/desk/tickets/{self.code}", timeout=SECONDS)
        require(page.status_code == HTTPStatus.OK, f"the ticket's page answers {page.status_code}")
        require("چاه می‌زنند" in page.text, "the ticket's page does not show the complaint")
        wrong = {**fields, "password": "no"}
        refused = self._other().post(f"{DESK}/desk/sign-in", data=wrong, timeout=SECONDS)
        require(refused.status_code == HTTPStatus.UNAUTHORIZED, "a wrong password is not refused")
        return "karim reads the complaint; a wrong password is refused"

    def notify(self, key: str) -> str:
        """An SMS over the Notify API reaches a provider."""
        service, secret = key[-73:-37], key[-36:]

        def call(method: str, path: str, body: Wire | None = None) -> Wire:
            token = jwt.encode({"iss": service, "iat": int(time.time())}, secret, "HS256")
            answer = self._session.request(
                method,
                f"{NOTIFY}{path}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=SECONDS,
            )
            require(answer.ok, f"{path} answers {answer.status_code}: {answer.text[:300]}")
            reply: Wire = answer.json()
            return reply

        templates = call("GET", "/v2/templates?type=sms")["templates"]
        message = {
            "phone_number": "09900000001",
            "template_id": templates[0]["id"],
            "personalisation": {"name": "سارا", "file_no": "1001/5", "litres": "200"},
        }
        sent = call("POST", "/v2/notifications/sms", message)["id"]

        def handed_over() -> bool:
            return call("GET", f"/v2/notifications/{sent}")["status"] in ("sending", "delivered")

        patiently(handed_over, "no provider takes the SMS")
        return "an SMS is handed over to a provider"

    def _other(self) -> requests.Session:
        """Another caller, who believes the same authority alone."""
        session = requests.Session()
        session.trust_env, session.verify = False, self._session.verify
        return session

    def _post(self, path: str, **content: object) -> Wire:
        answer = self._session.post(f"{PORTAL}{path}", timeout=SECONDS, **content)  # type: ignore[arg-type]  # requests' own words
        require(answer.ok, f"{path} answers {answer.status_code}: {answer.text[:300]}")
        made: Wire = answer.json()
        return made


def main(arguments: list[str]) -> int:
    """`walk.py OWN MAILBOX PASSWORD NOTIFY_KEY STEP...`: walk these steps, one line each."""
    own, mailbox, password, key, *steps = arguments
    walk = Walk(Path(own), Path(mailbox))
    words = {"desk": (password,), "notify": (key,)}
    for step in steps:
        begun = time.monotonic()
        try:
            result = getattr(walk, step)(*words.get(step, ()))
        except (Lost, OSError, requests.RequestException, KeyError, ValueError) as error:
            print(f"{step}: {type(error).__name__}: {error}", file=sys.stderr)
            return 1
        print(f"{step}: {result} ({time.monotonic() - begun:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main(sys.argv[1:]))
