"""Photos that people sent in, made small by Pillow in a confined child process.

What is shown is drawn anew: no byte of the file itself, no place where it was taken, reaches a
page. What was made is kept in the memory of this process.
"""

import asyncio

from bus.blobs import Blobs
from bus.errors import NotFound
from bus.foreign import confined, photos
from bus.foreign.confined import Bounds, Unreadable
from gateway.papers.kept import KeptPapers

# Of these Pillow makes a picture; telephones' HEIC is a file like others (decision 113).
TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff"})
MEDIA_TYPE = "image/jpeg"
# Pixels of the longer side.
THUMBNAIL, PICTURE = 240, 1600
BOUNDS = Bounds(
    cpu_seconds=10, wall_seconds=20.0, memory=1024 * 1024 * 1024, output=8 * 1024 * 1024
)


class Pictures:
    """Small pictures of files in the blob store."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs, self._kept = blobs, KeptPapers()

    async def jpeg(self, sha256: str, type: str, side: int) -> bytes:
        """Return a picture whose longer side has ``side`` pixels at most, as JPEG.

        NotFound ``picture.unreadable`` for what is no picture or cannot be read; Unavailable
        ``confined.busy`` if no child can be had now.
        """
        if type not in TYPES:
            raise _unreadable()
        key = f"{sha256} {side}".encode()
        if (kept := self._kept.get(key)) is not None:
            return kept
        content = await asyncio.to_thread(self._blobs.read, sha256)
        try:
            made: bytes = await asyncio.to_thread(
                confined.run, photos.draw, content, bounds=BOUNDS, side=side
            )
        except Unreadable:
            raise _unreadable() from None
        self._kept.keep(key, made)
        return made


def _unreadable() -> NotFound:
    return NotFound("This file is no picture that can be shown.", code="picture.unreadable")
