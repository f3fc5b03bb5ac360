"""Tables of colleagues: filtered and sorted by the address, and given out as CSV."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from gateway.forms.downloads import download_headers
from gateway.html.csv_tables import csv_text
from gateway.ops.staff.forms import query_value

Row = TypeVar("Row")
ORDER = "order"


# A key of the address → what it sorts by.
Keys = Mapping[str, Callable[[Row], str | int | None]]


def order_of(request: Request, keys: Iterable[str]) -> str:
    """Return what the list is sorted by: one of the keys, with a minus before it the other way
    round; empty if the address says none of them.
    """
    order = query_value(request, ORDER)
    return order if order.removeprefix("-") in set(keys) else ""


def filters_of(request: Request, names: Iterable[str], longest: int = 64) -> dict[str, str]:
    """Return the filters of a list, as typed; those that the address does not say are empty."""
    return {name: query_value(request, name)[:longest] for name in names}


def address_of(filters: Mapping[str, str]) -> str:
    """Return the query of a list with these filters, up to the value of its order."""
    kept = {name: text for name, text in filters.items() if text and name != ORDER}
    return f"?{urlencode({**kept, ORDER: ''})}"


def ordered(rows: Iterable[Row], order: str, keys: Keys[Row]) -> list[Row]:
    """Return the rows sorted by an ``order`` of ``order_of``; as they come without one."""
    if not order:
        return list(rows)
    key = keys[order.removeprefix("-")]
    return sorted(rows, key=lambda row: _sortable(key(row)), reverse=order.startswith("-"))


def _sortable(value: str | int | None) -> tuple[int, int, str]:
    """What is missing comes first, then numbers in their order, then texts in theirs."""
    if value is None:
        return 0, 0, ""
    return (1, value, "") if isinstance(value, int) else (2, 0, value)


def csv_response(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return rows as a CSV file for spreadsheets (UTF-8 with a byte order mark)."""
    text = csv_text(heads, rows)
    return Response(text, headers=download_headers(name), media_type="text/csv")
