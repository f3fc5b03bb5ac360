"""The queue of the desk: tickets of a unit by due time, filtered and searched."""

import re
from typing import Any

from sqlalchemy import text

from bus.envelope import instant
from iran.persian import search_key
from services.ticketing.domain import labels as words
from services.ticketing.domain import moves
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Desk

PAGE, WORDS_MOST = 25, 8
# Digits of a tracking code or a telephone number, which people write in groups.
NUMBER_LEAST, NUMBER_MOST = 7, 14
# The text for search without blanks and dashes: half-spaced, joined and spaced words meet in it.
SQUEEZED = "translate(search, ' -', '')"
_SQUEEZE = str.maketrans("", "", " -")
_GROUPED = re.compile(r"[0-9]+(?:[ -]+[0-9]+)+")


def queue(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """The unit's tickets by due time; what waits for somebody else comes last."""
    moves.require(desk.who.role, "read")
    wheres, values = _wanted(desk, asked)
    where = " and ".join(wheres) or "true"
    total = desk.conn.execute(
        text(f"select count(*) from tickets where {where}"),  # noqa: S608 - our own words
        values,
    ).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(asked["page"], pages)
    rows = desk.conn.execute(
        text(
            f"select * from tickets where {where} "  # noqa: S608 - our own words
            "order by unread desc, due_at nulls last, registered_at, id limit :most offset :skip"
        ),
        {**values, "most": PAGE, "skip": (page - 1) * PAGE},
    )
    units = desk.book.units if desk.who.all_units else (desk.who.unit,)
    return {
        "tickets": [_row(desk, row) for row in rows],
        "total": total,
        "page": page,
        "pages": pages,
        "units": [views.named(desk.book.units, code) for code in units],
    }


def _wanted(desk: Desk, asked: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    unit = asked["unit"] if desk.who.all_units else desk.who.unit
    wheres, values = [], {"now": desk.now}
    if unit:
        wheres.append("unit = :unit")
        values["unit"] = unit
    if asked["state"] == "WORK":
        wheres.append("(state in ('NEW', 'OPEN', 'PAUSED') or unread)")
    elif asked["state"] != "ALL":
        wheres.append("state = :state")
        values["state"] = asked["state"]
    if asked["mine"]:
        wheres.append("assignee = :me")
        values["me"] = desk.who.username
    if asked["late"]:
        wheres.append("due_at < :now")
    for n, word in enumerate(_words(asked["search"])):
        wheres.append(f"(search like :w{n} or {SQUEEZED} like :s{n} or code = :c{n})")
        # A word of signs alone has no squeezed form: it must stand in the text as it is.
        squeezed = word.translate(_SQUEEZE) or word
        values |= {f"w{n}": _within(word), f"s{n}": _within(squeezed), f"c{n}": squeezed}
    return wheres, values


def _words(search: str) -> list[str]:
    """The words of a search; groups of digits that together are a code or a number are one."""
    whole = _GROUPED.sub(lambda found: _joined(found[0]), search_key(search))
    return whole.split()[:WORDS_MOST]


def _joined(groups: str) -> str:
    digits = groups.translate(_SQUEEZE)
    return digits if NUMBER_LEAST <= len(digits) <= NUMBER_MOST else groups


def _within(word: str) -> str:
    return f"%{_escaped(word)}%"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(desk: Desk, row: Any) -> dict[str, Any]:
    subject = " ".join(row.text.split())
    return {
        "code": row.code,
        "version": row.version,
        "kind": row.kind,
        "category": views.named(desk.book.categories, row.category),
        "unit": views.named(desk.book.units, row.unit),
        "county": views.named(desk.book.counties, row.county),
        "state": row.state,
        "state_fa": words.STATES[row.state][0],
        "assignee": row.assignee,
        "subject": subject[:100],
        "registered_at": instant(row.registered_at),
        "due_at": instant(row.due_at) if row.due_at else None,
        "due_clock": row.due_clock,
        "unread": row.unread,
        "late": bool(row.due_at and row.due_at < desk.now),
    }
