"""How a clerk's spreadsheet writes values: untidily."""

from random import Random
from typing import NamedTuple

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
ARABIC_LETTERS = str.maketrans("یک", "يك")


class Day(NamedTuple):
    """A day of the Jalali calendar, which need not exist."""

    year: int
    month: int
    day: int


class Pen:
    """Writes values with digits, letters, blanks and zeros as they come; ``mess`` 0 is tidy, 1 is
    usual, 3 is the worst.
    """

    def __init__(self, rng: Random, mess: float) -> None:
        self._rng, self.mess = rng, mess

    def _slips(self, chance: float) -> bool:
        return self._rng.random() < chance * self.mess

    def number(self, value: object) -> str:
        """In Latin, Persian or Arabic digits."""
        text = str(value)
        if self._slips(0.2):
            return text.translate(PERSIAN)
        return text.translate(ARABIC) if self._slips(0.05) else text

    def date(self, day: Day) -> str:
        """With zeros or without, between strokes or hyphens."""
        short = self._slips(0.2)
        text = (
            f"{day.year}/{day.month}/{day.day}"
            if short
            else f"{day.year:04d}/{day.month:02d}/{day.day:02d}"
        )
        return self.number(text.replace("/", "-") if self._slips(0.05) else text)

    def text(self, value: str) -> str:
        """With Arabic letters, without half-spaces, between blanks."""
        if self._slips(0.15):
            value = value.translate(ARABIC_LETTERS)
        if self._slips(0.1):
            value = value.replace("\u200c", " ")
        return f" {value} " if self._slips(0.03) else value

    def id(self, value: str) -> str:
        """Without the zeros in front, which a spreadsheet takes for nothing."""
        return self.number(value.lstrip("0") if self._slips(0.05) else value)


def national_id(rng: Random) -> str:
    """A national ID with its check digit, of an office that does not exist."""
    digits = f"{rng.randint(990, 998)}{rng.randint(0, 999999):06d}"
    rest = sum(int(digit) * (10 - i) for i, digit in enumerate(digits)) % 11
    return f"{digits}{rest if rest < 2 else 11 - rest}"


def legal_id(rng: Random) -> str:
    """The ID of a company with its check digit."""
    digits = [int(c) for c in f"14{rng.randint(10**7, 10**8 - 1):08d}"]
    weights = (29, 27, 23, 19, 17)
    rest = sum((digits[9] + 2 + d) * weights[i % 5] for i, d in enumerate(digits)) % 11
    return "".join(map(str, digits)) + str(0 if rest == 10 else rest)


def day_between(rng: Random, first: int, last: int) -> Day:
    """A day of the years ``first`` to ``last``."""
    return Day(rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 29))
