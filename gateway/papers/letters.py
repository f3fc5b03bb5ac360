"""The PDF of a letter as it is posted: made from its template, or as the sender gave it."""

from collections.abc import Mapping
from typing import Any

from bus.blobs import Blobs
from gateway.papers.pdf import letter


def pdf(message: Mapping[str, Any], blobs: Blobs) -> bytes:
    """Return the PDF of an ApiMessage of contracts/notify/govnotify.py; ``blobs`` is the store of
    letters. NotFound ``blob.not_found``.
    """
    claim = message["pdf"]
    return blobs.read(claim["sha256"]) if claim else letter(message)
