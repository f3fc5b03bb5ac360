"""The calls that send: SMS, e-mails with their files, letters by a template or as PDF."""

import asyncio
import dataclasses
import uuid
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bus.blobs import Blobs
from bus.errors import NotFound
from bus.foreign.confined import Unreadable
from bus.foreign.pictures.cleaning import is_picture, without_metadata
from bus.messages.message import Wire
from bus.settings import Settings
from contracts.notify.files import FILES, FileByEmail
from contracts.notify.govnotify import (
    API_MESSAGE,
    API_SEND,
    LETTERS,
    PDF_MOST,
    ApiMessage,
    Pdf,
    SendByApi,
)
from contracts.notify.messages import PREVIEW, MessagePreview, OneMessage, Preview
from contracts.notify.senders import API_SENDERS, ListSenders, Senders
from gateway import web
from gateway.http import bodies
from gateway.notify import pdf_check, replies, requests
from gateway.notify.door import SENT, ApiClient, ApiDoor, act_id
from gateway.notify.errors import bad, refused
from gateway.notify.files import UploadedFile
from gateway.notify.sanitising import Changed

MEGABYTE = 1024 * 1024
# By then files that nobody holds are deleted.
NO_DISK_SECONDS = "900"
BROKEN_PICTURE = "The picture cannot be read. Save it again as JPEG or PNG, and send that"
NO_DISK = "There is no room for files now. Send the message without its files, or later."
LIMITS = {
    "sms": bodies.BODY_LIMIT,
    "email": requests.EMAIL_LIMIT,
    "letter": requests.LETTER_LIMIT,
}


class Sending:
    """What the calls that send share; ``base`` is the address of this face."""

    def __init__(self, door: ApiDoor, settings: Settings, base: str) -> None:
        folder = Path(settings.text("BLOBS_DIR"))
        self._door, self._base = door, base
        self.letters, self._files = Blobs(folder / LETTERS), Blobs(folder / FILES)
        self._free = settings.whole("BLOBS_FREE_MEGABYTES", 1000) * MEGABYTE
        self._from_number = settings.text("NOTIFY_FROM_NUMBER", "Mirab")

    async def post(self, request: Request) -> Response:
        """POST /v2/notifications/{sms, email, letter}"""
        client = await self._door.authenticate_sender(request)
        channel = request.url.path.rsplit("/", 1)[1]
        body = await requests.json_of(request, LIMITS[channel])
        if channel == "letter" and isinstance(body, dict) and "content" in body:
            return await self._precompiled(request, client, body)
        changed: Changed = {}
        if channel == "sms":
            message = requests.sms(body, client.kind)
        elif channel == "email":
            message, changed, uploaded = await asyncio.to_thread(requests.email, body)
            message = await self._with_files(message, uploaded)
        else:
            message = requests.letter(body, client.kind)
        try:
            posted = await self._send(request, client, message, changed)
        except NotFound as error:
            raise (
                bad("Template not found") if error.code == "template.not_found" else error
            ) from None
        if channel == "email":
            posted["sanitised_content"] = changed
        return web.json_response(posted, 201)

    async def _send(
        self, request: Request, client: ApiClient, message: SendByApi, changed: Changed
    ) -> Wire:
        sent: ApiMessage | MessagePreview
        if requests.is_simulated(message):
            sent, id_ = await self._simulated(request, client, message), str(uuid.uuid4())
        else:
            act = act_id(request, client)
            id_ = (await self._door.ask(request, client, API_SEND, message, act)).id
            SENT.set(request, id_)
            # The reply is kept for a month: what it says of a person is asked for apart.
            sent = await self._door.ask(request, client, API_MESSAGE, OneMessage(id=id_))
        content: dict[str, str | None] = {"body": sent.body}
        # Beside a file the text is shown as it is sent: only there its link stands.
        if changed and not message.files:
            content["body"] = await self._escaped(request, client, message, changed)
        if message.channel == "sms":
            line = sent.sender if isinstance(sent, ApiMessage) else None
            content["from_number"] = line or self._from_number
        else:
            content["subject"] = sent.subject
        if message.channel == "email":
            content["from_email"] = client.from_email
            addressed = sent if isinstance(sent, ApiMessage) else message
            content["one_click_unsubscribe_url"] = addressed.unsubscribe_url
        return replies.posted(
            id_, message.reference, sent.template, message.not_before, content, self._base
        )

    async def _with_files(
        self, message: SendByApi, uploaded: Mapping[str, UploadedFile]
    ) -> SendByApi:
        """The message with the claims of its files; to a simulated recipient nothing is kept."""
        if requests.is_simulated(message):
            links = dict.fromkeys(uploaded, f"{self._base}/documents/test-document")
            values = {**message.personalisation, **links}
            return dataclasses.replace(message, personalisation=values)
        if uploaded and await asyncio.to_thread(self._files.free) < self._free:
            raise refused(507, "InsufficientStorage", NO_DISK, Retry_After=NO_DISK_SECONDS)
        # A fault of one is answered before any is kept.
        cleaned = {name: await self._cleaned(file) for name, file in uploaded.items()}
        stored = {name: await self._stored(file) for name, file in cleaned.items()}
        return dataclasses.replace(message, files=stored)

    async def _cleaned(self, file: UploadedFile) -> UploadedFile:
        """The file; a picture without its metadata, which its receiver has no business with."""
        if not is_picture(file.type):
            return file
        try:
            content = await asyncio.to_thread(without_metadata, file.content, file.type)
        except Unreadable:
            raise bad(BROKEN_PICTURE) from None
        return file._replace(content=content)

    async def _stored(self, file: UploadedFile) -> FileByEmail:
        claim = await asyncio.to_thread(self._files.add, file.content)
        return FileByEmail(
            sha256=claim.sha256,
            size=claim.size,
            name=file.name,
            type=file.type,
            confirm=file.confirm,
            weeks=file.weeks,
        )

    async def _escaped(
        self, request: Request, client: ApiClient, message: SendByApi, changed: Changed
    ) -> str:
        """The text as Notify would show it, with the marks that keep values from being markup."""
        shown = {name: change["sanitised"] for name, change in changed.items()}
        wanted = Preview(
            template=message.template or "",
            personalisation={**message.personalisation, **shown},
        )
        return (await self._door.ask(request, client, PREVIEW, wanted)).body

    async def senders(self, request: Request, client: ApiClient) -> Senders:
        """The approved names under which the service writes."""
        return await self._door.ask(request, client, API_SENDERS, ListSenders())

    async def _simulated(
        self, request: Request, client: ApiClient, message: SendByApi
    ) -> MessagePreview:
        """What a message to a simulated recipient would say; it is kept nowhere."""
        if message.sender is not None:
            own = (await self.senders(request, client)).senders
            if not any((s.id, s.channel) == (message.sender, message.channel) for s in own):
                name = "sms_sender_id" if message.channel == "sms" else "email_reply_to_id"
                raise bad(
                    f"{name} {message.sender} does not exist in database for service id "
                    f"{client.service}"
                )
        wanted = Preview(template=message.template or "", personalisation=message.personalisation)
        previewed = await self._door.ask(request, client, PREVIEW, wanted)
        if previewed.channel != message.channel:
            raise bad(
                f"{previewed.channel} template is not suitable for {message.channel} notification"
            )
        return previewed

    async def _precompiled(self, request: Request, client: ApiClient, body: Wire) -> Response:
        message, content = requests.precompiled(body)
        if client.kind == "team":
            raise bad("Cannot send letters with a team api key", 403)
        judged = await asyncio.to_thread(pdf_check.judge, content)
        if judged.fault == pdf_check.UNREADABLE:
            raise bad(requests.NO_PDF)
        if judged.fault:
            raise bad(f"Letter content must not {judged.fault}")
        claim = await asyncio.to_thread(self.letters.add, content)
        pdf = Pdf(sha256=claim.sha256, size=min(claim.size, PDF_MOST))
        message = dataclasses.replace(message, pdf=pdf)
        act = act_id(request, client)
        accepted = await self._door.ask(request, client, API_SEND, message, act)
        SENT.set(request, accepted.id)
        return web.json_response(
            {"id": accepted.id, "reference": body["reference"], "postage": message.postage}, 201
        )
