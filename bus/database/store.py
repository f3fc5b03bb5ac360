"""Unit of Work: one transaction holds the new state, the outbox rows and the inbox rows."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import orjson
import psycopg2
from sqlalchemy import Connection, create_engine, event, func, insert, select, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bus import call_leaves
from bus.call_leaves import Statement
from bus.database import connection, inbox, outbox, statements
from bus.database.activity import MAKES_NOTHING_DUE, Activity
from bus.database.faults import Troubles, passing_trouble
from bus.database.hosts import address, hosts
from bus.database.marks import Marks, Numbers
from bus.database.prepared import Prepared, Rows
from bus.database.probe import DatabaseProbe
from bus.database.tables import INBOX
from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.messages.kinds import Command, Contract, Event, M
from bus.messages.message import Wire, to_wire
from bus.process import spans
from bus.process.monitor import Finding, Status, fail, warn
from bus.settings import Settings

STATEMENT_SECONDS = 30
# Well under the deadline of a Request, so that its asker hears of a lock while he still waits.
LOCK_SECONDS = 4

# How long a store that had no room for somebody counts as full.
FULL_SECONDS, MINUTE = 15.0, 60.0
# So many callers in a minute were told of a passing fault: it is no chance any more.
MANY = 10
FULL = "database.full"
UNSEEN = (FULL, "database.busy")


class Tx:
    """An open transaction: ``conn`` for statements, ``publish`` and ``send`` for the outbox.

    What is given to ``write`` travels with the commit, or before the next use of ``conn``, so that
    a statement sees all that was written before it.

    ``envelope`` is that of the message being worked on, if there is one; ``numbers`` are those that
    it gives to the outside.
    """

    def __init__(
        self, conn: Connection, source: str, envelope: Envelope | None, marks: Marks
    ) -> None:
        self._conn = conn
        self.envelope = envelope
        self.numbers = Numbers(conn, marks)
        self._source = source
        self._rows: list[Wire] = []
        self._writes: list[tuple[str, tuple[object, ...]]] = []

    @property
    def conn(self) -> Connection:
        """The connection, with all written that was to be written."""
        if self._writes:
            self._send()
        return self._conn

    def makes_nothing_due(self) -> None:
        """Say that no chore looks for what this transaction changes, so that it wakes none."""
        self._conn.execution_options(**{MAKES_NOTHING_DUE: True})

    def hold(self, name: str) -> None:
        """Wait until no other transaction holds the lock of that name, and hold it to the end."""
        # Of 64 bits: a receiver's name must meet no other's, nor a leader's.
        key = func.hashtextextended(name, 0)
        self.conn.execute(select(func.pg_advisory_xact_lock(key)))

    def write(self, statement: Prepared, *values: object) -> None:
        """Have a statement run that gives nothing back, at the latest with the commit."""
        self._writes.append((statement.text(self._conn), values))

    def read(self, statement: Prepared, *values: object) -> Rows:
        """Run a statement, together with what was to be written before it; its rows."""
        rows = self._send(statement.text(self._conn), values=values)
        assert rows is not None
        return rows

    def publish(self, event: Event[M], message: M, *, subject: str | None = None) -> None:
        """Publishes an Event to whoever listens, if and when this transaction commits."""
        self._put(event, message, subject)

    def send(self, command: Command[M], message: M, *, subject: str | None = None) -> None:
        """Sends a Command to its one receiver, if and when this transaction commits."""
        self._put(command, message, subject)

    def ask_agency(self, agency: str, command: Command[M], message: M) -> str:
        """Sends a Command to the agency that serves it; its id, to which the answer will refer."""
        id = self._put(command, message, None, agency)
        body = self._rows[-1]["body"]
        leaves = call_leaves.question_leaves(self.envelope, agency, command.name, id, body)
        if leaves:
            self.put_leaves(leaves)
        return id

    def note_answer(self) -> None:
        """Have the agency's answer that is worked on be a leaf of the log of receipts: to be said
        once it is taken, since what is not asked for must not fill the log.
        """
        leaf = call_leaves.answer_leaf(self.envelope) if self.envelope else None
        if leaf is not None:
            self.put_leaves([leaf])

    def tell_agency(self, agency: str, id: str, headers: Wire, data: Wire) -> None:
        """Send an event into one agency's own queue, if and when this transaction commits."""
        self._rows.append(outbox.agency_row(agency, id, headers, data))

    def put_leaves(self, statements: Sequence[Statement]) -> None:
        """Send leaves to the log of receipts in one message, if this transaction commits."""
        self._rows.append(call_leaves.outbox_row(statements, self._source))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what fails inside, with its messages, and let the transaction go on."""
        count, numbers = len(self._rows), self.numbers.so_far()
        try:
            with self.conn.begin_nested():
                yield
                self._send()
        except BaseException:
            del self._rows[count:]
            self._writes.clear()
            self.numbers.take_back(numbers)
            raise

    def finish(self) -> None:
        """Adds the outbox rows, raises the marks, and commits with the last writes.

        Unavailable ``inbox.race`` if another transaction has remembered the same message first.
        """
        if self._rows:
            outbox.add(self, self._rows)
        self.numbers.commit()
        if self._writes:
            self._send("commit")

    def _send(self, *last: str, values: tuple[object, ...] = ()) -> Rows | None:
        """Runs what is to be written, and what comes last, all at once; the rows of the last."""
        writes, self._writes = self._writes, []
        text = "; ".join([*(text for text, _ in writes), *last])
        if not text:
            return None
        everything = (*(value for _, of_write in writes for value in of_write), *values)
        try:
            return self._conn.exec_driver_sql(text, everything)
        except IntegrityError as error:
            raced = inbox.race(error)
            if raced is None:
                raise
            raise raced from error

    def _put(
        self,
        contract: Contract[M],
        message: M,
        subject: str | None,
        agency: str | None = None,
    ) -> str:
        data = to_wire(message)
        contract.load_data(data)
        envelope = Envelope.new(
            contract.name,
            self._source,
            cause=self.envelope,
            subject=subject,
            **_current_trace(self.envelope),
        )
        self._rows.append(outbox.row(contract, envelope, contract.dump(data), agency))
        return envelope.id


class Store:
    """The database of one service, and the marks of the numbers that it has given out."""

    def __init__(
        self,
        url: str,
        *,
        source: str = "mirab",
        connections: int = 20,
        marks: Marks | None = None,
    ) -> None:
        self.source = source
        self.marks = marks or Marks.of(Settings())
        self.troubles = Troubles()
        self.activity = Activity()
        # Chores of this process that failed at their last turn, and how often in a row.
        self.failing: dict[str, int] = {}
        name = address(url)
        self.probe = DatabaseProbe(url)
        self.engine = create_engine(
            name,
            creator=partial(
                hosts(url).connect,
                connection_factory=connection.Connection,
                application_name=source,
                options=f"-c statement_timeout={STATEMENT_SECONDS}s "
                f"-c lock_timeout={LOCK_SECONDS}s "
                "-c idle_in_transaction_session_timeout=60s -c timezone=UTC "
                # What Utf8 of connection.py rests on.
                "-c standard_conforming_strings=on -c client_encoding=UTF8",
            ),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            pool_use_lifo=True,
            pool_reset_on_return="rollback",
            # No column is one; it would be asked for at each connection.
            use_native_hstore=False,
            # Moments in documents are written as RFC 3339.
            json_serializer=lambda document: orjson.dumps(document).decode(),
            # A failed statement is logged; what it was given may be a person's key.
            hide_parameters=True,
        )
        event.listen(self.engine, "connect", _begin_by_itself)
        event.listen(self.engine, "handle_error", _leave_standby)
        self.activity.watch(self.engine)
        connection.IdleConnections(self.engine)
        if spans.enabled():
            statements.watch(self.engine)

    @contextmanager
    def transaction(self, envelope: Envelope | None = None) -> Iterator[Tx]:
        """Commits if the body ends well, else rolls back.

        Unavailable with a code of bus.database.faults stands for the database's own troubles; they
        pass, so what was tried may be tried again.
        """
        with self._naming_troubles(), self.engine.begin() as conn:
            tx = Tx(conn, self.source, envelope, self.marks)
            yield tx
            tx.finish()

    @contextmanager
    def leader(self, name: str) -> Iterator[bool]:
        """True for one holder of ``name`` at a time among all processes on this database."""
        with (
            self._naming_troubles(),
            self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn,
        ):
            mine = conn.execute(select(func.pg_try_advisory_lock(func.hashtext(name))))
            if not mine.scalar_one():
                yield False
                return
            try:
                yield True
            finally:
                conn.execute(select(func.pg_advisory_unlock(func.hashtext(name))))

    @contextmanager
    def _naming_troubles(self) -> Iterator[None]:
        """Raises the Unavailable that a passing fault of the database means, and notes it."""
        try:
            yield
        except Exception as error:
            trouble = passing_trouble(error)
            if trouble is None:
                raise
            self.troubles.note(trouble)
            raise trouble from error

    def finding(self) -> Finding:
        """The check of this database: what a look finds, and what callers were told meanwhile."""
        finding = self.probe.finding()
        if finding.status is not Status.PASS:
            return finding
        met, code = self.troubles.count(MINUTE), self.troubles.recent(MINUTE)
        if not met or code is None:
            return finding
        # A look finds no locked row, and room for a small row where there is none for a larger.
        lasts = self.troubles.recent(FULL_SECONDS) == code and code in UNSEEN
        sentence = f"{met} callers were told {code} in the last minute."
        return (fail if lasts and (met >= MANY or code == FULL) else warn)(code, sentence)

    def writable(self) -> bool:
        """True if the database accepts changes now: one is tried and rolled back.

        A store that was full a moment ago counts as full: a small row finds room where no other
        does.
        """
        try:
            with self.engine.connect() as conn:
                conn.execute(text("set local lock_timeout = '2s'"))
                conn.execute(
                    insert(INBOX).values(
                        consumer="health", message_id=str(uuid.uuid4()), digest=b""
                    )
                )
                conn.rollback()
        except (psycopg2.Error, SQLAlchemyError):
            return False
        return self.troubles.recent(FULL_SECONDS) != "database.full"

    def reachable(self) -> bool:
        """True if the database answers now."""
        try:
            with self.transaction() as tx:
                tx.conn.execute(select(1))
        except Unavailable:
            return False
        return True


def _current_trace(cause: Envelope | None) -> dict[str, str]:
    """The trace of a message that is put now, if the span of this work is of its cause's trace."""
    span = spans.current()
    if span is None:
        return {}
    trace_id = span.traceparent.split("-")[1]
    if cause is not None and cause.trace_id != trace_id:
        return {}
    return {"traceparent": span.traceparent}


def _begin_by_itself(driver: DBAPIConnection, _record: object) -> None:
    driver.begins = True


def store_among(providers: Iterable[object]) -> Store | None:
    """The store that one of a service's providers holds, if the service has one."""
    stores = (getattr(provider, "store", None) for provider in providers)
    return next((store for store in stores if isinstance(store, Store)), None)


def _leave_standby(context: ExceptionContext) -> None:
    """Has all connections of the pool replaced once one of them proves to be read-only.

    After a failover they lead to what is a standby now. Each is closed when it is next taken or
    given back: a pool thrown away as a whole would leave those in use open, until none are left.
    """
    trouble = passing_trouble(context.original_exception)  # type: ignore[arg-type]
    if trouble and trouble.code == "database.read_only":
        context.is_disconnect = True
