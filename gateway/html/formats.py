"""Dates, amounts, names and links as pages show them."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import Markup, escape

from iran.collation import collation_key
from iran.persian import TEHRAN, jalali

ARTICLES_FA = {"45 (e)": "ماده 45، بند ه", "11, 13": "ماده‌های 11 و 13", "note 5": "تبصره 5"}

WEEKDAYS_FA = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
LINK = re.compile(
    r"/(?:docs/|openapi\.json|oauth/token|\.well-known/|desk/|dead-letters)[\w./-]*\w|/status\b"
)


def _local(told: str) -> dt.datetime:
    return dt.datetime.fromisoformat(told).astimezone(TEHRAN)


def moment(told: str, language: str = "fa") -> str:
    """A moment (RFC 3339) by the clocks of Tehran, with ASCII digits, which the font shows as
    Persian ones: they can be copied and searched.
    """
    local = _local(told)
    day = jalali(local.date()).replace("-", "/")
    if language == "fa":
        return f"{WEEKDAYS_FA[local.weekday()]} {day}، ساعت {local:%H:%M}"
    return f"{local:%A %-d %B %Y} ({day}), {local:%H:%M}"


def day(told: str) -> str:
    """A Gregorian day as a Jalali one: 1405/09/02."""
    return jalali(dt.date.fromisoformat(told[:10])).replace("-", "/")


def percent(hundredths: int) -> str:
    """Hundredths of a percent as people read them: 99.95%."""
    return f"{hundredths / 100:.2f}%"


def article(told: str, language: str = "fa") -> str:
    """The article of a legal basis as people read it; empty for the whole of an act."""
    if language == "fa":
        return ARTICLES_FA.get(told, f"ماده {told}" if told else "")
    return told if not told or told.startswith("note") else f"article {told}"


def with_links(text: str) -> Markup:
    """A sentence of ours in which paths are links."""
    return Markup(LINK.sub(r'<a href="\g<0>">\g<0></a>', str(escape(text))))  # noqa: S704


def by_name(rows: Iterable[Mapping[str, Any]], field: str = "fa") -> list[Mapping[str, Any]]:
    """Rows in the order of the Persian alphabet, for lists that people choose or read by name."""
    return sorted(rows, key=lambda row: collation_key(row[field] or ""))


def named(codes: Iterable[str], name_of: Callable[[str], str]) -> list[Mapping[str, Any]]:
    """Codes with what people call them, in the order of the names."""
    return by_name([{"code": code, "fa": name_of(code)} for code in codes])
