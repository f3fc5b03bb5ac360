"""Lists of the queue as addresses: what a link, a saved filter or the way back asks for."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from contracts.ticketing.citizens import KINDS, STATES
from contracts.ticketing.queue import SIZES, SORTS, Queue
from gateway.forms.fields import parse_whole
from gateway.ops.staff.forms import normalise

QUEUE_AT = "/desk/queue"
STATES_OF_LISTS = (*STATES, "WORK", "ALL")
# What an address says of the act that led to it: which, on which ticket, its version, to whom.
DONE_FIELDS = ("done", "of", "v", "to")
PAGES_MOST, PLACE_MOST = 10_000, 1_000_000


class Tab(NamedTuple):
    """A part of the queue: its key among the counts, its label, the filters that it is."""

    key: str
    label: str
    filters: Mapping[str, str]


TABS = (
    Tab("work", "همه کارهای باز", {"state": "WORK"}),
    Tab("new", "تازه", {"state": "NEW"}),
    Tab("mine", "کارهای من", {"state": "WORK", "mine": "1"}),
    Tab("free", "بی‌مسئول", {"state": "WORK", "assignee": "-"}),
    Tab("late", "دیرشده", {"state": "WORK", "late": "1"}),
    Tab("part", "دیر در واحد", {"state": "WORK", "late_part": "1"}),
    Tab("waiting", "در انتظار", {"state": "PAUSED"}),
    Tab("all", "همه", {"state": "ALL"}),
)
# What tells one tab from another; all else stays when one goes from tab to tab.
OF_TABS = frozenset({"state", "mine", "late", "late_part", "assignee", "page", "at"})

_TELLING = sorted(OF_TABS - {"page", "at"})


def parse(text: str) -> dict[str, str]:
    """Return the fields of a query in an address, each as it is meant."""
    return {name: normalise(name, value) for name, value in parse_qsl(text) if value}


def queue_of(fields: Mapping[str, str]) -> Queue:
    """Return the list that these fields ask for; what cannot be meant is left out."""
    sort = fields.get("sort", "")
    state = fields.get("state", "")
    kind, size = fields.get("kind", ""), _number(fields, "size", SIZES[0], SIZES[-1])
    return Queue(
        state=state if state in STATES_OF_LISTS else "WORK",
        search=fields.get("search", "")[:100],
        mine=fields.get("mine") == "1",
        late=fields.get("late") == "1",
        late_part=fields.get("late_part") == "1",
        unit=_code(fields, "unit"),
        category=_code(fields, "category"),
        county=_code(fields, "county"),
        kind=kind if kind in KINDS else None,
        assignee=fields.get("assignee", "")[:60] or None,
        sort=sort.lstrip("-") if sort.lstrip("-") in SORTS else "due",
        falling=sort.startswith("-"),
        page=_number(fields, "page", 1, PAGES_MOST),
        size=size if size in SIZES else SIZES[0],
    )


def place_of(fields: Mapping[str, str]) -> int:
    """Return the place in its list from which a ticket was opened."""
    return _number(fields, "at", 0, PLACE_MOST)


def _code(fields: Mapping[str, str], name: str) -> str | None:
    return fields.get(name, "")[:40] or None


def _number(fields: Mapping[str, str], name: str, least: int, most: int) -> int:
    number = parse_whole(fields.get(name, ""))
    return number if isinstance(number, int) and least <= number <= most else least


def address(fields: Mapping[str, str], **changes: str) -> str:
    """Return the address of a list with some fields changed; an empty one is left out."""
    query = {name: value for name, value in {**fields, **changes}.items() if value}
    return f"{QUEUE_AT}?{urlencode(query)}"


def current_tab(query: Queue) -> str:
    """Return the key of the tab that a list is; empty for one that is none of them."""
    for tab in TABS:
        same = queue_of(tab.filters)
        if all(getattr(same, name) == getattr(query, name) for name in _TELLING):
            return tab.key
    return ""


def tab_address(tab: Tab, fields: Mapping[str, str]) -> str:
    """Return the address of a tab that keeps the other filters."""
    kept = {name: value for name, value in fields.items() if name not in OF_TABS}
    return address({**kept, **tab.filters})
