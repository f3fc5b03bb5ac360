"""Photos of telephones that are larger than the files that we keep, made smaller.

A browser with script has done it before (static/portal.js). JPEG alone: libjpeg reads it at a half,
a quarter or an eighth of its size, so that neither time nor memory follow what a stranger sends.
"""

import io
import threading
from typing import BinaryIO

from PIL import Image, ImageOps

# What a photo may bring in bytes; what it may hold in pixels, and if it is progressive, since
# libjpeg holds all of such a photo in memory.
PHOTO_MOST = 30 * 1024 * 1024
PIXELS_MOST, PROGRESSIVE_MOST = 89_000_000, 30_000_000
LONGEST_SIDE, QUALITY = 2560, 85
JPEG = b"\xff\xd8\xff"
# What Pillow raises for what is no picture, is cut off, or is too large.
REFUSED = (
    OSError,
    ValueError,
    SyntaxError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
# Each decodes some ten megabytes: one at a time is enough for a form that is seldom sent.
_one_at_a_time = threading.Lock()


def shrink(stream: BinaryIO) -> bytes | None:
    """Return a JPEG with sides of 2560 pixels at most, turned upright, without the place and the
    camera that telephones write into it; None for what is no such photo.
    """
    with _one_at_a_time:
        try:
            return _shrink(stream)
        except REFUSED:
            return None


def _shrink(stream: BinaryIO) -> bytes | None:
    with Image.open(stream, formats=("JPEG",)) as photo:
        pixels = photo.width * photo.height
        most = PROGRESSIVE_MOST if photo.info.get("progressive") else PIXELS_MOST
        if pixels > most:
            return None
        photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(photo).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
