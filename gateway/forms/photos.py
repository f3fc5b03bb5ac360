"""Pictures that come in by forms: freed of metadata, and photos that are too large made smaller.

A browser with script has made photos smaller before (static/portal.js). JPEG alone: libjpeg reads
it at a half, a quarter or an eighth of its size; HEIC is left to browsers (decision 113). A child
process with limits does it: a photo of long thin sides, or of a hundred thousand scans, would cost
this process a gigabyte or an hour.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

from bus.blobs import Blob, Blobs, Writing
from bus.errors import Unavailable
from bus.foreign import confined
from bus.foreign import photos as drawing
from bus.foreign.confined import Bounds, Unreadable
from bus.foreign.pictures.cleaning import without_metadata

# What a photo may bring in bytes.
PHOTO_MOST = 30 * 1024 * 1024
LONGEST_SIDE = 2560
JPEG, HEIC = b"\xff\xd8\xff", "image/heic"
BOUNDS = Bounds(
    cpu_seconds=10, wall_seconds=20.0, memory=512 * 1024 * 1024, output=16 * 1024 * 1024
)
# Each costs a thread while it waits for its child: two are enough for a form that is seldom sent.
_two_at_a_time = asyncio.Semaphore(2)


class WaitingPicture(NamedTuple):
    """A picture of a form, whole and not yet stored; it may have ``limit`` bytes then."""

    field: str
    name: str
    type: str
    writing: Writing
    limit: int

    def is_too_large(self) -> bool:
        """Tell whether it has to become smaller."""
        return self.writing.path().stat().st_size > self.limit


class KeptPicture(NamedTuple):
    """A picture that was stored, and its type, which may be another one."""

    blob: Blob
    type: str


async def shrink(photo: Path) -> bytes | None:
    """Return a JPEG with sides of 2560 pixels at most, turned upright, without the place and the
    camera that telephones write into it; None for what is no such photo, or takes too much to read.

    Raises Unavailable if no child can be had now.
    """
    async with _two_at_a_time:
        try:
            made: bytes = await asyncio.to_thread(
                confined.run, drawing.draw, photo, bounds=BOUNDS, side=LONGEST_SIDE
            )
        except Unreadable:
            return None
    return made


async def clean(picture: Path, kind: str) -> bytes | None:
    """Return the picture without metadata; None for what cannot be taken apart.

    If no child can be had now it comes back as it is: the service cleans each picture once more
    before anybody opens it, and what was typed beside it is not lost for that.
    """
    async with _two_at_a_time:
        try:
            return await asyncio.to_thread(without_metadata, picture, kind)
        except Unreadable:
            return None
        except Unavailable:
            return await asyncio.to_thread(picture.read_bytes)


async def keep(picture: WaitingPicture, folder: Path) -> KeptPicture | None:
    """Store a picture without its metadata, a photo over the limit made smaller.

    None for one that cannot be taken apart or is still too large. Raises Unavailable if no child
    can be had now to make it smaller.
    """
    path, kind = picture.writing.path(), picture.type
    if picture.is_too_large():
        content, kind = await shrink(path), "image/jpeg"
    else:
        content = await clean(path, kind)
    if content is None or len(content) > picture.limit:
        return None
    return KeptPicture(await asyncio.to_thread(Blobs(folder).add, content), kind)
