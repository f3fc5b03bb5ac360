"""POST /v1/<context>/<operation>: one route for every contract that an agency can be granted."""

from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.client import Client
from bus.contracts import CATALOGUE
from bus.contracts import Request as Contract
from bus.contracts.billing import STATEMENT
from bus.contracts.bulk import SUBMIT_JOB
from bus.contracts.inquiry import READ_BATCH, SUBMIT_BATCH
from bus.errors import NotFound
from bus.keys import SigningKey
from bus.settings import Settings
from gateway import pages, web
from gateway.agency import batches, catalogue, jobs, results, statements
from gateway.agency.door import Door
from gateway.agency.register import Register
from gateway.notices import Gone, Notices


class Agency:
    """What the routes of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "AGENCIES_DIR", "SIGNING_KEY_FILE")
        self._key = SigningKey.load(
            settings.text("SIGNING_KEY_FILE").strip(),
            settings.text("SIGNING_KEY_ID", f"mirab-{datetime.now(UTC).year}"),
        )
        self.client = Client(settings.text("AMQP_URL"), name="gateway.agency")
        self.notices = Notices(self.client)
        self._portal = settings.text("PORTAL_URL", "").rstrip("/")
        self.door = Door(
            Register(Path(settings.text("AGENCIES_DIR"))),
            self.client,
            self._key,
            settings.get("AGENCY_BASE_URL"),
        )

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
        return await self.door.admit(request, contract)

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
        """Tells of a contract's end, and signs."""
        response.headers.update(getattr(request.state, "ending", {}))
        return self.door.finish(request, response)

    async def keys(self, _: Request) -> Response:
        """GET /.well-known/jwks.json: by which key answers are signed."""
        response = web.json_response({"keys": [self._key.public.jwk(self._key.keyid)]})
        response.headers["Cache-Control"] = "max-age=300"
        return response


def make(settings: Settings) -> web.Face:
    """The agency face; ValueError, OSError or MissingSettings if it cannot be made."""
    agency = Agency(settings)
    return web.Face(
        "agency",
        [
            Route("/v{version:int}/{context}/{operation}", agency.operate, methods=["POST"]),
            Route("/openapi.json", catalogue.openapi_json),
            Route("/", catalogue.page),
            Route("/docs", catalogue.page),
            Route("/.well-known/jwks.json", agency.keys),
            Route("/health/live", web.live),
            *pages.COMMON,
        ],
        lifespan=web.while_connected(agency.client, agency.notices.keep),
        finish=agency.finish,
    )


def contract_of(request: Request) -> Contract:
    """The contract that the URL names; NotFound contract.unknown if there is none for agencies."""
    told = request.path_params
    name = f"{told['context']}.{told['operation']}.v{told['version']}"
    contract = CATALOGUE.get(name)
    if not isinstance(contract, Contract) or not contract.agency:
        raise NotFound(
            "There is no such contract for agencies; /openapi.json lists them all.",
            code="contract.unknown",
        )
    return contract
