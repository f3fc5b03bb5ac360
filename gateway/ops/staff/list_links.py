"""The way back to a list after an act: the filter and the page that the colleague came from."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request

MOST = 500
# Nothing else comes back into an address of ours.
FILTERS = (
    "state",
    "search",
    "mine",
    "late",
    "late_part",
    "unit",
    "category",
    "county",
    "kind",
    "assignee",
    "sort",
    "page",
    "size",
    "at",
    "after",
    "before",
    "owner",
    "drafts",
    "order",
    "agency",
    "service",
)


def back_query(request: Request, typed: Mapping[str, str] | None = None) -> str:
    """Return the query of the list, from the form or from ``?back=``; empty without one."""
    text = (typed or {}).get("back") or request.query_params.get("back", "")
    return _clean(parse_qsl(text[:MOST]))


def list_query(request: Request) -> str:
    """Return the query of the list that is shown now, for the links into it."""
    return _clean(request.query_params.items())


def _clean(pairs: Iterable[tuple[str, str]]) -> str:
    return urlencode([(name, value) for name, value in pairs if name in FILTERS and value])


def came_from(request: Request, section: str) -> str:
    """Return the page of a section that a form stood on; the first one if no browser tells."""
    tells = urlsplit(request.headers.get("referer", "").replace("[", ""))
    inside = tells.path.startswith(f"{section}/") and tells.path != request.url.path
    return urlunsplit(("", "", tells.path, tells.query, "")) if inside else section


def with_back(address: str, back: str) -> str:
    """Return an address that remembers the list."""
    if not back:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'back': back})}"
