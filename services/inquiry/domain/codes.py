"""Codes that people read aloud: no look-alike letters, a check character, groups of four."""

import operator
import secrets
from collections.abc import Sequence

from iran.persian import fold_code

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31, a prime: every swap and slip shows
_PLACES = {letter: place for place, letter in enumerate(LETTERS)}
TRACKING_LENGTH, VERIFICATION_LENGTH = 11, 19
# Of 256 values of a byte 248 are eight times 31: each letter is as likely as any other.
_OF_BYTES = bytes(byte % len(LETTERS) for byte in range(256))
_LEFT_OUT = bytes(range(256 - 256 % len(LETTERS), 256))
_LETTERS = LETTERS.encode("ascii").ljust(256)  # of a place its letter
_WEIGHTS = {n: tuple(range(n + 1, 1, -1)) for n in (TRACKING_LENGTH, VERIFICATION_LENGTH)}


def check_letter(letters: str) -> str:
    """Compute the letter that makes the weighted sum zero modulo 31.

    31 is prime, so any one wrong letter and any swap of two is found.
    """
    return LETTERS[_check_place([_PLACES[letter] for letter in letters])]


def _check_place(places: Sequence[int]) -> int:
    """Compute the place of the check letter; the letter before it weighs 2, the next one 3."""
    weights = _WEIGHTS.get(len(places)) or range(len(places) + 1, 1, -1)
    total: int = sum(map(operator.mul, weights, places))
    return -total % len(LETTERS)


def new(length: int, prefix: str = "") -> str:
    """Make a random code of ``length`` letters and a check letter, in groups of four.

    Each letter is 4.95 bits: 11 make 54, enough to name an answer; 19 make 94, enough to prove one.
    """
    places = b""
    while len(places) < length:  # once: one byte in 32 is left out
        places = secrets.token_bytes(2 * length).translate(_OF_BYTES, _LEFT_OUT)
    places = places[:length]
    letters = places.translate(_LETTERS).decode("ascii") + LETTERS[_check_place(places)]
    return prefix + grouped(letters)


def new_tracking() -> str:
    """Make a code that names an answer, such as ``Q-7K3M-9XPA-4TRC``."""
    return new(TRACKING_LENGTH, "Q-")


def new_verification() -> str:
    """Make a code that proves an answer; it cannot be guessed."""
    return new(VERIFICATION_LENGTH, "V-")


def grouped(letters: str) -> str:
    """Part letters by dashes into groups of four."""
    return "-".join([letters[i : i + 4] for i in range(0, len(letters), 4)])


def parse(text: str) -> str | None:
    """Read a code however it was typed, as it was given out; None if its check letter is wrong.

    >>> parse(" q " + new_tracking()[1:].lower()) is not None
    True
    """
    typed = fold_code(text).upper()
    kept = "".join(c for c in typed if c.isascii() and c.isalnum())
    if kept[:1] not in ("Q", "V") or not set(kept) <= set(LETTERS):
        return None
    letters = kept[1:]
    lengths = {"Q": TRACKING_LENGTH + 1, "V": VERIFICATION_LENGTH + 1}
    if len(letters) != lengths[kept[0]] or check_letter(letters[:-1]) != letters[-1]:
        return None
    return f"{kept[0]}-{grouped(letters)}"
