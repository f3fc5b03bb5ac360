"""PNG (W3C, third edition) without metadata: its chunks by a list of those that stay; pure."""

import struct
import zlib
from collections.abc import Iterator

from bus.foreign.pictures.orientation import exif_of, orientation_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12
_HEADER, _DATA, _END, _EXIF, _PROFILE = b"IHDR", b"IDAT", b"IEND", b"eXIf", b"iCCP"
# Size and pixels, colours, transparency, the shape of a pixel, and frames of a moving picture.
_KEPT = frozenset(
    {_HEADER, b"PLTE", _DATA, _END, b"tRNS", b"gAMA", b"cHRM", b"sRGB", _PROFILE, b"cICP", b"mDCV"}
    | {b"cLLI", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT"}
)


def clean(raw: bytes) -> bytes:
    """Return the picture without metadata. ValueError for one that is broken or breaks off."""
    chunks = list(_chunks(raw))
    if chunks[0][0] != _HEADER or not any(kind == _DATA for kind, _ in chunks):
        raise ValueError("no header, or no data")
    exif = next((data for kind, data in chunks if kind == _EXIF), b"")
    turned = orientation_of(exif)
    result = [SIGNATURE]
    for kind, data in chunks:
        if kind in _KEPT:
            result.append(_chunk(kind, _without_name(data) if kind == _PROFILE else data))
        if kind == _HEADER and turned is not None:
            result.append(_chunk(_EXIF, exif_of(turned)))
    return b"".join(result)


def _chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, kind = len(SIGNATURE), b""
    while kind != _END:
        length, kind = struct.unpack_from(">I4s", raw, at)
        if at + _FRAME + length > len(raw):
            raise ValueError("a chunk breaks off")
        yield kind, raw[at + 8 : at + 8 + length]
        at += _FRAME + length


def _without_name(profile: bytes) -> bytes:
    """A profile's name may be that of somebody's screen."""
    _, nul, packed = profile.partition(b"\0")
    return b"icc" + nul + packed


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
