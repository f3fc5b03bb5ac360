"""Changes of the book of the desk: rows of its lists by their keys, and the states of a change."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from bus.transitions import Transitions

State = Literal["DRAFT", "APPROVED", "IN_FORCE", "REFUSED", "WITHDRAWN", "FAILED"]
Act = Literal["approve", "refuse", "withdraw", "apply", "fail"]
TRANSITIONS: Transitions[State, Act] = Transitions(
    code="book_change.move",
    refusal="This change of the book is {state}; read it again.",
    table={
        ("DRAFT", "approve"): "APPROVED",
        ("DRAFT", "refuse"): "REFUSED",
        ("DRAFT", "withdraw"): "WITHDRAWN",
        ("APPROVED", "withdraw"): "WITHDRAWN",
        ("APPROVED", "apply"): "IN_FORCE",
        ("APPROVED", "fail"): "FAILED",
    },
    details=("state",),
)
PROMISES = "promises"
# A row of the document. Any: services.ticketing.books has checked its members by their schemas.
Row = Mapping[str, Any]
NewRow = dict[str, Any]


class Place(NamedTuple):
    """Where a row stands in the document."""

    section: str
    number: int


def key_of(section: str, row: Row) -> str:
    """Return the key of a row: its code; of a promise its category, kind and first day.

    >>> key_of("promises", {"category": "bill", "from": "2025-03-21"})
    'bill/*/2025-03-21'
    """
    if section == PROMISES:
        return "/".join((row.get("category", "*"), row.get("kind", "*"), str(row["from"])))
    return str(row["code"])


def place_of(document: Row, section: str, key: str) -> Place | None:
    """Return where the row of that key stands; None if there is none."""
    for number, row in enumerate(document[section]):
        if key_of(section, row) == key:
            return Place(section, number)
    return None


def row_of(document: Row, section: str, key: str) -> NewRow | None:
    """Return the row of that key; None if there is none."""
    place = place_of(document, section, key) if key else None
    return None if place is None else dict(document[section][place.number])


def changed(
    document: Row, section: str, key: str, row: NewRow | None
) -> tuple[NewRow, Place | None]:
    """Return the document with a row added, changed or removed, and where the row stands now.

    KeyError if no row has the key.
    """
    rows: Sequence[Row] = document[section]
    place = place_of(document, section, key) if key else Place(section, len(rows))
    if place is None:
        raise KeyError(key)
    before, after = rows[: place.number], rows[place.number + 1 :]
    if row is None:
        return {**document, section: [*before, *after]}, None
    return {**document, section: [*before, row, *after]}, place
