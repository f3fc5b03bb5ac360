"""What a file is, by its content and never by its name; pure."""

import re

NEEDED = 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
)
_PROGRAMS = (b"MZ", b"PK", b"\x7fELF", b"<", b"#!")
EXTENSIONS = {
    **{kind: extension for _, kind, extension in _MAGIC},
    "image/webp": "webp",
    "application/pdf": "pdf",
    "text/plain": "txt",
}


def type_of(content: bytes) -> str | None:
    """The media type of a file that we take, None for all others.

    Pictures and PDF are known by the first 1024 bytes; text must be text to its end.

    >>> type_of(b"%PDF-1.7 ...")
    'application/pdf'
    """
    for magic, kind, _ in _MAGIC:
        if content.startswith(magic):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in content[:NEEDED] and not content.startswith(_PROGRAMS):
        return "application/pdf"
    return "text/plain" if _is_plain(content) else None


def _is_plain(content: bytes) -> bool:
    """True for UTF-8 without control characters that is no markup."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.lstrip(" \t\r\n\ufeff")[:1] not in ("", "<") and not _CONTROL.search(text)
