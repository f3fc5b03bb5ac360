"""The routes of X-Road's REST face: calls of services, its metaservices, its receipts.

It is mounted on the agency face, since our edge asks each connection to that for a certificate, and
passes it on (decision 92). A call of a service goes the way of every other call: the same checks,
rights, log, records and receipts; only its proof is another.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive

from bus.errors import Forbidden
from bus.messages import kinds
from bus.messages.values import Json
from bus.process import records
from bus.settings import Settings
from gateway.agency.door.checks import arrive
from gateway.agency.door.door import Door
from gateway.agency.door.opening import Opening
from gateway.agency.door.visitor import Visitor
from gateway.agency.door.ways import XROAD_ASKER
from gateway.agency.files.routes import FILE_ROUTES
from gateway.agency.xroad import clients, monitoring, receipts, services
from gateway.agency.xroad.descriptions import description
from gateway.agency.xroad.document import document
from gateway.agency.xroad.faults import Faults
from gateway.agency.xroad.head import HashedBody, Head, read_head
from gateway.agency.xroad.names import House, ServiceName, encoded, service_of
from gateway.http import bodies
from gateway.http.facts import CONTRACT, Fact
from gateway.http.origin import for_every_site
from gateway.http.problems import HttpError
from gateway.openapi.document import document_handler

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
DOCUMENT, ERROR = "/xroad.json", "x-road-error"
SERVICE_PATH = "/r{version:int}/{rest:path}"
_OURS = re.compile(rb"/(r[0-9]+/.*|listClients|asic)", re.DOTALL)
# A UUID, or one behind the name of an instance, as X-Road makes them: nobody's data. What has four
# digits in a row before it may be a person's number.
MADE_ID = re.compile(
    r"((?:[A-Za-z'()+,.=?-]|[0-9](?![0-9]{3})){1,50}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
# What the answer of a provider never tells of itself: X-Road writes these alone.
_FORGED = re.compile(r"x-road-.*")


@dataclass(slots=True)
class Exchange:
    """One call while it is answered: what it names, what its headers say, its body as it comes."""

    service: ServiceName
    head: Head
    body: HashedBody
    is_meta: bool

    def client(self) -> str:
        """The client as X-Road-Client has it, encoded anew."""
        class_, code, subsystem = self.head.client
        return encoded(self.head.instance, class_, code, *([subsystem] if subsystem else []))

    def for_record(self) -> Json:
        """What the operational record keeps of it (contracts.agencies.xroad.XRoadCall)."""
        party = self.head.asker.represented
        contract = services.services().get((self.service.subsystem, self.service.code))
        is_ours = MADE_ID.fullmatch(self.head.id) is not None
        return {
            "id": self.head.id if is_ours else records.digest_of(self.head.id),
            "request_id": self.head.request_id,
            "client": self.client(),
            "service": self.service.header(),
            "party": encoded(*party) if party else None,
            "service_type": services.type_of(contract) if contract else services.REST,
        }

    def headers(self, *, failed: bool) -> dict[str, str]:
        """What X-Road writes on the answer; of an error only by which it is found again."""
        ids = {"X-Road-Id": self.head.id, "X-Road-Request-Id": self.head.request_id}
        if failed:
            return ids
        named = {"X-Road-Client": self.client(), "X-Road-Service": self.service.header()}
        if self.is_meta or self.body.whole:
            named["X-Road-Request-Hash"] = self.body.hash_with(self.head.canonical)
        return {**named, **ids}


EXCHANGE = Fact[Exchange]("exchange")


class XRoad:
    """What the routes of X-Road share."""

    def __init__(self, settings: Settings, door: Door, opening: Opening) -> None:
        self._house, self._faults = House.of(settings), Faults(settings)
        self._door, self._opening = door, opening
        services.services()  # a name of X-Road's own would be found here

    def routes(self) -> list[Route]:
        """The routes; all addresses under /r1 are one, so that each is answered in one form."""
        return [
            Route(SERVICE_PATH, self.call, methods=METHODS),
            Route("/listClients", self.list_clients),
            Route("/asic", self.receipt),
            Route(DOCUMENT, for_every_site(document_handler(document, self._door.base))),
        ]

    def show(self, request: Request, problem: Json) -> Response | None:
        """The error of X-Road for a problem of its routes; None for all others."""
        return self._faults.show(request, problem) if is_xroad(request) else None

    def finish(self, request: Request, response: Response) -> None:
        """Write X-Road's headers on an answer, and none of ours that say how to come in by HTTP."""
        if not is_xroad(request):
            return
        for name in ("www-authenticate", *filter(_FORGED.fullmatch, response.headers)):
            if name in response.headers and name != ERROR:
                del response.headers[name]
        exchange = EXCHANGE.get(request)
        if exchange is not None:
            failed = ERROR in response.headers
            for name, value in exchange.headers(failed=failed).items():
                response.raw_headers.append((name.lower().encode(), value.encode()))

    async def call(self, request: Request) -> Response:
        """/r1/{instance}/{class}/{member}/{subsystem}/{service}[/path][?query]"""
        raw_path = request.scope["raw_path"].decode("latin-1").split("?")[0]
        if not raw_path.startswith("/r1/"):
            raise HttpError("xroad.version", "Version 1 of the protocol is spoken here: /r1/…")
        service = service_of(raw_path)
        exchange, hashed = self._begin(request, service)
        visitor = await self._door.identify(hashed)
        if exchange.is_meta:
            return await self._metaservice(hashed, exchange, visitor)
        contract = self._contract(service)
        CONTRACT.set(request, contract.name)
        arrive(self._opening, hashed, contract)
        if request.method != services.METHOD or service.path not in ("", "/"):
            raise Forbidden(
                f"Request is not allowed: {service.header()}; call it by POST without a path.",
                code="xroad.access_denied",
            )
        visitor.require_right(contract)
        if contract in FILE_ROUTES:
            return await FILE_ROUTES[contract](self._door, hashed)
        whole = await bodies.body(hashed)
        replayed = Request(request.scope, _replay(whole))
        return await self._door.answer(replayed, contract)

    def _begin(self, request: Request, service: ServiceName) -> tuple[Exchange, Request]:
        """The exchange, and the request whose body is digested while it is read."""
        call_head = read_head(request, self._house)
        body = HashedBody(request.receive)
        is_meta = service.code in services.RESERVED and request.method == "GET"
        exchange = Exchange(service, call_head, body, is_meta)
        EXCHANGE.set(request, exchange)
        XROAD_ASKER.set(request, call_head.asker)
        records.note_http([call_head.id, call_head.request_id])
        records.note_xroad(exchange.for_record())
        if call_head.instance != self._house.instance:
            raise HttpError("xroad.client", f"Clients are of the instance {self._house.instance}.")
        return exchange, Request(request.scope, body.receive)

    def _contract(self, service: ServiceName) -> kinds.Request:
        self._require_provider(service)
        contract = services.services().get((service.subsystem, service.code))
        if contract is None or not self._house.is_own(service):
            raise HttpError("xroad.service_unknown", f"Unknown service: {service.header()}")
        return contract

    def _require_provider(self, service: ServiceName) -> None:
        """HttpError ``xroad.member_unknown`` unless the subsystem is ours or an agency's."""
        if service.instance == self._house.instance:
            if self._house.is_own(service) and service.subsystem in services.subsystems():
                return
            if service.provider in self._door.verifiers.register.xroad():
                return
        raise HttpError("xroad.member_unknown", f"There is no provider of {service.header()}.")

    async def _metaservice(
        self, request: Request, exchange: Exchange, visitor: Visitor
    ) -> Response:
        """The metaservices, which need no right (PR-MREST); monitoring shows own calls alone."""
        service = exchange.service
        self._require_provider(service)
        own = [
            contract
            for (subsystem, _), contract in services.services().items()
            if self._house.is_own(service) and subsystem == service.subsystem
        ]
        if service.code == services.LIST_METHODS:
            return self._list(own)
        if service.code == services.ALLOWED_METHODS:
            return self._list(c for c in own if services.may_call(visitor, c))
        if service.code == services.GET_OPENAPI:
            return self._open_api(request, service)
        if self._house.is_own(service) and service.code == services.OPERATIONAL_DATA:
            return await monitoring.records(self._door, request, visitor, self._house)
        if self._house.is_own(service) and service.code == services.HEALTH_DATA:
            return await monitoring.health(self._door, request, visitor)
        raise HttpError("xroad.service_unknown", f"Unknown service: {service.header()}")

    def _list(self, contracts: Iterable[kinds.Request]) -> Response:
        rows = [services.listed(self._house, contract) for contract in contracts]
        return Response(orjson.dumps({"service": rows}), media_type="application/json")

    def _open_api(self, request: Request, service: ServiceName) -> Response:
        codes = [
            value
            for name, value in request.query_params.multi_items()
            if name.lower() == "servicecode"
        ]
        if not codes or not codes[-1]:
            raise HttpError("xroad.service_code", "Missing serviceCode in message body")
        contract = services.services().get((service.subsystem, codes[-1]))
        if contract is None or not self._house.is_own(service):
            raise HttpError("xroad.service_unknown", f"Service not found: {codes[-1]}")
        if services.type_of(contract) != services.OPENAPI:
            raise HttpError("xroad.service_type", "Invalid service type: REST")
        return Response(description(contract), media_type="application/json")

    async def list_clients(self, request: Request) -> Response:
        """GET /listClients"""
        self._door.require_certificate(request)
        return clients.answer(request, self._house, self._door.verifiers.register)

    async def receipt(self, request: Request) -> Response:
        """GET /asic?queryId=&memberClass=&memberCode=&subsystemCode="""
        return await receipts.receipts(self._door, request, self._house)


def is_xroad(request: Request) -> bool:
    """True for the addresses of X-Road, also for what has gone wrong before their routes."""
    return _OURS.fullmatch(request.scope["raw_path"].split(b"?")[0]) is not None


def _replay(body: bytes) -> Receive:
    """A body that was read, to be read once more."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
