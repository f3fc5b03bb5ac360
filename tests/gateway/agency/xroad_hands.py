"""Hands of an information system that speaks X-Road, with nothing of Mirab's own."""

import base64
import datetime as dt
import hashlib
import http.client
import json
import urllib.parse
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOME = "/r1/MIRAB/GOV/WATER"
ASK = f"{HOME}/inquiry/ask.v1"
CLIENT = "MIRAB/GOV/100/fuel"
QUESTION = {"key_kind": "national_id", "key": "9900000013"}
SKIPPED = {"host", "user-agent", "content-length", "transfer-encoding", "connection", "expect"}


def certificate(name):
    """A certificate as the edge passes it on, and its SHA-256 in hex."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    return urllib.parse.quote(pem), made.fingerprint(hashes.SHA256()).hex()


class Answer(NamedTuple):
    """An answer, and the request that it is for as it was sent."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    method: str
    target: str
    sent: list

    def json(self):
        return json.loads(self.body)

    @property
    def fault(self):
        """The type of X-Road's error; None if it is none."""
        assert (self.headers["x-road-error"] is None) or (
            self.headers["x-road-error"] == self.json()["type"]
        )
        return self.headers["x-road-error"]

    def recomputed_hash(self, raw):
        """X-Road-Request-Hash as PR-REST says, of what was sent and what the answer tells."""
        lines = [f"{self.method}\r\n", f"{self.target}\r\n"]
        lines += [
            f"{name.lower()}:{value}\r\n"
            for name, value in self.sent
            if name.lower() not in SKIPPED | {"x-road-request-id", "x-road-request-hash"}
        ]
        lines.append(f"x-road-request-id:{self.headers['x-road-request-id']}\r\n")
        if not any(name.lower() == "x-road-id" for name, _ in self.sent):
            lines.append(f"x-road-id:{self.headers['x-road-id']}\r\n")
        head = hashlib.sha512("".join(lines).encode()).digest()
        if raw:
            head = hashlib.sha512(head + hashlib.sha512(raw).digest()).digest()
        return base64.b64encode(head).decode()


class System:
    """An information system with its certificate, before a face at ``url``."""

    def __init__(self, url, cert, client=CLIENT):
        self.address = urllib.parse.urlsplit(url)
        self.cert, self.client = cert, client

    def send(
        self,
        target,
        method="POST",
        data=QUESTION,
        *,
        raw=None,
        headers=(),
        client=CLIENT,
        chunked=False,
    ):
        """One request, its headers in the order in which they stand here.

        ``headers`` are pairs; ``client`` None sends none; ``data`` None sends no body.
        """
        body = raw if raw is not None else (b"" if data is None else json.dumps(data).encode())
        sent = [("X-Road-Client", self.client if client is CLIENT else client)] if client else []
        named = any(name.lower() == "content-type" for name, _ in headers)
        sent += [("Content-Type", "application/json")] if body and not named else []
        sent += list(headers)
        line = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=30)
        try:
            line.putrequest(method, target, skip_accept_encoding=True)
            for name, value in sent:
                line.putheader(name, value)
            if self.cert:
                line.putheader("X-Client-Cert", self.cert)
            if chunked:
                line.putheader("Transfer-Encoding", "chunked")
            elif body or method not in ("GET", "HEAD"):
                line.putheader("Content-Length", str(len(body)))
            pieces = [body[at : at + 7] for at in range(0, len(body), 7)] if chunked else body
            line.endheaders(pieces or None, encode_chunked=chunked)
            answer = line.getresponse()
            return Answer(answer.status, answer.headers, answer.read(), method, target, sent)
        finally:
            line.close()

    def get(self, target, **more):
        return self.send(target, "GET", None, **more)
