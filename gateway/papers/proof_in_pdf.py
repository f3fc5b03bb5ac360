"""Finds in a PDF the address that its QR code carries: it is a link, too, which can be clicked.

A stranger's file is read in a confined child process (bus/foreign/confined.py).
"""

import io
from collections.abc import Iterator
from typing import BinaryIO

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError

from bus.foreign import confined
from bus.foreign.confined import Bounds, Unreadable

HEAD = b"%PDF-"
BOUNDS = Bounds(cpu_seconds=3, wall_seconds=10.0, memory=512 * 1024 * 1024, output=8 * 1024)
# An answer of an inquiry has a page or two, with one link.
MOST_PAGES, MOST_LINKS, LONGEST = 10, 50, 2000
MARK = "/verify#"


def proof_in(content: bytes) -> str | None:
    """Return the address with the proof in a PDF; None if there is none, or it cannot be read.

    Unavailable if no child can be had now.
    """
    if not content.startswith(HEAD):
        return None
    try:
        address: str = confined.run(read, content, bounds=BOUNDS)
    except Unreadable:
        return None
    return address or None


def read(stream: BinaryIO) -> str:
    """The first such address; "" without one. In the child."""
    try:
        reader = PdfReader(io.BytesIO(stream.read()), strict=False)
        pages = reader.pages[:MOST_PAGES]
        return next((link for page in pages for link in _links(page) if MARK in link), "")
    except (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""


def _links(page: PageObject) -> Iterator[str]:
    for annotation in list(page.get("/Annots") or [])[:MOST_LINKS]:
        action = annotation.get_object().get("/A")
        address = action.get_object().get("/URI") if action else None
        if isinstance(address, str) and len(address) <= LONGEST:
            yield address
