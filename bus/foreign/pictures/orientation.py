"""How a picture is turned: the only word of EXIF that stays (Exif 3.0, tag 0x0112); pure."""

import struct

EXIF = b"Exif\0\0"
_TAG, _HEAD, _ENTRY, _SHORT = 0x0112, 8, 12, 3
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
# 1 is upright, which goes without saying.
_TURNED = range(2, 9)


def orientation_of(exif: bytes) -> int | None:
    """Return how the picture of this EXIF is turned (2 to 8), or None for an upright one.

    What cannot be read says nothing.
    """
    tiff = exif.removeprefix(EXIF)
    order = _ORDERS.get(tiff[:4])
    if order is None or len(tiff) < _HEAD:
        return None
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return None
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    end = min(start + 2 + count * _ENTRY, len(tiff) - _ENTRY + 1)
    for at in range(start + 2, end, _ENTRY):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at)
        if tag == _TAG and kind == _SHORT:
            return value if value in _TURNED else None
    return None


def exif_of(orientation: int) -> bytes:
    """Return an EXIF block (its TIFF part) that says how a picture is turned, and nothing else.

    >>> orientation_of(exif_of(6))
    6
    """
    return struct.pack(">4sIHHHIHHI", b"MM\0*", 8, 1, _TAG, _SHORT, 1, orientation, 0, 0)
