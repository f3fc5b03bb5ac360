"""Dates, amounts, names and links as pages show them."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from markupsafe import Markup, escape

from gateway.texts.files import dates_of, file_of, tag_of, translated
from iran.collation import collation_key
from iran.persian import TEHRAN, jalali

Row = TypeVar("Row")
ARTICLES_FA = {"45 (e)": "ماده 45، بند ه", "11, 13": "ماده‌های 11 و 13", "note 5": "تبصره 5"}

MONTHS_FA = (
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
)
MONTHS_EN = (
    "Farvardin",
    "Ordibehesht",
    "Khordad",
    "Tir",
    "Mordad",
    "Shahrivar",
    "Mehr",
    "Aban",
    "Azar",
    "Dey",
    "Bahman",
    "Esfand",
)
WEEKDAYS_FA = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
LINK = re.compile(
    r"/(?:docs/|openapi\.json|oauth/token|\.well-known/|desk/|dead-letters)[\w./-]*\w|/status\b"
)


def _local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(TEHRAN)


def moment(text: str, language: str = "fa") -> str:
    """Return a moment (RFC 3339) in the time of Tehran, with ASCII digits, which the font shows as
    Persian ones: they can be copied and searched.
    """
    local = _local(text)
    day = jalali(local.date()).replace("-", "/")
    if dates := dates_of(language):
        date = f"{dates.weekdays[local.weekday()]} {day}"
        return dates.moment.format(date=date, hour=f"{local:%H:%M}")
    if language == "fa":
        return f"{WEEKDAYS_FA[local.weekday()]} {day}، ساعت {local:%H:%M}"
    return f"{local:%A %-d %B %Y} ({day}), {local:%H:%M}"


def time(text: str) -> str:
    """Return the hour of a moment (RFC 3339) in Tehran: 09:30."""
    return f"{_local(text):%H:%M}"


def day(text: str) -> str:
    """Return a Gregorian day, or that of a moment in Tehran, as a Jalali one: 1405/09/02."""
    date = _local(text).date() if "T" in text else dt.date.fromisoformat(text[:10])
    return jalali(date).replace("-", "/")


def percent(hundredths: int) -> str:
    """Return hundredths of a percent as 99.95%."""
    return f"{hundredths / 100:.2f}%"


def article(text: str, language: str = "fa") -> str:
    """Return the article of a legal basis in words; empty for the whole of an act."""
    if language == "fa":
        return ARTICLES_FA.get(text, f"ماده {text}" if text else "")
    return text if not text or text.startswith("note") else f"article {text}"


def foreign(text: str, language: str) -> bool:
    """Tell whether the language of a page has no words of its own for a sentence of ours."""
    return tag_of(language) != language and text not in file_of(language).translations


def wording(text: str, language: str) -> str:
    """Return a sentence of ours in the language of a page; if it has none, marked as the other
    language that it is in.
    """
    if foreign(text, language):
        return Markup('<span lang="{}">{}</span>').format(str(language), text)
    return translated(text, language)


def with_links(text: str) -> Markup:
    """Return a sentence of ours with its paths as links."""
    return Markup(LINK.sub(r'<a href="\g<0>">\g<0></a>', str(escape(text))))  # noqa: S704


def by_name(rows: Iterable[Row], field: str = "fa") -> list[Row]:
    """Sort rows (typed, or of JSON) by the Persian alphabet, for lists that people read by name."""

    def name(row: Row) -> str:
        text = row[field] if isinstance(row, Mapping) else getattr(row, field)
        return str(text or "")

    return sorted(rows, key=lambda row: collation_key(name(row)))


def label(code: str, names: Mapping[str, str]) -> str:
    """Return what people call a code; the code itself where nobody has named it."""
    return names.get(code, code)


class NamedCode(NamedTuple):
    """A code and its Persian name."""

    code: str
    fa: str


def readable(code: str | None) -> str:
    """A code of a contract as words, where it has no name in the reader's language.

    >>> readable("VALID_PROVISIONAL"), readable("deep_well")
    ('Valid provisional', 'Deep well')
    """
    return (code or "").replace("_", " ").capitalize()


def named(codes: Iterable[str], name_of: Callable[[str], str]) -> list[NamedCode]:
    """Return codes with their names, in the order of the names."""
    return by_name([NamedCode(code, name_of(code)) for code in codes])
