"""One page of a list that is read one row further than it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of a page; ``more`` says whether the list goes on behind them."""

    rows: Sequence[Row]
    more: bool

    def next(self, key: Callable[[Row], Key]) -> Key | None:
        """Return the key of the last row, from which the next page goes on; None at the end."""
        return key(self.rows[-1]) if self.more else None


def page(rows: Sequence[Row], limit: int) -> Page[Row]:
    """Cut a page off ``rows``, which were read with a limit of ``limit`` + 1.

    >>> page([7, 5, 4], 2).rows, page([7, 5, 4], 2).next(str), page([7, 5], 2).next(str)
    ([7, 5], '5', None)
    """
    return Page(rows[:limit], more=len(rows) > limit)
