"""The entrypoints of calls that are answered later, for the service to have."""

from bus.settings import Settings
from bus.store import Store


class DeferredEntries:
    """``service.Agencies`` gives it its store and its settings."""

    store: Store
    settings: Settings
