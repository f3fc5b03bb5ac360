"""Files that a browser saves and never shows in a page of ours."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from bus.blobs import Blobs

PIECE_BYTES = 64 * 1024


def disposition(name: str) -> str:
    """Return the Content-Disposition of a file to be saved under this name (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def download_headers(name: str) -> dict[str, str]:
    """Return the headers of a file to be saved that no cache keeps."""
    return {"Cache-Control": "no-store", "Content-Disposition": disposition(name)}


def file_response(blobs: Blobs, *, sha256: str, type: str, name: str) -> Response:
    """Stream a file of the blob store to be saved; NotFound ``blob.not_found``."""
    stream = blobs.open(sha256)

    async def pieces() -> AsyncIterator[bytes]:
        with stream:
            while piece := stream.read(PIECE_BYTES):
                yield piece

    return StreamingResponse(
        pieces(),
        media_type=type,
        headers={
            "Content-Disposition": disposition(name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox",
        },
    )
