"""The calls of GOV.UK Notify's public API v2, on contracts of the notify service.

Its form is that of alphagov/notifications-tech-docs, openapi/publicapi_spec.json; where it differs
is said in docs/notify-api.md.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.client import Client
from bus.errors import BusError, NotFound
from bus.settings import Settings, broker_url
from contracts.notify.govnotify import API_MESSAGE, API_MESSAGES, API_SEND, LETTERS, PDF_MOST
from contracts.notify.messages import MESSAGE, MESSAGES, PREVIEW, TEMPLATE, TEMPLATES
from gateway import web
from gateway.html import assets, problem_page, rendering
from gateway.http import bodies
from gateway.http.address import own_address
from gateway.notify import described, pdf_check, reading, schemas, telling
from gateway.notify.door import Door, Visitor, act_id
from gateway.notify.errors import answer, bad, no_result, refused, show
from gateway.papers import letters

V2 = "/v2"
NOTIFICATIONS = f"{V2}/notifications"
LISTED = ("sms", "email", "letter")


class Notify:
    """What the calls of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "BLOBS_DIR")
        self.client = Client(broker_url(settings), name="gateway.notify")
        self.blobs = Blobs(Path(settings.text("BLOBS_DIR")) / LETTERS)
        self.address = own_address(settings, "NOTIFY_API_URL")
        self._base = str(self.address)
        self._from_number = settings.text("NOTIFY_FROM_NUMBER", "Mirab")
        self._door = Door(self.client)

    # --- sending ---

    async def post(self, request: Request) -> Response:
        """POST /v2/notifications/{sms, email, letter}"""
        visitor = await self._door.sender(request)
        channel = request.url.path.rsplit("/", 1)[1]
        limit = reading.LETTER_LIMIT if channel == "letter" else bodies.BODY_LIMIT
        told = await reading.json_of(request, limit)
        if channel == "letter" and isinstance(told, dict) and "content" in told:
            return await self._precompiled(request, visitor, told)
        changed: dict[str, Any] = {}
        if channel == "sms":
            asked = reading.sms(told, visitor.kind)
        elif channel == "email":
            asked, changed = reading.email(told)
        else:
            asked = reading.letter(told)
        for name in ("sms_sender_id", "email_reply_to_id"):
            if name in told:
                raise bad(
                    f"{name} {told[name]} does not exist in database for service id "
                    f"{visitor.service}"
                )
        try:
            return await self._send(request, visitor, asked, changed)
        except NotFound as error:
            raise (
                bad("Template not found") if error.code == "template.not_found" else error
            ) from None

    async def _send(
        self, request: Request, visitor: Visitor, asked: dict[str, Any], changed: dict[str, Any]
    ) -> Response:
        if reading.is_simulated(asked):
            told = await self._simulated(request, visitor, asked)
        else:
            sent = await self._door.ask(request, visitor, API_SEND, asked, act_id(request, visitor))
            # The reply is remembered for a month: what it says of a person is asked for apart.
            told = await self._door.ask(request, visitor, API_MESSAGE, {"id": sent["id"]})
        content = {"body": told["body"]}
        if asked["channel"] == "sms":
            content["from_number"] = self._from_number
        else:
            content["subject"] = told["subject"]
        if asked["channel"] == "email":
            content["from_email"] = visitor.from_email
            content["one_click_unsubscribe_url"] = asked["unsubscribe_url"]
        known = {
            "id": told["id"], "reference": asked["reference"], "template": told["template"],
            "scheduled_for": asked["not_before"],
        }  # fmt: skip
        posted = telling.posted(known, self._base, content)
        if asked["channel"] == "email":
            posted["sanitised_content"] = changed
        return web.json_response(posted, 201)

    async def _simulated(
        self, request: Request, visitor: Visitor, asked: dict[str, Any]
    ) -> dict[str, Any]:
        """What a message to a simulated recipient would say; it is kept nowhere."""
        wanted = {name: asked[name] for name in ("template", "personalisation")}
        told = await self._door.ask(request, visitor, PREVIEW, wanted)
        if told["channel"] != asked["channel"]:
            raise bad(
                f"{told['channel']} template is not suitable for {asked['channel']} notification"
            )
        return {**told, "id": str(uuid.uuid4())}

    async def _precompiled(self, request: Request, visitor: Visitor, told: Any) -> Response:
        asked, content = reading.precompiled(told)
        if visitor.kind == "team":
            raise bad("Cannot send letters with a team api key", 403)
        judged = await asyncio.to_thread(pdf_check.judge, content)
        if judged.fault == pdf_check.UNREADABLE:
            raise bad(reading.NO_PDF)
        if judged.fault:
            raise bad(f"Letter content must not {judged.fault}")
        claim = await asyncio.to_thread(self.blobs.add, content)
        pdf = {"sha256": claim.sha256, "size": min(claim.size, PDF_MOST)}
        id_ = act_id(request, visitor)
        sent = await self._door.ask(request, visitor, API_SEND, {**asked, "pdf": pdf}, id_)
        return web.json_response(
            {"id": sent["id"], "reference": told["reference"], "postage": asked["postage"]}, 201
        )

    # --- reading messages ---

    async def notification(self, request: Request) -> Response:
        """GET /v2/notifications/{id}"""
        visitor = await self._door.visitor(request, MESSAGE)
        told = await self._message(request, visitor)
        return web.json_response(telling.notification(told, self._base))

    async def _message(self, request: Request, visitor: Visitor) -> dict[str, Any]:
        form = schemas.NOTIFICATION.check({"notification_id": request.path_params["id"]})
        return await self._door.ask(request, visitor, API_MESSAGE, {"id": canonical(form)})

    async def pdf(self, request: Request) -> Response:
        """GET /v2/notifications/{id}/pdf"""
        visitor = await self._door.visitor(request, MESSAGE)
        told = await self._message(request, visitor)
        if told["channel"] != "letter":
            raise bad("Notification is not a letter")
        try:
            made = await asyncio.to_thread(letters.pdf, told, self.blobs)
        except NotFound:
            raise refused(
                400, "PDFNotReadyError", "PDF not available yet, try again later"
            ) from None
        return Response(made, 200, {"Cache-Control": "no-store"}, "application/pdf")

    async def notifications(self, request: Request) -> Response:
        """GET /v2/notifications"""
        visitor = await self._door.visitor(request, MESSAGES)
        query: dict[str, Any] = {
            name: request.query_params.getlist(name) for name in request.query_params
        }
        for name in ("older_than", "reference", "include_jobs"):
            if name in query:
                query[name] = query[name][0]
        form = schemas.NOTIFICATIONS.check(query)
        asked = {
            "wanted": telling.wanted(form.get("template_type", ()), form.get("status", ())),
            "reference": form.get("reference") or None,
            "older_than": form.get("older_than"),
            "jobs": "include_jobs" in form,
        }
        told = (await self._door.ask(request, visitor, API_MESSAGES, asked))["messages"]
        base = self._base
        links = {"current": link(base, form)}
        if told:
            links["next"] = link(base, {**form, "older_than": told[-1]["id"]})
        found = [telling.notification(each, base) for each in told]
        return web.json_response({"notifications": found, "links": links})

    async def received(self, request: Request) -> Response:
        """GET /v2/received-text-messages: none, since no SMS comes in here."""
        await self._door.visitor(request)
        schemas.RECEIVED.check(dict(request.query_params))
        current = f"{self._base}{V2}/received-text-messages"
        return web.json_response({"received_text_messages": [], "links": {"current": current}})

    # --- templates ---

    async def template(self, request: Request) -> Response:
        """GET /v2/template/{id} and /v2/template/{id}/version/{version}"""
        visitor = await self._door.visitor(request, TEMPLATE)
        form = schemas.TEMPLATE.check(dict(request.path_params))
        asked = {"id": canonical(form), "version": form.get("version")}
        told = await self._door.ask(request, visitor, TEMPLATE, asked)
        if told["channel"] not in LISTED:
            raise no_result()
        return web.json_response(telling.template(told))

    async def templates(self, request: Request) -> Response:
        """GET /v2/templates"""
        visitor = await self._door.visitor(request, TEMPLATES)
        form = schemas.TEMPLATES.check(dict(request.query_params))
        told = await self._door.ask(request, visitor, TEMPLATES, {"channel": form.get("type")})
        found = [telling.template(t) for t in told["templates"] if t["channel"] in LISTED]
        return web.json_response({"templates": found})

    async def preview(self, request: Request) -> Response:
        """POST /v2/template/{id}/preview"""
        visitor = await self._door.visitor(request, PREVIEW)
        body = await reading.json_of(request)
        told = {**body, "id": request.path_params["id"]} if isinstance(body, dict) else body
        form = schemas.PREVIEW.check(told)
        values = reading.personalisation(form.get("personalisation", {}))
        asked = {"template": canonical(form), "personalisation": values}
        found = await self._door.ask(request, visitor, PREVIEW, asked)
        if found["channel"] not in LISTED:
            raise no_result()
        return web.json_response(telling.preview(found))


async def home(request: Request) -> Response:
    """GET /: what this face is, for who opens it in a browser."""
    return rendering.page("notify.html", lang=problem_page.language(request))


def canonical(form: dict[str, Any]) -> str:
    """The UUID of a checked path in the form in which the service knows it."""
    return str(uuid.UUID(form.get("id") or form["notification_id"]))


def link(base: str, query: dict[str, Any]) -> str:
    """The address of a page of notifications."""
    told = urlencode(query, doseq=True)
    return f"{base}{NOTIFICATIONS}" + (f"?{told}" if told else "")


def make(settings: Settings) -> web.Face:
    """The face; MissingSettings or ValueError if it cannot be made."""
    notify = Notify(settings)

    def guarded(call: Callable[[Request], Awaitable[Response]]) -> web.Handler:
        async def run(request: Request) -> Response:
            try:
                return await call(request)
            except BusError as error:
                request.state.code = error.code
                return answer(error)

        return run

    sends = [
        Route(f"{NOTIFICATIONS}/{kind}", guarded(notify.post), methods=["POST"]) for kind in LISTED
    ]
    template = f"{V2}/template/{{id}}"
    return web.Face(
        "notify",
        [
            *sends,
            Route(NOTIFICATIONS, guarded(notify.notifications)),
            Route(f"{NOTIFICATIONS}/{{id}}", guarded(notify.notification)),
            Route(f"{NOTIFICATIONS}/{{id}}/pdf", guarded(notify.pdf)),
            Route(template, guarded(notify.template)),
            Route(f"{template}/version/{{version:int}}", guarded(notify.template)),
            Route(f"{template}/preview", guarded(notify.preview), methods=["POST"]),
            Route(f"{V2}/templates", guarded(notify.templates)),
            Route(f"{V2}/received-text-messages", guarded(notify.received)),
            described.route(str(notify.address)),
            Route("/", home),
            Route("/health/live", web.live),
            *assets.ROUTES,
        ],
        lifespan=web.while_connected(notify.client),
        show=show,
        address=notify.address,
    )
