"""What a file is, by its content and never by its name; pure."""

NEEDED = 1024
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
)
EXTENSIONS = {
    **{kind: extension for _, kind, extension in _MAGIC},
    "image/webp": "webp",
    "application/pdf": "pdf",
    "text/plain": "txt",
}


def type_of(content: bytes) -> str | None:
    """The media type of a file that we take, by its first 1024 bytes; None for all others.

    >>> type_of(b"%PDF-1.7 ...")
    'application/pdf'
    """
    for magic, kind, _ in _MAGIC:
        if content.startswith(magic):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in content[:NEEDED]:
        return "application/pdf"
    return "text/plain" if _is_plain(content[:NEEDED]) else None


def _is_plain(head: bytes) -> bool:
    """True for UTF-8 without control characters that is no markup, cut anywhere."""
    try:
        # What was cut in the middle of a character is no fault.
        text = head.decode("utf-8") if len(head) < NEEDED else head[:-3].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return False
    if len(head) >= NEEDED and text.encode()[: NEEDED - 8] != head[: NEEDED - 8]:
        return False
    clean = all(c in "\n\r\t\ufeff" or (c.isprintable() or c.isspace()) for c in text)
    return bool(text.strip()) and clean and not text.lstrip("\ufeff \t\r\n").startswith("<")
