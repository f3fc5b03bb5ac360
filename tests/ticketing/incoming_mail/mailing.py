"""A mailroom on the database of a test, and people who send to it by SMTP."""

import asyncio
import smtplib
import socket
import threading

from deploy.local.ports import free_port
from services.ticketing.incoming_mail import mailroom, queue
from tests.stores import execute

UNIT = "surface@water.example"


class Door:
    """A mailroom in a thread; ``hand`` works on what it has taken."""

    def __init__(self, hand, limit=mailroom.LIMIT, limits=None, returns=""):
        self.hand, self.port = hand, free_port()
        self._loop, self._limit = asyncio.new_event_loop(), limit
        self._limits, self._returns = limits, returns
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        assert ready.wait(10)

    def _run(self, ready):
        async def listen():
            server = await mailroom.listen(
                self.hand.store, "127.0.0.1", self.port, self._limit, self._limits, self._returns
            )
            self._stop = asyncio.Event()
            ready.set()
            await self._stop.wait()
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._loop.shutdown_default_executor()

        self._loop.run_until_complete(listen())
        self._loop.close()

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def line(self):
        """A mail program that is connected."""
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="me", timeout=20)

    def raw_line(self):
        """A bare connection, for who does not keep to the protocol."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, raw, to=UNIT, mail_from="reza@example.com", options=()):
        """Sends these bytes; the reply to DATA."""
        with self.line() as line:
            line.ehlo()
            code, reply = line.mail(mail_from, options)
            assert code == 250, reply
            for receiver in [to] if isinstance(to, str) else to:
                code, reply = line.rcpt(receiver)
                assert code == 250, reply
            return line.data(raw)

    def deliver(self, raw, to=UNIT, mail_from="reza@example.com"):
        """Sends, and works on it; the row of the letter."""
        assert self.send(raw, to, mail_from)[0] == 250
        self.work()
        return self.rows()[-1]

    def work(self):
        self.hand.do(queue.work, self.hand.blobs)

    def rows(self):
        """State, reason, sender, subject, problem and bytes of all letters."""
        return execute(
            self.hand.db,
            "select state, reason, sender, subject, problem, raw from letters order by id",
        )

    def read(self, body=b"text", subject="water", **more):
        """What the ticket says that a letter becomes, without its subject."""
        row = self.deliver(letter(body, subject, **more))
        assert row[0] == "TICKET", row[:5]
        return self.texts()[-1].removeprefix(subject).strip()

    def files(self):
        """Names and contents of the files of all tickets, in their order."""
        rows = execute(self.hand.db, "select name, sha256 from files order by id")
        return {name: self.hand.blobs.read(sha256) for name, sha256 in rows}

    def texts(self):
        """The texts of the tickets that came by mail, oldest first."""
        rows = execute(self.hand.db, "select text from tickets where channel='mail' order by id")
        return [row[0] for row in rows]


def letter(body=b"text", subject="water", sender="Reza <reza@example.com>", kind=None, **more):
    """Bytes of a letter with these headers; ``kind`` is its Content-Type."""
    head = {"From": sender, "To": UNIT, "Subject": subject, "MIME-Version": "1.0"}
    head |= {"Content-Type": kind or "text/plain; charset=utf-8"}
    head |= {name.replace("_", "-"): value for name, value in more.items()}
    lines = [
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in head.items()
        if value is not None
    ]
    raw = b"\r\n".join(lines) + b"\r\n\r\n"
    body = body if isinstance(body, bytes) else body.encode()
    return raw + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
