"""HEIC (ISO/IEC 23008-12) without metadata: what is not the picture is overwritten; pure.

Parts of this format name each other by where they lie, so nothing is moved: an item that is no part
of the picture (place and camera, small copies, depth, maps of light) becomes free space of zeros,
and so does every byte that no item of the picture names. What stands behind is cut off.
"""

import contextlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

_FREE = b"free"
# Beside the first, which names the format.
_NEEDED = frozenset({b"meta", b"mdat"})
_OF_META = frozenset(
    {b"hdlr", b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"idat", b"dinf", b"ipro"}
)
# Properties of an item: sides, coding, colour, turning, cutting, and what a second item is.
_PROPERTIES = frozenset(
    {b"ispe", b"hvcC", b"lhvC", b"av1C", b"avcC", b"jpgC", b"colr", b"pixi", b"irot", b"imir"}
    | {b"clap", b"pasp", b"auxC", b"clli", b"mdcv", b"cclv", b"amve", b"rref", b"iscl", b"lsel"}
    | {b"oinf", b"tols", b"a1op", b"a1lx"}
)
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")
_TILES, _AUXILIARY, _BOXES_MOST = b"dimg", b"auxl", 100_000
# From this version on iloc names items by four bytes; infe by its version.
_WIDE_PLACES, _ITEM_WIDTHS = 2, {2: 2, 3: 4}
_HANDLER_NAME_AT, _TYPE_SIZE = 24, 4


class _Box(NamedTuple):
    """A box: its type, where it begins, where its content does, and where both end."""

    type: bytes
    start: int
    body: int
    end: int


class _Reference(NamedTuple):
    """What one item says of others: from which to which, and the box that says it."""

    box: _Box
    origin: int
    targets: tuple[int, ...]


class _Entry(NamedTuple):
    """An item, and where its type stands in the file."""

    id: int
    type_at: int
    end: int


def clean(raw: bytes) -> bytes:
    """Return the picture without metadata. ValueError for what is broken, or moves."""
    content = bytearray(raw)
    top = list(_top(content))
    if any(box.type == b"moov" for box in top):
        raise ValueError("a series of pictures")
    (meta,) = (box for box in top if box.type == b"meta")
    parts = _parts(content, meta)
    references = list(_references(content, parts.get(b"iref")))
    kept = _items_of_picture(content, parts, references)
    data = [box for box in top if box.type == b"mdat"]
    data += [parts[b"idat"]] if b"idat" in parts else []
    _blank_between(content, data, list(_places(content, parts, kept)))
    _free_items(content, parts[b"iinf"], kept)
    for reference in references:
        if reference.origin not in kept:
            # Its numbers stay: readers refuse a reference to nothing.
            _rename(content, reference.box.start + 4)
    _free_properties(content, parts[b"iprp"])
    for box in _boxes(content, meta.body + 4, meta.end):
        if box.type not in _OF_META:
            _free(content, box)
    handler = parts[b"hdlr"]
    _blank(content, handler.body + _HANDLER_NAME_AT, handler.end)
    return _without_rest(content, top)


def _top(content: bytearray) -> Iterator[_Box]:
    """Yield the boxes of the file; what stands behind them need not be one."""
    with contextlib.suppress(ValueError):
        yield from _boxes(content, 0, len(content))


def _parts(content: bytearray, meta: _Box) -> dict[bytes, _Box]:
    """The boxes of the list of items by their types. ValueError if there are two of one type: one
    reader would take the first, another the second.
    """
    boxes = [box for box in _boxes(content, meta.body + 4, meta.end) if box.type in _OF_META]
    parts = {box.type: box for box in boxes}
    if len(parts) < len(boxes):
        raise ValueError("two boxes of one type")
    return parts


def _without_rest(content: bytearray, top: list[_Box]) -> bytes:
    end = 0
    for box in top:
        if box.start and box.type not in _NEEDED:
            _free(content, box)
        else:
            end = box.end
    return bytes(content[:end])


def _boxes(content: bytearray, at: int, end: int) -> Iterator[_Box]:
    for _ in range(_BOXES_MOST):
        if at + 8 > end:
            return
        size, type_ = struct.unpack_from(">I4s", content, at)
        body = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, body)
            body += 8
        size = size or end - at
        if size < body - at or at + size > end:
            raise ValueError("a box breaks off")
        yield _Box(bytes(type_), at, body, at + size)
        at += size
    raise ValueError("boxes without end")


def _items_of_picture(
    content: bytearray, parts: dict[bytes, _Box], references: list[_Reference]
) -> frozenset[int]:
    """Return the items of the picture: the primary one, its tiles, and what is transparent."""
    box = parts[b"pitm"]
    (primary,) = struct.unpack_from(">I" if content[box.body] else ">H", content, box.body + 4)
    alphas = _alphas(content, parts[b"iprp"])
    kept, waiting = set[int](), [primary]
    while waiting:
        item = waiting.pop()
        if item in kept:
            continue
        kept.add(item)
        for kind, origin, targets in ((r.box.type, r.origin, r.targets) for r in references):
            if kind == _TILES and origin == item:
                waiting += targets
            elif kind == _AUXILIARY and item in targets and origin in alphas:
                waiting.append(origin)
    return frozenset(kept)


def _references(content: bytearray, iref: _Box | None) -> Iterator[_Reference]:
    if iref is None:
        return
    letter, width = ("I", 4) if content[iref.body] else ("H", 2)
    for box in _boxes(content, iref.body + 4, iref.end):
        origin, count = struct.unpack_from(f">{letter}H", content, box.body)
        if box.body + width + 2 + count * width > box.end:
            raise ValueError("a reference breaks off")
        targets = struct.unpack_from(f">{count}{letter}", content, box.body + width + 2)
        yield _Reference(box, origin, targets)


def _alphas(content: bytearray, iprp: _Box) -> frozenset[int]:
    """Return the items that say which parts of a picture are transparent."""
    (ipco,) = (box for box in _boxes(content, iprp.body, iprp.end) if box.type == b"ipco")
    alphas = {
        number
        for number, box in enumerate(_boxes(content, ipco.body, ipco.end), 1)
        if box.type == b"auxC" and content[box.body + 4 : box.end].startswith(_ALPHA)
    }
    associations = (box for box in _boxes(content, iprp.body, iprp.end) if box.type == b"ipma")
    return frozenset(
        item
        for box in associations
        for item, number in _associated(content, box)
        if number in alphas
    )


def _associated(content: bytearray, ipma: _Box) -> Iterator[tuple[int, int]]:
    """Yield each item with the number of each of its properties."""
    item_letter = ">I" if content[ipma.body] else ">H"
    letter, mask = (">H", 0x7FFF) if content[ipma.body + 3] & 1 else (">B", 0x7F)
    (entries,) = struct.unpack_from(">I", content, ipma.body + 4)
    at = ipma.body + 8
    for _ in range(entries):
        (item,) = struct.unpack_from(item_letter, content, at)
        at += struct.calcsize(item_letter)
        count, at = content[at], at + 1
        for _ in range(count):
            yield item, struct.unpack_from(letter, content, at)[0] & mask
            at += struct.calcsize(letter)
        if at > ipma.end:
            raise ValueError("an association breaks off")


def _places(
    content: bytearray, parts: dict[bytes, _Box], kept: frozenset[int]
) -> Iterator[tuple[int, int]]:
    """Yield from where to where in the file the data of the kept items lie (box iloc)."""
    iloc = parts[b"iloc"]
    version = content[iloc.body]
    widths, bases = content[iloc.body + 4], content[iloc.body + 5]
    at = iloc.body + 6
    item_width = 2 if version < _WIDE_PLACES else 4
    count, at = _whole(content, at, item_width)
    for _ in range(count):
        item, at = _whole(content, at, item_width)
        method, at = _whole(content, at, 2) if version else (0, at)
        base, at = _whole(content, at + 2, bases >> 4)
        extents, at = _whole(content, at, 2)
        for _ in range(extents):
            _, at = _whole(content, at, bases & 15 if version else 0)
            offset, at = _whole(content, at, widths >> 4)
            length, at = _whole(content, at, widths & 15)
            if at > iloc.end:
                raise ValueError("a place breaks off")
            if item in kept:
                yield _place(parts, method & 15, base + offset, length, len(content))


def _place(
    parts: dict[bytes, _Box], method: int, offset: int, length: int, size: int
) -> tuple[int, int]:
    """Where an item's data lie: in the file (method 0), or in a box of the list itself (1)."""
    start = offset + (parts[b"idat"].body if method == 1 else 0)
    if method > 1 or not length or start + length > size:
        raise ValueError("a place that nobody can read")
    return start, start + length


def _whole(content: bytearray, at: int, width: int) -> tuple[int, int]:
    return int.from_bytes(content[at : at + width], "big"), at + width


def _free_items(content: bytearray, iinf: _Box, kept: frozenset[int]) -> None:
    """Make what is no part of the picture unknown, and take away the names of all items."""
    width = 4 if content[iinf.body] else 2
    for entry in _entries(content, iinf, iinf.body + 4 + width):
        if entry.id not in kept:
            _rename(content, entry.type_at)
        _blank(content, entry.type_at + _TYPE_SIZE, entry.end)


def _entries(content: bytearray, iinf: _Box, at: int) -> Iterator[_Entry]:
    for box in _boxes(content, at, iinf.end):
        version = content[box.body]
        if version not in _ITEM_WIDTHS:
            raise ValueError("an old list of items")
        id_, at = _whole(content, box.body + 4, _ITEM_WIDTHS[version])
        if at + 2 + _TYPE_SIZE > box.end:
            raise ValueError("an item breaks off")
        yield _Entry(id_, at + 2, box.end)


def _free_properties(content: bytearray, iprp: _Box) -> None:
    for ipco in _boxes(content, iprp.body, iprp.end):
        if ipco.type == b"ipco":
            for box in _boxes(content, ipco.body, ipco.end):
                if box.type not in _PROPERTIES:
                    _free(content, box)


def _blank_between(content: bytearray, data: list[_Box], places: list[tuple[int, int]]) -> None:
    """Overwrite what lies in boxes of data and belongs to no kept item.

    ValueError if something of a kept item lies in none of them.
    """
    for start, end in places:
        if not any(box.body <= start and end <= box.end for box in data):
            raise ValueError("a place that nobody can read")
    for box in data:
        at = box.body
        for start, end in sorted(places):
            if end > box.body and start < box.end:
                _blank(content, at, start)
                at = max(at, end)
        _blank(content, at, box.end)


def _free(content: bytearray, box: _Box) -> None:
    _rename(content, box.start + 4)
    _blank(content, box.body, box.end)


def _rename(content: bytearray, at: int) -> None:
    content[at : at + _TYPE_SIZE] = _FREE


def _blank(content: bytearray, start: int, end: int) -> None:
    if end > start:
        content[start:end] = bytes(end - start)
