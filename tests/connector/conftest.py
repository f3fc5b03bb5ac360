"""A Mirab that can be told to misbehave: a real HTTP server that signs as the gateway does."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bus.signatures.digest import check_digest, content_digest
from bus.signatures.keys import SigningKey
from bus.signatures.signing import HttpMessage, sign_response, verify_request
from connector import Caller

ANSWER = {"outcome": "NOT_FOUND", "tracking_code": "Q-2222-2222-2222", "sources": []}
QUESTION = {"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"}


class Sandbox(ThreadingHTTPServer):
    """``plan`` holds what happens to the next visits; when it is used up, all goes well."""

    daemon_threads = True

    def __init__(self, agency):
        super().__init__(("127.0.0.1", 0), Visit)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key, self.agency = SigningKey.new("mirab-2026"), agency
        self.visits, self.plan = [], []
        self.published = self.clock = None
        self.careless = False

    def handle_error(self, request, client_address):
        """A visitor that hangs up is part of the tests."""


class Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/v1/receipts/"):
            headers = {name.lower(): value for name, value in self.headers.items()}
            message = HttpMessage(headers, "GET", self.server.url + self.path)
            verify_request(message, {self.server.agency.keyid: self.server.agency.public}.get)
            self.server.visits.append((self.path, headers, b"", None))
            self.server.plan.pop(0)(self, message)
            return
        if self.path == "/health/live":
            self.tell(200, b"{}", {})
            return
        keys = [self.server.key.public.jwk(self.server.key.keyid)]
        reply = self.server.published or json.dumps({"keys": keys}).encode()
        self.tell(200, reply, {"Content-Type": "application/json"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        message = HttpMessage(headers, "POST", self.server.url + self.path)
        verified = verify_request(
            message, {self.server.agency.keyid: self.server.agency.public}.get
        )
        check_digest(headers, body)
        self.server.visits.append((self.path, headers, body, verified))
        (self.server.plan.pop(0) if self.server.plan else answer())(self, message)

    def tell(self, status, body, headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp=None):
        return super().date_time_string(timestamp or self.server.clock)

    def log_message(self, *_):
        pass


def answer(
    status=200,
    reply=ANSWER,
    *,
    unsigned=False,
    key=None,
    sent=None,
    status_sent=None,
    to=None,
    body=None,
    media_type="application/json",
    **more,
):
    """An answer as the gateway gives it, but for what is said: ``sent`` is another body than the
    signed one, ``to`` another request than the one answered, ``key`` another key."""

    def act(visit, request):
        signed = json.dumps(reply).encode() if body is None else body
        headers = {"Content-Type": media_type, "Content-Digest": content_digest(signed)}
        if promise := more.get("mirab_receipt"):  # which the signature covers
            headers["mirab-receipt"] = promise
        if not unsigned:
            headers |= sign_response(key or visit.server.key, status, headers, to or request)
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        visit.tell(status_sent or status, signed if sent is None else sent, headers)

    return act


def problem(status, code, **more):
    """A signed refusal."""
    fields = {
        "code": code,
        "detail": "No.",
        "what_to_do": "Do otherwise.",
        "trace_id": "t" * 32,
        "errors": [{"field": "purpose", "code": code, "detail": "No."}],
    }
    return answer(status, fields, media_type="application/problem+json", **more)


def hang_up(visit, _request):
    visit.close_connection = True
    visit.connection.close()


def hang_up_half_way(visit, request):
    """Promises more than it sends."""
    answer(Content_Length="100000", body=b"line\n" * 100)(visit, request)
    visit.close_connection = True


@pytest.fixture
def agency():
    return SigningKey.new("fuel-co-2026")


@pytest.fixture
def sandbox(agency):
    server = Sandbox(agency)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def caller(sandbox, agency):
    return Caller(sandbox.url, agency, timeout=5)
