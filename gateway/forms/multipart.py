"""Forms of requests: read as a stream, each file judged by its content and kept as a blob."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from bus.blobs import Blobs, TooLarge, Writing
from bus.errors import FieldError
from bus.foreign.filetypes import (
    FILE_MOST,
    FILES_MOST,
    NEEDED,
    PLAIN,
    clean_name,
    office_type,
    type_of,
)
from bus.foreign.pictures.cleaning import is_picture
from gateway.forms import photos
from gateway.forms.plain_text import PlainText, file_text
from gateway.http import bodies
from gateway.http.facts import Fact
from gateway.http.problems import HttpError
from gateway.limits.budgets import OverBudget

FIELDS = 200
# What is kept of the files of one form; the limits of each file are those of bus.foreign.filetypes.
FORM_MOST = 50 * 1024 * 1024
# So many times that is read, and not kept, so that a page can give back what was typed beside it.
READ_ON = 4
# The fields of a form of short answers, and of one with a text of 50,000 characters,
# percent-encoded.
SHORT_FORM, TEXT_FORM = 64 * 1024, 512 * 1024
# Headers and boundaries of the parts of a multipart form.
FRAMING = 64 * 1024
URL_ENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


class Claim(NamedTuple):
    """A file in the blob store, with the type of its content and a harmless name."""

    sha256: str
    size: int
    type: str
    name: str

    def attachment(self) -> dict[str, str | int]:
        """Return the Attachment of contracts/ticketing/files.py."""
        return {"sha256": self.sha256, "size": self.size, "type": self.type, "name": self.name}


class RefusedFile(NamedTuple):
    """A file that was not taken: its name, and the code of the reason."""

    name: str
    code: str


@dataclass
class SubmittedForm:
    """A form as it was sent: the values of its fields, its files, and the faults of files."""

    values: dict[str, list[str]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    problems: list[FieldError] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)

    def refuse(self, where: str, name: str, code: str, reason: str) -> None:
        """Note that the file of that name is not taken."""
        self.problems.append(FieldError(where, code, f"{name} {reason}."))
        self.refused.append(RefusedFile(name, code))


FORM = Fact[SubmittedForm]("form")


async def read_fields(request: Request, limit: int = SHORT_FORM) -> dict[str, list[str]]:
    """Return the values of a form without files; errors as ``read_form``."""
    return (await read_form(request, fields_limit=limit)).values


async def read_form(  # noqa: PLR0913 - limits and ways that few forms need
    request: Request,
    blobs: Blobs | None = None,
    *,
    files: int = FILES_MOST,
    file_limit: int = FILE_MOST,
    fields_limit: int = SHORT_FORM,
    as_text: bool = False,
    shrinks: bool = False,
) -> SubmittedForm:
    """Read the form of a request; limits in bytes.

    Pictures lose their metadata before they are kept (bus/foreign/pictures). A photo over the limit
    is kept smaller if the form ``shrinks`` them (photos.py).

    Without ``blobs`` files are passed over, or read ``as_text`` like a field of their name.
    A file that is refused, or is more than FORM_MOST together with those before it, is named in
    ``problems`` and leaves nothing behind; the rest of the form is there. The form stays as FORM,
    for the page of a problem. HttpError ``http.media_type``, ``http.too_large``,
    ``form.malformed``.
    """
    if bodies.media_type(request, URL_ENCODED, MULTIPART) == URL_ENCODED:
        form = _url_encoded(await bodies.body(request, fields_limit))
    else:
        reader = _Reader(blobs, files, file_limit, fields_limit, as_text=as_text, shrinks=shrinks)
        read = reader.room * (1 if blobs is None else READ_ON)
        form = await _multipart(request, reader, read + fields_limit)
    FORM.set(request, form)
    return form


async def _multipart(request: Request, reader: "_Reader", limit: int) -> SubmittedForm:
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if not boundary:
        raise _malformed("multipart/form-data needs a boundary.")
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in bodies.chunks(request, limit + FRAMING):
            parser.write(chunk)
        parser.finalize()
        await reader.keep_files()
    except FormParserError as error:
        raise _malformed(str(error)) from None
    finally:
        reader.end()
    if not reader.complete:
        raise _malformed("The form ends in the middle.")
    return reader.form


def _url_encoded(raw: bytes) -> SubmittedForm:
    form = SubmittedForm()
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise _malformed("Send fields in UTF-8, percent-encoded.") from None
    for name, value in pairs:
        form.values.setdefault(name, []).append(value)
    return form


class _Reader:
    """The callbacks of python-multipart: each part becomes a field or a file."""

    def __init__(  # noqa: PLR0913 - limits and ways of read_form
        self,
        blobs: Blobs | None,
        files: int,
        file_limit: int,
        fields_limit: int,
        *,
        as_text: bool = False,
        shrinks: bool = False,
    ) -> None:
        self.form, self.complete, self._as_text = SubmittedForm(), False, as_text
        self.room = min(files * file_limit, FORM_MOST)
        self._blobs, self._files, self._limit = blobs, files, file_limit
        self._fields_limit, self._left, self._parts = fields_limit, fields_limit, 0
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._writing: Writing | None = None
        self._head = b""
        self._field = self._file = ""
        self._over = self._is_file = False
        self._refusal: tuple[str, str] | None = None
        self._text, self._plain = bytearray(), PlainText()
        # A photo that is shrunk may arrive as large as that.
        self._arrives = max(file_limit, photos.PHOTO_MOST) if shrinks else file_limit
        self._size, self._files_taken = 0, list[Claim | photos.WaitingPicture]()

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """Return the callbacks by their names."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._done,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > FIELDS:
            raise _malformed(f"A form has at most {FIELDS} fields.")
        self._headers, self._name, self._value = {}, b"", b""
        self._head, self._text, self._writing, self._over = b"", bytearray(), None, False
        self._refusal = None
        self._plain, self._size = PlainText(), 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise _malformed("Each part needs a name.")
        self._field = _utf8(options[b"name"])
        self._is_file = b"filename" in options and not self._as_text
        self._file = _utf8(options.get(b"filename", b""))
        if self._is_file and self._blobs is not None:
            self._writing = self._blobs.begin(self._arrives)

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if not self._is_file:
            self._left -= len(piece)
            if self._left < 0:
                raise bodies.too_large(self._fields_limit)
            self._text += piece
        elif self._writing is not None and not self._over:
            self._head += piece[: NEEDED - len(self._head)]
            self._plain.feed(piece)
            self._size += len(piece)
            if self._is_over():
                self._over = True
                return
            if self._size > self.room:
                self._over, self._refusal = True, ("attachment.together", "is more than fits")
                return
            try:
                self._writing.write(piece)
            except TooLarge:
                self._over = True
            except OverBudget as error:
                self._over, self._refusal = True, (error.code, "is not taken now")

    def _end(self) -> None:
        if not self._is_file:
            text = (file_text if self._file else _utf8)(bytes(self._text))
            self.form.values.setdefault(self._field, []).append(text)
        elif self._writing is not None:
            if self._take(self._writing):
                self._writing.end()
            self._writing = None

    def _is_over(self) -> bool:
        """Return True for a file over the limit that is no photo to be shrunk."""
        return self._size > self._limit and not self._head.startswith(photos.JPEG)

    def _take(self, writing: Writing) -> bool:
        """Judge a whole file; a part without name and content is no file.

        False for a picture, which waits for ``keep_files``.
        """
        if not self._head and not self._file:
            return True
        kind = self._kind(writing)
        fault = self._fault(kind)
        if fault is not None or kind is None:
            code, reason = fault or ("attachment.type", "")
            self.form.refuse(self._field, clean_name(self._file, kind or ""), code, reason)
            return True
        name = clean_name(self._file, kind)
        self.room -= self._size
        if is_picture(kind):
            waiting = photos.WaitingPicture(self._field, name, kind, writing, self._limit)
            self._files_taken.append(waiting)
            return False
        blob = writing.keep()
        self._files_taken.append(Claim(blob.sha256, blob.size, kind, name))
        return True

    async def keep_files(self) -> None:
        """Note the files that are kept; pictures without their metadata, or smaller, or refused."""
        for file in self._files_taken:
            if isinstance(file, Claim):
                self.form.claims.append(file)
            else:
                await self._keep_picture(file)

    async def _keep_picture(self, picture: photos.WaitingPicture) -> None:
        assert self._blobs is not None  # without them no file is taken
        kept = await photos.keep(picture, self._blobs.folder)
        if kept is not None:
            claim = Claim(kept.blob.sha256, kept.blob.size, kept.type, picture.name)
            self.form.claims.append(claim)
            return
        code, reason = "attachment.picture", "is a picture that nobody can read"
        if picture.is_too_large():
            code, reason = self._too_large()
        self.form.refuse(picture.field, picture.name, code, reason)

    def _too_large(self) -> tuple[str, str]:
        return "attachment.too_large", f"is larger than {self._limit // 1024} KiB"

    def _fault(self, kind: str | None) -> tuple[str, str] | None:
        """Return the code and the reason for which the file is refused; None if it is taken."""
        if self._refusal is not None:
            return self._refusal
        if self._over:
            code, reason = self._too_large()
            return "attachment.heic" if kind == photos.HEIC else code, reason
        if not self._head:
            return "attachment.empty", "is empty"
        if kind is None:
            return "attachment.type", "is no picture, film, PDF, office document or plain text"
        if len(self._files_taken) >= self._files:
            return "attachment.too_many", f"is one too many; {self._files} are taken"
        return None

    def _kind(self, writing: Writing) -> str | None:
        """Return the media type of a whole file; None for a type that is not taken."""
        kind = type_of(self._head)
        if kind is None and self._head.startswith(b"PK") and not self._over:
            with writing.reader() as stream:
                return office_type(stream)
        if kind in (None, PLAIN):  # what begins like text may go on as anything
            return PLAIN if self._plain.holds() else None
        return kind

    def _done(self) -> None:
        self.complete = True

    def end(self) -> None:
        """Leave nothing behind of a form that broke off."""
        if self._writing is not None:
            self._writing.end()
        for file in self._files_taken:
            if isinstance(file, photos.WaitingPicture):
                file.writing.end()


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed("Send the form in UTF-8.") from None


def _malformed(reason: str) -> HttpError:
    return HttpError("form.malformed", f"The form cannot be read: {reason}")
