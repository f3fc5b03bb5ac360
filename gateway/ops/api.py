"""Health, metrics, dead letters and imports, for machines and operators, and as one board."""

from typing import NamedTuple

from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.messages.message import to_wire
from bus.messages.values import Json
from bus.process import metrics
from bus.process.monitor import Status
from bus.settings import MissingSettings, Settings, broker_url
from bus.signatures.keys import SigningKey
from contracts.inquiry.questions import LOAD_REGISTRY, LOAD_STATUS
from gateway import web
from gateway.html import assets, rendering
from gateway.http import bodies
from gateway.http.facts import TRACEPARENT
from gateway.ops.access import Access, bearer, wants_page
from gateway.ops.accounts.kept_forms import SECOND_FACTOR
from gateway.ops.accounts.oidc import Provider
from gateway.ops.accounts.second_factor import SecondFactorPages
from gateway.ops.accounts.sign_in import SignInPages
from gateway.ops.board.pages import BoardPages
from gateway.ops.dead_letters.letters import Judge
from gateway.ops.dead_letters.pages import DeadLetterPages
from gateway.ops.health.callers import Callers
from gateway.ops.health.checks import Check, SelfCall
from gateway.ops.health.history import Since
from gateway.ops.health.metrics import Measures
from gateway.ops.health.month_closing import MonthClosing
from gateway.ops.health.parts import watched_parts
from gateway.ops.health.probe import Probing
from gateway.ops.health.survey import Surveyor
from gateway.ops.staff import forms
from gateway.ops.staff.session import OPS, Desk
from gateway.ops.traffic.pages import TrafficPages
from gateway.ops.transactions.pages import Transactions
from members.register import Register

SUBJECT_MOST = 300
CALLER = {"agency": "mirab-ops", "key": "ops-face", "grants": []}
MEASURES = Measures()
REGISTRY.register(MEASURES)


class Ops:
    """The handlers of this face and what they share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "AGENCY_URL", "OPS_KEY_FILE", "DESK_KEY", "PORTAL_URL")
        self.amqp_url = broker_url(settings)
        self.client = Client(self.amqp_url, name="gateway.ops")
        self.closing = MonthClosing(self.client)
        key = SigningKey.load(
            settings.text("OPS_KEY_FILE"), settings.text("OPS_KEY_ID", "mirab-ops-demo")
        )
        self.surveyor = Surveyor(
            self.client,
            self.amqp_url,
            SelfCall(settings.text("AGENCY_URL"), key, settings.get("AGENCY_BASE_URL")),
            watched_parts(settings),
        )
        self.probing = Probing(
            self.client,
            settings.text("PORTAL_URL"),
            settings.text("AGENCY_URL"),
            self.surveyor.failing_parts,
        )
        self.callers = Callers(self.client)
        self.desk = Desk(self.client, settings, OPS)
        self.access = Access(self.desk, settings)
        judge = Judge(register_of(settings), CALLER)
        self.dead_letters = DeadLetterPages(self.access, self.desk, self.amqp_url, judge)

    async def ready(self, request: Request) -> Response:
        """GET /health/ready: 503 if anything fails that people's work needs, else 200."""
        await self.access.machine(request)
        survey = await self.surveyor.look()
        reply = {
            "status": survey.status,
            "checks": {
                check.name: [check_reply(check, self.surveyor.history.since[check.name])]
                for check in survey.checks
            },
        }
        response = web.json_response(reply, 503 if survey.status is Status.FAIL else 200)
        response.headers["content-type"] = "application/health+json"
        return response

    async def metrics(self, request: Request) -> Response:
        """GET /metrics: this process, and what is true of the whole bus."""
        await self.access.machine(request)
        MEASURES.survey = await self.surveyor.look()
        media_type, text = metrics.exposition(request.headers.get("accept"))
        return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    async def load_page(self, request: Request) -> Response:
        """GET /registry/loads: a form to import an export."""
        reader = await self.access.reader(request)
        return rendering.page("ops/load_new.html", reader=reader, here=request.url.path)

    async def load(self, request: Request) -> Response:
        """POST /registry/loads with {"folder": ...}: import an export of the import folder."""
        await self.access.reader(request)
        sent = await sent_object(request)
        message = LOAD_REGISTRY.load(sent.data)
        name = await self.access.act(request, "registry.load", message.folder[:SUBJECT_MOST])
        reply = await self.client.call(
            LOAD_REGISTRY,
            message,
            caller={**CALLER, "staff": name},
            traceparent=TRACEPARENT.of(request),
        )
        address = f"/registry/loads/{reply.load}"
        if sent.form:
            return RedirectResponse(address, 303)
        return web.json_response(to_wire(reply), 202, {"Location": address})

    async def load_status(self, request: Request) -> Response:
        """GET /registry/loads/{load}: how far it has come."""
        reader = await self.access.reader(request)
        query = LOAD_STATUS.load({"load": request.path_params["load"]})
        reply = await self.client.call(LOAD_STATUS, query, caller=CALLER)
        if not wants_page(request):
            return web.json_response(to_wire(reply))
        return rendering.page("ops/load.html", load=reply, reader=reader, here=request.url.path)


class Sent(NamedTuple):
    """The members of an act, and whether a page's form sent them rather than a machine's JSON."""

    data: Json
    form: bool


async def sent_object(request: Request) -> Sent:
    """Read the members of an act: of a JSON object, or of a form."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded" or bearer(request) is not None:
        bodies.media_type(request, "application/json")
        return Sent(bodies.parse_object(await bodies.body(request)), False)
    values = (await forms.read_form(request)).values
    data: Json = {}
    for name, texts in values.items():
        data[name] = texts == ["1"] if name == "allow_removals" else texts[0]
    return Sent(data, True)


def check_reply(check: Check, since: Since) -> Json:
    """Return a check as application/health+json; ``time`` is since when it has its status."""
    reply: Json = {
        "status": check.finding.status,
        "code": check.finding.code,
        "output": check.finding.sentence,
        "time": since.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    if check.ms is not None:
        reply |= {"observedValue": check.ms, "observedUnit": "ms"}
    return reply


def register_of(settings: Settings) -> Register | None:
    """Return the register of AGENCIES_DIR; None without one, and then nothing that an agency has
    asked is replayed.
    """
    try:
        return Register.of(settings) if settings.get("AGENCIES_DIR") else None
    except (OSError, ValueError) as error:
        raise MissingSettings(str(error)) from None


def make(settings: Settings) -> web.Face:
    """Build the ops face."""
    ops = Ops(settings)
    sign_in = SignInPages(ops.desk, Provider.of(settings))
    return web.Face(
        "ops",
        [
            *BoardPages(
                ops.access, ops.surveyor, ops.callers, settings.get("LAST_BACKUP_FILE")
            ).routes(),
            Route("/health/live", web.live),
            Route("/health/ready", ops.ready),
            Route("/metrics", ops.metrics),
            *ops.dead_letters.routes(),
            *TrafficPages(ops.client, ops.access).routes(),
            Route("/registry/loads", ops.load_page, methods=["GET"]),
            Route("/registry/loads", ops.load, methods=["POST"]),
            Route("/registry/loads/{load}", ops.load_status),
            *Transactions(ops.client, ops.access).routes(),
            *sign_in.routes(),
            *SecondFactorPages(ops.desk).routes(),
            assets.robots("/"),
            *assets.ROUTES,
        ],
        lifespan=web.while_connected(
            ops.client,
            ops.probing.run,
            ops.closing.run,
            ops.surveyor.run,
            ops.surveyor.sampler.run,
            ops.callers.run,
        ),
        show=show,
        first=ops.desk.recognise,
    )


def show(request: Request, problem: Json) -> Response | None:
    """Show a problem to a browser; a signed-out operator gets the sign-in page."""
    if not wants_page(request):
        return None
    if problem["code"] in ("desk.signed_out", "desk.unknown"):
        return RedirectResponse("/sign-in", 303)
    if problem["code"] == SECOND_FACTOR:
        return RedirectResponse("/second-factor", 303)
    return rendering.page("ops/sorry.html", problem["status"], problem=problem)
