"""Files that agencies sent by e-mail: the page of a link, and the download behind it.

The key of the link opens the page; where the sender wanted it, the file opens for who names the
address to which it was sent.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import BusError
from contracts.notify import files as contracts
from gateway.forms.downloads import file_response
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.site.pages import faults_of, show, status_of
from gateway.public.site.services import Services

KILOBYTE = 1024
FIELD = "email"


class SentFiles:
    """What the routes share."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._blobs = Blobs(services.blobs.folder / contracts.FILES)

    async def page(self, request: Request) -> Response:
        """GET /files/{id}/{key}: what was sent, by whom, until when; nothing is downloaded yet, so
        that a mail server which opens each link takes nothing.
        """
        return self._show(request, await self._file(request))

    async def download(self, request: Request) -> Response:
        """POST /files/{id}/{key}: the file, or the page with what is wrong."""
        file = await self._file(request)
        typed = text_of(await read_fields(request), FIELD)
        link = request.path_params
        message = contracts.OpenFile(id=link["id"], key=link["key"], email=typed or None)
        try:
            opened = await self._services.ask(request, contracts.OPEN_FILE, message)
        except BusError as error:
            return self._show(request, file, typed, error)
        return file_response(self._blobs, sha256=opened.sha256, type=file.type, name=file.name)

    async def _file(self, request: Request) -> contracts.SentFile:
        link = contracts.FileLink(id=request.path_params["id"], key=request.path_params["key"])
        return await self._services.ask(request, contracts.SENT_FILE, link)

    def _show(
        self,
        request: Request,
        file: contracts.SentFile,
        typed: str = "",
        error: BusError | None = None,
    ) -> Response:
        faults = {} if error is None else faults_of(request, error)
        if file.confirm and "" in faults and error is not None and error.code == "file.address":
            faults = {FIELD: faults[""]}
        return show(
            request,
            "sent_file",
            200 if error is None else status_of(error),
            faults=faults,
            file=file,
            kilobytes=max(1, round(file.size / KILOBYTE)),
            typed=typed,
        )


def routes(services: Services) -> list[Route]:
    """The routes of files that were sent by e-mail."""
    files = SentFiles(services)
    return [
        Route("/files/{id}/{key}", files.page, methods=["GET"]),
        Route("/files/{id}/{key}", files.download, methods=["POST"]),
    ]
