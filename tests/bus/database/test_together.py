"""Statements that travel together are one transaction all the same."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from bus.database import inbox
from bus.database.marks import Marks
from bus.database.prepared import Prepared
from bus.database.store import Store
from bus.errors import Unavailable
from tests.stores import execute

ADD = Prepared("test_add", "insert into marks (mark) values (cast(%s as text))")
COUNT = Prepared("test_count", "select count(*) from marks where mark = cast(%s as text)")


@pytest.fixture
def store(probe, tmp_path):
    made = Store(probe.db, connections=3, marks=Marks(tmp_path))
    with made.transaction() as tx:  # both are planned
        tx.write(ADD, "planned")
        tx.read(COUNT, "planned")
    yield made
    made.engine.dispose()


@pytest.fixture
def sent(store):
    """What the database is sent, as it gets it."""
    texts = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def note(_conn, _cursor, statement, *_):
        texts.append(statement)

    return texts


def kept(store, mark):
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return execute(url, "select count(*) from marks where mark = %s", (mark,))[0][0]


def test_what_is_written_last_is_sent_once_with_the_commit(store, sent):
    with store.transaction() as tx:
        tx.write(ADD, "a")
        tx.write(ADD, "a")
        assert sent == []
    assert sent == ["execute test_add(%s); execute test_add(%s); commit"]
    assert kept(store, "a") == 2


def test_a_statement_sees_what_was_written_before_it(store):
    with store.transaction() as tx:
        tx.write(ADD, "b")
        assert tx.conn.execute(text("select count(*) from marks where mark = 'b'")).scalar() == 1
        tx.write(ADD, "b")
        assert tx.read(COUNT, "b").scalar() == 2


@pytest.mark.parametrize("read_before_it_fails", [True, False])
def test_what_fails_leaves_nothing_of_what_was_written(store, read_before_it_fails):
    def fail():
        with store.transaction() as tx:
            tx.write(ADD, "c")
            if read_before_it_fails:
                assert tx.read(COUNT, "c").scalar() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.transaction() as tx:  # the connection goes on
        tx.write(ADD, "d")
    assert (kept(store, "c"), kept(store, "d")) == (0, 1)


def test_a_write_that_fails_with_the_commit_commits_none_of_the_others(store):
    def fail():
        with store.transaction() as tx:
            tx.write(ADD, "e")
            tx.write(ADD, None)  # a mark may not be null

    with pytest.raises(IntegrityError, match="null value"):
        fail()
    assert kept(store, "e") == 0
    assert store.reachable()


def test_a_savepoint_takes_back_what_was_written_and_numbered_in_it(store):
    def fail(tx):
        with tx.savepoint():
            tx.write(ADD, "within")
            tx.numbers.give("test.first", 9)
            tx.numbers.give("test.second", 9)
            raise ZeroDivisionError

    with store.transaction() as tx:
        tx.write(ADD, "before")
        tx.numbers.give("test.first", 3)
        with pytest.raises(ZeroDivisionError):
            fail(tx)
        with tx.savepoint():
            tx.write(ADD, "after")
            tx.numbers.give("test.first", 4)
    assert [store.marks.highest(f"test.{name}") for name in ("first", "second")] == [4, 0]
    assert [kept(store, mark) for mark in ("before", "within", "after")] == [1, 0, 1]


def test_the_first_to_remember_a_message_wins(store):
    done = {"one": (b"d", {"result": None})}
    with store.transaction() as tx:
        inbox.remember(tx, "c", done)

    def again():
        with store.transaction() as tx:
            tx.write(ADD, "twice")
            inbox.remember(tx, "c", done)

    with pytest.raises(Unavailable) as refusal:
        again()
    assert refusal.value.code == "inbox.race"
    assert kept(store, "twice") == 0


def test_the_drivers_own_cursor_is_in_the_transaction_too(store):
    def fail():
        with store.transaction() as tx:
            cursor = tx.conn.connection.cursor()
            cursor.execute("insert into marks (mark) values ('raw')")
            cursor.executemany("insert into marks (mark) values (%s)", [("raw",), ("raw",)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert kept(store, "raw") == 0


def test_a_connection_that_was_replaced_plans_anew(store):
    with store.transaction() as tx:
        pid = tx.conn.execute(text("select pg_backend_pid()")).scalar()
    execute(
        store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "select pg_terminate_backend(%s)",
        (pid,),
    )

    def write():
        with store.transaction() as tx:
            tx.write(ADD, "anew")

    with pytest.raises(Unavailable) as trouble:
        write()
    assert trouble.value.code == "database.unreachable"
    write()
    assert kept(store, "anew") == 1


def test_who_leads_holds_no_transaction_open(store):
    with store.leader("test") as mine, store.transaction() as tx:
        assert mine
        held = "select count(*) from pg_stat_activity where state like 'idle in transaction%'"
        held += " and datname = current_database() and pid <> pg_backend_pid()"
        # The probe itself may be at work.
        held += " and application_name = current_setting('application_name')"
        assert tx.conn.execute(text(held)).scalar() == 0


def test_a_lock_by_name_meets_no_other_name(store):
    name, alike = "notices 16627", "notices 204757"  # their hashes of 32 bits are the same
    with store.leader(name), store.transaction() as tx, store.transaction() as beside:
        beside.conn.execute(text("set local lock_timeout = '100ms'"))
        tx.hold(name)
        beside.hold(alike)
