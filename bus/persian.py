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
_TO_ASCII = str.maketrans(_PERSIAN + "٠١٢٣٤٥٦٧٨٩", _ASCII * 2)
_TO_PERSIAN = str.maketrans(_ASCII, _PERSIAN)

# Characters that nobody sees and that mean nothing: soft hyphen, direction marks, zero-width
# blanks, variation selectors, fillers, byte order mark. The only list; joiners belong to words.
INVISIBLE = "".join(
    map(
        chr,
        (
            *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x3164, 0xFEFF, 0xFFA0, 0x200B, 0x200E, 0x200F),
            *range(0x180B, 0x1810),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            *range(0xFE00, 0xFE10),
            *range(0xFFF9, 0xFFFC),
        ),
    )
)
JOINERS = "\u200c\u200d"
_WITHOUT_MARKS = dict.fromkeys(map(ord, INVISIBLE))
_DASHES = str.maketrans("", "", "-\u2010\u2011\u2012\u2013\u2212")
_TO_CODE = _TO_ASCII | dict.fromkeys(map(ord, INVISIBLE + JOINERS))
_SEARCH = str.maketrans(
    {
        **dict.fromkeys("يىئ", "ی"),
        "ك": "ک",
        **dict.fromkeys("ةۀ", "ه"),
        **dict.fromkeys("آأإٱ", "ا"),
        "ؤ": "و",
        **dict.fromkeys("\u200c\u00a0", " "),
        # Hamza, harakat with the marks of the Quran, superscript alef, tatweel, joiner, marks.
        **dict.fromkeys("ء\u0640\u0670\u0674\u200d" + INVISIBLE),
        **{
            chr(c): None for c in (*range(0x610, 0x61B), *range(0x64B, 0x660), *range(0x6D6, 0x6DD))
        },
        **dict(zip(_PERSIAN + "٠١٢٣٤٥٦٧٨٩", _ASCII * 2, strict=True)),
    }
)
_DATE = re.compile(r"([0-9]{4}|[0-9]{2})([/.-])([0-9]{1,2})\2([0-9]{1,2})")


class Malformed(ValueError):
    """A value that breaks its rule; ``code`` is stable, the text is one English sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def fold_digits(text: str) -> str:
    """The text with Persian and Arabic-Indic digits as 0-9, and nothing else changed."""
    return text if text.isascii() else text.translate(_TO_ASCII)


def without_marks(text: str) -> str:
    """The text without invisible characters, which come along when text is pasted."""
    return text if text.isascii() else text.translate(_WITHOUT_MARKS)


def fold_code(text: str) -> str:
    """A number or code as it is meant, before anything is measured: digits folded, invisible
    characters and joiners dropped, no blanks around it.

    >>> fold_code("\u200f\u06f1\u06f2\u06f3\u00a0")
    '123'
    """
    return text.strip() if text.isascii() else text.translate(_TO_CODE).strip()


def ungrouped_code(text: str) -> str:
    """A number or code as it is meant, without the blanks and dashes by which people group it.

    >>> ungrouped_code(" ۴۰۵-۲۱۳ 8845")
    '4052138845'
    """
    return "".join(fold_code(text).split()).translate(_DASHES)


def search_key(text: str) -> str:
    """The form in which two spellings of one text meet; for search only, never stored as the text.

    >>> search_key("آب‌منطقه‌اي")
    'اب منطقه ای'
    """
    known = unicodedata.normalize("NFKC", text).translate(_SEARCH)
    # Dropping a mark can bring together what NFKC joins: twice, so that a key of a key is itself.
    return " ".join(unicodedata.normalize("NFKC", known).split())


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
    found = _DATE.fullmatch(fold_code(text))
    if not found:
        raise Malformed("jalali.format", "A date is written as year/month/day, as in 1405/09/02.")
    year, month, day = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == 2:  # noqa: PLR2004 - two digits
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
