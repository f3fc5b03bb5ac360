"""Unit of Work: one transaction holds the new state, the outbox rows and the inbox rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2.errors
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bus import outbox
from bus.contracts.kinds import Command, Contract, Event
from bus.envelope import Envelope
from bus.errors import Unavailable

STATEMENT_SECONDS = 30
LOCK_SECONDS = 10
UNREACHABLE = ("08", "57P01", "57P02", "57P03", "53")
TRANSIENT = ("40001", "40P01", "55P03", "57014")


class Tx:
    """An open transaction: ``conn`` for statements, ``publish`` and ``send`` for the outbox.

    ``message`` is the envelope of the message being worked on, if there is one.
    """

    def __init__(self, conn: Connection, source: str, message: Envelope | None) -> None:
        self.conn = conn
        self.message = message
        self._source = source
        self._rows: list[dict[str, Any]] = []

    def publish(self, event: Event, *, subject: str | None = None, **data: Any) -> None:
        """Tells an Event to whoever listens, if and when this transaction commits."""
        self._put(event, subject, data)

    def send(self, command: Command, *, subject: str | None = None, **data: Any) -> None:
        """Sends a Command to its one receiver, if and when this transaction commits."""
        self._put(command, subject, data)

    def ask_agency(self, agency: str, command: Command, **data: Any) -> str:
        """Sends a Command to the agency that serves it; its id, to which the answer will refer."""
        return self._put(command, None, data, agency)

    def tell_agency(
        self, agency: str, id: str, headers: dict[str, Any], data: dict[str, Any]
    ) -> None:
        """Puts what an agency hears into its own queue, if and when this transaction commits."""
        self._rows.append(outbox.heard(agency, id, headers, data))

    def flush(self) -> None:
        """Writes the outbox rows; called once, just before the commit."""
        if self._rows:
            outbox.add(self.conn, self._rows)

    def _put(
        self,
        contract: Contract,
        subject: str | None,
        data: dict[str, Any],
        agency: str | None = None,
    ) -> str:
        contract.load(data)
        envelope = Envelope.new(contract.name, self._source, cause=self.message, subject=subject)
        self._rows.append(outbox.row(contract, envelope, contract.dump(data), agency))
        return envelope.id


class Store:
    """The database of one service."""

    def __init__(self, url: str, *, source: str = "mirab", connections: int = 20) -> None:
        self.source = source
        self.engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg2"),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            pool_reset_on_return="rollback",
            # A failed statement is logged; what it was given may be a person's key.
            hide_parameters=True,
            connect_args={
                "connect_timeout": 5,
                "application_name": source,
                "options": f"-c statement_timeout={STATEMENT_SECONDS}s "
                f"-c lock_timeout={LOCK_SECONDS}s "
                "-c idle_in_transaction_session_timeout=60s -c timezone=UTC",
            },
        )

    @contextmanager
    def transaction(self, message: Envelope | None = None) -> Iterator[Tx]:
        """Commits if the body ends well, else rolls back.

        Unavailable ``database.unreachable`` or ``database.busy`` stands for the database's own
        troubles; both may pass, so what was tried may be tried again.
        """
        try:
            with self.engine.begin() as conn:
                tx = Tx(conn, self.source, message)
                yield tx
                tx.flush()
        except (DBAPIError, PoolTimeout) as error:
            if trouble := passing_trouble(error):
                raise trouble from error
            raise

    @contextmanager
    def leader(self, name: str) -> Iterator[bool]:
        """True for one holder of ``name`` at a time among all processes on this database."""
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                key = {"name": name}
                mine = conn.execute(text("select pg_try_advisory_lock(hashtext(:name))"), key)
                if not mine.scalar_one():
                    yield False
                    return
                try:
                    yield True
                finally:
                    conn.execute(text("select pg_advisory_unlock(hashtext(:name))"), key)
        except (DBAPIError, PoolTimeout) as error:
            if trouble := passing_trouble(error):
                raise trouble from error
            raise

    def reachable(self) -> bool:
        """True if the database answers now."""
        try:
            with self.transaction() as tx:
                tx.conn.execute(text("select 1"))
        except Unavailable:
            return False
        return True


def passing_trouble(error: Exception) -> Unavailable | None:
    """The Unavailable that a database error means, or None if it is a fault of ours."""
    if isinstance(error, PoolTimeout):
        return Unavailable("All connections to the database are in use.", code="database.busy")
    origin = getattr(error, "orig", None)
    state = getattr(origin, "pgcode", None)
    connection_lost = (
        isinstance(origin, psycopg2.OperationalError | psycopg2.InterfaceError) and state is None
    )
    if connection_lost or (state or "").startswith(UNREACHABLE):
        return Unavailable("The database cannot be reached.", code="database.unreachable")
    if state in TRANSIENT:
        return Unavailable("The database is busy with the same rows.", code="database.busy")
    return None
