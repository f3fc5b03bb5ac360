"""The door of the agency face, the same for every contract: check, call the service, sign.

What is checked, in which order, stands in checks.py.
"""

from starlette.requests import Request
from starlette.responses import Response

from bus.call_leaves import EVIDENCE, collect_marks, is_logged
from bus.client import Client
from bus.errors import Unauthenticated
from bus.messages import kinds
from bus.messages.values import Json
from bus.process import records
from bus.signatures.digest import content_digest
from bus.signatures.keys import SigningKey
from bus.signatures.signing import HttpMessage, sign_response
from gateway import web
from gateway.agency.door import checks
from gateway.agency.door.checks import JSON, Reading
from gateway.agency.door.evidence import evidence_of
from gateway.agency.door.facts import HTTP_MESSAGE, VISITOR
from gateway.agency.door.grants import CallerFields
from gateway.agency.door.refusals import claim
from gateway.agency.door.verification import NO_CERTIFICATE, Verifiers, require_own_host
from gateway.agency.door.visitor import NAMESPACE, Visitor
from gateway.http.facts import AGENCY, CONTRACT, LIMITS, MARKS, PURPOSE, TRACEPARENT

__all__ = ["JSON", "NAMESPACE", "Door", "Reading", "Visitor"]


class Door:
    """Lets agencies in and signs all answers; ``base`` is the address of this face, ``log`` the
    name of the log of receipts, if there is one.
    """

    def __init__(
        self, verifiers: Verifiers, client: Client, key: SigningKey, log: str | None = None
    ) -> None:
        self.verifiers, self.client, self._key, self._log = verifiers, client, key, log
        self.base = str(verifiers.address)

    async def identify(self, request: Request, contract: kinds.Request | None = None) -> Visitor:
        """The agency that asks, by the headers alone; ``contract`` is None before it is known for
        what. Once identified a request stays so, and takes nothing of the rate again.
        """
        if contract is not None:
            CONTRACT.set(request, contract.name)
        if (identified := VISITOR.get(request)) is not None:
            return identified
        MARKS.set(request, collect_marks())
        visitor = await checks.identify(self.verifiers, request, self.http_message(request))
        VISITOR.set(request, visitor)
        return visitor

    def require_certificate(self, request: Request) -> None:
        """Unauthenticated ``xroad.certificate`` unless the connection has one of the register,
        whose last day has not passed.
        """
        thumbprint = self.verifiers.certificates.thumbprint(request)
        certificate = self.verifiers.register.certificate(thumbprint) if thumbprint else None
        if certificate is None:
            raise Unauthenticated(NO_CERTIFICATE, code="xroad.certificate")
        claim(request, certificate.id)
        agency = self.verifiers.register.owner(certificate.id)
        AGENCY.set(request, agency.code)
        LIMITS.set(request, self.verifiers.limits.take(agency))

    def require_own_host(self, request: Request) -> None:
        """HttpError ``http.host``: the check ``host``, for what needs no other."""
        require_own_host(request, self.verifiers.address)

    async def read(self, request: Request, contract: kinds.Request, *forms: str) -> Reading:
        """A JSON request to a contract that has passed all checks; ``forms`` are the media types
        in which the answer can go.
        """
        visitor = await self.identify(request, contract)
        reading = Reading(request, visitor, contract, forms)
        await checks.read_message(reading)
        PURPOSE.set(request, reading.data.get("purpose"))
        return reading

    async def answer(self, request: Request, contract: kinds.Request) -> Response:
        """Check a JSON request to a contract, call the service, and answer in JSON."""
        reading = await self.read(request, contract, JSON)
        return web.json_response(await self.call(request, reading.visitor, contract, reading.data))

    async def call(  # noqa: PLR0913 - what stands on an envelope
        self,
        request: Request,
        visitor: Visitor,
        contract: kinds.Request,
        data: Json,
        *,
        id: str | None = None,
        deadline: float | None = None,
    ) -> Json:
        """Call the service for a visitor: loaded data, and the reply as it came.

        ``deadline`` is in seconds, by default that of the contract. The check ``right`` is made
        here again: uploads come here without it.
        """
        visitor.require_right(contract)
        records.note_http([visitor.idempotency_key], visitor.on_behalf_of)
        reply = await self.client.call_json(
            contract,
            data,
            id=id or visitor.request_id(contract.name),
            # A part of a larger upload is no call of its own: the whole has its leaf at the face.
            caller=visitor.caller(contract) if id else self.caller(request, visitor, contract),
            traceparent=TRACEPARENT.of(request),
            deadline=deadline,
        )
        records.note_http([reply.get("tracking_code")])
        return reply

    def caller(self, request: Request, visitor: Visitor, contract: kinds.Request) -> CallerFields:
        """The caller for the envelope, with what the service needs for the leaf of the call."""
        fields = visitor.caller(contract)
        if self._log is not None and is_logged(contract):
            fields[EVIDENCE] = evidence_of(request, visitor, self._log).to_wire()
        return fields

    def finish(self, request: Request, response: Response) -> Response:
        """Add the rate limit and sign the answer, be it good or a problem."""
        for name, value in LIMITS.get(request, {}).items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("content-type", "application/octet-stream")
        if "content-digest" not in response.headers:
            response.headers["content-digest"] = content_digest(bytes(response.body))
        signed = sign_response(
            self._key, response.status_code, dict(response.headers), self.http_message(request)
        )
        response.headers.update(signed)
        return response

    def http_message(self, request: Request) -> HttpMessage:
        """The request as signatures cover it; a header given twice is joined (RFC 9421)."""
        kept = HTTP_MESSAGE.get(request)
        if kept is not None:
            return kept
        headers: dict[str, str] = {}
        for name, value in request.scope["headers"]:
            lower, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
            headers[lower] = f"{headers[lower]}, {text}" if lower in headers else text
        query = request.scope["query_string"].decode("latin-1")
        target = request.scope["raw_path"].decode("latin-1").split("?")[0]
        url = f"{self.base}{target}" + (f"?{query}" if query else "")
        message = HttpMessage(headers, request.method, url)
        HTTP_MESSAGE.set(request, message)
        return message
