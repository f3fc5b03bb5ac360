"""TIFF (revision 6.0) without metadata: pages anew from the fields that a picture needs; pure."""

import struct
from typing import NamedTuple

_ORDERS = {b"II": "<", b"MM": ">"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SHORT, _LONG, _ENTRY = 3, 4, 12
# A value of so many bytes stands in the field itself.
_INLINE = 4
_PAGES_MOST, _START = 1000, 8
# Where the pixels lie, and how many bytes they have: by strips or by tiles.
_PIXELS = {273: 279, 324: 325}
_KIND, _COMPRESSION, _SUBFILES, _DNG = 254, 259, 330, 50706
_REDUCED, _OLD_JPEG, _RAW_OF_CANON = 1, 6, b"CR"
# Sides, bits, compression, colours, orientation, strips and tiles, resolution, predictor, tables
# of JPEG, the profile of colours.
_KEPT = frozenset(
    {254, 256, 257, 258, 259, 262, 263, 266, 274, 277, 278, 282, 283, 284, 290, 291, 292, 293, 296}
    | {297, 301, 317, 318, 319, 320, 322, 323, 332, 334, 336, 338, 339, 340, 341, 347, 529, 530}
    | {531, 532, 34675}
)


class _Field(NamedTuple):
    """A field of a page: its type, how many values it has, and their bytes."""

    type: int
    values: int
    data: bytes


_Page = dict[int, _Field]


def clean(raw: bytes) -> bytes:
    """Return the pages without metadata and without small copies of them.

    Raises ValueError for what is broken, and for the raw form of a camera, whose pixels nobody can
    read without the metadata.
    """
    order = _ORDERS[raw[:2]]
    if raw[_START : _START + 2] == _RAW_OF_CANON:
        raise ValueError("the raw form of a camera")
    (at,) = struct.unpack_from(f"{order}I", raw, 4)
    pages, places = list[_Page](), set[int]()
    while at:
        if at in places or len(places) >= _PAGES_MOST:
            raise ValueError("pages without end")
        places.add(at)
        page, at = _read(raw, order, at)
        if not pages or not _number(order, page, _KIND) & _REDUCED:
            pages.append(page)
    _refuse_raw(order, pages[0])
    return _written(raw, order, pages)


def _refuse_raw(order: str, page: _Page) -> None:
    """In a camera's raw form the first page is a small copy, and the picture lies below it."""
    is_small = _number(order, page, _KIND) & _REDUCED
    if _DNG in page or (_SUBFILES in page and is_small):
        raise ValueError("the raw form of a camera")


def _read(raw: bytes, order: str, at: int) -> tuple[_Page, int]:
    (count,) = struct.unpack_from(f"{order}H", raw, at)
    page: _Page = {}
    for place in range(at + 2, at + 2 + count * _ENTRY, _ENTRY):
        tag, type_, values = struct.unpack_from(f"{order}HHI", raw, place)
        if tag in _KEPT or tag in _PIXELS or tag in _PIXELS.values():
            size = _SIZES[type_] * values
            if size > len(raw):
                raise ValueError("a field breaks off")
            start = place + 8
            if size > _INLINE:
                (start,) = struct.unpack_from(f"{order}I", raw, start)
            if start + size > len(raw):
                raise ValueError("a field breaks off")
            page[tag] = _Field(type_, values, raw[start : start + size])
        elif tag in (_SUBFILES, _DNG):
            page[tag] = _Field(type_, 0, b"")
    (following,) = struct.unpack_from(f"{order}I", raw, at + 2 + count * _ENTRY)
    return page, following


def _numbers(order: str, field: _Field) -> tuple[int, ...]:
    letter = {_SHORT: "H", _LONG: "I"}[field.type]
    return struct.unpack(f"{order}{field.values}{letter}", field.data)


def _number(order: str, page: _Page, tag: int) -> int:
    return _numbers(order, page[tag])[0] if tag in page else 0


def _written(raw: bytes, order: str, pages: list[_Page]) -> bytes:
    result = bytearray(struct.pack(f"{order}2sHI", raw[:2], 42, 0))
    link = 4
    for page in pages:
        fields = {tag: field for tag, field in page.items() if tag in _KEPT}
        if _number(order, page, _COMPRESSION) == _OLD_JPEG:
            raise ValueError("an old form of JPEG in TIFF")
        fields |= _pixels(raw, order, page, result)
        link = _write_page(result, order, fields, link)
    return bytes(result)


def _pixels(raw: bytes, order: str, page: _Page, result: bytearray) -> _Page:
    """Append the pixels of a page; return the fields that say where they lie."""
    tag = next(tag for tag in _PIXELS if tag in page and _PIXELS[tag] in page)
    places, sizes = _numbers(order, page[tag]), _numbers(order, page[_PIXELS[tag]])
    starts = []
    for place, size in zip(places, sizes, strict=True):
        # What lies in several pages is no reason to write more than came.
        if place + size > len(raw) or len(result) + size > len(raw) + _START:
            raise ValueError("pixels break off")
        starts.append(_append(result, raw[place : place + size]))
    packed = struct.pack(f"{order}{len(starts)}I", *starts)
    return {tag: _Field(_LONG, len(starts), packed), _PIXELS[tag]: page[_PIXELS[tag]]}


def _write_page(result: bytearray, order: str, fields: _Page, link: int) -> int:
    """Append a page's fields in the order of their numbers; return where the next is named."""
    entries = bytearray(struct.pack(f"{order}H", len(fields)))
    for tag, (type_, count, data) in sorted(fields.items()):
        value = data.ljust(_INLINE, b"\0")
        if len(data) > _INLINE:
            value = struct.pack(f"{order}I", _append(result, data))
        entries += struct.pack(f"{order}HHI", tag, type_, count) + value
    start = _append(result, bytes(entries) + bytes(4))
    struct.pack_into(f"{order}I", result, link, start)
    return start + len(entries)


def _append(result: bytearray, data: bytes) -> int:
    if len(result) % 2:
        result.append(0)
    start = len(result)
    result += data
    return start
