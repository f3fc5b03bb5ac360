"""The order of the Persian alphabet, for lists that people read; pure.

Unicode's own order puts پ, چ, ژ, گ and ک, ی after all Arabic letters. A whole collation library
(PyICU) is a build of megabytes for one table: decision 53 tells why this is enough.
"""

import unicodedata

from iran.persian import fold_digits, search_key

ALPHABET = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
_PLACE = {letter: chr(0x100 + number) for number, letter in enumerate(ALPHABET)}


def collation_key(text: str) -> tuple[str, str]:
    """A key by which ``sorted`` orders texts as a Persian dictionary does: blanks before digits,
    digits before Latin letters, those before Persian ones; half-spaces and marks do not count.

    >>> sorted(["گچساران", "کهگیلویه", "چرام", "آباده", "بویراحمد"], key=collation_key)
    ['آباده', 'بویراحمد', 'چرام', 'کهگیلویه', 'گچساران']
    """
    composed = unicodedata.normalize("NFC", text)
    letters = search_key(composed.replace("آ", "\ue000")).replace("\ue000", "آ").casefold()
    return "".join(_PLACE.get(letter, letter) for letter in letters), fold_digits(composed)
