"""Forms with one small file that is looked at and forgotten: nothing of it is ever stored."""

from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from gateway.http import bodies
from gateway.http.problems import HttpError

MULTIPART = "multipart/form-data"
MOST_PARTS = 20
# What is read of a form before it is cut off: a browser shows an answer only to what was read.
READ_MOST = 16 * 1024 * 1024


@dataclass
class SmallForm:
    """The parts of a form by name, those without content left out; which of them were too large."""

    parts: dict[str, bytes] = field(default_factory=dict)
    too_large: set[str] = field(default_factory=set)


async def read_small_form(request: Request, limit: int) -> SmallForm:
    """Read a multipart form; of a part over ``limit`` bytes nothing is kept but its name.

    HttpError ``http.media_type``, ``http.too_large``, ``form.malformed``.
    """
    bodies.media_type(request, MULTIPART)
    _, options = parse_options_header(request.headers.get("content-type"))
    reader = _Reader(limit)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), reader.callbacks())
        async for chunk in bodies.chunks(request, READ_MOST):
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise _malformed(str(error)) from None
    if not reader.complete:
        raise _malformed("The form ends in the middle.")
    return reader.form


class _Reader:
    """The callbacks of python-multipart."""

    def __init__(self, limit: int) -> None:
        self.form, self.complete, self._limit = SmallForm(), False, limit
        self._name, self._header, self._value = "", b"", b""
        self._content, self._parts = bytearray(), 0

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._done,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _malformed(f"A form has at most {MOST_PARTS} fields.")
        self._name, self._header, self._value, self._content = "", b"", b"", bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._header = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if len(self._content) + end - start > self._limit:
            self.form.too_large.add(self._name)
        elif self._name not in self.form.too_large:
            self._content += data[start:end]

    def _end(self) -> None:
        if self._content and self._name not in self.form.too_large:
            self.form.parts.setdefault(self._name, bytes(self._content))

    def _done(self) -> None:
        self.complete = True


def _malformed(reason: str) -> HttpError:
    return HttpError("form.malformed", f"The form cannot be read: {reason}")
