"""A burst of work opens connections; those that nobody uses afterwards are closed again."""

import time
from contextlib import ExitStack

from sqlalchemy import text

from bus.database import connection
from bus.database.store import Store

OPEN = text("select count(*) from pg_stat_activity where application_name = 'idle.test'")


def count(store):
    with store.transaction() as tx:
        return tx.conn.execute(OPEN).scalar_one()


def test_what_a_burst_has_opened_is_closed_when_it_is_used_no_more(probe_db, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.2)
    store = Store(probe_db, source="idle.test")
    with ExitStack() as burst:
        for _ in range(5):
            tx = burst.enter_context(store.transaction())
            assert tx.conn.execute(text("select 1")).scalar_one() == 1
        assert tx.conn.execute(OPEN).scalar_one() == 5
    assert count(store) == 5
    time.sleep(0.3)
    count(store)
    until = time.monotonic() + 5
    while count(store) > 1 and time.monotonic() < until:  # PostgreSQL ends them a moment later
        time.sleep(0.05)
    assert count(store) == 1
    with ExitStack() as burst:  # and as many can be opened again
        for _ in range(5):
            assert burst.enter_context(store.transaction()).conn.execute(text("select 1"))
    store.engine.dispose()
