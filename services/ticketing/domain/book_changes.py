"""Changes of the book of the desk: rows of its lists by their keys, and the states of a change."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from bus.transitions import Transitions
from people.book_keys import SINGLES, key_of

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


def rows_of(document: Row, section: str) -> list[NewRow]:
    """Return the rows of a section; of what stands once, that one, if it is there."""
    if section not in SINGLES:
        return list(document.get(section, ()))
    return [document[section]] if document.get(section) else []


def place_of(document: Row, section: str, key: str) -> Place | None:
    """Return where the row of that key stands; None if there is none."""
    for number, row in enumerate(rows_of(document, section)):
        if key_of(section, row) == key:
            return Place(section, number)
    return None


def row_of(document: Row, section: str, key: str) -> NewRow | None:
    """Return the row of that key; None if there is none."""
    place = place_of(document, section, key) if key else None
    return None if place is None else dict(rows_of(document, section)[place.number])


def changed(
    document: Row, section: str, key: str, row: NewRow | None
) -> tuple[NewRow, Place | None]:
    """Return the document with a row added, changed or removed, and where the row stands now.

    KeyError if no row has the key.
    """
    rows = rows_of(document, section)
    place = place_of(document, section, key) if key else Place(section, len(rows))
    if place is None:
        raise KeyError(key)
    if section in SINGLES:
        return {**document, section: row}, None if row is None else place
    before, after = rows[: place.number], rows[place.number + 1 :]
    if row is None:
        return {**document, section: [*before, *after]}, None
    return {**document, section: [*before, row, *after]}, place
