"""What was promised, as the row of a ticket keeps it."""

from typing import TypedDict


class StoredSpan(TypedDict):
    """A span of a promise: minutes of the office, or days of the calendar."""

    minutes: int
    days: int


class StoredPromise(TypedDict):
    """What was promised when the ticket was registered, by the name of each clock."""

    spans: dict[str, StoredSpan]
    source: str
