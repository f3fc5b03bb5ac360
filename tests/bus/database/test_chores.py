"""A row of work that fails costs no other its turn, is tried ever later, given up, and seen."""

import pytest
from sqlalchemy import text

from bus.database import chores
from bus.database.chores import Chore
from bus.database.store import Store
from bus.errors import Unavailable
from tests.probe.contracts import NOTED, Marked
from tests.stores import execute


@pytest.fixture
def store(probe_db):
    store = Store(probe_db, source="probe")
    execute(probe_db, "insert into begun (mark) select 'row ' || n from generate_series(1, 5) n")
    yield store
    store.engine.dispose()


def select(tx, left):
    request = {"left": left}
    sql = "select id, mark from begun where not id::text = any(:left) order by id"
    return tx.conn.execute(text(sql), request).all()


def work(tx, row):
    tx.publish(NOTED, Marked(mark=row.mark, times=1))
    if row.mark == "row 2":
        raise ZeroDivisionError
    tx.conn.execute(text("delete from begun where id = :id"), {"id": row.id})


def page(store, work=work):
    return Chore(store, "probe.test").page(lambda tx: tx, select, work, lambda row: row.id)


def let_time_pass(store):
    with store.transaction() as tx:
        tx.conn.execute(text("update failed_rows set at = now() - interval '2 days'"))


def test_a_row_that_fails_is_undone_alone_with_its_messages(store, probe_db):
    assert page(store) == 4
    assert execute(probe_db, "select mark from begun") == [("row 2",)]
    assert execute(probe_db, "select count(*) from outbox") == [(4,)]
    assert page(store) == 0  # it is left alone for a while, and no error is told again
    assert execute(probe_db, "select tries from failed_rows") == [(1,)]


def test_a_row_that_goes_on_failing_is_given_up_and_one_that_is_mended_is_forgotten(store):
    for _ in range(chores.TRIES):
        page(store)
        let_time_pass(store)
    with store.transaction() as tx:
        assert chores.left_alone(tx.conn) == 1
    assert page(store, lambda tx, row: None) == 1
    with store.transaction() as tx:
        assert chores.left_alone(tx.conn) == 0


def test_while_the_database_is_in_trouble_no_row_is_to_blame(store, probe_db):
    def meet_a_lock(tx, row):
        tx.conn.execute(text("do $$ begin raise exception 'x' using errcode = '55P03'; end $$"))

    with pytest.raises(Unavailable):
        page(store, meet_a_lock)
    assert execute(probe_db, "select count(*) from failed_rows") == [(0,)]


def test_work_that_kills_the_process_each_time_is_begun_five_times(store):
    chore = Chore(store, "probe.kill")
    assert [chore.begin("poison") for _ in range(7)] == [True] * chores.TRIES + [False] * 2
    chore.end("poison")
    assert chore.begin("poison")
