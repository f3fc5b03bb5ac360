"""Numbered pages of the desk's lists, and the units that a colleague may choose."""

from typing import NamedTuple

from bus.messages.values import Json
from services.ticketing.context import Context
from services.ticketing.tickets import views


class NumberedPage(NamedTuple):
    """A page of a list by its number: how many rows and pages there are, how many rows precede."""

    page: int
    pages: int
    total: int
    skip: int


def numbered(page: int, total: int, limit: int) -> NumberedPage:
    """Return the page of that number, or the last one.

    >>> numbered(9, 51, 25)
    NumberedPage(page=3, pages=3, total=51, skip=50)
    """
    pages = max(1, -(-total // limit))
    number = min(page, pages)
    return NumberedPage(number, pages, total, (number - 1) * limit)


def own_units(context: Context) -> tuple[Json, ...]:
    """Describe the units whose lists the colleague may see."""
    book, colleague = context.book, context.colleague
    codes = list(book.units) if colleague.all_units else [colleague.unit]
    return tuple(views.unit_of(context, code) for code in codes)
