"""Papers that were made, in the memory of this process: bounded by their bytes and by their age."""

import hashlib
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

MOST_KEPT = 48 * 1024 * 1024
SECONDS = 3600.0


class _Paper(NamedTuple):
    pdf: bytes
    made_at: float


class KeptPapers:
    """PDFs by all that determines them, the least recently used out first; for any thread.

    Who may read one is not asked here: who has the whole content has been let in to it.
    """

    def __init__(self) -> None:
        self._papers, self._size = OrderedDict[bytes, _Paper](), 0
        self._lock = threading.Lock()

    def get(self, content: bytes) -> bytes | None:
        """Return the PDF of this content; None unless it was kept within the last hour."""
        key = hashlib.sha256(content).digest()
        with self._lock:
            paper = self._papers.get(key)
            if paper is None:
                return None
            if time.monotonic() - paper.made_at >= SECONDS:
                self._drop(key)
                return None
            self._papers.move_to_end(key)
            return paper.pdf

    def keep(self, content: bytes, pdf: bytes) -> None:
        """Keep the PDF of this content; a larger one than MOST_KEPT is not kept."""
        if len(pdf) > MOST_KEPT:
            return
        key = hashlib.sha256(content).digest()
        now = time.monotonic()
        with self._lock:
            if key in self._papers:
                self._drop(key)
            self._papers[key] = _Paper(pdf, now)
            self._size += len(pdf)
            for old in [k for k, paper in self._papers.items() if now - paper.made_at >= SECONDS]:
                self._drop(old)
            while self._size > MOST_KEPT:
                self._drop(next(iter(self._papers)))

    def clear(self) -> None:
        """Forget all papers."""
        with self._lock:
            self._papers.clear()
            self._size = 0

    def _drop(self, key: bytes) -> None:
        self._size -= len(self._papers.pop(key).pdf)
