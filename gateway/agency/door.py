"""The door: who asks, may they, is it well formed, call, answer. The same for every contract."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bus.client import Client
from bus.contracts import Request as Contract
from bus.digest import check_digest, content_digest
from bus.keys import SigningKey
from bus.signing import Message, Verified, sign_response, verify_request
from gateway import bodies, web
from gateway.agency.limits import Nonces, RateLimits
from gateway.agency.register import Agency, Register, caller, require_grant
from gateway.problems import HttpError

JSON = "application/json"
NAMESPACE = uuid.UUID("6d697261-6200-5000-8000-000000000001")
KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{16,128})"')


@dataclass(frozen=True, slots=True)
class Visitor:
    """An agency whose signature was verified, and what it sent beside the body."""

    agency: Agency
    verified: Verified
    message: Message
    idempotency_key: str | None

    def request_id(self, contract: str) -> str:
        """The id that makes a repeat of this request known as one."""
        told = (
            f"key {self.idempotency_key}"
            if self.idempotency_key
            else (f"nonce {self.verified.keyid} {self.verified.nonce}")
        )
        return str(uuid.uuid5(NAMESPACE, f"{self.agency.code} {contract} {told}"))


class Door:
    """Lets agencies in and signs what goes out."""

    def __init__(
        self, register: Register, client: Client, key: SigningKey, base_url: str | None
    ) -> None:
        self._register, self.client, self._key = register, client, key
        self._base_url = base_url
        self._limits, self._nonces = RateLimits(), Nonces()

    def identify(self, request: Request) -> Visitor:
        """Who asks, by the signature of the headers; the body is compared with its digest later."""
        message = self.message(request)
        verified = verify_request(message, self._register.key)
        agency = self._register.owner(verified.keyid)
        request.state.agency = agency.code
        # A replay takes nothing of the agency's rate; what is over the rate fills no memory.
        self._nonces.check(verified)
        request.state.limits = self._limits.take(agency)
        self._nonces.note(verified)
        return Visitor(agency, verified, message, idempotency_key(message))

    async def question(
        self, request: Request, contract: Contract, *forms: str
    ) -> tuple[Visitor, bytes, str]:
        """Who asks, the JSON body as it was signed, and in which of ``forms`` the answer goes."""
        request.state.contract = contract.name
        visitor = self.identify(request)
        bodies.media_type(request, JSON)
        form = bodies.answer_type(request, *forms)
        raw = await bodies.body(request)
        check_digest(visitor.message.headers, raw)
        return visitor, raw, form

    async def admit(self, request: Request, contract: Contract) -> Response:
        """The whole way of a JSON request to a contract."""
        visitor, raw, _ = await self.question(request, contract, JSON)
        data = contract.load(bodies.parse_object(raw))
        return web.json_response(await self.call(request, visitor, contract, data))

    async def call(
        self,
        request: Request,
        visitor: Visitor,
        contract: Contract,
        data: dict[str, Any],
        *,
        id: str | None = None,
    ) -> dict[str, Any]:
        """Asks the service for a visitor. A purpose is the service's to judge, and to log."""
        if "purpose" not in contract.schema.fields:
            require_grant(visitor.agency, contract.name)
        return await self.client.call(
            contract,
            data,
            id=id or visitor.request_id(contract.name),
            caller=dict(caller(visitor.agency, visitor.verified.keyid, contract.name)),
            traceparent=request.state.traceparent,
        )

    def finish(self, request: Request, response: Response) -> Response:
        """Adds the rate limit and signs the answer, be it good or a problem."""
        for name, value in getattr(request.state, "limits", {}).items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("content-type", "application/octet-stream")
        if "content-digest" not in response.headers:
            response.headers["content-digest"] = content_digest(bytes(response.body))
        signed = sign_response(
            self._key, response.status_code, dict(response.headers), self.message(request)
        )
        response.headers.update(signed)
        return response

    def message(self, request: Request) -> Message:
        """The request as signatures cover it; a header given twice is joined (RFC 9421)."""
        headers: dict[str, str] = {}
        for name, value in request.scope["headers"]:
            lower, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
            headers[lower] = f"{headers[lower]}, {text}" if lower in headers else text
        base = self._base_url or f"{request.url.scheme}://{headers.get('host', '')}"
        query = request.scope["query_string"].decode("latin-1")
        target = request.scope["raw_path"].decode("latin-1").split("?")[0]
        return Message(headers, request.method, f"{base}{target}" + (f"?{query}" if query else ""))


def idempotency_key(message: Message) -> str | None:
    """The Idempotency-Key (a structured-field string), or None; HttpError if it cannot be read."""
    told = message.headers.get("idempotency-key")
    if told is None:
        return None
    match = KEY.fullmatch(told.strip())
    if match is None:
        raise HttpError(
            "idempotency_key.invalid",
            'Idempotency-Key is a text in quotes, 16 to 128 characters: "…".',
        )
    return match.group(1)
