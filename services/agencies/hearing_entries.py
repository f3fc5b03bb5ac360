"""The entrypoints of what agencies hear, and why they were refused, for the service to have."""

from bus.settings import Settings
from bus.store import Store


class HearingEntries:
    """``service.Agencies`` gives it its store and its settings."""

    store: Store
    settings: Settings
