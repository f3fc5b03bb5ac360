"""What Prometheus learns of books of dated rows: how long each still says something."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from prometheus_client import Gauge

from bus.persian import TEHRAN

ENDS = Gauge(
    "mirab_book_ends_seconds",
    "Until a book of dated rows (holidays, VAT, tariffs, prices) says nothing any more",
    ["service", "book"],
)
WORRIES = Gauge("mirab_worries", "What somebody should look at", ["service", "what"])
_shown: dict[str, set[str]] = {}


def measure(service: str, health: Mapping[str, Any] | None) -> None:
    """Sets the gauges of one service; of a service that does not answer the last word stands."""
    if health is None:
        return
    ends = health.get("book_ends") or {}
    for book in _shown.get(service, set()) - set(ends):
        ENDS.remove(service, book)
    _shown[service] = set(ends)
    now = dt.datetime.fromisoformat(health["now"])
    for book, day in ends.items():
        after = dt.date.fromisoformat(day) + dt.timedelta(days=1)
        end = dt.datetime.combine(after, dt.time(), TEHRAN)
        ENDS.labels(service, book).set((end - now).total_seconds())
    for name, count in (health.get("worries") or {}).items():
        WORRIES.labels(service, name).set(count)
