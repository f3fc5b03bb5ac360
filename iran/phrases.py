"""Find phrases, and numbers and addresses of persons, in a text as a reader finds them; pure.

Letters meet by the law of the search (``persian.search_key``: ye and kaf, digits, hamza, marks);
blanks, half-spaces, dashes and other signs between letters do not count. A phrase begins and ends
where words do.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from iran import identifiers
from iran.persian import fold_digits, squeezed_key

HIDDEN = "[پنهان شد]"
LEAST_LETTERS = 2

_HALF_SPACE = "\u200c"
# An address of e-mail as people write it in prose; RFC 5321 allows more than anybody uses.
_EMAIL = re.compile(r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# Digits, and what stands between two parts of one number.
_DIGITS, _GAP = re.compile(r"[0-9]+"), re.compile(r"[\s\u200c()./\u2010-\u2015\u0640-]{0,3}")
_BEFORE = re.compile(r"(?:IR\s?|\+)$")
# How many digits a number of a person has: IDs 10; telephones 11, 12 or 14; cards 16; accounts 24.
_LENGTHS = frozenset((10, 11, 12, 14, 16, 24))
_PHONE = re.compile(r"(?:(?:00)?98|0)[1-9][0-9]{9}")
_CARD = re.compile(r"[2-9][0-9]{15}")


class Span(NamedTuple):
    """A part of a text: from ``start`` to before ``end``, in characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters and digits of a text in their search form, with the place of each.

    ``ends`` are the places behind each letter and its marks; ``firsts`` are the numbers of the
    letters with which words begin.
    """

    key: str
    starts: list[int]
    ends: list[int]
    firsts: frozenset[int]

    def begins_word(self, number: int) -> bool:
        return number >= len(self.key) or number in self.firsts

    def find(self, wanted: str) -> Iterator[Span]:
        """Each place of a key, in order; two places share no letter."""
        at = self.key.find(wanted)
        while at >= 0:
            after = at + len(wanted)
            if self.begins_word(at) and self.begins_word(after):
                yield Span(self.starts[at], self.ends[after - 1])
                at = self.key.find(wanted, after)
            else:
                at = self.key.find(wanted, at + 1)


def phrase_key(phrase: str) -> str:
    """The form in which two spellings of a phrase meet: its letters and digits alone.

    >>> phrase_key("علي‌رضا ۰۹۱۲-۱۲۳") == phrase_key("علیرضا 0912 123")
    True
    """
    return _letters(phrase).key


def places(text: str, phrases: Iterable[str]) -> list[list[Span]]:
    """Find each phrase in a text: for each phrase its places, in order.

    >>> places("حسن و محمدحسن", ["حسن"])
    [[Span(start=0, end=3)]]
    """
    letters = _letters(text)
    keys = map(phrase_key, phrases)
    return [list(letters.find(key)) if len(key) >= LEAST_LETTERS else [] for key in keys]


def hide(text: str, spans: Iterable[Span]) -> str:
    """Return the text with each span replaced by one mark; spans that touch have one together.

    >>> hide("call Ali now", [Span(5, 8)])
    'call [پنهان شد] now'
    """
    parts, at = [], 0
    for start, end in _joined(spans):
        parts += [text[at:start], HIDDEN]
        at = end
    return "".join([*parts, text[at:]])


def personal_numbers(text: str) -> list[str]:
    """List what looks like an e-mail address, or a number of a telephone, a person, a card or an
    account, as it is written; each spelling once.

    >>> personal_numbers("به ۰۹۱۲ ۱۲۳ ۴۵۶۷ یا a@b.ir؛ پرونده 123456")
    ['a@b.ir', '۰۹۱۲ ۱۲۳ ۴۵۶۷']
    """
    listed = [match[0].rstrip(".-") for match in _EMAIL.finditer(text)]
    listed += [text[start:end] for start, end in _numbers(fold_digits(text))]  # of one length
    return list(dict.fromkeys(listed))


def _numbers(text: str) -> Iterator[Span]:
    """Where numbers of persons stand, however their digits are grouped; the longest first."""
    runs = [Span(*match.span()) for match in _DIGITS.finditer(text)]
    number = 0
    while number < len(runs):
        last = _last_of(text, runs, number)
        if last is None:
            number += 1
            continue
        start = runs[number].start
        before = _BEFORE.search(text, max(0, start - 4), start)
        yield Span(before.start() if before else start, runs[last].end)
        number = last + 1


def _last_of(text: str, runs: list[Span], first: int) -> int | None:
    """The run of digits with which a number that begins at another ends; None if none does."""
    digits, fitting = "", None
    for number in range(first, min(len(runs), first + max(_LENGTHS))):
        start, end = runs[number]
        if number > first and not _GAP.fullmatch(text, runs[number - 1].end, start):
            break
        digits += text[start:end]
        if len(digits) > max(_LENGTHS):
            break
        if len(digits) in _LENGTHS and _is_personal(digits):
            fitting = number
    return fitting


def _is_personal(digits: str) -> bool:
    if len(digits) == max(_LENGTHS) or _PHONE.fullmatch(digits) or _CARD.fullmatch(digits):
        return True
    try:
        identifiers.national_id(digits)
    except identifiers.Malformed:
        return False
    return True


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(span.end, joined[-1].end))
        else:
            joined.append(span)
    return joined


@lru_cache(maxsize=16384)
def _key(cluster: str) -> str:
    return "".join(c for c in squeezed_key(cluster) if c.isalnum())


def _letters(text: str) -> _Letters:
    key: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    firsts, parted = set(), True
    for start, cluster in _clusters(text):
        letters = _key(cluster)
        if letters:
            if parted:
                firsts.add(len(key))
            key += letters
            starts += [start] * len(letters)
            ends += [start + len(cluster)] * len(letters)
            parted = False
        elif _is_mark(cluster):
            if ends and not parted:
                ends[-1] = start + len(cluster)
        else:
            parted = True
    return _with_one_spelling(_Letters("".join(key), starts, ends, frozenset(firsts)))


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Each character with the marks that combine with it."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not unicodedata.combining(text[at]):
            if start < at:
                yield start, text[start:at]
            start = at


def _is_mark(cluster: str) -> bool:
    """True for what belongs to the word that it stands in, though no search heeds it."""
    first = cluster[0]
    return first != _HALF_SPACE and (
        first.isalpha() or first == "\u0640" or unicodedata.category(first)[0] in "MC"
    )


def _with_one_spelling(letters: _Letters) -> _Letters:
    """Words whose hamza has two spellings, in one: where that has fewer letters, places go too."""
    key = squeezed_key(letters.key)
    if key == letters.key:
        return letters
    kept = _kept(letters.key, key)
    number = [bisect_left(kept, first) for first in letters.firsts]
    return _Letters(
        key,
        [letters.starts[at] for at in kept],
        [letters.ends[at] for at in kept],
        frozenset(number),
    )


def _kept(before: str, after: str) -> list[int]:
    """Which letters of a key stand behind those of its one spelling."""
    kept, at = [], 0
    for number, letter in enumerate(after):
        rest_before, rest_after = len(before) - at, len(after) - number
        if before[at] != letter and rest_before > rest_after and before[at + 1] == letter:
            at += 1  # a seat of the hamza that the one spelling leaves out
        kept.append(at)
        at += 1
    return kept
