"""While a service changes nothing its chores look less often; a change has them look at once."""

import time

import eventlet.event
import eventlet.semaphore
import pytest
from sqlalchemy import insert, text, update

from bus.database import activity
from bus.database.activity import Activity, changes
from bus.database.store import Store
from bus.database.tables import FAILED_ROWS
from bus.message_endpoint import Every


@pytest.mark.parametrize(
    ("statement", "status", "changed"),
    [
        ("insert into a values (1)", "INSERT 0 1", True),
        ("insert into a values (1) on conflict do nothing", "INSERT 0 0", False),
        ("update a set b = 1", "UPDATE 2", True),
        ("update a set b = 1", "UPDATE 0", False),
        ("update a set b = 1", "UPDATE 10", True),
        ("delete from a", "DELETE 0", False),
        ("copy a from stdin", "COPY 7", True),
        ("select 1", "SELECT 1", False),
        ("\n select count(*) from a", "SELECT 1", False),
        ("with gone as (delete from a returning b) select * from gone", "SELECT 1", True),
        ("with gone as (delete from a returning b) select * from gone", "SELECT 0", False),
        ("insert into a values (1); commit", "COMMIT", True),
        ("set local lock_timeout = '2s'", "SET", False),
        ("notify mirab_outbox", "NOTIFY", False),
    ],
)
def test_a_change_is_told_from_a_look(statement, status, changed):
    assert changes(statement, status) is changed


@pytest.fixture
def store(probe_db):
    store = Store(probe_db)
    yield store
    store.engine.dispose()


def is_noted(store, work):
    """Whether what was done in one transaction counts as a change."""
    calls = []
    with store.activity.waking(lambda: calls.append(1)):
        with store.transaction() as tx:
            work(tx.conn)
    return bool(calls)


def note(conn, item="1"):
    conn.execute(insert(FAILED_ROWS).values(chore="probe.x", item=item, tries=1, problem="x"))


def fail(conn):
    note(conn, "2")
    raise ZeroDivisionError


def test_what_is_committed_is_noted_and_what_is_looked_at_or_rolled_back_is_not(store):
    assert is_noted(store, note)
    assert not is_noted(store, lambda conn: conn.execute(text("select 1")))
    assert not is_noted(store, lambda conn: conn.execute(text("select 1 from failed_rows")))
    assert not is_noted(
        store,
        lambda conn: conn.execute(
            update(FAILED_ROWS).where(FAILED_ROWS.c.chore == "none").values(tries=2)
        ),
    )
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        fail(tx.conn)
    assert not is_noted(store, lambda conn: conn.execute(text("select 1")))


def test_a_change_that_no_chore_looks_for_is_not_noted_and_the_next_one_is(store):
    with store.activity.waking(lambda: pytest.fail("woken")), store.transaction() as tx:
        tx.makes_nothing_due()
        note(tx.conn, "3")
    assert is_noted(store, lambda conn: note(conn, "4"))


def test_the_pause_grows_with_the_quiet_and_has_an_end(monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(activity.time, "monotonic", lambda: moment[0])
    quiet = Activity()
    assert quiet.pause() == 0
    moment[0] += 8
    assert quiet.pause() == 8 / activity.SHARE
    moment[0] += 86_400
    assert quiet.pause() == activity.LONGEST_SECONDS
    assert quiet.pause(others=True) == activity.OTHERS_SECONDS
    quiet.changed()
    assert quiet.pause() == 0


class Container:
    """What a chore needs of nameko's container."""

    def __init__(self, store):
        self.dependencies = [type("Provider", (), {"store": store})()]
        self.turns = []

    def spawn_worker(self, _entrypoint, _args, _kwargs, handle_result):
        self.turns.append(time.monotonic())
        handle_result(None, None, None)


@pytest.fixture
def run(store, monkeypatch):
    """Runs a chore of a twentieth of a second in a database that was quiet for long."""
    chores = []

    def start(**options):
        monkeypatch.setattr(store.activity, "_at", time.monotonic() - 3600)
        chore = Every(0.05, **options)
        chore.container = Container(store)
        chore.thread = eventlet.spawn(chore._tick)
        chores.append(chore)
        return chore

    yield start
    for chore in chores:
        chore.stop()
        chore.thread.wait()


def test_a_chore_rests_while_nothing_changes_and_looks_at_once_when_something_does(store, run):
    chore = run()
    eventlet.sleep(0.5)
    assert chore.container.turns == []
    with store.transaction() as tx:
        note(tx.conn)
    # It rested for longer than is waited here.
    assert waited_for(lambda: len(chore.container.turns) >= 3)


def test_a_chore_that_looks_for_what_others_write_rests_shortly(run, monkeypatch):
    monkeypatch.setattr(activity, "OTHERS_SECONDS", 0.1)
    chore = run(others=True)
    eventlet.sleep(0.8)
    assert len(chore.container.turns) >= 4


def waited_for(condition):
    """Whether it comes to be within some seconds."""
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        eventlet.sleep(0.02)
    return bool(condition())


@pytest.mark.parametrize("patience", [3600, 0.05])
def test_while_nothing_changes_chores_look_one_by_one_and_none_waits_long(
    store, run, monkeypatch, patience
):
    # A service's threads are green; a test's are not.
    monkeypatch.setattr(store.activity, "_turn", eventlet.semaphore.Semaphore(1))
    monkeypatch.setattr(activity, "LONGEST_SECONDS", 0.1)
    monkeypatch.setattr(activity, "TURN_SECONDS", patience)
    first, ends = run(), []
    first.container.spawn_worker = lambda *_, handle_result: ends.append(handle_result)
    assert waited_for(lambda: ends)
    second = run()
    eventlet.sleep(0.3)
    if patience > 1:
        assert second.container.turns == []
        ends.pop()(None, None, None)
    assert waited_for(lambda: second.container.turns)
    first.stop()
    while ends:
        ends.pop()(None, None, None)


def test_a_chore_ends_at_once_while_it_rests(run):
    chore = run()
    eventlet.sleep(0.2)
    chore.stop()
    eventlet.sleep(0.1)
    assert chore.thread.dead
    assert chore.container.turns == []
