"""Of which ended tickets the citizen is asked weeks later whether it is mended; pure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from services.ticketing.domain.book import Book
from services.ticketing.domain.ticket import Entry

DAYS, PERCENT = 28, 100
# After so many days more nobody is asked any more: nobody remembers.
LATE_DAYS = 28
# How long the question can be answered.
OPEN_DAYS = 60
# Nobody is asked about a second ticket so soon.
APART_DAYS = 7
KINDS = ("request", "complaint")
# Nothing was to be mended where it was closed for another reason.
CLOSES = ("settled", "accepted")

# The role in the log of an e-mail that came back from a unit's mailbox, not from the citizen.
TO_UNIT = "unit"

# What was decided: the citizen is asked, or why not.
Outcome: TypeAlias = Literal["asked", "other_end", "share", "no_contact", "asked_lately"]


class Delays(NamedTuple):
    """Days from the end to the question, by category, else by unit, else DAYS."""

    by_category: Mapping[str, int]
    by_unit: Mapping[str, int]

    @classmethod
    def of(cls, book: Book) -> "Delays":
        """Read them from the book."""
        units, categories = book.units.values(), book.categories.values()
        return cls(
            {c.code: c.follow_up_days for c in categories if c.follow_up_days is not None},
            {u.code: u.follow_up_days for u in units if u.follow_up_days is not None},
        )

    @property
    def shortest(self) -> int:
        return min((DAYS, *self.by_category.values(), *self.by_unit.values()))

    @property
    def longest(self) -> int:
        return max((DAYS, *self.by_category.values(), *self.by_unit.values()))


def share_of(book: Book, unit: str) -> int:
    """Of how many tickets in a hundred the citizens of a unit are asked."""
    row = book.units.get(unit)
    chosen = row.follow_up_percent if row is not None else None
    return PERCENT if chosen is None else chosen


def was_worked_out(entries: list[Entry]) -> bool:
    """True if the ticket ended by an answer, or was settled: there was something to be mended.

    Not if it was taken back, was not ours, was spam or abuse, or its citizen did not answer.
    """
    end = next((e for e in reversed(entries) if e.act in ("answer", "close", "withdraw")), None)
    if end is None or end.act == "withdraw":
        return False
    return end.act == "answer" or end.data.get("reason") in CLOSES
