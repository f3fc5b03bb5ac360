"""POST /v1/<context>/<operation>: one route for every contract that an agency can be granted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.client import Client
from bus.contracts import CATALOGUE
from bus.contracts import Request as Contract
from bus.contracts.inquiry import READ_BATCH, SUBMIT_BATCH
from bus.errors import NotFound
from bus.keys import SigningKey
from bus.settings import Settings
from gateway import pages, web
from gateway.agency import batches, catalogue
from gateway.agency.door import Door
from gateway.agency.register import Register


def make(settings: Settings) -> web.Face:
    """The agency face; ValueError, OSError or MissingSettings if it cannot be made."""
    settings.require("AMQP_URL", "AGENCIES_DIR", "SIGNING_KEY_FILE")
    key = SigningKey.load(
        settings.text("SIGNING_KEY_FILE").strip(),
        settings.text("SIGNING_KEY_ID", f"mirab-{datetime.now(UTC).year}"),
    )
    client = Client(settings.text("AMQP_URL"), name="gateway.agency")
    door = Door(
        Register(Path(settings.text("AGENCIES_DIR"))), client, key, settings.get("AGENCY_BASE_URL")
    )
    jwks = web.json_response({"keys": [key.public.jwk(key.keyid)]})

    async def published(_: Request) -> Response:
        return Response(
            jwks.body, media_type="application/json", headers={"Cache-Control": "max-age=300"}
        )

    async def operate(request: Request) -> Response:
        contract = contract_of(request)
        if contract is SUBMIT_BATCH:
            return await batches.submit(door, request)
        form = request.headers.get("accept", "").split(",")[0].split(";")[0].strip()
        if contract is READ_BATCH and form in (batches.JSONL, batches.CSV):
            return await batches.download(door, request, form)
        return await door.admit(request, contract)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await client.start()
        yield
        await client.stop()

    return web.Face(
        "agency",
        [
            Route("/v{version:int}/{context}/{operation}", operate, methods=["POST"]),
            Route("/openapi.json", catalogue.openapi_json),
            Route("/", catalogue.page),
            Route("/.well-known/jwks.json", published),
            Route("/health/live", web.live),
            *pages.COMMON,
        ],
        lifespan=lifespan,
        finish=door.finish,
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
