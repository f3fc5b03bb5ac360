"""The entrypoints of the register of agencies, for the service to have."""

from bus.settings import Settings
from bus.store import Store


class RegisterEntries:
    """``service.Agencies`` gives it its store and its settings."""

    store: Store
    settings: Settings
