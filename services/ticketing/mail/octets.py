"""Octets to text: the charset that is named, or the one that it really is."""

import codecs
import re
import unicodedata

LONGEST_NAME = 40
# What Persian letters come in if no charset, or a wrong one, is named.
CHARSETS = ("utf-8", "windows-1256", "iso-8859-6")
# Charsets of text; other codecs of Python (punycode, idna ...) are dear, or are no charsets.
_KINDS = re.compile(
    r"(utf|ascii|latin|iso8859|iso2022|cp[0-9]|koi8|mac|gb|big5|euc|shift|hz|johab|tis|ptcp|kz)"
)
_WESTERN = ("iso8859-1", "iso8859-15", "cp1252", "latin_1", "ascii")
_RUN = re.compile(rb"[A-Za-z\x80-\xff]+")
_OF_ONE_BYTE = re.compile(r"(iso8859|latin|cp12|cp4|cp8|koi8|mac|ascii)")
_ALIASES = {"unicode-1-1-utf-7": "utf-7", "iso-8859-8-i": "iso-8859-8", "cp-1256": "cp1256"}
# So few broken places in so many letters do not make UTF-8 another charset.
_BROKEN_IN = 20


def decode(octets: bytes, charset: str | None = None) -> str:
    """The text; what cannot be decoded is U+FFFD."""
    name = _codec(charset)
    if octets.isascii() and not (name and name.startswith(("utf", "iso2022", "hz"))):
        return octets.decode("ascii")
    if name is not None and not _is_other(octets, name):
        try:
            # What is called ISO 8859-1 has the quotation marks of windows-1252 (WHATWG, Encoding).
            return octets.decode("cp1252" if name in ("iso8859-1", "latin_1") else name)
        except (UnicodeError, ValueError):
            pass
    if _is_mostly_utf8(octets):
        return octets.decode("utf-8", "replace")
    for other in CHARSETS:
        try:
            return octets.decode(other)
        except UnicodeError:
            continue
    return octets.decode("utf-8", "replace")


def clean(text: str) -> str:
    """The text without control characters, surrogates and direction marks; joiners stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\x85", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in "\n\t\u200c\u200d" or _is_shown(c))


def _is_shown(character: str) -> bool:
    # Blanks of other widths are shown, though Python does not call them printable.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _codec(charset: str | None) -> str | None:
    """Python's name of a charset; None if it is unknown or no charset of text."""
    name = (charset or "").strip(" \t\"'").partition("*")[0].lower()
    if not name or len(name) > LONGEST_NAME:
        return None
    try:
        name = codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError):
        return None
    return name if _KINDS.match(name) else None


def _is_other(octets: bytes, name: str) -> bool:
    """True if octets are surely not in the charset that they say."""
    if name.startswith(("utf-16", "utf-32")):
        return b"\0" not in octets and _is_utf8(octets)
    if not _OF_ONE_BYTE.match(name):
        return False
    if _is_utf8(octets):
        return True
    return name in _WESTERN and _has_words_beyond_ascii(octets)


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _is_mostly_utf8(octets: bytes) -> bool:
    """True for UTF-8 of which a piece was cut off or broken."""
    text = octets.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    letters = sum(1 for octet in octets if octet >= 0xC2)  # noqa: PLR2004 - first bytes of UTF-8
    return broken * _BROKEN_IN <= letters - broken


def _has_words_beyond_ascii(octets: bytes) -> bool:
    """True if most stand in words without any of ASCII, as in Persian and never in a
    western language.
    """
    inside = mixed = 0
    for run in _RUN.findall(octets):
        high = sum(1 for octet in run if octet >= 0x80)  # noqa: PLR2004
        if high == len(run) > 1:
            inside += high
        else:
            mixed += high
    return inside > mixed
