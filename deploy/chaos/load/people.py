"""People: citizens who complain, by the form's API and by e-mail, and clerks who work on it."""

import datetime as dt
import re
import smtplib
import time
import uuid
from email.message import EmailMessage
from email.utils import format_datetime

import requests

from deploy.chaos.load.acts import Again, Journal, Surprise, User, checked
from deploy.local.state import PORTAL_URL

DESK_URL = "http://127.0.0.1:8004/desk"
MAIL_PORT = 8025
SECONDS = 15
REGISTERED = 201
SIGN_IN_AGAIN = (303, 401)
UNIT = "groundwater@water.example"


class Citizen(User):
    """Registers complaints and presses again until a code is shown."""

    kind = "ticket"
    pause = 0.5

    def act(self) -> None:
        key, began = str(uuid.UUID(self.key())), time.monotonic()
        text = f"شب‌ها چاه می‌زنند {key}"
        self.journal.begin(self.kind, text)
        answer = self.until_answered(lambda: self._register(key, text))
        self.journal.accept(self.kind, text, str(answer["code"]), began)

    def _register(self, key: str, text: str) -> dict[str, object]:
        reply = requests.post(
            f"{PORTAL_URL}/v1/tickets",
            json={
                "kind": "complaint",
                "category": "illegal_well",
                "text": text,
                "declared": True,
                "privacy": "anonymous",
            },
            headers={"Idempotency-Key": f'"{key}"'},
            timeout=SECONDS,
        )
        registered: dict[str, object] = checked(reply, REGISTERED).json()
        return registered


class Correspondent(User):
    """A mail server that brings letters, and brings them again until they are taken."""

    kind = "letter"
    pause = 3.0  # each is read in a child process of its own, which takes a second

    def act(self) -> None:
        number, began = self.key(), time.monotonic()
        letter = EmailMessage()
        letter["From"] = f"someone-{number[:8]}@people.example"
        letter["To"] = UNIT
        letter["Subject"] = f"چاه {number}"
        letter["Message-ID"] = f"<{number}@people.example>"
        letter["Date"] = format_datetime(dt.datetime.now(dt.UTC))
        letter.set_content(f"همسایه شب‌ها چاه می‌زند. {number}")
        self.journal.begin(self.kind, str(letter["Message-ID"]))
        self.until_answered(lambda: self._bring(letter))
        self.journal.accept(self.kind, str(letter["Message-ID"]), "", began)

    def _bring(self, letter: EmailMessage) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", MAIL_PORT, timeout=SECONDS) as server:
                server.send_message(letter)
        except smtplib.SMTPResponseException as error:
            if not str(error.smtp_code).startswith("4"):
                raise Surprise(f"{error.smtp_code} {error.smtp_error!r}") from None
            raise Again from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            if not all(str(code).startswith("4") for code in codes):
                raise Surprise(str(codes)) from None
            raise Again from None
        except smtplib.SMTPException:
            raise Again from None


class Clerk(User):
    """Reads tickets that citizens registered and writes notes to them."""

    kind = "note"
    pause = 1.0
    username = "nader"

    def __init__(self, journal: Journal, seed: int, password: str) -> None:
        super().__init__(journal, seed)
        self._password, self._session = password, requests.Session()

    def act(self) -> None:
        codes = sorted(set(self.journal.of(Citizen.kind).values()))
        if not codes:
            return
        code, text, began = self.random.choice(codes), f"note {self.key()}", time.monotonic()
        self.journal.begin(self.kind, text)
        version, form = self.until_answered(lambda: self._look(code))
        data = {"version": version, "form": form, "text": text}
        self.until_answered(lambda: self._write(code, data))
        self.journal.accept(self.kind, text, code, began)

    def _look(self, code: str) -> tuple[str, str]:
        """The version of a ticket, and the form by which an act is one however often it is sent."""
        url = f"{DESK_URL}/tickets/{code}"
        page = self._session.get(url, timeout=SECONDS, allow_redirects=False)
        if page.status_code in SIGN_IN_AGAIN:
            self._sign_in()
            raise Again
        text = checked(page).text
        note = re.search(rf'action="[^"]*/tickets/{code}/note[^"]*"(.*?)</form>', text, re.DOTALL)
        fields = dict(re.findall(r'name="(version|form)" value="([^"]*)"', note[1] if note else ""))
        if len(fields) != len(("version", "form")):
            raise Surprise(f"the page of {code} has no note to write")
        return fields["version"], fields["form"]

    def _write(self, code: str, data: dict[str, str]) -> None:
        url = f"{DESK_URL}/tickets/{code}/note"
        reply = self._session.post(url, data=data, timeout=SECONDS, allow_redirects=False)
        if reply.status_code in SIGN_IN_AGAIN and "sign-in" in reply.headers.get("location", ""):
            self._sign_in()
            raise Again
        checked(reply, 200, 303)

    def _sign_in(self) -> None:
        data = {"username": self.username, "password": self._password}
        url = f"{DESK_URL}/sign-in"
        checked(self._session.post(url, data=data, timeout=SECONDS, allow_redirects=False), 303)
