"""A file of the operator's that may change while a process runs: read again when it is another."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Content = TypeVar("Content")


class ChangingFile(Generic[Content]):
    """What a file says now; one that cannot be read changes nothing.

    ``read`` makes the content from the text; ``refused`` hears why a file cannot be read, once for
    each change of the file.
    """

    def __init__(
        self, path: Path, read: Callable[[str], Content], refused: Callable[[str], None]
    ) -> None:
        self._path, self._read, self._refused = path, read, refused
        self._state: tuple[int, int, int] | str | None = None
        self._content: Content | None = None

    def content(self) -> Content | None:
        """What it said when it could last be read; None if it never could."""
        state = self._now()
        if state != self._state:
            # Noted first: a file that cannot be read is not read again until it changes.
            self._state = state
            try:
                self._content = self._read(self._path.read_text(encoding="utf-8"))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                self._refused(str(error))
        return self._content

    def _now(self) -> tuple[int, int, int] | str:
        """What shows that the file is another one, or why it is not there."""
        try:
            status = self._path.stat()
        except OSError as error:
            return str(error)
        return status.st_mtime_ns, status.st_size, status.st_ino
