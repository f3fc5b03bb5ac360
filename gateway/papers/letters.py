"""The PDF of a letter, as it was posted or will be: made from its template, or as it came."""

from collections.abc import Mapping
from typing import Any

from bus.blobs import Blobs
from gateway.papers import pdf as documents


def pdf(told: Mapping[str, Any], blobs: Blobs) -> bytes:
    """The PDF; ``told`` is an ApiMessage of contracts/notify/govnotify.py, ``blobs`` its store of
    letters. NotFound ``blob.not_found``.
    """
    claim = told["pdf"]
    return blobs.read(claim["sha256"]) if claim else documents.letter(told)
