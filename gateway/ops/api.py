"""Health, metrics, dead letters and imports, for machines and as one board."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.client import Client
from bus.contracts import health_contracts
from bus.contracts.govnotify import LETTERS
from bus.contracts.inquiry import LOAD_REGISTRY, LOAD_STATUS
from bus.dead_letters import DeadLetters
from bus.errors import ContractError, FieldError, NotFound
from bus.keys import SigningKey
from bus.monitor import Status
from bus.settings import Settings, broker_url
from gateway import bodies, pages, web
from gateway.ops import board
from gateway.ops.checks import Check, SelfCall
from gateway.ops.desk.oidc import Provider
from gateway.ops.desk.pages import DeskPages
from gateway.ops.desk.session import Desk
from gateway.ops.measures import Measures
from gateway.ops.notices import pages as notices
from gateway.ops.parts import watched_parts
from gateway.ops.probing import Probing
from gateway.ops.register import pages as register
from gateway.ops.survey import Since, Surveyor, counts
from gateway.ops.treasury import pages as treasury

CALLER = {"agency": "mirab-ops", "key": "ops-face", "grants": []}
MEASURES = Measures()
REGISTRY.register(MEASURES)


class Ops:
    """What the routes of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require(
            "AMQP_URL", "AGENCY_URL", "OPS_KEY_FILE", "DESK_KEY", "PORTAL_URL", "BLOBS_DIR"
        )
        self._amqp_url = broker_url(settings)
        self.client = Client(self._amqp_url, name="gateway.ops")
        self.probing = Probing(
            self.client, settings.text("PORTAL_URL"), settings.text("AGENCY_URL")
        )
        key = SigningKey.load(
            settings.text("OPS_KEY_FILE"), settings.text("OPS_KEY_ID", "mirab-ops-demo")
        )
        self.surveyor = Surveyor(
            self.client,
            self._amqp_url,
            SelfCall(settings.text("AGENCY_URL"), key, settings.get("AGENCY_BASE_URL")),
            watched_parts(settings),
        )

    async def ready(self, _: Request) -> Response:
        """GET /health/ready: 503 if anything fails that people's work needs, else 200."""
        survey = await self.surveyor.look()
        reply = {
            "status": survey.status,
            "checks": {
                check.name: [check_reply(check, self.surveyor.since[check.name])]
                for check in survey.checks
            },
        }
        response = web.json_response(reply, 503 if survey.status is Status.FAIL else 200)
        response.headers["content-type"] = "application/health+json"
        return response

    async def metrics(self, _: Request) -> Response:
        """GET /metrics: this process, and what is true of the whole bus."""
        MEASURES.survey = await self.surveyor.look()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def board(self, _: Request) -> Response:
        """GET /: all at one look."""
        survey = await self.surveyor.look()
        rows = board.rows(survey, self.surveyor.since)
        return pages.page(
            "board.html",
            rows=rows,
            services=survey.services,
            state=board.STATES[survey.status],
            style=board.STYLES[survey.status],
            counts=Counter(row.style for row in rows),
            at=survey.at.isoformat(),
        )

    async def dead_letters(self, _: Request) -> Response:
        """GET /dead-letters: how many each service has."""

        def count() -> dict[str, int]:
            with DeadLetters(self._amqp_url) as letters:
                return counts(letters)

        found = await asyncio.to_thread(count)
        return web.json_response(
            {"services": {name: found.get(name) for name in health_contracts()}}
        )

    async def letters_of(self, request: Request) -> Response:
        """GET /dead-letters/{service}: what they are, never what they hold."""
        service = service_of(request)

        def look() -> list[dict[str, Any]]:
            with DeadLetters(self._amqp_url) as letters:
                return letters.look(service)

        return web.json_response({"letters": await asyncio.to_thread(look)})

    async def replay(self, request: Request) -> Response:
        """POST /dead-letters/{service}/replay with {"ids": [...]} or {"all": true}."""
        bodies.media_type(request, "application/json")
        told = bodies.parse_object(await bodies.body(request))
        ids, service = chosen(told), service_of(request)

        def send() -> int:
            with DeadLetters(self._amqp_url) as letters:
                return letters.replay(service, ids)

        return web.json_response({"replayed": await asyncio.to_thread(send)})

    async def load(self, request: Request) -> Response:
        """POST /registry/loads with {"folder": ...}: import an export of the import folder."""
        bodies.media_type(request, "application/json")
        data = LOAD_REGISTRY.load(bodies.parse_object(await bodies.body(request)))
        told = await self.client.call(
            LOAD_REGISTRY, data, caller=CALLER, traceparent=request.state.traceparent
        )
        return web.json_response(told, 202, {"Location": f"/registry/loads/{told['load']}"})

    async def load_status(self, request: Request) -> Response:
        """GET /registry/loads/{load}: how far it has come."""
        data = LOAD_STATUS.load({"load": request.path_params["load"]})
        return web.json_response(await self.client.call(LOAD_STATUS, data, caller=CALLER))


def check_reply(check: Check, since: Since) -> dict[str, Any]:
    """One check as application/health+json tells it; ``time`` is since when it is so."""
    reply: dict[str, Any] = {
        "status": check.finding.status,
        "code": check.finding.code,
        "output": check.finding.sentence,
        "time": since.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    if check.ms is not None:
        reply |= {"observedValue": check.ms, "observedUnit": "ms"}
    return reply


def service_of(request: Request) -> str:
    """The service that the path names; NotFound if there is none of that name."""
    service: str = request.path_params["service"]
    if service not in health_contracts():
        raise NotFound(
            "There is no such service; /dead-letters names them all.", code="service.unknown"
        )
    return service


def chosen(told: dict[str, Any]) -> set[str] | None:
    """The ids to replay, or None for all; ContractError if neither is said."""
    ids = told.get("ids")
    if told.get("all") is True and ids is None:
        return None
    if isinstance(ids, list) and ids and all(isinstance(id_, str) for id_ in ids):
        return set(ids)
    why = 'Say {"ids": ["…"]} or {"all": true}.'
    raise ContractError(why, fields=[FieldError("ids", "required", why)])


def make(settings: Settings) -> web.Face:
    """The ops face."""
    ops = Ops(settings)
    desk = desk_pages(ops.client, settings)
    return web.Face(
        "ops",
        [
            Route("/", ops.board),
            Route("/health/live", web.live),
            Route("/health/ready", ops.ready),
            Route("/metrics", ops.metrics),
            Route("/dead-letters", ops.dead_letters),
            Route("/dead-letters/{service}", ops.letters_of),
            Route("/dead-letters/{service}/replay", ops.replay, methods=["POST"]),
            Route("/registry/loads", ops.load, methods=["POST"]),
            Route("/registry/loads/{load}", ops.load_status),
            *desk.routes(),
            *treasury.routes(desk.desk),
            *register.routes(desk.desk),
            *notices.routes(desk.desk, Blobs(Path(settings.text("BLOBS_DIR")) / LETTERS)),
            *pages.COMMON,
        ],
        lifespan=web.while_connected(ops.client, ops.probing.run, ops.surveyor.run),
        show=desk.show,
    )


def desk_pages(client: Client, settings: Settings) -> DeskPages:
    """The staff desk, on this face's connection to the bus."""
    return DeskPages(
        Desk(client, settings),
        Provider.of(settings),
        Blobs(Path(settings.text("BLOBS_DIR"))),
        settings.text("PORTAL_URL"),
    )
