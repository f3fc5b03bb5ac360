"""The JSON API of citizens: the same acts as on the pages, for programs.

The secret of a ticket stands in the header ``Ticket-Secret``, never in an address.
"""

import uuid
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.messages import kinds
from bus.messages.values import Json
from contracts.ticketing import citizens as contracts
from contracts.ticketing.public import STATISTICS
from gateway import web
from gateway.forms.downloads import file_response
from gateway.forms.multipart import TEXT_FORM, read_form
from gateway.http import bodies
from gateway.http.idempotency import idempotency_key
from gateway.http.origin import for_every_site
from gateway.http.problems import HttpError
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services, address_of
from people.tracking import grouped, grouped_secret

PROOF_HEADER = "ticket-secret"
CLAIM_SECONDS = 24 * 3600
ACTS: dict[str, kinds.Request] = {
    "messages": contracts.WRITE,
    "objections": contracts.REOPEN,
    "withdrawal": contracts.WITHDRAW,
    "visit": contracts.CHOOSE_SLOT,
    "survey": contracts.RATE,
}


class JsonApi:
    """The handlers of the JSON API."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def form(self, request: Request) -> Response:
        """GET /v1/form: categories, counties and units."""
        return web.json_response(await self._services.form(request))

    async def statistics(self, request: Request) -> Response:
        """GET /v1/statistics: counts for everybody, small ones hidden."""
        months = request.query_params.get("months", "12")
        fields = {"months": int(months) if months.isascii() and months.isdigit() else months}
        return await self._answer(request, STATISTICS, fields)

    async def upload(self, request: Request) -> Response:
        """POST /v1/attachments: one file; the claim that comes back goes into a ticket."""
        address, budgets = address_of(request), self._services.uploads
        budgets.check(address)
        form = await read_form(request, self._services.blobs_of(request), files=1)
        budgets.check_problems(address, form.problems)
        if form.problems or not form.claims:
            problem = form.problems[0] if form.problems else None
            raise HttpError(
                problem.code if problem else "attachment.empty",
                problem.message if problem else "Send one file as multipart/form-data.",
            )
        (claim,) = form.claims
        reply = {"claim": self._services.seals.seal(claim.attachment()), "type": claim.type}
        return web.json_response({**reply, "size": claim.size, "name": claim.name}, 201)

    async def register(self, request: Request) -> Response:
        """POST /v1/tickets: register; a repeat of key and body is told the same secret."""
        id_ = idempotency_id(request, required=True) or ""
        data = self._with_files(await self._object(request))
        data |= {"channel": "api"}
        secret = self._services.acts.secret_of(contracts.REGISTER.name, id_, data)
        fields = {**data, "secret": secret}
        reply = await self._services.ask_json(request, contracts.REGISTER, fields, id=id_)
        answer = {
            **reply,
            "code_grouped": grouped(reply["code"]),
            "secret": secret,
            "secret_grouped": grouped_secret(secret),
        }
        return web.json_response(answer, 201, {"Location": f"/v1/tickets/{reply['code']}"})

    async def read(self, request: Request) -> Response:
        """GET /v1/tickets/{code}"""
        return await self._answer(request, contracts.TRACK, self._proof(request))

    async def act(self, request: Request) -> Response:
        """POST /v1/tickets/{code}/{act}"""
        name = request.path_params["act"]
        if name not in ACTS:
            raise HttpError("http.not_found", "There is nothing at this path.")
        data = {**self._with_files(await self._object(request)), **self._proof(request)}
        id_ = idempotency_id(request, required=False)
        return await self._answer(request, ACTS[name], data, id=id_)

    async def leave_visit(self, request: Request) -> Response:
        """DELETE /v1/tickets/{code}/visit: give the chosen time back."""
        id_ = idempotency_id(request, required=False)
        return await self._answer(request, contracts.LEAVE_SLOT, self._proof(request), id=id_)

    async def invitation(self, request: Request) -> Response:
        """GET /v1/tickets/{code}/visit.ics"""
        proof = contracts.TicketProof(**self._proof(request))
        reply = await self._services.ask(request, contracts.INVITATION, proof)
        return Response(
            reply.ics, headers={"Cache-Control": "no-store"}, media_type="text/calendar"
        )

    async def file(self, request: Request) -> Response:
        """GET /v1/tickets/{code}/attachments/{attachment}"""
        question = contracts.OpenAttachment(
            **self._proof(request), attachment=request.path_params["attachment"]
        )
        file = await self._services.ask(request, contracts.OPEN_ATTACHMENT, question)
        return file_response(
            self._services.blobs, sha256=file.sha256, type=file.type, name=file.name
        )

    async def _answer(
        self,
        request: Request,
        contract: kinds.Request,
        fields: Mapping[str, object],
        *,
        id: str | None = None,
    ) -> Response:
        """Answer in JSON what a service replies to the fields of a message."""
        return web.json_response(await self._services.ask_json(request, contract, fields, id=id))

    @staticmethod
    async def _object(request: Request) -> Json:
        bodies.media_type(request, "application/json")
        return bodies.parse_object(await bodies.body(request, TEXT_FORM))

    def _with_files(self, data: Json) -> Json:
        """Replace claims of POST /v1/attachments by their files; nobody can forge a claim."""
        claims = data.pop("claims", [])
        opened = [
            self._services.seals.open(claim, CLAIM_SECONDS) if isinstance(claim, str) else None
            for claim in (claims if isinstance(claims, list) else [None])
        ]
        if None in opened or "attachments" in data or "secret" in data or "channel" in data:
            raise HttpError(
                "attachment.claim",
                "Upload files at /v1/attachments and give what comes back as claims; secret, "
                "channel and attachments are ours to set.",
            )
        return {**data, "attachments": opened} if opened else data

    @staticmethod
    def _proof(request: Request) -> dict[str, str]:
        return {
            "code": request.path_params["code"],
            "secret": request.headers.get(PROOF_HEADER, ""),
        }


def idempotency_id(request: Request, *, required: bool) -> str | None:
    """Return the Idempotency-Key, a UUID that nobody else can guess; None without one."""
    key = idempotency_key(request)
    if not key and not required:
        return None
    try:
        return str(uuid.UUID(key))
    except ValueError:
        raise HttpError(
            "idempotency_key.invalid", 'Idempotency-Key is a UUID made by you, in quotes: "…".'
        ) from None


def routes(services: Services) -> list[Route]:
    """Return the routes of the JSON API."""
    api = JsonApi(services)
    return [
        Route("/v1/form", for_every_site(same_for_all(api.form))),
        Route("/v1/statistics", for_every_site(same_for_all(api.statistics))),
        Route("/v1/attachments", api.upload, methods=["POST"]),
        Route("/v1/tickets", api.register, methods=["POST"]),
        Route("/v1/tickets/{code}", api.read),
        Route("/v1/tickets/{code}/visit.ics", api.invitation),
        Route("/v1/tickets/{code}/visit", api.leave_visit, methods=["DELETE"]),
        Route("/v1/tickets/{code}/attachments/{attachment:int}", api.file),
        Route("/v1/tickets/{code}/{act}", api.act, methods=["POST"]),
    ]
