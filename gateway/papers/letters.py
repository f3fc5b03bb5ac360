"""The PDF of a letter as it is posted: made from its template, or as the sender gave it."""

from bus.blobs import Blobs
from contracts.notify.govnotify import ApiMessage
from gateway.papers.pdf import letter


def pdf(message: ApiMessage, blobs: Blobs) -> bytes:
    """Return the PDF of a letter; ``blobs`` is the store of letters. NotFound
    ``blob.not_found``.
    """
    claim = message.pdf
    return blobs.read(claim.sha256) if claim else letter(message)
