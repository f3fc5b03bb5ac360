"""The base class of a service: its store, its settings, its clock, its health."""

from datetime import UTC, date, datetime
from typing import Any

from nameko.extensions import DependencyProvider
from prometheus_client import Gauge
from sqlalchemy import QueuePool

from bus.database import chores, inbox, own_keys
from bus.database.faults import PREFIX
from bus.database.store import MINUTE, Store, Tx
from bus.endpoint import every, serve
from bus.envelope import Envelope, instant
from bus.errors import BusError
from bus.health import AskHealth, Health, health_of
from bus.messages.message import ABSENT
from bus.process import monitor
from bus.process.monitor import Status
from bus.process.version import release
from bus.settings import Settings

FAILING = 3
IN_USE = Gauge("mirab_store_connections", "Connections of the pool that are in use")
MOST = Gauge("mirab_store_connections_most", "Connections that the pool may have")

# Left out of the reply: nothing is known of them.
NOT_KNOWN: tuple[Any, Any] = (ABSENT, ABSENT)


class StoreProvider(DependencyProvider):
    """One Store a process, made when the container is set up."""

    def setup(self) -> None:
        self.store = Store(Settings().text("DB_URL"), source=self.container.service_name)
        pool = self.store.engine.pool
        assert isinstance(pool, QueuePool)
        IN_USE.set_function(pool.checkedout)
        MOST.set(pool.size())
        monitor.watch("database", self.store.finding)
        monitor.watch("outbox", self.store.probe.outbox)
        kept = self.container.service_cls
        if kept.own_keys or kept.signing_keys:
            check = own_keys.check(self.store, kept.own_keys, kept.signing_keys)
            monitor.watch("keys", check)

    def get_dependency(self, _worker_ctx: object) -> Store:
        return self.store

    def stop(self) -> None:
        self.store.engine.dispose()


class SettingsProvider(DependencyProvider):
    def get_dependency(self, _worker_ctx: object) -> Settings:
        return Settings()


class Service:
    """What every service has; ``now`` is a method so that tests can replace it."""

    name: str
    # The settings that hold the keys by which its data are sealed or hashed.
    own_keys: tuple[str, ...] = ()
    # Those of the keys by which it signs what others hold, where it is to sign.
    signing_keys: tuple[str, ...] = ()
    envelope: Envelope
    # nameko puts the Store and the Settings in the places of their providers.
    store: Store = StoreProvider()  # type: ignore[assignment]
    settings: Settings = SettingsProvider()  # type: ignore[assignment]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.health = serve(health_of(cls.name), outside=True)(_health)  # type: ignore[attr-defined]
        cls.forget_old = every(3600)(_forget_old)  # type: ignore[attr-defined]

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def own_key(self, name: str, tx: Tx | None = None) -> str:
        """The key of a setting, if it is the one of the database; Unavailable if it is not. It is
        looked up in a transaction of its own where there is none.
        """
        if key := own_keys.proven(self.store.engine, self.settings, name):
            return key
        if tx:
            return own_keys.own_key(tx.conn, self.settings, name)
        with self.store.transaction() as own:
            return own_keys.own_key(own.conn, self.settings, name)

    def book_ends(self, tx: Tx) -> dict[str, date | None]:
        """The last day of each book of dated rows that this service needs; None: no end."""
        return {}

    def worries(self, tx: Tx) -> dict[str, int]:
        """Counts of conditions that an operator should look at although the service works."""
        return {}


def _health(service: Service, message: AskHealth) -> Health:
    store, finding = service.store, service.store.finding()
    failed = finding.status is Status.FAIL
    problem = finding.code.removeprefix(PREFIX) if failed else None
    book_ends, worries = NOT_KNOWN if failed else _concerns(service)
    return Health(
        service=service.name,
        version=release(),
        database=problem != "unreachable",
        database_problem=problem,
        writable=store.probe.finding().status is Status.PASS and problem != "full",
        trouble=store.troubles.recent(MINUTE),
        troubles=store.troubles.count(MINUTE),
        now=instant(service.now()),
        book_ends=book_ends,
        worries=worries,
        **store.probe.standing._asdict(),
    )


def _concerns(service: Service) -> tuple[dict[str, str], dict[str, int]]:
    """The ends of books and the worries that an operator should see in time; not known while the
    service has no book yet.
    """
    try:
        with service.store.transaction() as tx:
            ends = service.book_ends(tx)
            worries = service.worries(tx) | _failures(service, tx)
    except BusError:
        return NOT_KNOWN
    return {name: day.isoformat() for name, day in ends.items() if day}, worries


def _failures(service: Service, tx: Tx) -> dict[str, int]:
    """Counts of rows that were given up and of chores that keep failing."""
    failing = sum(times >= FAILING for times in service.store.failing.values())
    return {"rows_given_up": chores.left_alone(tx.conn), "chores_failing": failing}


def _forget_old(service: Service) -> None:
    with service.store.transaction() as tx:
        inbox.forget_old(tx.conn)
        chores.forget(tx.conn)
