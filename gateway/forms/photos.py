"""Photos of telephones that are larger than the files that we keep, made smaller.

A browser with script has done it before (static/portal.js). JPEG alone: libjpeg reads it at a half,
a quarter or an eighth of its size; HEIC is left to browsers (decision 113). A child process with
limits does it: a photo of long thin sides, or of a hundred thousand scans, would cost this process
a gigabyte or an hour.
"""

import asyncio
from pathlib import Path

from bus.foreign import confined
from bus.foreign import photos as drawing
from bus.foreign.confined import Bounds, Unreadable

# What a photo may bring in bytes.
PHOTO_MOST = 30 * 1024 * 1024
LONGEST_SIDE = 2560
JPEG, HEIC = b"\xff\xd8\xff", "image/heic"
BOUNDS = Bounds(
    cpu_seconds=10, wall_seconds=20.0, memory=512 * 1024 * 1024, output=16 * 1024 * 1024
)
# Each costs a thread while it waits for its child: two are enough for a form that is seldom sent.
_two_at_a_time = asyncio.Semaphore(2)


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
