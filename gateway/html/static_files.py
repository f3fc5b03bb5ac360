"""The style sheets, scripts, fonts and icons that every face serves below /static.

What a page names carries a part of the hash of its content in its address, so that a browser keeps
it for good and asks for a new one as soon as a new page names it.
"""

from functools import cache
from pathlib import Path

from gateway.http.documents import ASK_AGAIN, Document

FOLDER = Path(__file__).parents[1] / "static"
KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".png": "image/png",
}
FOR_GOOD, AN_HOUR = "public, max-age=31536000, immutable", "max-age=3600"
VERSION_LENGTH = 12


@cache
def address(name: str) -> str:
    """Return the address of a file with the version of its content, for a page to name."""
    return f"/static/{name}?v={_version(_files(AN_HOUR)[name])}"


def file(name: str, version: str | None = None) -> Document | None:
    """Return a file as its address asks for it; None for no file of ours.

    Of another version than ours (a page of before or after an upgrade) nobody keeps what we have.
    """
    document = _files(AN_HOUR).get(name)
    if document is None or version is None:
        return document
    return _files(FOR_GOOD if version == _version(document) else ASK_AGAIN)[name]


@cache
def _files(cache_control: str) -> dict[str, Document]:
    """All files by name; at most three times, by the ways above."""
    return {
        name: Document(body, KINDS[Path(name).suffix], cache_control)
        for name, body in _bodies().items()
    }


@cache
def _bodies() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in KINDS}


def _version(document: Document) -> str:
    return document.tag[:VERSION_LENGTH]
