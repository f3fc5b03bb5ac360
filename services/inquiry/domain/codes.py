"""Codes that people read aloud: no look-alike letters, a check character, groups of four."""

import secrets

from iran.persian import fold_code

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31, a prime: every swap and slip shows
_PLACES = {letter: place for place, letter in enumerate(LETTERS)}
TRACKING_LENGTH, VERIFICATION_LENGTH = 11, 19


def check_letter(letters: str) -> str:
    """Compute the letter that makes the weighted sum zero modulo 31.

    31 is prime, so any one wrong letter and any swap of two is found.
    """
    total = sum((i + 2) * _PLACES[c] for i, c in enumerate(reversed(letters)))
    return LETTERS[-total % len(LETTERS)]


def new(length: int, prefix: str = "") -> str:
    """Make a random code of ``length`` letters and a check letter, in groups of four.

    Each letter is 4.95 bits: 11 make 54, enough to name an answer; 19 make 94, enough to prove one.
    """
    number, letters = secrets.randbelow(len(LETTERS) ** length), ""
    for _ in range(length):
        number, place = divmod(number, len(LETTERS))
        letters += LETTERS[place]
    return prefix + grouped(letters + check_letter(letters))


def new_tracking() -> str:
    """Make a code that names an answer, such as ``Q-7K3M-9XPA-4TRC``."""
    return new(TRACKING_LENGTH, "Q-")


def new_verification() -> str:
    """Make a code that proves an answer; it cannot be guessed."""
    return new(VERIFICATION_LENGTH, "V-")


def grouped(letters: str) -> str:
    """Part letters by dashes into groups of four."""
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))


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
