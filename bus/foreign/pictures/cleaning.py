"""Every picture of a stranger loses its metadata here, in a child process with limits.

``without_metadata`` is what doors and services call; the formats have a module each.
"""

import struct
from pathlib import Path
from typing import BinaryIO

from bus.foreign import confined
from bus.foreign.confined import Bounds
from bus.foreign.pictures import gif, heif, jpeg, png, tiff, webp

CLEANERS = {
    "image/jpeg": jpeg.clean,
    "image/png": png.clean,
    "image/gif": gif.clean,
    "image/webp": webp.clean,
    "image/tiff": tiff.clean,
    "image/heic": heif.clean,
}
# A picture stays in memory a few times; nothing of it is unpacked.
BOUNDS = Bounds(
    cpu_seconds=10, wall_seconds=20.0, memory=512 * 1024 * 1024, output=64 * 1024 * 1024
)


def is_picture(kind: str) -> bool:
    """Tell whether files of this media type are freed of metadata."""
    return kind.startswith("image/")


def without_metadata(content: bytes | Path, kind: str) -> bytes:
    """Return the picture with the pixels that it had and without metadata.

    A picture without metadata comes back as it is. Turning (EXIF) and colour profile stay.

    Raises ``Unreadable`` for what cannot be taken apart, now or later; Unavailable if no child can
    be had now.
    """
    return confined.run(clean, content, bounds=BOUNDS, kind=kind)


def clean(stream: BinaryIO, kind: str) -> bytes:
    """Do the work of ``without_metadata`` in a child that runs already; ValueError for what cannot
    be taken apart.
    """
    try:
        return CLEANERS[kind](stream.read())
    except (LookupError, StopIteration, struct.error) as error:
        raise ValueError(f"no {kind} that can be taken apart") from error
