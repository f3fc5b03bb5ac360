"""The e-mail inside of a signed S/MIME message (RFC 8551, 3.5.2): CMS SignedData in BER.

Only the way to the content is followed, in steps of bounded number; no signature is judged.
"""

from collections.abc import Iterator
from typing import NamedTuple

KINDS = ("application/pkcs7-mime", "application/x-pkcs7-mime")
DEPTH_MOST, CHUNKS_MOST = 8, 50_000
SEQUENCE, OCTETS, CHUNKED_OCTETS, CONTEXT_0 = 0x30, 0x04, 0x24, 0xA0
_CONSTRUCTED, _LONG, _TAG_NUMBER = 0x20, 0x80, 0x1F
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")


class Element(NamedTuple):
    """An element: where its content stands, and where the next element begins."""

    tag: int
    start: int
    end: int
    next: int


class Malformed(ValueError):
    """These bytes are no BER."""


def signed_content(ber: bytes) -> bytes:
    """The octets that were signed; empty if these are no SignedData, or are encrypted."""
    try:
        kind, outer = list(_children(ber, _read(ber, 0, len(ber))))[:2]
        if ber[kind.start : kind.end] != _SIGNED_DATA:
            return b""
        (signed,) = _children(ber, outer)
        content_info = list(_children(ber, signed))[2]
        content = list(_children(ber, content_info))[1]
        (octets,) = _children(ber, content)
        return b"".join(_octets(ber, octets))
    except (Malformed, ValueError, IndexError):
        return b""


def _octets(ber: bytes, element: Element) -> Iterator[bytes]:
    if element.tag == OCTETS:
        yield ber[element.start : element.end]
    elif element.tag == CHUNKED_OCTETS:
        for chunk in _children(ber, element):
            yield ber[chunk.start : chunk.end]


def _children(ber: bytes, parent: Element) -> Iterator[Element]:
    at = parent.start
    for _ in range(CHUNKS_MOST):
        if at >= parent.end:
            return
        child = _read(ber, at, parent.end)
        yield child
        at = child.next
    raise Malformed


def _read(ber: bytes, at: int, end: int, depth: int = 0) -> Element:
    """The element at a place; one of indefinite length is walked to its end."""
    if at + 2 > end or depth > DEPTH_MOST or ber[at] & _TAG_NUMBER == _TAG_NUMBER:
        raise Malformed
    tag, first = ber[at], ber[at + 1]
    start = at + 2
    if first == _LONG and tag & _CONSTRUCTED:
        return _read_to_its_end(ber, tag, start, end, depth)
    length = first
    if first & _LONG:
        count = first & ~_LONG
        length = int.from_bytes(ber[start : start + min(count, 9)])
        start += count
    if start + length > end:
        raise Malformed
    return Element(tag, start, start + length, start + length)


def _read_to_its_end(ber: bytes, tag: int, start: int, end: int, depth: int) -> Element:
    at = start
    for _ in range(CHUNKS_MOST):
        if ber[at : at + 2] == b"\0\0":
            return Element(tag, start, at, at + 2)
        at = _read(ber, at, end, depth + 1).next
    raise Malformed
