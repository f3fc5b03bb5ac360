"""The parts of an e-mail (MIME, RFC 2045 and 2046), walked in one pass with bounds before the walk.

The standard library's parser builds the whole tree first: a hundred thousand parts of a few bytes
take a minute. Here no more is cut out than is wanted, by searches that run at the speed of memory.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from bus.foreign.mail_text import one_line
from services.ticketing.mail import headers, octets, smime

PARTS_MOST, DEPTH_MOST, BOUNDARY_MOST, NAME_MOST = 500, 20, 200, 100
# Chunks of base64, each with padding of its own, that some programs put side by side.
CHUNKS_MOST = 1000
_JUNK = re.compile(rb"[^A-Za-z0-9+/=]")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]|[^\s][ \t]+[^\s]")
_BASE64_LINE = re.compile(rb"(?m)^[A-Za-z0-9+/]{40,}={0,2}[ \t\r]*$")
_UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} [^\r\n]{1,200}\r?$")


@dataclass(slots=True)
class Part:
    """A part and those in it; its content is decoded when it is asked for."""

    head: headers.Head
    raw: bytes
    start: int
    end: int
    default_kind: str = "text/plain"
    children: list["Part"] = field(default_factory=list)
    _fields: Message | None = None

    @property
    def fields(self) -> Message:
        """Type, disposition and encoding, as the standard library reads them."""
        if self._fields is None:
            self._fields = Message()
            self._fields.set_default_type(self.default_kind)
            for name in ("content-type", "content-disposition", "content-transfer-encoding"):
                value = headers.unfold(self.head.raw(name))
                if value:
                    self._fields[name] = value[:4000]
        return self._fields

    @property
    def kind(self) -> str:
        """The media type that is declared, in lower case."""
        return one_line(self.fields.get_content_type())[:NAME_MOST]

    @property
    def charset(self) -> str | None:
        """The charset that is declared."""
        return self.parameter("charset") or None

    @property
    def disposition(self) -> str:
        """``attachment``, ``inline`` or empty."""
        return str(self.fields.get_content_disposition() or "")

    @property
    def name(self) -> str:
        """The file name without its folders (RFC 2183, 2231, and as programs really write it)."""
        name = self._parameter_text("filename", "content-disposition")
        name = name or self._parameter_text("name", "content-type")
        name = headers.decode_words(one_line(octets.clean(name)))
        return name.replace("\\", "/").rpartition("/")[2].strip()[-NAME_MOST:]

    def parameter(self, name: str) -> str:
        """A parameter of the type; empty if it is not there."""
        return one_line(self._parameter_text(name, "content-type"))

    def _parameter_text(self, name: str, header: str) -> str:
        try:
            value = self.fields.get_param(name, "", header)
        except (TypeError, ValueError, LookupError):
            # Also a name in numbered pieces beside one without a number (RFC 2231 knows no such).
            return ""
        if isinstance(value, tuple):
            charset, _, text = value
            raw = (text or "").encode("latin-1", "replace")
            return octets.decode(raw, charset) if text else ""
        return str(value or "")

    @property
    def body(self) -> bytes:
        """The octets as they were sent."""
        return self.raw[self.start : self.end]

    def content(self, most: int | None = None) -> bytes:
        """The octets without their transfer encoding; ``most`` bytes of the encoded ones."""
        body = self.raw[self.start : min(self.end, self.start + most) if most else self.end]
        encoding = self.fields.get("content-transfer-encoding", "").strip().lower()
        if encoding == "base64":
            encoded, footer = split_footer(body)
            is_text = self.kind.startswith("text/")
            return from_base64(encoded) + (b"\r\n" + footer if is_text and footer else b"")
        if encoding == "quoted-printable":
            return binascii.a2b_qp(body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return from_uuencode(body)
        return body

    def text(self, most: int) -> str:
        """The text of at most so many bytes, without control characters."""
        return octets.clean(octets.decode(self.content(most), self.charset))


@dataclass(slots=True)
class Tree:
    """The parts of an e-mail, and how many are not read because there are too many."""

    root: Part
    left_out: int = 0
    count: int = 0


def parse(raw: bytes) -> Tree:
    """The parts of an e-mail."""
    tree = Tree(_part(raw, 0, len(raw), "text/plain"))
    _open(tree, tree.root, 0)
    return tree


def leaves(part: Part) -> Iterator[Part]:
    """The part itself, or those in it that hold no others, in their order."""
    if not part.children:
        yield part
    for child in part.children:
        yield from leaves(child)


def _part(raw: bytes, start: int, end: int, default_kind: str) -> Part:
    head = headers.split(raw, start, end)
    return Part(head, raw, head.body, end, default_kind)


def _open(tree: Tree, part: Part, depth: int) -> None:
    if part.kind in smime.KINDS and depth < DEPTH_MOST:
        _open_signed(tree, part, depth)
    if not part.kind.startswith("multipart/"):
        return
    if depth >= DEPTH_MOST:
        tree.left_out += 1
        return
    default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
    for start, end in _spans(part):
        if tree.count >= PARTS_MOST:
            # The boundary once more for each part that is left.
            tree.left_out += part.raw.count(_delimiter(part), start, part.end) + 1
            return
        tree.count += 1
        child = _part(part.raw, start, end, default)
        part.children.append(child)
        _open(tree, child, depth + 1)


def _open_signed(tree: Tree, part: Part, depth: int) -> None:
    inner = smime.signed_content(part.content())
    if inner:
        part.children.append(_part(inner, 0, len(inner), "text/plain"))
        _open(tree, part.children[0], depth + 1)


def _delimiter(part: Part) -> bytes:
    # A quotation mark of which the other is missing is no part of it (RFC 2046, 5.1.1).
    boundary = part.parameter("boundary").strip('"')[:BOUNDARY_MOST]
    return b"\n--" + boundary.encode("utf-8", "replace").rstrip()


def _spans(part: Part) -> Iterator[tuple[int, int]]:
    """Where each part of a multipart stands; none if its boundary is nowhere."""
    delimiter, raw = _delimiter(part), part.raw
    if len(delimiter) == len(b"\n--"):
        return
    # A boundary at the very beginning of the body follows the line break of the header.
    at, begun = max(part.start - 1, 0), -1
    while True:
        position = raw.find(delimiter, at, part.end)
        if position < 0:
            break
        line_end = raw.find(b"\n", position + 1, part.end)
        line_end = part.end if line_end < 0 else line_end
        rest = raw[position + len(delimiter) : line_end].strip()
        at = line_end
        if rest not in (b"", b"--"):
            at = position + len(delimiter)
            continue
        if begun >= 0:
            yield begun, max(position - (raw[position - 1 : position] == b"\r"), begun)
        begun = min(line_end + 1, part.end)
        if rest == b"--":
            return
    if begun >= 0:
        yield begun, part.end


def split_footer(body: bytes) -> tuple[bytes, bytes]:
    """The base64, and plain lines below it, as scanners and mailing lists add them."""
    sign = _NO_BASE64.search(body)
    if sign is None:
        return body, b""
    at = body.rfind(b"\n", 0, sign.start() + 1) + 1
    encoded, footer = body[:at], body[at:]
    signs = len(b"".join(encoded.split()))
    if not signs or signs % 4 or _BASE64_LINE.search(footer):
        return body, b""
    return encoded, footer


def from_base64(body: bytes) -> bytes:
    """What base64 says, unpadded and broken too; text that is no base64 at all as it stands."""
    dense = b"".join(body.split())
    signs = _JUNK.sub(b"", dense)
    if len(signs) * 10 < len(dense) * 9:
        return body
    if b"=" not in signs.rstrip(b"=") or signs.count(b"=") > CHUNKS_MOST:
        return _chunk(signs.translate(None, b"="))
    return b"".join(_chunk(chunk) for chunk in signs.split(b"="))


def _chunk(signs: bytes) -> bytes:
    if len(signs) % 4 == 1:
        signs = signs[:-1]
    return binascii.a2b_base64(signs + b"=" * (-len(signs) % 4))


def from_uuencode(body: bytes) -> bytes:
    """The file between ``begin`` and ``end``."""
    begin = _UU_BEGIN.search(body)
    if not begin:
        return body
    lines = []
    for line in body[begin.end() :].lstrip(b"\r\n").splitlines():
        if line == b"end":
            break
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(lines)
