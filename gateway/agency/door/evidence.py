"""What the log of receipts is told of a request: the way in, and the digest of its bytes."""

from hashlib import sha256

import http_sf
from starlette.requests import Request

from bus.call_leaves import Evidence
from gateway.agency.door.verification import XROAD
from gateway.agency.door.visitor import Visitor
from gateway.agency.door.ways import xroad_asker

# Of a request that was refused before its proof was: what it claims to prove itself by.
SIGNATURE, OAUTH = "signature", "oauth"


def request_digest(request: Request) -> bytes:
    """The SHA-256 of a request's body. Of one that was refused before its body was read, the one
    that its Content-Digest tells; of one without a body, that of the text ``METHOD target``.
    """
    read: bytes | None = getattr(request.state, "body_digest", None)
    digest = read or _stated(request)
    return digest if digest is not None else sha256(_line(request)).digest()


def evidence_of(request: Request, visitor: Visitor, log: str) -> Evidence:
    """What the service puts into the leaf of a visitor's call."""
    version = visitor.register.versions.get(visitor.agency.code, 0)
    return Evidence(log, visitor.way, request_digest(request), version)


def evidence_of_refused(request: Request, log: str) -> Evidence:
    """The same of a request whose key was proven, and which was refused before it was a visitor."""
    way = OAUTH if request.headers.get("authorization") else SIGNATURE
    way = XROAD if xroad_asker(request) is not None else way
    return Evidence(log, way, request_digest(request))


def _line(request: Request) -> bytes:
    path, query = request.scope["raw_path"].split(b"?")[0], request.scope["query_string"]
    line: bytes = request.method.encode() + b" " + path + (b"?" + query if query else b"")
    return line


def _stated(request: Request) -> bytes | None:
    header = request.headers.get("content-digest")
    if not header:
        return None
    try:
        read = http_sf.parse(header.encode(), tltype="dictionary")
    except (ValueError, ArithmeticError):
        return None
    digest = read["sha-256"][0] if "sha-256" in read else None
    return digest if isinstance(digest, bytes) and len(digest) == sha256().digest_size else None
