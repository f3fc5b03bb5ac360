"""The base class of a service: its store, its settings, its clock, its health."""

from datetime import UTC, date, datetime
from typing import Any

from nameko.extensions import DependencyProvider

from bus import inbox, outbox
from bus.contracts.health import health_of
from bus.endpoint import every, serve
from bus.envelope import Envelope, instant
from bus.errors import BusError, Unavailable
from bus.settings import Settings
from bus.store import Store, Tx
from bus.version import release

MINUTE = 60.0


class StoreProvider(DependencyProvider):
    """One Store a process, made when the container is set up."""

    def setup(self) -> None:
        self.store = Store(Settings().text("DB_URL"), source=self.container.service_name)

    def get_dependency(self, _worker_ctx: Any) -> Store:
        return self.store

    def stop(self) -> None:
        self.store.engine.dispose()


class SettingsProvider(DependencyProvider):
    def get_dependency(self, _worker_ctx: Any) -> Settings:
        return Settings()


class Service:
    """What every service has; ``now`` is a method so that tests can replace it."""

    name: str
    message: Envelope
    store = StoreProvider()
    settings = SettingsProvider()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.health = serve(health_of(cls.name), outside=True)(_health)  # type: ignore[attr-defined]
        cls.forget_old = every(3600)(_forget_old)  # type: ignore[attr-defined]

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def book_ends(self, tx: Tx) -> dict[str, date | None]:
        """The last day of each book of dated rows that this service needs; None: no end."""
        return {}

    def worries(self, tx: Tx) -> dict[str, int]:
        """What somebody should look at, counted, though the service works on."""
        return {}


def _health(service: Service) -> dict[str, Any]:
    told: dict[str, Any] = {
        "service": service.name,
        "version": release(),
        "database": True,
        "writable": service.store.writable(),
        "trouble": service.store.troubles.recent(MINUTE),
        "troubles": service.store.troubles.count(MINUTE),
        "outbox_unsent": 0,
        "outbox_oldest_seconds": 0.0,
        "now": instant(service.now()),
    }
    try:
        with service.store.transaction() as tx:
            told["outbox_unsent"], told["outbox_oldest_seconds"] = outbox.lag(tx.conn)
            told |= _concerns(service, tx)
    except Unavailable:
        told["database"] = told["writable"] = False
    return told


def _concerns(service: Service, tx: Tx) -> dict[str, Any]:
    """What an operator should see in time; nothing of it while the service has no book yet."""
    try:
        ends, worries = service.book_ends(tx), service.worries(tx)
    except BusError:
        return {}
    return {
        "book_ends": {name: day.isoformat() for name, day in ends.items() if day},
        "worries": worries,
    }


def _forget_old(service: Service) -> None:
    with service.store.transaction() as tx:
        inbox.forget_old(tx.conn)
