"""Rows of the book: as a form has them, as the file has them, and as people call them."""

import math
from collections.abc import Mapping
from typing import Any

from bus.messages.values import Json
from contracts.ticketing.book import BookOfDesk
from gateway.forms.values import Values, text_of
from gateway.ops.book import texts
from iran.persian import fold_number
from people.book_keys import key_of

# A row of the book as JSON. Any: whatever its file holds is shown and kept.
Row = Mapping[str, Any]
PLAIN = {
    "units": ("code", "fa", "en", "email", "head_email", "mailbox", "mail_category", "phone"),
    "categories": ("code", "fa", "en", "unit", "group_fa", "group_en", "hint_fa", "hint_en"),
    "promises": ("category", "kind"),
    "offices": ("code", "fa", "en", "address_fa", "address_en"),
    "canned": ("code", "title_fa", "text_fa", "text_en"),
    "routes": ("category", "county", "unit"),
    "counties": ("code", "fa", "en"),
    "escalation": ("clock", "role"),
    "levels": (
        "code",
        "clock",
        "action",
        "role",
        "to_unit",
        "to_colleague",
        "text",
        "unit",
        "category",
    ),
    "area": ("fa", "en"),
    "closing": (),
    "roles": ("supervisor",),
}
# Members that are numbers.
NUMBERS = {
    "units": ("part_hours", "follow_up_days", "follow_up_percent"),
    "categories": ("follow_up_days",),
    "counties": ("lat", "long"),
    "levels": ("priority",),
    "area": ("south", "north", "west", "east"),
    "closing": ("after_answer_days", "remind_applicant_days", "silence_days"),
}
# Members that are lists of codes, of which a form has a box each.
CHOSEN = {"canned": ("categories", "units", "states")}
# A level of escalation as the form says it: so many hours, before or after the due time.
SIDE, BEFORE = "side", "before"
LEVEL_MINUTES = {"escalation": "minutes_from_due", "levels": "minutes"}
EVERY, OFFICE = "*", " کاری"


def rows_of(book: BookOfDesk, section: str) -> tuple[Json, ...]:
    """The rows of a list of the book."""
    rows: tuple[Json, ...] = getattr(book, section)
    return rows


def row_of(book: BookOfDesk, section: str, key: str) -> Json | None:
    """The row of that key; None if there is none."""
    return next((row for row in rows_of(book, section) if key_of(section, row) == key), None)


def typed_row(section: str, row: Row) -> dict[str, str]:
    """A row as the form has it; of a category each of its kinds, of a promise each span."""
    typed = {name: str(row.get(name) or "") for name in PLAIN[section]}
    for name in NUMBERS.get(section, ()):
        typed[name] = "" if row.get(name) is None else f"{row[name]:g}"
    if section in LEVEL_MINUTES:
        minutes = row[LEVEL_MINUTES[section]]
        typed[LEVEL_MINUTES[section]] = f"{abs(minutes) / 60:g}"
        typed[SIDE] = BEFORE if minutes < 0 else "after"
    for name in CHOSEN.get(section, ()):
        typed |= {f"{name}-{code}": "1" for code in row.get(name) or ()}
    for kind in row.get("kinds") or ():
        typed[f"kind-{kind}"] = "1"
    for clock in texts.CLOCKS if section == "promises" else ():
        for unit, count in (row.get(clock) or {}).items():
            typed |= {clock: f"{count:g}", f"{clock}_unit": unit}
    return typed


def read_row(section: str, values: Values, old: Row | None) -> Json:
    """The row that a form gives; what the form does not show stays as it was."""
    row: Json = dict(old or {})
    for name in PLAIN[section]:
        text = text_of(values, name)
        if text:
            row[name] = text
        else:
            row.pop(name, None)
    for name in NUMBERS.get(section, ()):
        row.pop(name, None)
        if text := text_of(values, name):
            row[name] = _count(text)
    _read_chosen(section, values, row)
    if section in LEVEL_MINUTES:
        name = LEVEL_MINUTES[section]
        row[name] = _minutes(_count(text_of(values, name)), text_of(values, SIDE))
    if section == "categories":
        row["kinds"] = [kind for kind in texts.KINDS if text_of(values, f"kind-{kind}") == "1"]
    if section == "promises":
        row["source"] = text_of(values, "source")
        for clock in texts.CLOCKS:
            row.pop(clock, None)
            if count := text_of(values, clock):
                row[clock] = {text_of(values, f"{clock}_unit") or "hours": _count(count)}
    return row


def _read_chosen(section: str, values: Values, row: Json) -> None:
    """Read the boxes of a form that were ticked; none is left out."""
    for name in CHOSEN.get(section, ()):
        row.pop(name, None)
        if codes := [key.removeprefix(f"{name}-") for key in values if key.startswith(f"{name}-")]:
            row[name] = codes


def _count(text: str) -> int | float | str:
    """A number; other text, and what is no finite one, stays for the service to refuse."""
    bare = fold_number(text)
    try:
        count = float(bare)
    except ValueError:
        return text
    if not math.isfinite(count):
        return text
    return int(count) if count.is_integer() else count


def _minutes(hours: float | str, side: str) -> int | str:
    """Minutes from a due time; other text stays for the service to refuse."""
    if isinstance(hours, str):
        return hours
    return round(hours * 60) * (-1 if side == BEFORE else 1)


def name_of(section: str, row: Row, book: BookOfDesk) -> str:
    """What people call a row."""
    if section == "promises":
        category, kind = row.get("category", EVERY), row.get("kind", EVERY)
        parts = [
            "همه موضوع‌ها" if category == EVERY else _name(book.categories, category),
            "" if kind == EVERY else texts.KINDS.get(kind, kind),
        ]
        return "، ".join(part for part in parts if part)
    if section == "routes":
        return f"{_name(book.categories, row['category'])} در {_name(book.counties, row['county'])}"
    if section == "escalation":
        clock = texts.LEVEL_CLOCKS.get(row["clock"], row["clock"])
        return f"{clock}، {shown('minutes_from_due', row['minutes_from_due'], book)}"
    if section == "levels":
        return f"{row['code']}: {texts.LEVEL_ACTS.get(row['action'], row['action'])}"
    if section in ("closing", "roles"):
        return texts.ONE[section]
    return str(row.get("fa") or row.get("title_fa") or row.get("code"))


def level_in_words(minutes: int, of_office: str = "") -> str:
    """When a level of escalation is reached.

    >>> level_in_words(-90), level_in_words(60, OFFICE)
    ('1.5 ساعت پیش از سررسید', '1 ساعت کاری پس از سررسید')
    """
    if not minutes:
        return "هنگام سررسید"
    side = "پیش" if minutes < 0 else "پس"
    return f"{abs(minutes) / 60:g} ساعت{of_office} {side} از سررسید"


def _name(rows: tuple[Json, ...], code: str) -> str:
    return next((row["fa"] for row in rows if row["code"] == code), code)


def shown(name: str, value: object, book: BookOfDesk) -> str:
    """The value of a field in words."""
    if value in (None, "", []):
        return "—"
    if isinstance(value, Mapping):
        return "، ".join(
            f"{count:g} {texts.SPANS.get(unit, unit)}" for unit, count in value.items()
        )
    if isinstance(value, list):
        return "، ".join(_called(name, str(code), book) for code in value)
    if name in LEVEL_MINUTES.values() and isinstance(value, int):
        return level_in_words(value, OFFICE if name == "minutes" else "")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _called(name, text, book)


def _called(name: str, code: str, book: BookOfDesk) -> str:
    """What people call a code of a field."""
    lists = {
        "unit": book.units,
        "to_unit": book.units,
        "mail_category": book.categories,
        "category": book.categories,
        "categories": book.categories,
        "units": book.units,
        "county": book.counties,
    }
    words = {
        "clock": texts.LEVEL_CLOCKS,
        "role": texts.ROLES,
        "kinds": texts.KINDS,
        "action": texts.LEVEL_ACTS,
        "priority": texts.PRIORITIES,
        "states": texts.TICKET_STATES,
    }
    if name in lists:
        return _name(lists[name], code)
    return words.get(name, {}).get(code, code)
