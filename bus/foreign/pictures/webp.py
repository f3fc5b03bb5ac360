"""WebP (RFC 9649) without metadata: its chunks by a list of those that stay; pure."""

import struct
from collections.abc import Iterator

from bus.foreign.pictures.orientation import exif_of, orientation_of

_START = 12
_EXTENDED, _FRAME, _EXIF = b"VP8X", b"ANMF", b"EXIF"
_PIXELS = frozenset({b"VP8 ", b"VP8L"})
_KEPT = _PIXELS | {_EXTENDED, _FRAME, b"ALPH", b"ANIM", b"ICCP"}
_OF_FRAMES = _PIXELS | {b"ALPH"}
# Before its chunks a frame says its place, sides and time; flags of the whole stand in VP8X.
_FRAME_HEAD, _FLAG_EXIF, _FLAG_XMP = 16, 0x08, 0x04


def clean(raw: bytes) -> bytes:
    """Return the picture without metadata. ValueError for one that is broken or breaks off."""
    end = 8 + int.from_bytes(raw[4:8], "little")
    if end > len(raw):
        raise ValueError("it breaks off")
    chunks = list(_chunks(raw, _START, end))
    if not any(kind in _PIXELS or kind == _FRAME for kind, _ in chunks):
        raise ValueError("no pixels")
    exif = next((data for kind, data in chunks if kind == _EXIF), b"")
    turned = orientation_of(exif) if chunks[0][0] == _EXTENDED else None
    body = b"".join(_kept(kind, data, turned) for kind, data in chunks if kind in _KEPT)
    if turned is not None:
        body += _chunk(_EXIF, exif_of(turned))
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


def _kept(kind: bytes, data: bytes, turned: int | None) -> bytes:
    if kind == _EXTENDED:
        flags = data[0] & ~(_FLAG_EXIF | _FLAG_XMP)
        return _chunk(kind, bytes([flags | (_FLAG_EXIF if turned else 0)]) + data[1:])
    if kind == _FRAME:
        parts = _chunks(data, _FRAME_HEAD, len(data))
        pixels = b"".join(_chunk(part, inner) for part, inner in parts if part in _OF_FRAMES)
        return _chunk(kind, data[:_FRAME_HEAD] + pixels)
    return _chunk(kind, data)


def _chunks(raw: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", raw, at)
        if at + 8 + size > end:
            raise ValueError("a chunk breaks off")
        yield kind, raw[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(data)) + data + b"\0" * (len(data) % 2)
