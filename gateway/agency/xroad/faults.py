"""Errors of X-Road: their types, and how they are written (PR-REST, section 4.6).

What X-Road would have refused gets its form: ``{type, message, detail}`` with X-Road-Error. All
else is the answer of a provider, as X-Road calls it: a problem of ours, with its own status.
"""

import uuid
from typing import Literal
from xml.sax.saxutils import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.messages.values import Json
from bus.process import log
from bus.settings import MissingSettings, Settings
from gateway.http.facts import COUNTS_AS

Spelling = Literal["7.8", "documents"]
SPELLINGS: tuple[Spelling, ...] = ("7.8", "documents")
JSON, XML, TEXT_XML = "application/json", "application/xml", "text/xml"
# Media types of Accept for which an error is XML, and as what it is sent then.
XML_TYPES = {TEXT_XML: TEXT_XML, XML: XML, "text/*": TEXT_XML}
NO_RECEIPT = "xroad.receipt"
BAD_REQUEST = "server.clientproxy.bad_request"
CLIENT = "server.clientproxy.invalid_client_identifier"
VERSION = "server.clientproxy.invalid_protocol_version"
METHOD = "server.clientproxy.invalid_http_method"
# Requests that no server of X-Road could read. Its documents call them Client.* and answer 400; its
# code answers them as it answers all that it refuses.
UNREADABLE = frozenset({BAD_REQUEST, CLIENT, VERSION, METHOD})
CERTIFICATE = "server.clientproxy.ssl_authentication_failed"
DENIED = "server.serverproxy.access_denied"
DISABLED = "server.serverproxy.service_disabled"
NETWORK, INTERNAL = "server.serverproxy.network_error", "server.serverproxy.internal_error"
# A code of ours → the type that X-Road 7.8 has for it.
TYPES = {
    "http.not_found": BAD_REQUEST,
    "http.uri": BAD_REQUEST,
    "http.headers": BAD_REQUEST,
    "http.header_twice": BAD_REQUEST,
    "http.host": BAD_REQUEST,
    "http.method": METHOD,
    "xroad.address": BAD_REQUEST,
    "xroad.header": BAD_REQUEST,
    "xroad.id": BAD_REQUEST,
    "xroad.represented_party": BAD_REQUEST,
    "xroad.version": VERSION,
    "xroad.client_missing": CLIENT,
    "xroad.client_malformed": CLIENT,
    "xroad.certificate": CERTIFICATE,
    "xroad.client": CERTIFICATE,
    "identity.key_expired": CERTIFICATE,
    "identity.two": CERTIFICATE,
    "xroad.security_server": "server.clientproxy.invalid_security_server",
    "xroad.member_unknown": "server.clientproxy.unknown_member",
    "xroad.service_unknown": "server.serverproxy.unknown_service",
    "xroad.access_denied": DENIED,
    "contract.not_granted": DENIED,
    "contract.grant_expired": DENIED,
    "grant.network": DENIED,
    "delegation.not_given": DENIED,
    "service.maintenance": DISABLED,
    "contract.ended": DISABLED,
    "xroad.service_type": INTERNAL,
    "xroad.service_code": "server.serverproxy.invalid_request",
    "xroad.query": "server.serverproxy.invalid_request",
    NO_RECEIPT: "server.clientproxy.not_found",
}
FAILED, AWAY = 500, (503, 504)
_log = log.get("xroad")


class Faults:
    """Writes problems of ours as X-Road's errors; ``spelling`` is how types are written."""

    def __init__(self, settings: Settings) -> None:
        named = settings.text("XROAD_ERRORS", SPELLINGS[0])
        if named not in SPELLINGS:
            raise MissingSettings(f"XROAD_ERRORS is one of {' or '.join(SPELLINGS)}.")
        self._spelling = named

    def show(self, request: Request, problem: Json) -> Response | None:
        """The error of X-Road for a problem; None for what a provider would have answered."""
        kind = type_of(problem)
        if kind is None:
            return None
        detail, written = str(uuid.uuid4()), spelled(kind, self._spelling)
        _log.info("xroad_refused", error_id=detail, type=written, code=problem["code"])
        members = {"type": written, "message": problem["detail"], "detail": detail}
        media = form(request.headers.getlist("accept"))
        content = orjson.dumps(members) if media == JSON else _xml(members)
        charset = "" if media == JSON else ";charset=utf-8"
        status = FAILED if written.lower().startswith("server.") else 400
        if problem["code"] == NO_RECEIPT:  # X-Road too has HTTP's own status there
            status = 404
        # Where we count, a refusal stays what it is: X-Road's 500 is no failure of ours.
        COUNTS_AS.set(request, problem["status"])
        response = Response(content, status, {"X-Road-Error": written})
        response.headers["content-type"] = media + charset
        return response


def type_of(problem: Json) -> str | None:
    """The type of an error by X-Road 7.8, or None."""
    kind = TYPES.get(problem["code"])
    if kind is None and problem["status"] in AWAY:
        return NETWORK
    return INTERNAL if kind is None and problem["status"] == FAILED else kind


def spelled(kind: str, spelling: str) -> str:
    """A type as that spelling has it.

    >>> spelled("server.serverproxy.access_denied", "documents")
    'Server.ServerProxy.AccessDenied'
    """
    if spelling == "7.8":
        return kind
    if kind in UNREADABLE:
        kind = kind.replace("server.clientproxy", "client")
    words = kind.replace("clientproxy", "client_proxy").replace("serverproxy", "server_proxy")
    return ".".join(part.title().replace("_", "") for part in words.split("."))


def form(accept: list[str]) -> str:
    """The media type of an error: XML for the first type of XML that Accept lists, else JSON.

    Weights do not count (ClientRestMessageHandler.decideErrorResponseContentType).
    """
    for part in ",".join(accept).split(","):
        media = part.partition(";")[0].strip().lower()
        if media in XML_TYPES:
            return XML_TYPES[media]
    return JSON


def _xml(members: dict[str, str]) -> bytes:
    inner = "".join(f"<{name}>{escape(_legal(text))}</{name}>" for name, text in members.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><error>{inner}</error>'.encode()


def _legal(text: str) -> str:
    """The text without what XML 1.0 has no form for."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")
