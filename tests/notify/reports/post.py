"""E-mails that go out over SMTP to a mail server of the test, and reports that come back over SMTP
to our own: both services in hand, their Commands carried between them.
"""

from pathlib import Path

import orjson
from aiosmtpd.controller import Controller

from bus.settings import Settings
from contracts.notify.editors import email_reports
from contracts.ticketing.letters import KEEP_EMAIL_REPORT
from deploy.local.ports import free_port
from tests.notify.conftest import EMAIL
from tests.stores import execute
from tests.ticketing.incoming_mail.mailing import Door

VECTORS = Path(__file__).parent / "vectors"
RETURNS = "returns@mail.mirab.example"


class Outbox:
    """A mail server that takes all e-mails, but for what ``replies`` says of receivers."""

    def __init__(self):
        self.emails, self.replies = [], {}
        self._server = Controller(self, hostname="127.0.0.1", port=free_port())
        self._server.start()
        self.url = f"smtp://127.0.0.1:{self._server.port}"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.emails.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.original_content))
        return "250 OK"

    def close(self):
        self._server.stop()


class Post:
    """Both ways of e-mails; ``hand`` is notify's, ``desk`` ticketing's."""

    def __init__(self, hand, desk):
        self.hand, self.desk, self.outbox = hand, desk, Outbox()
        environ = {**hand.service.settings._environ, "SMTP_URL": self.outbox.url}
        environ["NOTIFY_RETURN_ADDRESS"] = RETURNS
        hand.service.settings = Settings(environ)
        self.door = Door(desk, returns=RETURNS)
        hand.service.keep_providers.__wrapped__(hand.service)
        self._carried = {"notify": 0, "ticketing": 0}

    def close(self):
        self.door.close()
        self.outbox.close()

    # --- out ---

    def send(self, to=EMAIL, template="letter", **more):
        """An e-mail that was handed over; its ID."""
        id_ = self.hand.send(template, to={"email": to}, **more)["id"]
        self.run()
        return id_

    def run(self):
        service = self.hand.service
        for chore in ("mail_otp", "mail_transactional", "mail_bulk", "time_out"):
            getattr(service, chore).__wrapped__(service)

    # --- back ---

    def report(self, name, email=-1, *, to=None, mail_from="", **changes):
        """A report in the form of this vector about one of the e-mails; the state and reason of
        what it became at the desk.
        """
        raw = self.written(name, email)
        for old, new in changes.pop("change", {}).items():
            assert old.encode() in raw, old
            raw = raw.replace(old.encode(), new.encode())
        return self.deliver(raw, to or self.outbox.emails[email][0], mail_from)

    def written(self, name, email=-1):
        return_path, recipient, content = self.outbox.emails[email]
        head = content.partition(b"\r\n\r\n")[0]
        message_id = head.partition(b"Message-ID: <")[2].partition(b">")[0]
        raw = (VECTORS / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")
        for place, value in (
            (b"@RETURN_PATH@", return_path.encode()),
            (b"@RECIPIENT@", recipient.encode()),
            (b"@MESSAGE_ID@", message_id),
            (b"@ORIGINAL_HEAD@", head),
        ):
            raw = raw.replace(place, value)
        return raw

    def deliver(self, raw, to, mail_from=""):
        """By SMTP into our mail server, worked on there, and its Commands carried."""
        code, reply = self.door.send(raw, to, mail_from)
        assert code == 250, reply
        self.door.work()
        self.carry()
        return self.desk_row()

    def carry(self):
        """What each service sent the other."""
        for source, target, contract in (
            (self.desk, self.hand, email_reports.NOTE_EMAIL_REPORT),
            (self.hand, self.desk, KEEP_EMAIL_REPORT),
        ):
            query = (
                "select seq, convert_from(body, 'UTF8') from outbox where name = %s order by seq"
            )
            done = self._carried.setdefault(contract.name, 0)
            for seq, body in execute(source.db, query, (contract.name,)):
                if seq > done:
                    target.call(contract, **orjson.loads(body))
                    self._carried[contract.name] = seq

    def desk_row(self):
        rows = execute(self.desk.db, "select state, reason from letters order by id desc limit 1")
        return rows[0]

    def letters(self):
        return execute(self.desk.db, "select state, reason from letters order by id")

    def stands(self, id_):
        """State and code of a message."""
        row = self.hand.message(id_)
        return row.state, row.code

    def noted(self):
        query = (
            "select kind, status, permanent, address_unknown from email_reports order by at, ref"
        )
        return execute(self.hand.db, query)
