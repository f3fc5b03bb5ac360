"""An SMS as telephones have it: letters, encoding, parts.

Source: 3GPP TS 23.038 (the 7-bit alphabet and its extension) and 23.040 (concatenation); the worked
cases are in tests/vectors.json, group sms_parts.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from iran.persian import BLANKS, INVISIBLE

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_TWO = frozenset("\f^{}\\[~]|€")
GSM_ALONE, GSM_PART = 160, 153
UCS_ALONE, UCS_PART = 70, 67
BEYOND_BMP = 0xFFFF
# As GOV.UK Notify has it: six parts of the GSM alphabet, fourteen of Persian.
CHARACTERS_MOST = 6 * GSM_PART

# What a telephone shows as rubbish or not at all goes; ZWNJ (U+200C) and ZWJ stay.
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("يى", "ی"),
        "ك": "ک",
        **dict(zip("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", strict=True)),
        **dict.fromkeys(INVISIBLE),
        **dict.fromkeys(BLANKS, " "),
    }
)
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚ʼ", "'"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‐‑–—", "-"),
        "…": "...",
    }
)
_MARK_OF_CODE = re.compile("\u200e(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a text costs to send: units are UTF-16 code units (ucs2) or septets (gsm7)."""

    encoding: str
    units: int
    parts: int


def normalised(text: str) -> str:
    """The text as it is sent: Persian letters and digits for the Arabic ones, no direction marks,
    the half-space kept, Latin digits (links, codes) as they are. Only the mark (U+200E) before a
    Latin digit stays: groups of digits would change places in a Persian line. No letter becomes
    another's stand-in. Typographic quotes and dashes become plain ones where that saves the 7-bit
    alphabet.

    >>> normalised("علي‌رضا كد ٤٥ 12")
    'علی‌رضا کد ۴۵ 12'
    """
    sent = "".join(_presentation(c) for c in text.replace("\r\n", "\n").replace("\r", "\n"))
    pieces = (piece.translate(_LETTERS) for piece in _MARK_OF_CODE.split(sent))
    sent = unicodedata.normalize("NFC", "\u200e".join(pieces))
    sent = "".join(c for c in sent if c == "\n" or unicodedata.category(c) != "Cc")
    plain = sent.translate(_PLAIN)
    return plain if _is_gsm(plain) else sent


def _presentation(letter: str) -> str:
    """A letter for its positional form (U+FB50 to U+FEFC), which old documents carry."""
    if "\ufb50" <= letter <= "\ufdff" or "\ufe70" <= letter <= "\ufefc":
        return unicodedata.normalize("NFKC", letter)
    return letter


def _is_gsm(text: str) -> bool:
    return all(c in GSM_7 or c in GSM_7_TWO for c in text)


def parts(text: str) -> Parts:
    """Encoding, units and parts of a normalised text. No letter is cut between two parts.

    >>> parts("سلام")
    Parts(encoding='ucs2', units=4, parts=1)
    """
    if _is_gsm(text):
        widths = [2 if c in GSM_7_TWO else 1 for c in text]
        return Parts("gsm7", sum(widths), _parts(widths, GSM_ALONE, GSM_PART))
    widths = [2 if ord(c) > BEYOND_BMP else 1 for c in text]
    return Parts("ucs2", sum(widths), _parts(widths, UCS_ALONE, UCS_PART))


def _parts(widths: Iterable[int], alone: int, part: int) -> int:
    total = list(widths)
    if sum(total) <= alone:
        return 1 if total else 0
    count, used = 1, 0
    for width in total:
        if used + width > part:
            count, used = count + 1, 0
        used += width
    return count
