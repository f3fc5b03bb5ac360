"""Claim Check: large payloads are stored as blobs, and messages carry a reference to them.

A folder that the faces and the service share; a blob's name is the SHA-256 of its content.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bus.errors import BusError, Internal, NotFound, Unavailable

NAME = re.compile(r"[0-9a-f]{64}")
UNFINISHED = ".part"


class TooLarge(BusError):
    """The content exceeds the limit; nothing of it was stored."""

    default_code = "blob.too_large"


class Blob(NamedTuple):
    """A claim: the SHA-256 of the content in hex, and its bytes."""

    sha256: str
    size: int


class Blobs:
    """The store in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def put(self, chunks: AsyncIterator[bytes], limit: int) -> Blob:
        """Store the content that comes in ``chunks``; TooLarge over ``limit`` bytes."""
        writing = Writing(self.folder, limit)
        try:
            async for chunk in chunks:
                writing.write(chunk)
            return writing.keep()
        finally:
            writing.end()

    def add(self, content: bytes) -> Blob:
        """Store content that is in memory."""
        writing = Writing(self.folder, len(content))
        try:
            writing.write(content)
            return writing.keep()
        finally:
            writing.end()

    def begin(self, limit: int) -> "Writing":
        """Begin a blob whose content comes piece by piece."""
        return Writing(self.folder, limit)

    def open(self, sha256: str) -> BinaryIO:
        """Open the content as a stream. NotFound ``blob.not_found``."""
        try:
            with store_faults():
                return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound("This file is not in the store.", code="blob.not_found") from None

    def read(self, sha256: str) -> bytes:
        """The content, compared with its checksum. Internal ``blob.damaged`` if it differs."""
        with store_faults(), self.open(sha256) as stream:
            content = stream.read()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Internal("The file in the store is damaged.", code="blob.damaged")
        return content

    def remove(self, sha256: str, older_than: float = 0) -> None:
        """Delete the content, unless it was stored (again) less than ``older_than`` seconds ago."""
        try:
            if self._path(sha256).stat().st_mtime > time.time() - older_than:
                return
        except FileNotFoundError:
            return
        self._path(sha256).unlink(missing_ok=True)

    def free(self) -> int:
        """How many bytes are free on the disk of the store."""
        with store_faults():
            self.folder.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self.folder).free

    def older_than(self, seconds: float) -> Iterator[str]:
        """List blobs stored longer ago; unfinished files of killed processes are deleted."""
        before = time.time() - seconds
        for path in self.folder.glob("*/*"):
            try:
                old = path.stat().st_mtime < before
            except FileNotFoundError:
                continue
            if old and path.suffix == UNFINISHED:
                path.unlink(missing_ok=True)
            elif old and NAME.fullmatch(path.name):
                yield path.name

    def _path(self, sha256: str) -> Path:
        if not NAME.fullmatch(sha256):
            raise NotFound("This is no name of a file in the store.", code="blob.not_found")
        return self.folder / sha256[:2] / sha256


class Writing:
    """A blob being written: a temporary file that gets its name when all of it is on disk."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit, self._size = folder, limit, 0
        self._digest = hashlib.sha256()
        place = folder / "unfinished"
        self._path = place / f"{secrets.token_hex(16)}{UNFINISHED}"
        with store_faults():
            place.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(
                os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640), "wb"
            )

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge(f"The file is larger than {self._limit} bytes.")
        self._digest.update(chunk)
        with store_faults():
            self._file.write(chunk)

    def path(self) -> Path:
        """Return where lies what was written so far, to inspect it before it is stored."""
        with store_faults():
            self._file.flush()
        return self._path

    def reader(self) -> BinaryIO:
        """Open what was written so far, to inspect it before it is stored."""
        with store_faults():
            return self.path().open("rb")

    def keep(self) -> Blob:
        """Flush the file to disk and name it by its content."""
        with store_faults():
            return self._keep()

    def _keep(self) -> Blob:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        sha256 = self._digest.hexdigest()
        target = self._folder / sha256[:2] / sha256
        # A file lives as long as its name: the folders that hold it must reach the disk too.
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync(self._folder)
        self._path.replace(target)
        _sync(target.parent)
        return Blob(sha256, self._size)

    def end(self) -> None:
        """Delete the temporary file unless the blob was stored."""
        # Closing writes what is left: on a full disk that fails too, and nothing is lost by it.
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def store_faults() -> Iterator[None]:
    """Unavailable ``blobs.unavailable`` for a folder that is full, read-only or away."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unavailable(
            f"Files cannot be kept or read now ({error.strerror}); try again later.",
            code="blobs.unavailable",
        ) from error


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
