"""Letters on paper: what waits for the printer, their PDFs, and that they were posted."""

import asyncio
import io
import zipfile
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import NotFound
from contracts.notify import govnotify as contracts
from gateway.forms.downloads import download_headers
from gateway.forms.fields import Fields
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Fact, Preview
from gateway.papers import letters

MOST = 50


class Letters:
    """The pages of letters; whoever opens them has looked, and that is written down."""

    def __init__(self, pages: StaffPages, blobs: Blobs) -> None:
        self._pages, self._blobs = pages, blobs

    async def queue(self, request: Request) -> Response:
        """GET /desk/notices/letters: the oldest that wait."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "letters", submission, reply=self._read(request))

    async def _read(self, request: Request) -> contracts.Queue:
        return await self._pages.ask(
            request, contracts.PRINT_QUEUE, contracts.ReadQueue(limit=MOST)
        )

    async def pdf(self, request: Request) -> Response:
        """GET /desk/notices/letters/{id}: one that waits, as it will be printed."""
        queue = await self._read(request)
        for letter in queue.letters:
            if letter.id == request.path_params["id"]:
                pdf = await asyncio.to_thread(letters.pdf, letter, self._blobs)
                headers = download_headers(f"letter-{letter.id}.pdf")
                return Response(pdf, headers=headers, media_type="application/pdf")
        raise NotFound("No such letter waits for the printer.", code="message.not_found")

    async def bundle(self, request: Request) -> Response:
        """GET /desk/notices/letters.zip: the PDFs of all on the page, in its order."""
        queue = await self._read(request)
        bundle = await asyncio.to_thread(bundled, queue.letters, self._blobs)
        headers = download_headers("letters.zip")
        return Response(bundle, headers=headers, media_type="application/zip")

    async def printed(self, request: Request) -> Response:
        """POST /desk/notices/letters: those that were chosen are printed and posted."""
        values = (await forms.read_form(request)).values
        values["act"] = ["printed"]

        async def preview(_: Request, message: contracts.PrintedLetters) -> Preview:
            return Preview(
                title="این نامه‌ها چاپ و پست‌شده ثبت می‌شود",
                button="ثبت چاپ و پست",
                facts=(Fact("شمار نامه‌ها", str(len(message.ids))),),
                leaves=("نامه‌ها از فهرست چاپ بیرون می‌روند و فرستنده آن‌ها را پست‌شده می‌بیند.",),
            )

        fields: Fields = {"ids": values.get("ids", [])}
        back = "letters?done=printed"
        return await self._pages.send(
            request, contracts.LETTERS_PRINTED, self._show, back, values, fields, preview
        )

    def routes(self) -> list[Route]:
        """The routes of letters."""
        return [
            Route(f"{AT}/letters", self.queue, methods=["GET"]),
            Route(f"{AT}/letters", self.printed, methods=["POST"]),
            Route(f"{AT}/letters.zip", self.bundle),
            Route(f"{AT}/letters/{{id}}", self.pdf),
        ]


def bundled(queue: Sequence[contracts.ApiMessage], blobs: Blobs) -> bytes:
    """A ZIP with the letters' PDFs, numbered in the order of the queue."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as bundle:
        for number, letter in enumerate(queue, 1):
            bundle.writestr(f"{number:03}-{letter.id}.pdf", letters.pdf(letter, blobs))
    return written.getvalue()
