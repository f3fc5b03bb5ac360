"""Files of a ticket: to be saved as they came, photos as small pictures and in a viewer."""

from collections.abc import Iterator
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import NotFound
from contracts.ticketing import desk as contracts
from contracts.ticketing.citizens import Opened
from contracts.ticketing.desk import DeskTicket, OneTicket
from gateway.forms.downloads import file_response
from gateway.ops.desk.section import AT
from gateway.ops.staff.pages import StaffPages, resolved
from gateway.papers import pictures
from gateway.papers.pictures import MEDIA_TYPE, PICTURE, THUMBNAIL, Pictures

KINDS = {
    "application/pdf": "PDF",
    "text/plain": "متن",
    "message/rfc822": "نامه",
    "image/heic": "عکس HEIC",
}
KILOBYTE, MEGABYTE = 1024, 1024 * 1024


class TicketFile(NamedTuple):
    """A file of a ticket as pages name it; ``photo`` if a picture of it can be shown."""

    id: int
    name: str
    kind: str
    size: str
    state: str
    photo: bool


def files_of(ticket: DeskTicket) -> dict[int, TicketFile]:
    """Return all files of a ticket by their id, in the order in which they came."""
    return {file.id: file for file in _files(ticket)}


def _files(ticket: DeskTicket) -> Iterator[TicketFile]:
    for entry in ticket.history:
        for file in entry.attachments:
            type_ = str(file.get("type", ""))
            yield TicketFile(
                int(file["attachment"]),
                str(file["name"]),
                kind_of(type_),
                size_of(int(file["size"])),
                str(file["state"]),
                file["state"] == "CLEAN" and type_ in pictures.TYPES,
            )


def kind_of(type_: str) -> str:
    """Return what people call a media type.

    >>> kind_of("image/jpeg"), kind_of("application/pdf"), kind_of("application/x-y")
    ('عکس JPEG', 'PDF', 'فایل')
    """
    main, _, subtype = type_.partition("/")
    if type_ in KINDS:
        return KINDS[type_]
    if main == "image":
        return f"عکس {subtype.upper()}"
    if main == "video":
        return "فیلم"
    if "opendocument" in subtype or "openxmlformats" in subtype:
        return "جدول" if "sheet" in subtype else "سند"
    return "فایل"


def size_of(size: int) -> str:
    """Return a size in bytes as people read it.

    >>> size_of(300), size_of(20_000), size_of(3_500_000)
    ('1 کیلوبایت', '20 کیلوبایت', '3.3 مگابایت')
    """
    if size < MEGABYTE:
        return f"{max(1, round(size / KILOBYTE))} کیلوبایت"
    return f"{size / MEGABYTE:.1f} مگابایت"


class FilePages:
    """The pages of files: ``/desk/tickets/{code}/files/{file}`` and what is below it."""

    def __init__(self, pages: StaffPages, blobs: Blobs) -> None:
        self._pages, self._blobs, self._pictures = pages, blobs, Pictures(blobs)

    async def _open(self, request: Request) -> Opened:
        """Ask where the file lies: ticketing gives it to who may read the ticket, once scanned."""
        params = request.path_params
        message = contracts.OpenFile(code=params["code"], attachment=params["file"])
        return await self._pages.ask(request, contracts.OPEN_FILE, message)

    async def file(self, request: Request) -> Response:
        """GET: the file, to be saved."""
        file = await self._open(request)
        return file_response(self._blobs, sha256=file.sha256, type=file.type, name=file.name)

    async def thumbnail(self, request: Request) -> Response:
        """GET /small: a small picture of a photo."""
        return await self._picture(request, THUMBNAIL)

    async def picture(self, request: Request) -> Response:
        """GET /picture: a photo as large as a screen."""
        return await self._picture(request, PICTURE)

    async def _picture(self, request: Request, side: int) -> Response:
        file = await self._open(request)
        made = await self._pictures.jpeg(file.sha256, file.type, side)
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        return Response(made, headers=headers, media_type=MEDIA_TYPE)

    async def viewer(self, request: Request) -> Response:
        """GET /view: one photo in a page, with those before and after it."""
        message = OneTicket(code=request.path_params["code"])
        ticket = await self._pages.ask(request, contracts.READ, message)
        photos = [file for file in files_of(ticket).values() if file.photo]
        ids = [file.id for file in photos]
        if request.path_params["file"] not in ids:
            raise NotFound("The ticket has no such photo.", code="attachment.not_found")
        place = ids.index(request.path_params["file"])
        return await self._pages.page(
            request,
            "photo",
            reply=resolved(ticket),
            photo=resolved(photos[place]),
            number=resolved(place + 1),
            count=resolved(len(photos)),
            before=resolved(photos[place - 1] if place else None),
            after=resolved(photos[place + 1] if place + 1 < len(photos) else None),
        )

    def routes(self) -> list[Route]:
        """The routes of files."""
        file = f"{AT}/tickets/{{code}}/files/{{file:int}}"
        return [
            Route(file, self.file),
            Route(f"{file}/small", self.thumbnail),
            Route(f"{file}/picture", self.picture),
            Route(f"{file}/view", self.viewer),
        ]
