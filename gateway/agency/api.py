"""POST /v<version>/<context>/<operation>: one route for every contract that an agency may call.

The door checks each request in the order of ORDER (gateway/agency/door/checks.py).
"""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.client import Client
from bus.messages import kinds
from bus.process.version import release
from bus.settings import Settings, broker_url
from bus.signatures.answer_key import answer_key_id
from bus.signatures.keys import PublicKey, SigningKey
from contracts.agencies.deferred import CANCEL_CALL, READ_CALL
from contracts.agencies.records import READ_RECORDS
from gateway import web
from gateway.agency.catalogue import openapi as catalogue
from gateway.agency.catalogue import reference, schemas
from gateway.agency.catalogue.metadata import Metadata, challenge
from gateway.agency.console.pages import ConsolePages
from gateway.agency.deferred.calls import Calls
from gateway.agency.deferred.preferences import preferences
from gateway.agency.deferred.runner import Runner
from gateway.agency.door.addresses import ContractRoute
from gateway.agency.door.checks import arrive
from gateway.agency.door.door import Door
from gateway.agency.door.facts import ENDING
from gateway.agency.door.grants import CallerFields
from gateway.agency.door.opening import Opening
from gateway.agency.door.rate_limits import RateLimits
from gateway.agency.door.refusals import Refusals
from gateway.agency.door.verification import Verifiers
from gateway.agency.files.routes import FILE_ROUTES
from gateway.agency.oauth.clients import TOKEN_PATH
from gateway.agency.oauth.endpoint import Endpoint
from gateway.agency.oauth.introspection import (
    INTROSPECTION_PATH,
    REVOCATION_PATH,
    TokenStates,
)
from gateway.agency.proofs.certificates import Certificates
from gateway.agency.proofs.dpop import DpopProofs
from gateway.agency.proofs.replays import Replays
from gateway.agency.proofs.shared_replays import SharedReplays
from gateway.agency.proofs.tokens import Tokens
from gateway.agency.receipts.askers import AgencyAsker
from gateway.agency.receipts.routes import LogReading
from gateway.agency.records import Records
from gateway.agency.register.copies import RegisterCopies
from gateway.agency.register.sandbox import Sandbox
from gateway.agency.xroad.face import XRoad, is_xroad
from gateway.announcements import AnnouncementCache
from gateway.html import assets
from gateway.http import security_txt
from gateway.http.address import Address, sandbox_address
from gateway.http.facts import CODE, ROUTE
from gateway.http.origin import for_every_site
from gateway.http.problems import counted
from gateway.receipts.promises import Promises
from gateway.receipts.sender import LeafSender
from members.register import Register, current

PORT = 8001
OAUTH_PATHS = (TOKEN_PATH, INTROSPECTION_PATH, REVOCATION_PATH)
UNPROVEN = 401
REFUSED = (400, UNPROVEN, 403)


class AgencyFace:
    """What the routes of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "AGENCIES_DIR", "SIGNING_KEY_FILE")
        key = SigningKey.load(
            settings.text("SIGNING_KEY_FILE").strip(),
            answer_key_id(settings, datetime.now(UTC).year),
        )
        earlier_keys = _earlier_keys(settings)
        self.address = sandbox_address(settings, "AGENCY_BASE_URL", PORT)
        self.client = Client(broker_url(settings), name="gateway.agency")
        self.announcements = AnnouncementCache(self.client)
        portal = self.portal = settings.text("PORTAL_URL", "").rstrip("/")
        self._opening = Opening(self.announcements, portal)
        verifiers = _verifiers(
            settings, self.client, self.address, Tokens(key, earlier_keys), DpopProofs(key)
        )
        self.register, self._proofs = verifiers.register, verifiers.proofs
        self.refusals = Refusals(self.client, self.register)
        origin = settings.get("RECEIPTS_ORIGIN")
        self._leaves = LeafSender(broker_url(settings), "gateway.agency")
        self.promises = Promises(self._leaves, origin, AgencyAsker(origin)) if origin else None
        self.door = Door(verifiers, self.client, key, origin)
        self.runner = Runner(self.client, self._current_caller)
        self.calls = Calls(self.door, self.runner)
        self._records = Records(self.door)
        self.xroad = XRoad(settings, self.door, self._opening)
        self.log = LogReading(self.door)
        self.copies = _copies(settings, self.client, self.register)
        is_sandbox = settings.text("SANDBOX", "0") == "1"
        self.sandbox = Sandbox(self.door, self.copies) if self.copies and is_sandbox else None
        self.oauth, self.token_states = Endpoint(self.door), TokenStates(self.door)
        self.reference = reference.site(
            self.door.base, self.announcements, portal, sandbox=self.sandbox is not None
        )
        self.metadata = Metadata(
            self.door,
            {key.keyid: key.public, **earlier_keys},
            certificates=verifiers.certificates.enabled,
            status=f"{portal}/status" if portal else "",
        )

    def works(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs beside the requests."""
        works = [self.announcements.keep, self.refusals.keep, self.runner.keep]
        works += [self._leaves.keep] if self.promises else []
        return [*works, self.copies.run] if self.copies else works

    async def operate(self, request: Request) -> Response:
        """POST /v<version>/<context>/<operation>"""
        contract = arrive(self._opening, request)
        if contract in FILE_ROUTES:
            return await FILE_ROUTES[contract](self.door, request)
        preferred = preferences(request)
        if preferred.later:
            return await self.calls.defer(request, contract, preferred)
        return await self.door.answer(request, contract)

    async def read_call(self, request: Request) -> Response:
        """GET /v1/calls/<id>"""
        arrive(self._opening, request, READ_CALL)
        return await self.calls.read(request)

    async def cancel_call(self, request: Request) -> Response:
        """DELETE /v1/calls/<id>"""
        arrive(self._opening, request, CANCEL_CALL)
        return await self.calls.cancel(request)

    async def read_records(self, request: Request) -> Response:
        """GET /v1/records?since=&until=&contract=&outcome=&before=&limit="""
        arrive(self._opening, request, READ_RECORDS)
        return await self._records.read(request)

    def _current_caller(self, caller: CallerFields, contract: kinds.Request) -> CallerFields:
        """The caller of a call that is run later, with the rights that are left now. Unavailable
        in a maintenance, else as ``members.register.current``.
        """
        if contract.operation != "health":
            self.announcements.require_open(contract.context, datetime.now(UTC))
        return current(self.register, caller, contract.name)

    def finish(self, request: Request, response: Response) -> Response:
        """Add the version, the end of the contract and how to prove oneself; and sign."""
        self.refusals.note(request, counted(request, response.status_code))
        response.headers["API-Version"] = release()
        response.headers.update(ENDING.get(request, {}))
        refused, code = response.status_code in REFUSED, CODE.get(request)
        if is_xroad(request):
            self.xroad.finish(request, response)
            return self.door.finish(request, response)
        if ROUTE.of(request) in OAUTH_PATHS:  # which says itself how to come in there
            pass
        elif refused and (response.status_code == UNPROVEN or code == "token.scope"):
            response.headers["WWW-Authenticate"] = challenge(self.door.base, code)
        if refused or "authorization" in self.door.http_message(request).headers:
            response.headers["DPoP-Nonce"] = self._proofs.nonce()
        return self.door.finish(request, response)


def _verifiers(
    settings: Settings, client: Client, address: Address, tokens: Tokens, proofs: DpopProofs
) -> Verifiers:
    folder = settings.get("REPLAY_DIR")
    return Verifiers(
        address,
        Register.of(settings),
        Replays(Path(folder) if folder else None),
        SharedReplays(client if settings.text("REPLAYS_SHARED", "0") == "1" else None),
        tokens,
        proofs,
        Certificates(settings),
        RateLimits(max(1, settings.whole("AGENCY_FACES", 1))),
    )


def _copies(settings: Settings, client: Client, register: Register) -> RegisterCopies | None:
    """The keeper of the folder of copies; None where its files are made by hand."""
    if settings.get("REGISTER_PUBLIC_KEY") is None:
        return None
    return RegisterCopies(client, register, Path(settings.text("AGENCIES_DIR")))


def make(settings: Settings) -> web.Face:
    """The agency face; ValueError, OSError or MissingSettings if it cannot be made."""
    agency = AgencyFace(settings)
    face = web.Face(
        "agency",
        [
            *agency.log.routes(),
            ContractRoute(
                "/v{version:int}/{context}/{operation}", agency.operate, methods=["POST"]
            ),
            Route("/v1/calls/{call:uuid}", agency.read_call),
            Route("/v1/calls/{call:uuid}", agency.cancel_call, methods=["DELETE"]),
            Route("/v1/records", agency.read_records),
            *agency.xroad.routes(),
            Route(
                "/openapi.json",
                for_every_site(
                    catalogue.openapi_json(agency.door.base, sandbox=agency.sandbox is not None)
                ),
            ),
            Route("/asyncapi.json", for_every_site(schemas.asyncapi_json)),
            Route("/schemas/{name}.json", for_every_site(schemas.schema_json)),
            *agency.reference.routes(),
            *ConsolePages(agency.door, agency.portal, sandbox=agency.sandbox is not None).routes(),
            *assets.problem_routes(reference.callers_of),
            Route(TOKEN_PATH, agency.oauth.token, methods=["POST"]),
            Route(INTROSPECTION_PATH, agency.token_states.introspect, methods=["POST"]),
            Route(REVOCATION_PATH, agency.token_states.revoke, methods=["POST"]),
            *(agency.sandbox.routes() if agency.sandbox else ()),
            *agency.metadata.routes(),
            Route("/.well-known/security.txt", security_txt.text_of(settings)),
            Route("/health/live", web.live),
            assets.robots("/v1/", "/oauth/", "/console"),
            *assets.ROUTES,
        ],
        lifespan=web.while_connected(agency.client, *agency.works()),
        finish=agency.finish,
        show=agency.xroad.show,
        address=agency.address,
    )
    face.prove = agency.promises.prove if agency.promises else None
    return face


def _earlier_keys(settings: Settings) -> dict[str, PublicKey]:
    """The public keys before the present one, whose answers and tokens still hold, by their ids."""
    text = settings.get("SIGNING_KEYS_BEFORE")
    if text is None:
        return {}
    try:
        return {str(jwk["kid"]): PublicKey.from_jwk(jwk) for jwk in orjson.loads(text)["keys"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("SIGNING_KEYS_BEFORE is not a JSON Web Key Set of Ed25519.") from None
