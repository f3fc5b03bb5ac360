"""The header of an e-mail or part: its fields as bytes, bounded before they are worked on."""

import binascii
import hashlib
import quopri
import re
from collections.abc import Iterator
from typing import NamedTuple

from bus.foreign.mail_text import one_line
from services.ticketing.mail import octets

MOST, FIELDS_MOST, FIELD_MOST, IDS_MOST = 256 * 1024, 1000, 16 * 1024, 50
_BLANK = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(rb"([!-9;-~]{1,80})[ \t]*:")
_ID = re.compile(r"<[^<>\s]{1,250}>")
_MESSAGE_ID = re.compile(
    rb"^message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>)", re.I | re.M
)
_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^\n]{0,2000}?)\?=")


class Head(NamedTuple):
    """The fields in their order, names in lower case, values unfolded; where the body begins."""

    fields: tuple[tuple[str, bytes], ...]
    body: int

    def all(self, name: str) -> list[bytes]:
        """The values of each field of this name."""
        return [value for key, value in self.fields if key == name]

    def raw(self, name: str) -> bytes:
        """The value of the first field of this name; empty if there is none."""
        return next(iter(self.all(name)), b"")

    def text(self, name: str, charset: str | None = None) -> str:
        """The value as one line of decoded text."""
        return decode_words(unfold(self.raw(name), charset))

    def token(self, name: str) -> str:
        """The value in lower case up to a semicolon, as it stands in fields for programs."""
        return unfold(self.raw(name)).partition(";")[0].strip().lower()


def message_id(raw: bytes) -> str:
    """The Message-ID of an e-mail, or one made of its bytes; never with control characters."""
    blank = _BLANK.search(raw, 0, MOST)
    match = _MESSAGE_ID.search(raw, 0, blank.start() if blank else min(len(raw), MOST))
    if match:
        return match[1].decode("ascii")
    return f"<sha256-{hashlib.sha256(raw).hexdigest()[:32]}@mirab.invalid>"


def split(raw: bytes, start: int = 0, end: int | None = None) -> Head:
    """The header of the e-mail or part that stands from ``start`` to ``end``."""
    end = len(raw) if end is None else end
    fields: list[tuple[str, bytes]] = []
    at, held = start, b""
    for at, line in _lines(raw, start, end):
        body = at + len(line)
        stripped = line.rstrip(b"\r\n")
        if not stripped:
            _add(fields, held)
            return Head(tuple(fields), body)
        if stripped[:1] in b" \t" and (held or fields):
            held += stripped if len(held) < FIELD_MOST else b""
        elif _NAME.match(stripped):
            _add(fields, held)
            held = stripped
        elif not (at == start and stripped.startswith((b"From ", b">From "))):
            # No field: the blank line before the body is missing.
            _add(fields, held)
            return Head(tuple(fields), at)
    _add(fields, held)
    return Head(tuple(fields), _after_head(raw, start, end))


def _lines(raw: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Position and bytes of each line of a head of bounded length."""
    at, last = start, min(end, start + MOST)
    while at < last:
        stop = raw.find(b"\n", at, last)
        stop = last if stop < 0 else stop + 1
        yield at, raw[at:stop]
        at = stop


def _after_head(raw: bytes, start: int, end: int) -> int:
    """Where the body begins after a head that is longer than what is read of it."""
    if end - start <= MOST:
        return end
    blank = _BLANK.search(raw, start + MOST - 4, end)
    return blank.end() if blank else end


def _add(fields: list[tuple[str, bytes]], held: bytes) -> None:
    match = _NAME.match(held)
    if match and len(fields) < FIELDS_MOST:
        fields.append((match[1].decode("ascii").lower(), held[match.end() :].strip()[:FIELD_MOST]))


def unfold(value: bytes, charset: str | None = None) -> str:
    """The value as one line of text without what cannot be shown, encoded words as they stand."""
    return one_line(octets.clean(_decode(value, charset)))


def as_sent(value: bytes, charset: str | None = None) -> str:
    """The same with a blank for what cannot be shown: without it, an address would be another."""
    return one_line(_decode(value, charset))


def _decode(value: bytes, charset: str | None) -> str:
    """Raw octets are UTF-8, else in the charset of the body, else what Persian letters come in."""
    try:
        return value.decode("utf-8")
    except UnicodeError:
        return octets.decode(value, charset)


def ids(*values: bytes) -> tuple[str, ...]:
    """The message ids of these fields, the last ones if there are too many."""
    text = " ".join(octets.clean(octets.decode(value)) for value in values)
    return tuple(dict.fromkeys(_ID.findall(text)))[-IDS_MOST:]


def decode_words(text: str) -> str:
    """The text with its encoded words decoded (RFC 2047); a broken one stays as it stands.

    Letters that are cut between two words of one charset are put together again.
    """
    if "=?" not in text:
        return text
    pieces: list[tuple[str, bytes]] = []
    end = 0
    for match in _WORD.finditer(text):
        content, charset = _word(match[2], match[3]), match[1].lower()
        if content is None:
            continue
        between = text[end : match.start()]
        if between.strip() or not pieces:
            pieces.append(("utf-8", between.encode("utf-8", "replace")))
        if pieces[-1][0] == charset and not between.strip():
            content = pieces.pop()[1] + content
        pieces.append((charset, content))
        end = match.end()
    return one_line("".join(octets.decode(held, name) for name, held in pieces) + text[end:])


def _word(encoding: str, content: str) -> bytes | None:
    try:
        plain = content.encode("ascii")
        if encoding in "bB":
            plain = re.sub(rb"[^A-Za-z0-9+/]", b"", plain)
            if len(plain) % 4 == 1:
                plain = plain[:-1]
            return binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
        return quopri.decodestring(plain, header=True)
    except ValueError:
        return None
