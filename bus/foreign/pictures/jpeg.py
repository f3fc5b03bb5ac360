"""JPEG (ITU-T T.81) without metadata: its segments by a list of those that stay; pure."""

import re
import struct

from bus.foreign.pictures.orientation import EXIF, exif_of, orientation_of

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
_SCAN = 0xDA
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
# Tables of quantisation, Huffman and arithmetic coding, the number of lines, restarts.
_TABLES = frozenset({0xDB, 0xC4, 0xCC, 0xDC, 0xDD})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_MARKER = re.compile(rb"\xff([\x01-\xfe])")
# Within a scan 0xFF is data before 00, and restarts stand between its parts.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JFIF, _ADOBE, _ICC = b"JFIF\0", b"Adobe", b"ICC_PROFILE\0"
_JFIF_SIZE, _ADOBE_SIZE = 14, 12
# A profile says its own size and has this word (ICC.1:2022, 7.2).
_PROFILE_WORD, _PROFILE_WORD_AT = b"acsp", 36
_LENGTH_SIZE = 2
_PIECE_MOST = 65_535 - _LENGTH_SIZE - len(_ICC) - 2


class _Parts:
    """What stays of a picture, as it is found."""

    def __init__(self) -> None:
        self.jfif = self.adobe = b""
        self.orientation: int | None = None
        self.has_exif = self.has_frame = self.has_scan = False
        self.profile: dict[int, bytes] = {}
        self.body: list[bytes] = []


def clean(raw: bytes) -> bytes:
    """Return the picture without metadata; what broke off in its data is ended there.

    Raises ValueError for what has no picture in it.
    """
    parts, at = _Parts(), len(SOI)
    while (marker := _MARKER.search(raw, at)) is not None:
        code, at = marker[1][0], marker.end()
        if code == EOI[1]:
            break
        if code in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(raw[at : at + 2], "big")
        if length < _LENGTH_SIZE or at + length > len(raw):
            break
        _take(parts, code, raw[at + 2 : at + length])
        at += length
        if code == _SCAN:
            after = _AFTER_SCAN.search(raw, at)
            end = after.start() if after else len(raw)
            parts.body.append(raw[at:end].rstrip(b"\xff"))
            at = end
    if not (parts.has_frame and parts.has_scan):
        raise ValueError("no frame, or no scan")
    return b"".join([SOI, *_head(parts), *parts.body, EOI])


def _take(parts: _Parts, code: int, data: bytes) -> None:
    if code in _FRAMES or code in _TABLES or code == _SCAN:
        parts.has_frame |= code in _FRAMES
        parts.has_scan |= code == _SCAN
        parts.body.append(_segment(code, data))
    elif code == _APP0 and data.startswith(_JFIF) and len(data) >= _JFIF_SIZE:
        # The last two bytes are the sides of a thumbnail.
        parts.jfif = data[: _JFIF_SIZE - 2] + b"\0\0"
    elif code == _APP1 and data.startswith(EXIF) and not parts.has_exif:
        parts.has_exif, parts.orientation = True, orientation_of(data)
    elif code == _APP2 and data.startswith(_ICC) and len(data) > len(_ICC) + 2:
        parts.profile.setdefault(data[len(_ICC)], data[len(_ICC) + 2 :])
    elif code == _APP14 and data.startswith(_ADOBE):
        parts.adobe = data[:_ADOBE_SIZE]


def _head(parts: _Parts) -> list[bytes]:
    head = [_segment(_APP0, parts.jfif)] if parts.jfif else []
    if parts.orientation is not None:
        head.append(_segment(_APP1, EXIF + exif_of(parts.orientation)))
    profile = b"".join(parts.profile[number] for number in sorted(parts.profile))
    if is_profile(profile):
        pieces = [profile[i : i + _PIECE_MOST] for i in range(0, len(profile), _PIECE_MOST)]
        head += [
            _segment(_APP2, _ICC + bytes([number, len(pieces)]) + piece)
            for number, piece in enumerate(pieces, 1)
        ]
    return [*head, *([_segment(_APP14, parts.adobe)] if parts.adobe else [])]


def is_profile(profile: bytes) -> bool:
    """Tell whether these bytes are a colour profile of the size that it says of itself."""
    word = profile[_PROFILE_WORD_AT : _PROFILE_WORD_AT + len(_PROFILE_WORD)]
    return word == _PROFILE_WORD and int.from_bytes(profile[:4], "big") == len(profile)


def _segment(code: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(data) + 2) + data
