"""Rows of the book: as a form has them, as the file has them, and as people call them."""

from collections.abc import Mapping
from typing import Any

from bus.messages.values import Json
from contracts.ticketing.book import BookOfDesk
from gateway.forms.values import Values, text_of
from gateway.ops.book import texts
from iran.persian import fold_number

# A row of the book as JSON. Any: whatever its file holds is shown and kept.
Row = Mapping[str, Any]
PLAIN = {
    "units": ("code", "fa", "en", "email", "head_email", "mailbox", "mail_category", "phone"),
    "categories": ("code", "fa", "en", "unit", "group_fa", "group_en", "hint_fa", "hint_en"),
    "promises": ("category", "kind"),
    "offices": ("code", "fa", "en", "address_fa", "address_en"),
    "canned": ("code", "title_fa", "text_fa", "text_en"),
}
EVERY = "*"


def rows_of(book: BookOfDesk, section: str) -> tuple[Json, ...]:
    """The rows of a list of the book."""
    rows: tuple[Json, ...] = getattr(book, section)
    return rows


def key_of(section: str, row: Row) -> str:
    """The key of a row, as contracts/ticketing/book.py has it."""
    if section == "promises":
        return "/".join((row.get("category", EVERY), row.get("kind", EVERY), row["from"]))
    return str(row["code"])


def row_of(book: BookOfDesk, section: str, key: str) -> Json | None:
    """The row of that key; None if there is none."""
    return next((row for row in rows_of(book, section) if key_of(section, row) == key), None)


def typed_row(section: str, row: Row) -> dict[str, str]:
    """A row as the form has it; of a category each of its kinds, of a promise each span."""
    typed = {name: str(row.get(name) or "") for name in PLAIN[section]}
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
    if section == "categories":
        row["kinds"] = [kind for kind in texts.KINDS if text_of(values, f"kind-{kind}") == "1"]
    if section == "promises":
        row["source"] = text_of(values, "source")
        for clock in texts.CLOCKS:
            row.pop(clock, None)
            if count := text_of(values, clock):
                row[clock] = {text_of(values, f"{clock}_unit") or "hours": _count(count)}
    return row


def _count(text: str) -> int | float | str:
    """A count of hours or days; other text stays for the service to refuse."""
    bare = fold_number(text)
    try:
        count = float(bare)
    except ValueError:
        return text
    return int(count) if count.is_integer() else count


def name_of(section: str, row: Row, book: BookOfDesk) -> str:
    """What people call a row."""
    if section == "promises":
        category, kind = row.get("category", EVERY), row.get("kind", EVERY)
        parts = [
            "همه موضوع‌ها" if category == EVERY else _name(book.categories, category),
            "" if kind == EVERY else texts.KINDS.get(kind, kind),
        ]
        return "، ".join(part for part in parts if part)
    return str(row.get("fa") or row.get("title_fa") or row.get("code"))


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
    if name == "kinds" and isinstance(value, list):
        return "، ".join(texts.KINDS.get(str(kind), str(kind)) for kind in value)
    text = str(value)
    if name == "unit":
        return _name(book.units, text)
    if name in ("mail_category", "category"):
        return _name(book.categories, text)
    return text
