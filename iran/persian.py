"""Persian text, digits and the Jalali calendar; pure.

The worked cases are in tests/vectors.json (groups text, jalali, tehran_time).
"""

import datetime as dt
import re
import unicodedata
from functools import lru_cache
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

TEHRAN = ZoneInfo("Asia/Tehran")
FIRST_YEAR, LAST_YEAR = 1200, 1499
LONG_MONTHS = 6
ESFAND, LEAP_DAY = 12, 30

_ASCII = "0123456789"
_PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC = "٠١٢٣٤٥٦٧٨٩"
_FULL_WIDTH = "０１２３４５６７８９"
_TO_ASCII = str.maketrans(_PERSIAN + _ARABIC + _FULL_WIDTH, _ASCII * 3)
_TO_PERSIAN = str.maketrans(_ASCII, _PERSIAN)


def _characters(*spans: tuple[int, int]) -> str:
    return "".join(chr(c) for first, last in spans for c in range(first, last + 1))


# Marks that turn the direction of what follows, and those that hide text in other text (UAX 9 and
# UTR 36): embeddings, overrides, isolates, shaping switches, annotations, tags.
DIRECTION = _characters(
    (0x202A, 0x202E), (0x2066, 0x206F), (0xFFF9, 0xFFFB), (0xE0001, 0xE0001), (0xE0020, 0xE007F)
)
# Characters that nobody sees and that mean nothing, the only list of them: Unicode's format
# characters (Cf) but for joiners, which belong to words, and number signs of Arabic, which are
# seen; combining joiner, fillers, vowels without a shape, variation selectors.
INVISIBLE = DIRECTION + _characters(
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2060, 0x2065),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0100, 0xE01EF),
)
JOINERS = "\u200c\u200d"
# Blanks beside the ordinary one, as word processors and web pages put them.
BLANKS = "\t\u00a0\u1680\u202f\u205f\u2800\u3000" + _characters((0x2000, 0x200A))
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\u0640"
_WITHOUT_MARKS = dict.fromkeys(map(ord, INVISIBLE))
_WITHOUT_DIRECTION = dict.fromkeys(map(ord, DIRECTION))
_WITHOUT_DASHES = str.maketrans("", "", DASHES)
_TO_DASH = dict.fromkeys(map(ord, DASHES.rstrip("\u0640")), "-")
# Full-width forms (U+FF01 to U+FF5E) stand for the ASCII characters of the same order.
_TO_CODE = {
    **{wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},
    **_TO_ASCII,
    **dict.fromkeys(map(ord, BLANKS), " "),
    **dict.fromkeys(map(ord, INVISIBLE + JOINERS)),
}
_TO_NUMBER = _TO_DASH | {
    **dict.fromkeys(map(ord, "\u066c\u060c'\u2019 "), ","),
    ord("\u066b"): ".",
}
# Thousands that are grouped; what is grouped otherwise may be a decimal, and stays as it is.
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_SEARCH = str.maketrans(
    {
        **dict.fromkeys("يىئېۍےۓێ", "ی"),
        **dict.fromkeys("كڪڬڭ", "ک"),
        "ګ": "گ",
        **dict.fromkeys("ةۀھہۂۃەۿ", "ه"),
        **dict.fromkeys("آأإٱٲٳ", "ا"),
        **dict.fromkeys("ؤۆۇۋ", "و"),
        **dict.fromkeys("\u200c" + BLANKS, " "),
        **dict.fromkeys(DASHES, "-"),
        # Hamza, harakat with the marks of the Quran, superscript alef, tatweel, joiner, marks.
        **dict.fromkeys("ء\u0640\u0670\u0674\u200d" + INVISIBLE),
        **{
            chr(c): None for c in (*range(0x610, 0x61B), *range(0x64B, 0x660), *range(0x6D6, 0x6DD))
        },
        **dict(zip(_PERSIAN + _ARABIC, _ASCII * 2, strict=True)),
    }
)
# Words whose hamza stands on one letter, on another, or is left out; as keys have them. The second
# spelling becomes the first.
_HAMZA_WORDS = {
    "مسوول": "مسیول",
    "هیات": "هییت",
    "مساله": "مسیله",
    "جرات": "جریت",
    "نشات": "نشیت",
    "شوون": "شیون",
    "سیوال": "سوال",
    "ریوف": "رووف",
}
_HAMZA = re.compile("|".join(_HAMZA_WORDS))
_BLANKS_OF_A_DATE = re.compile(r"\s*([/.-])\s*")
_DATE = re.compile(r"([0-9]{4}|[0-9]{2})([/.-])([0-9]{1,2})\2([0-9]{1,2})")


class Malformed(ValueError):
    """A value that breaks its rule; ``code`` is stable, the text is one English sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def fold_digits(text: str) -> str:
    """The text with Persian, Arabic-Indic and full-width digits as 0-9, nothing else changed."""
    return text if text.isascii() else text.translate(_TO_ASCII)


def without_marks(text: str) -> str:
    """The text without invisible characters, which come along when text is pasted."""
    return text if text.isascii() else text.translate(_WITHOUT_MARKS)


def without_direction_marks(text: str) -> str:
    """The text without marks that turn the direction of what follows or hide text in it.

    Half-spaces and joiners of prose stay, and so do the plain marks U+200E and U+200F.
    """
    return text if text.isascii() else text.translate(_WITHOUT_DIRECTION)


def fold_code(text: str) -> str:
    """A number or code as it is meant, before anything is measured: digits and full-width letters
    folded, invisible characters and joiners dropped, no blanks around it.

    >>> fold_code("\u200f\u06f1\u06f2\u06f3\u00a0")
    '123'
    """
    return text.strip() if text.isascii() else text.translate(_TO_CODE).strip()


def ungrouped_code(text: str) -> str:
    """A number or code as it is meant, without the blanks and dashes by which people group it.

    >>> ungrouped_code(" ۴۰۵-۲۱۳ 8845")
    '4052138845'
    """
    return "".join(fold_code(text).split()).translate(_WITHOUT_DASHES)


def dashed_code(text: str) -> str:
    """A number or code as it is meant, each kind of dash as ``-``.

    >>> dashed_code("۱۰۰۱–۵")
    '1001-5'
    """
    return fold_code(text).translate(_TO_DASH)


def fold_number(text: str) -> str:
    """A number as programs read it: no grouping of thousands, ``.`` before its decimals.

    >>> fold_number("۱٬۷۵۵٬۰۰۰"), fold_number("−۳۰٫۵"), fold_number("35,7")
    ('1755000', '-30.5', '35,7')
    """
    number = fold_code(text).translate(_TO_NUMBER)
    return number.replace(",", "") if _THOUSANDS.fullmatch(number) else number


def search_key(text: str) -> str:
    """The form in which two spellings of one text meet; for search only, never stored as the text.

    >>> search_key("آب‌منطقه‌اي"), search_key("مسؤول") == search_key("مسئول")
    ('اب منطقه ای', True)
    """
    key = _search_key(text)
    # Dropping a mark can bring together what NFKC joins; a key of a key is itself.
    while (again := _search_key(key)) != key:
        key = again
    return key


def _search_key(text: str) -> str:
    letters = unicodedata.normalize("NFKC", text).casefold().translate(_SEARCH)
    spaced = " ".join(unicodedata.normalize("NFKC", letters).split())
    return _HAMZA.sub(lambda match: _HAMZA_WORDS[match[0]], spaced)


def squeezed_key(text: str) -> str:
    """The search key without spaces, so that joined, half-spaced and spaced compounds meet."""
    return search_key(text).replace(" ", "")


@lru_cache(maxsize=65536)
def parse_jalali(text: str, century: int | None = None) -> dt.date:
    """The Gregorian date of a Jalali date as people write it.

    Year, month, day with ``/``, ``-`` or ``.``, digits of any of the three sets. A year of two
    digits is refused unless ``century`` (1300 or 1400) says what it means. Raises Malformed:
    ``jalali.format``, ``.century``, ``.year``, ``.month``, ``.day``, ``.leap_day``.

    >>> parse_jalali("۱۴۰۵/۰۹/۰۲")
    datetime.date(2026, 11, 23)
    """
    match = _DATE.fullmatch(_BLANKS_OF_A_DATE.sub(r"\1", dashed_code(text)))
    if not match:
        raise Malformed("jalali.format", "A date is written as year/month/day, as in 1405/09/02.")
    year, month, day = int(match[1]), int(match[3]), int(match[4])
    if len(match[1]) == 2:  # noqa: PLR2004 - two digits
        if century is None:
            raise Malformed("jalali.century", "The year has two digits; write all four.")
        year += century
    _check(year, month, day)
    day_of_era: dt.date = JalaliDate(year, month, day).to_gregorian()
    return day_of_era


def _check(year: int, month: int, day: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Malformed("jalali.year", f"{year} is not a year of the Jalali calendar in use.")
    if not 1 <= month <= ESFAND:
        raise Malformed("jalali.month", f"There is no month {month}.")
    longest = 31 if month <= LONG_MONTHS else 30
    if not 1 <= day <= longest:
        raise Malformed("jalali.day", f"Month {month} has no day {day}.")
    if month == ESFAND and day == LEAP_DAY and not JalaliDate.is_leap(year):
        raise Malformed("jalali.leap_day", f"{year} is a common year: Esfand has 29 days.")


@lru_cache(maxsize=65536)
def jalali(day: dt.date) -> str:
    """The Jalali date of a Gregorian one: ``1405-09-02``."""
    return str(JalaliDate(day).isoformat())


def jalali_fa(day: dt.date) -> str:
    """The Jalali date as people read it: ``۱۴۰۵/۰۹/۰۲``."""
    return jalali(day).replace("-", "/").translate(_TO_PERSIAN)


def tehran_day(moment: dt.datetime) -> dt.date:
    """The calendar day in Tehran at a moment; ValueError if the moment has no offset."""
    if moment.tzinfo is None:
        raise ValueError("a moment without an offset has no day")
    return moment.astimezone(TEHRAN).date()


def persian_digits(text: str) -> str:
    """The text with 0-9 as Persian digits, for showing to people."""
    return text.translate(_TO_PERSIAN)
