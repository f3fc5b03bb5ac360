"""GIF (GIF89a) without metadata: its blocks by a list of those that stay; pure."""

_HEADER_SIZE, _IMAGE_SIZE = 13, 10
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
# How long a frame is shown, and how often all are.
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")
_HAS_TABLE = 0x80


def clean(raw: bytes) -> bytes:
    """Return the picture without metadata. ValueError for one that is broken or breaks off."""
    at = _HEADER_SIZE + _table_size(raw[10])
    result, has_image = [raw[:at]], False
    while at < len(raw) and raw[at] != _TRAILER:
        end = _end_of_block(raw, at)
        if raw[at] == _IMAGE or _stays(raw, at):
            has_image |= raw[at] == _IMAGE
            result.append(raw[at:end])
        at = end
    if not has_image:
        raise ValueError("no image")
    return b"".join([*result, bytes([_TRAILER])])


def _end_of_block(raw: bytes, at: int) -> int:
    if raw[at] == _IMAGE:
        # The byte before the data says how wide its codes are.
        return _end_of_pieces(raw, at + _IMAGE_SIZE + _table_size(raw[at + 9]) + 1)
    if raw[at] == _EXTENSION:
        return _end_of_pieces(raw, at + 2)
    raise ValueError("an unknown block")


def _stays(raw: bytes, at: int) -> bool:
    label = raw[at + 1]
    return label == _CONTROL or (label == _APPLICATION and raw.startswith(_LOOPS, at + 2))


def _end_of_pieces(raw: bytes, at: int) -> int:
    while size := raw[at]:
        at += size + 1
    return at + 1


def _table_size(flags: int) -> int:
    """Return the bytes of a table of colours."""
    return 3 << ((flags & 7) + 1) if flags & _HAS_TABLE else 0
