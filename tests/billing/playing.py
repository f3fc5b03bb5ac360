"""The played bank, running, and a payer at it."""

import contextlib
import re
import threading
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from deploy.local.ports import free_port, listening
from tests.waiting import wait_for

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
ACTION = re.compile(r'<form method="post" action="([^"]*)"')


class PlayedBank:
    """Addresses of a running bank; ``play`` makes its next answer another one."""

    def __init__(self, start, **environ):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = start("deploy.local.bank", BANK_PORT=str(self.port), **environ)
        wait_for(lambda: listening(self.port))

    def play(self, next, do, **more):
        order = {"next": next, "do": do, **more}
        requests.post(f"{self.url}/play", json=order, timeout=10).raise_for_status()

    def payments(self):
        return requests.get(f"{self.url}/play", timeout=10).json()["payments"]

    def payment(self, token):
        """The one payment of a token, as the bank has it."""
        (payment,) = [payment for payment in self.payments() if payment["token"] == token]
        return payment

    def file(self, name, **query):
        """A file of the bank, such as settlement.csv or bills.txt."""
        answer = requests.get(f"{self.url}/files/{name}", params=query, timeout=10)
        answer.raise_for_status()
        return answer.content.decode("ascii")

    def pay_bill(self, bill_id, payment_id):
        """The counter's answer to a payment by two IDs."""
        ids = {"bill_id": bill_id, "payment_id": payment_id}
        return requests.post(f"{self.url}/bill", data=ids, timeout=10)

    def config(self, folder, **more):
        """The file of gateways for billing, with this bank behind all of them."""
        text = "\n".join(
            f'[{code}]\nbase = "{self.url}"\n'
            + "\n".join(f"{n} = {v!r}" for n, v in section.items())
            for code, section in {
                "sep": {"terminal": "13400001"},
                "behpardakht": {"terminal": "4610001", "user": "mirab", "password": "played"},
                "sadad": {
                    "terminal": "24000461",
                    "merchant": "000000140212149",
                    "key": "bWlyYWItcGxheWVkLWtleS0yNGJ5dGVz",
                },
            }.items()
            for section in [{**section, **more}]
        )
        path = folder / "psps.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def decide(self, token, act="pay"):
        """A payer's decision at the bank: (address to go back to, fields of the form)."""
        page = requests.post(
            f"{self.url}/decide", data={"token": token, "act": act}, timeout=10
        ).text
        return unescape(ACTION.search(page)[1]), {n: unescape(v) for n, v in HIDDEN.findall(page)}


@contextlib.contextmanager
def answering(body, status=200, **headers):
    """A server that says always the same, or what a function says now: its address, and the
    bodies that it was sent.
    """
    bodies = []

    class Same(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            answer = body() if callable(body) else body
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # who has read enough hangs up
                self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_):
            """Nothing: what tests want to know, they ask for."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Same)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
