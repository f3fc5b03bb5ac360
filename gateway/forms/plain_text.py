"""Files of text: whether one is plain, judged while it arrives; and what it says."""

import codecs
import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def file_text(content: bytes) -> str:
    """Read a file of text as programs in Iran write them: UTF-16 with its mark, UTF-8, else
    Windows-1256, in which each byte is a character.

    >>> file_text("آب".encode("cp1256")), file_text("آب".encode("utf-16"))
    ('آب', 'آب')
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1256")


class PlainText:
    """Judges pieces of a file: UTF-8 without control characters, and no markup."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._first, self._good = "", True

    def feed(self, piece: bytes) -> None:
        """Judge the next piece."""
        if not self._good:
            return
        try:
            text = self._decoder.decode(piece)
        except UnicodeDecodeError:
            self._good = False
            return
        self._first = self._first or text.lstrip(" \t\r\n\ufeff")[:1]
        self._good = not _CONTROL.search(text)

    def holds(self) -> bool:
        """Return True for plain text. Ask at the end: half a character is no text."""
        return self._good and not self._decoder.getstate()[0] and self._first not in ("", "<")
