"""Photos of strangers drawn anew by Pillow; runs in a confined child process (confined.py)."""

import io
from typing import BinaryIO

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF")
PIXELS_MOST, QUALITY = 100_000_000, 82


def draw(stream: BinaryIO, side: int) -> bytes:
    """Draw a picture anew as JPEG, upright and without what the camera wrote; ``side`` are the
    pixels of its longer side at most.
    """
    Image.MAX_IMAGE_PIXELS = PIXELS_MOST
    with Image.open(stream, formats=FORMATS) as image:
        # A square would let a picture of long thin sides be read as large as it is.
        longest = max(image.size)
        image.draft("RGB", (image.width * side // longest, image.height * side // longest))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((side, side))
        paper = Image.new("RGB", upright.size, "white")
        shown = upright.convert("RGBA")
        paper.paste(shown, mask=shown.getchannel("A"))
    result = io.BytesIO()
    paper.save(result, "JPEG", quality=QUALITY, optimize=True)
    return result.getvalue()
