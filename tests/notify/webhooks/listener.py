"""An agency that listens: a real HTTP server whose answers a test says, and who verifies nothing
by our own code.
"""

import base64
import contextlib
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook


@dataclass
class Delivery:
    """One request as it came."""

    path: str
    headers: dict
    body: bytes

    @property
    def id(self):
        return self.headers["webhook-id"]

    def marks(self, version):
        """The signatures of a version."""
        pairs = (item.split(",") for item in self.headers["webhook-signature"].split())
        return [value for name, value in pairs if name == version]

    def verified(self, secret):
        """The content, verified by the library of the Standard Webhooks."""
        return Webhook(secret).verify(self.body, self.headers)

    def verified_by_key(self, public_key):
        """The same by Ed25519, which that library leaves out."""
        assert public_key.startswith("whpk_")
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key[5:]))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        (mark,) = self.marks("v1a")
        key.verify(base64.b64decode(mark), signed)
        return True


class Listener:
    """``answers`` are given one after the other, then 204; each is a status, with headers."""

    def __init__(self):
        self.deliveries, self.answers, self.names = [], [], []
        self.hold = threading.Event()
        self.hold.set()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.deliveries.append(Delivery(self.path, dict(self.headers.items()), body))
                listener.hold.wait(30)
                status, headers = listener.answers.pop(0) if listener.answers else (204, {})
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks?of=mirab"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def with_tls(self, certificate, key):
        """Speaks TLS from now on, and notes for which name it was asked (SNI)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def answer(self, status, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, names))

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()
