"""POST /v1/<context>/<operation>: one route for every contract that an agency can be granted."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.client import Client
from bus.process.version import release
from bus.settings import Settings, broker_url
from bus.signatures.keys import PublicKey, SigningKey
from contracts import Request as Contract
from contracts.agencies.deferred import CANCEL_CALL, READ_CALL
from contracts.billing.bills import STATEMENT
from contracts.inquiry.questions import READ_BATCH, SUBMIT_BATCH
from contracts.notify.bulk import SUBMIT_JOB
from gateway import web
from gateway.agency.catalogue import openapi as catalogue
from gateway.agency.catalogue import schemas
from gateway.agency.catalogue.metadata import Metadata, challenge
from gateway.agency.deferred.calls import Calls
from gateway.agency.deferred.preferences import preferences
from gateway.agency.deferred.runner import Runner
from gateway.agency.door.addresses import ContractRoute, contract_of
from gateway.agency.door.door import Door
from gateway.agency.door.grants import Register
from gateway.agency.door.identity import Identities
from gateway.agency.door.refusals import Refusals
from gateway.agency.files import batch_results as results
from gateway.agency.files import batch_upload as batches
from gateway.agency.files import job_upload as jobs
from gateway.agency.files import statements
from gateway.agency.oauth.endpoint import Endpoint
from gateway.agency.proofs.certificates import Certificates
from gateway.agency.proofs.dpop import Proofs
from gateway.agency.proofs.replays import Replays
from gateway.agency.proofs.tokens import Tokens
from gateway.agency.register.copies import Copying
from gateway.agency.register.sandbox import Sandbox
from gateway.announcements import AnnouncementCache, Gone
from gateway.html import assets
from gateway.http import security_txt
from gateway.http.address import sandbox_address
from gateway.http.origin import for_every_site
from members.register import current

PORT = 8001
OAUTH_PATH = "/oauth/token"
UNPROVEN = 401
REFUSED = (400, UNPROVEN, 403)


class Agency:
    """What the routes of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "AGENCIES_DIR", "SIGNING_KEY_FILE")
        key = SigningKey.load(
            settings.text("SIGNING_KEY_FILE").strip(),
            settings.text("SIGNING_KEY_ID", f"mirab-{datetime.now(UTC).year}"),
        )
        before = _keys_before(settings)
        self.client = Client(broker_url(settings), name="gateway.agency")
        self.notices = AnnouncementCache(self.client)
        self._portal = settings.text("PORTAL_URL", "").rstrip("/")
        folder = settings.get("REPLAY_DIR")
        self._proofs, certificates = Proofs(key), Certificates(settings)
        identities = Identities(
            Register.of(settings),
            Replays(Path(folder) if folder else None),
            Tokens(key, before),
            self._proofs,
            certificates,
        )
        self.refusals = Refusals(self.client, identities.register)
        self.address = sandbox_address(settings, "AGENCY_BASE_URL", PORT)
        self.door = Door(identities, self.client, key, self.address)
        self.register = identities.register
        self.runner = Runner(self.client, self._judge)
        self.calls = Calls(self.door, self.runner)
        self.copying = _copying(settings, self.client, identities.register)
        is_sandbox = settings.text("SANDBOX", "0") == "1"
        self.sandbox = Sandbox(self.door, self.copying) if self.copying and is_sandbox else None
        self.oauth = Endpoint(identities, self.door)
        self.metadata = Metadata(
            self.door,
            {key.keyid: key.public, **before},
            certificates=certificates.told,
            status=f"{self._portal}/status" if self._portal else "",
        )

    def works(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs beside the requests."""
        kept = [self.notices.keep, self.refusals.keep, self.runner.keep]
        return [*kept, self.copying.run] if self.copying else kept

    async def operate(self, request: Request) -> Response:
        """POST /v1/<context>/<operation>"""
        contract = contract_of(request)
        self._require_open(request, contract)
        if contract is SUBMIT_BATCH:
            return await batches.submit(self.door, request)
        if contract is SUBMIT_JOB:
            return await jobs.submit(self.door, request)
        if contract is READ_BATCH:
            return await results.read(self.door, request)
        if contract is STATEMENT:
            return await statements.read(self.door, request)
        preferred = preferences(request)
        if preferred.later:
            return await self.calls.defer(request, contract, preferred)
        return await self.door.admit(request, contract)

    async def read_call(self, request: Request) -> Response:
        """GET /v1/calls/<id>"""
        self._require_open(request, READ_CALL)
        return await self.calls.read(request)

    async def cancel_call(self, request: Request) -> Response:
        """DELETE /v1/calls/<id>"""
        self._require_open(request, CANCEL_CALL)
        return await self.calls.cancel(request)

    def _judge(self, caller: dict[str, Any], contract: Contract) -> dict[str, Any]:
        """What a call that is run later may still do now; Unavailable in a maintenance."""
        if contract.operation != "health":
            self.notices.require_open(contract.context, datetime.now(UTC))
        return current(self.register, caller, contract.name)

    def _require_open(self, request: Request, contract: Contract) -> None:
        """Maintenance in an announced window, but for the question how a service is; Gone after
        the last day of a contract, and headers that tell of it before.
        """
        now = datetime.now(UTC)
        if contract.operation != "health":
            for component in ("agency-door", contract.context):
                self.notices.require_open(component, now)
        if ending := self.notices.ending(contract.name):
            request.state.ending = ending.headers(self._portal)
            if now >= ending.gone_at:
                raise Gone(ending)

    def finish(self, request: Request, response: Response) -> Response:
        """Tells of a contract's end, the version, and how one comes in; and signs."""
        self.refusals.note(request, response.status_code)
        response.headers["API-Version"] = release()
        response.headers.update(getattr(request.state, "ending", {}))
        refused, code = response.status_code in REFUSED, getattr(request.state, "code", None)
        if request.state.route == OAUTH_PATH:  # which says itself how to come in there
            pass
        elif refused and (response.status_code == UNPROVEN or code == "token.scope"):
            response.headers["WWW-Authenticate"] = challenge(self.door.base, code)
        if refused or "authorization" in self.door.message(request).headers:
            response.headers["DPoP-Nonce"] = self._proofs.nonce()
        return self.door.finish(request, response)


def _copying(settings: Settings, client: Client, register: Register) -> Copying | None:
    """What keeps the folder in line; None where its files are made by hand."""
    if settings.get("REGISTER_PUBLIC_KEY") is None:
        return None
    return Copying(client, register, Path(settings.text("AGENCIES_DIR")))


def make(settings: Settings) -> web.Face:
    """The agency face; ValueError, OSError or MissingSettings if it cannot be made."""
    agency = Agency(settings)
    return web.Face(
        "agency",
        [
            ContractRoute(
                "/v{version:int}/{context}/{operation}", agency.operate, methods=["POST"]
            ),
            Route("/v1/calls/{call:uuid}", agency.read_call),
            Route("/v1/calls/{call:uuid}", agency.cancel_call, methods=["DELETE"]),
            Route(
                "/openapi.json",
                for_every_site(
                    catalogue.openapi_json(agency.door.base, sandbox=agency.sandbox is not None)
                ),
            ),
            Route("/asyncapi.json", for_every_site(schemas.asyncapi_json)),
            Route("/schemas/{name}.json", for_every_site(schemas.schema_json)),
            Route("/", catalogue.page),
            Route("/docs", catalogue.page),
            Route(OAUTH_PATH, agency.oauth.token, methods=["POST"]),
            *(agency.sandbox.routes() if agency.sandbox else ()),
            *agency.metadata.routes(),
            Route("/.well-known/security.txt", security_txt.text_of(settings)),
            Route("/health/live", web.live),
            *assets.ROUTES,
        ],
        lifespan=web.while_connected(agency.client, *agency.works()),
        finish=agency.finish,
        address=agency.address,
    )


def _keys_before(settings: Settings) -> dict[str, PublicKey]:
    """The public keys before the one that signs now, whose answers and tokens still hold."""
    told = settings.get("SIGNING_KEYS_BEFORE")
    if told is None:
        return {}
    try:
        return {str(jwk["kid"]): PublicKey.from_jwk(jwk) for jwk in orjson.loads(told)["keys"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("SIGNING_KEYS_BEFORE is not a JSON Web Key Set of Ed25519.") from None
