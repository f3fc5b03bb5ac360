"""Forms and their files: read as a stream, each file judged by its content and kept as a blob."""

import base64
import codecs
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

import orjson
from cryptography.fernet import Fernet, InvalidToken
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bus.blobs import Blobs, TooLarge
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
from bus.sealing import derived
from gateway.http import bodies
from gateway.http.problems import HttpError
from gateway.limits.budgets import OverBudget

FIELDS = 200
# All that one form may bring; the limits of each file are those of bus.foreign.filetypes.
FORM_MOST = 50 * 1024 * 1024
# The fields of a form with a text of 50,000 characters, percent-encoded.
TEXT_FORM = 512 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Claim(NamedTuple):
    """A file in the blob store, with the type of its content and a harmless name."""

    sha256: str
    size: int
    type: str
    name: str

    def told(self) -> dict[str, Any]:
        """The Attachment of contracts/ticketing/citizens.py."""
        return self._asdict()


@dataclass
class Form:
    """What a form said: fields, files, and what is wrong with files."""

    values: dict[str, list[str]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    problems: list[FieldError] = field(default_factory=list)


async def read_form(  # noqa: PLR0913 - limits and ways that few forms need
    request: Request,
    blobs: Blobs | None,
    *,
    files: int = FILES_MOST,
    file_limit: int = FILE_MOST,
    fields_limit: int = 64 * 1024,
    as_text: bool = False,
) -> Form:
    """The form of a request; without ``blobs`` files are passed over, or taken ``as_text`` (UTF-8)
    like a field of their name.

    HttpError ``http.media_type``, ``http.too_large``, ``form.malformed``. A file that is not taken
    is named in ``problems`` and leaves nothing behind; the rest of the form is there. The form
    stays at ``request.state.form``, for the page of a problem.
    """
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    if bodies.media_type(request, *kinds) == kinds[0]:
        plain = request.state.form = _plain(await bodies.body(request, fields_limit))
        return plain
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if not boundary:
        raise _malformed("multipart/form-data needs a boundary.")
    reader = _Reader(blobs, files, file_limit, fields_limit, as_text=as_text)
    limit = min(files * file_limit, FORM_MOST) + fields_limit + 64 * 1024
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in bodies.chunks(request, limit):
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise _malformed(str(error)) from None
    finally:
        reader.end()
    if not reader.complete:
        raise _malformed("The form ends in the middle.")
    request.state.form = reader.form
    return reader.form


def _plain(raw: bytes) -> Form:
    form = Form()
    try:
        told = raw.decode("ascii")
        pairs = parse_qsl(told, keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise _malformed("Send fields in UTF-8, percent-encoded.") from None
    for name, value in pairs:
        form.values.setdefault(name, []).append(value)
    return form


class _Reader:
    """python-multipart's callbacks: one part after the other becomes a field or a file."""

    def __init__(
        self,
        blobs: Blobs | None,
        files: int,
        file_limit: int,
        fields_limit: int,
        *,
        as_text: bool = False,
    ) -> None:
        self.form, self.complete, self._as_text = Form(), False, as_text
        self._blobs, self._files, self._limit = blobs, files, file_limit
        self._fields_limit, self._left, self._parts = fields_limit, fields_limit, 0
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._writing: Any = None
        self._head = b""
        self._field = self._file = ""
        self._over = self._is_file = False
        self._refusal: tuple[str, str] | None = None
        self._text, self._plain = bytearray(), _Plain()

    def callbacks(self) -> Any:
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
        self._plain = _Plain()

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
            self._writing = self._blobs.begin(self._limit)

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
            try:
                self._writing.write(piece)
            except TooLarge:
                self._over = True
            except OverBudget as error:
                self._over, self._refusal = True, (error.code, "is not taken now")

    def _end(self) -> None:
        if not self._is_file:
            self.form.values.setdefault(self._field, []).append(_utf8(bytes(self._text)))
        elif self._writing is not None:
            self._take()
            self._writing.end()
            self._writing = None

    def _take(self) -> None:
        """Judges a file that is there as a whole; one without name and content is none."""
        if not self._head and not self._file:
            return
        kind = self._kind()
        fault = self._fault(kind)
        if fault is not None or kind is None:
            code, reason = fault or ("attachment.type", "")
            name = clean_name(self._file, kind or "")
            self.form.problems.append(FieldError(self._field, code, f"{name} {reason}."))
            return
        blob = self._writing.keep()
        self.form.claims.append(Claim(blob.sha256, blob.size, kind, clean_name(self._file, kind)))

    def _fault(self, kind: str | None) -> tuple[str, str] | None:
        """Why the file is not taken, as a code and words; None if it is."""
        if self._refusal is not None:
            return self._refusal
        if self._over:
            return "attachment.too_large", f"is larger than {self._limit // 1024} KiB"
        if not self._head:
            return "attachment.empty", "is empty"
        if kind is None:
            return "attachment.type", "is no picture, film, PDF, office document or plain text"
        if len(self.form.claims) >= self._files:
            return "attachment.too_many", f"is one too many; {self._files} are taken"
        return None

    def _kind(self) -> str | None:
        """The type of a file that came whole."""
        kind = type_of(self._head)
        if kind is None and self._head.startswith(b"PK") and not self._over:
            with self._writing.reader() as stream:
                return office_type(stream)
        if kind in (None, PLAIN):  # what begins like text may go on as anything
            return PLAIN if self._plain.holds() else None
        return kind

    def _done(self) -> None:
        self.complete = True

    def end(self) -> None:
        """Leaves nothing behind of a form that broke off."""
        if self._writing is not None:
            self._writing.end()


class _Plain:
    """Whether what comes piece by piece is UTF-8 text without control characters, and no markup."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._first, self._good = "", True

    def feed(self, piece: bytes) -> None:
        if not self._good:
            return
        try:
            text = self._decoder.decode(piece)
        except UnicodeDecodeError:
            self._good = False
            return
        self._first = self._first or text.lstrip(" \t\r\n\ufeff")[:1]
        self._good = not _CONTROL.search(text)

    def holds(self) -> bool:
        """To be asked at the end: half a character is no text."""
        return self._good and not self._decoder.getstate()[0] and self._first not in ("", "<")


def _utf8(told: bytes) -> str:
    try:
        return told.decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed("Send the form in UTF-8.") from None


def _malformed(why: str) -> HttpError:
    return HttpError("form.malformed", f"The form cannot be read: {why}")


class Seals:
    """Seals data that a browser carries for us: nobody can read it, make it or change it.

    What was sealed for one ``purpose`` opens for no other.
    """

    def __init__(self, key: str, purpose: str = "claim") -> None:
        own = derived(key, f"mirab seals:{purpose}")
        self._fernet = Fernet(base64.urlsafe_b64encode(own))

    def seal(self, data: dict[str, Any]) -> str:
        """The data as opaque text."""
        return self._fernet.encrypt(orjson.dumps(data)).decode()

    def open(self, text: str, seconds: int) -> dict[str, Any] | None:
        """The data of a seal of ours that is not older than ``seconds``; None of any other."""
        try:
            told = orjson.loads(self._fernet.decrypt(text.encode(), ttl=seconds))
        except (InvalidToken, ValueError):
            return None
        return told if isinstance(told, dict) else None


def file_response(blobs: Blobs, *, sha256: str, type: str, name: str) -> Response:
    """A file to be saved, never shown in our page (RFC 6266)."""
    stream = blobs.open(sha256)

    async def pieces() -> AsyncIterator[bytes]:
        with stream:
            while piece := stream.read(64 * 1024):
                yield piece

    return StreamingResponse(
        pieces(),
        media_type=type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox",
        },
    )
