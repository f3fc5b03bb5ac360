"""What the log of receipts is told of a request: the way in, and the digest of its bytes."""

from hashlib import sha256

import http_sf
from starlette.requests import Request

from bus.call_leaves import Evidence
from gateway.agency.door.verification import XROAD
from gateway.agency.door.visitor import Visitor
from gateway.agency.door.ways import XROAD_ASKER
from gateway.http.facts import BODY_DIGEST, ROUTE
from gateway.receipts.promises import call_of, request_line

# Of a request that was refused before its proof was: what it claims to prove itself by.
SIGNATURE, OAUTH = "signature", "oauth"
OAUTH_PREFIX = "/oauth/"


def request_digest(request: Request) -> bytes:
    """The SHA-256 of a request's body. Of one that was refused before its body was read, the one
    that its Content-Digest tells; of one without a body, that of the text ``METHOD target``.
    """
    digest = BODY_DIGEST.get(request) or _stated(request)
    return digest if digest is not None else sha256(request_line(request)).digest()


def evidence_of(request: Request, visitor: Visitor, log: str) -> Evidence:
    """What the service puts into the leaf of a visitor's call."""
    version = visitor.register.versions.get(visitor.agency.code, 0)
    return Evidence(log, visitor.way, request_digest(request), version, call_of(request))


def evidence_of_refused(request: Request, log: str) -> Evidence:
    """The same of a request whose key was proven, and which is no visitor's: it was refused before,
    or is about a token.
    """
    by_token = request.headers.get("authorization") or ROUTE.of(request).startswith(OAUTH_PREFIX)
    way = OAUTH if by_token else SIGNATURE
    way = XROAD if XROAD_ASKER.get(request) is not None else way
    return Evidence(log, way, request_digest(request), call=call_of(request))


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
