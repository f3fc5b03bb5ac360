"""The calls of GOV.UK Notify's public API v2, on contracts of the notify service.

Its form is that of alphagov/notifications-tech-docs, openapi/publicapi_spec.json; where it differs
is said in docs/notify-api.md.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.client import Client
from bus.errors import BusError, NotFound
from bus.messages.message import Wire
from bus.settings import Settings, broker_url
from contracts.notify.govnotify import (
    API_MESSAGE,
    API_MESSAGES,
    ApiMessage,
    ListByApi,
)
from contracts.notify.messages import (
    MESSAGE,
    MESSAGES,
    PREVIEW,
    TEMPLATE,
    TEMPLATES,
    ListTemplates,
    OneMessage,
    Preview,
    ReadTemplate,
)
from contracts.notify.received import API_RECEIVED, ListReceived
from gateway import web
from gateway.html import assets
from gateway.http.address import own_address
from gateway.http.facts import CODE
from gateway.notify import openapi_document, reference, replies, requests, schemas
from gateway.notify.askers import ApiAsker
from gateway.notify.door import ApiClient, ApiDoor
from gateway.notify.errors import answer, bad, no_result, refused, show
from gateway.notify.sending import Sending
from gateway.openapi.document import document_route
from gateway.papers import letters
from gateway.receipts.promises import Promises
from gateway.receipts.sender import LeafSender

V2 = "/v2"
NOTIFICATIONS = f"{V2}/notifications"
RECEIVED = f"{V2}/received-text-messages"
LISTED = ("sms", "email", "letter")


class Notify:
    """What the calls of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "BLOBS_DIR")
        self.client = Client(broker_url(settings), name="gateway.notify")
        self.address = own_address(settings, "NOTIFY_API_URL")
        self._base = str(self.address)
        self._door = ApiDoor(self.client)
        self.sending = Sending(self._door, settings, self._base)
        origin = settings.get("RECEIPTS_ORIGIN")
        self._leaves = LeafSender(broker_url(settings), "gateway.notify")
        self.promises = Promises(self._leaves, origin, ApiAsker(origin)) if origin else None

    def works(self) -> list[Callable[[], Coroutine[object, None, None]]]:
        """What runs beside the calls."""
        return [self._leaves.keep] if self.promises else []

    # --- reading messages ---

    async def notification(self, request: Request) -> Response:
        """GET /v2/notifications/{id}"""
        client = await self._door.authenticate(request, MESSAGE)
        message = await self._message(request, client)
        return web.json_response(replies.notification(message, self._base))

    async def _message(self, request: Request, client: ApiClient) -> ApiMessage:
        form = schemas.NOTIFICATION.check({"notification_id": request.path_params["id"]})
        return await self._door.ask(request, client, API_MESSAGE, OneMessage(id=canonical(form)))

    async def pdf(self, request: Request) -> Response:
        """GET /v2/notifications/{id}/pdf"""
        client = await self._door.authenticate(request, MESSAGE)
        message = await self._message(request, client)
        if message.channel != "letter":
            raise bad("Notification is not a letter")
        try:
            made = await asyncio.to_thread(letters.pdf, message, self.sending.letters)
        except NotFound:
            raise refused(
                400, "PDFNotReadyError", "PDF not available yet, try again later"
            ) from None
        return Response(made, 200, {"Cache-Control": "no-store"}, "application/pdf")

    async def notifications(self, request: Request) -> Response:
        """GET /v2/notifications"""
        client = await self._door.authenticate(request, MESSAGES)
        query: Wire = {name: request.query_params.getlist(name) for name in request.query_params}
        for name in ("older_than", "reference", "include_jobs"):
            if name in query:
                query[name] = query[name][0]
        form = schemas.NOTIFICATIONS.check(query)
        wanted = ListByApi(
            wanted=replies.wanted(form.get("template_type", ()), form.get("status", ())),
            reference=form.get("reference") or None,
            older_than=form.get("older_than"),
            jobs="include_jobs" in form,
        )
        messages = (await self._door.ask(request, client, API_MESSAGES, wanted)).messages
        base = self._base
        links = {"current": link(base, form)}
        if messages:
            links["next"] = link(base, {**form, "older_than": messages[-1].id})
        notifications = [replies.notification(message, base) for message in messages]
        return web.json_response({"notifications": notifications, "links": links})

    async def received(self, request: Request) -> Response:
        """GET /v2/received-text-messages"""
        client = await self._door.authenticate(request, MESSAGES)
        form = schemas.RECEIVED.check(dict(request.query_params))
        older = form.get("older_than")
        wanted = ListReceived(older_than=str(uuid.UUID(older)) if older else None)
        texts = (await self._door.ask(request, client, API_RECEIVED, wanted)).texts
        here = f"{self._base}{RECEIVED}"
        links = {"current": here}
        if texts:
            links["next"] = f"{here}?older_than={texts[-1].id}"
        listed = [replies.received(text, client.service) for text in texts]
        return web.json_response({"received_text_messages": listed, "links": links})

    # --- templates ---

    async def template(self, request: Request) -> Response:
        """GET /v2/template/{id} and /v2/template/{id}/version/{version}"""
        client = await self._door.authenticate(request, TEMPLATE)
        form = schemas.TEMPLATE.check(dict(request.path_params))
        wanted = ReadTemplate(id=canonical(form), version=form.get("version"))
        template = await self._door.ask(request, client, TEMPLATE, wanted)
        if template.channel not in LISTED:
            raise no_result()
        block = await self._block(request, client, [template.channel])
        return web.json_response(replies.template(template, block))

    async def _block(
        self, request: Request, client: ApiClient, channels: Iterable[str]
    ) -> str | None:
        """Who letters of the service say they come from; asked for only if one is shown."""
        if "letter" not in channels:
            return None
        own = (await self.sending.senders(request, client)).senders
        return next((s.text for s in own if s.channel == "letter" and s.is_default), None)

    async def templates(self, request: Request) -> Response:
        """GET /v2/templates"""
        client = await self._door.authenticate(request, TEMPLATES)
        form = schemas.TEMPLATES.check(dict(request.query_params))
        wanted = ListTemplates(channel=form.get("type"))
        templates = (await self._door.ask(request, client, TEMPLATES, wanted)).templates
        block = await self._block(request, client, [t.channel for t in templates])
        listed = [replies.template(t, block) for t in templates if t.channel in LISTED]
        return web.json_response({"templates": listed})

    async def preview(self, request: Request) -> Response:
        """POST /v2/template/{id}/preview"""
        client = await self._door.authenticate(request, PREVIEW)
        body = await requests.json_of(request)
        if isinstance(body, dict):
            body = {**body, "id": request.path_params["id"]}
        form = schemas.PREVIEW.check(body)
        values = requests.personalisation(form.get("personalisation", {}))
        wanted = Preview(template=canonical(form), personalisation=values)
        previewed = await self._door.ask(request, client, PREVIEW, wanted)
        if previewed.channel not in LISTED:
            raise no_result()
        return web.json_response(replies.preview(previewed))


def canonical(form: Wire) -> str:
    """The UUID of a checked path in the form in which the service knows it."""
    return str(uuid.UUID(form.get("id") or form["notification_id"]))


def link(base: str, query: Wire) -> str:
    """The address of a page of notifications."""
    encoded = urlencode(query, doseq=True)
    return f"{base}{NOTIFICATIONS}" + (f"?{encoded}" if encoded else "")


def make(settings: Settings) -> web.Face:
    """The face; MissingSettings or ValueError if it cannot be made."""
    notify = Notify(settings)

    def guarded(call: Callable[[Request], Awaitable[Response]]) -> web.Handler:
        async def run(request: Request) -> Response:
            try:
                return await call(request)
            except BusError as error:
                CODE.set(request, error.code)
                return answer(error)

        return run

    sends = [
        Route(f"{NOTIFICATIONS}/{kind}", guarded(notify.sending.post), methods=["POST"])
        for kind in LISTED
    ]
    template = f"{V2}/template/{{id}}"
    face = web.Face(
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
            Route(RECEIVED, guarded(notify.received)),
            document_route(openapi_document.openapi, str(notify.address)),
            *reference.site(str(notify.address)).routes(),
            Route("/health/live", web.live),
            assets.robots("/v2/"),
            *assets.ROUTES,
        ],
        lifespan=web.while_connected(notify.client, *notify.works()),
        show=show,
        address=notify.address,
    )
    face.prove = notify.promises.prove if notify.promises else None
    return face
