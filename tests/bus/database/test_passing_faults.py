"""A fault of the database that passes by itself is told as such, and costs nothing."""

import threading
import time

import psycopg2
import pytest
from sqlalchemy import text

from bus.database.store import Store
from bus.errors import Unavailable
from bus.health import health_of
from tests.bus.asking import Wire, ask, ask_all
from tests.probe.contracts import ADD, ADD_MANY, NOTE
from tests.stores import execute
from tests.waiting import wait_for

HEALTH = health_of("probe")
STATES = {
    "08006": "database.unreachable",
    "25006": "database.read_only",
    "25P02": "database.busy",
    "40001": "database.conflict",
    "40P01": "database.conflict",
    "42501": "database.refused",
    "53000": "database.busy",
    "53100": "database.full",
    "53200": "database.busy",
    "53300": "database.busy",
    "55P03": "database.busy",
    "57014": "database.busy",
    "57P01": "database.unreachable",
    "57P03": "database.unreachable",
    "58030": "database.full",
    "ended": "database.unreachable",
}
# Each mark meets the fault that it names, for as long as that stands in the table.
FAULTS = """
create table if not exists faults (state text primary key);
create or replace function meet_fault() returns trigger language plpgsql security definer as $$
declare met text;
begin
    select state into met from faults where new.mark = 'fault ' || state;
    if met = 'ended' then
        perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1);
    elsif met is not null then
        raise exception 'a fault of tests' using errcode = met;
    end if;
    return new;
end $$;
create or replace trigger meet_fault before insert on marks
    for each row execute function meet_fault();
"""


@pytest.fixture
def faulty(probe):
    """A probe whose database is in trouble, in every way that passes."""
    execute(probe.db, FAULTS)
    for state in STATES:
        execute(probe.db, "insert into faults values (%s)", (state,))
    yield probe
    execute(probe.db, "drop trigger meet_fault on marks; drop table faults")


def test_b3_a_request_is_told_of_each_passing_fault_by_its_code_and_a_command_waits(faulty):
    with Wire(faulty.amqp) as wire:
        for state in STATES:
            wire.tell(NOTE, id=f"held {state}", mark=f"fault {state}", seconds=0)
    answers = ask_all(
        faulty.amqp, [(ADD, None, {"mark": f"fault {state}", "seconds": 0}) for state in STATES]
    )
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert dict(zip(STATES, [answer.code for answer in answers], strict=True)) == STATES
    time.sleep(4)  # about time: all that are in hand were tried again
    assert faulty.dead() == 0
    execute(faulty.db, "delete from faults")
    wait_for(lambda: all(faulty.marks(f"fault {state}") == 1 for state in STATES), 40)
    assert faulty.dead() == 0


def test_b3_requests_that_wait_together_are_told_together_of_a_store_that_is_full(faulty):
    questions = [(ADD_MANY, None, {"mark": "fault 53100", "seconds": 0})] * 20
    assert {answer.code for answer in ask_all(faulty.amqp, questions)} == {"database.full"}


def test_o2_a_service_whose_store_is_full_says_that_it_cannot_write(faulty):
    assert ask(faulty.amqp, ADD, mark="fault 53100").code == "database.full"
    health = ask(faulty.amqp, HEALTH)
    assert (health["database"], health["writable"]) == (True, False)
    assert (health["trouble"], health["troubles"] > 0) == ("database.full", True)


def read_only(probe, value):
    name = probe.db.rsplit("/", 1)[1]
    server = probe.db.rsplit("/", 1)[0] + "/postgres"
    execute(server, f"alter database {name} set default_transaction_read_only = {value}")
    execute(
        server, "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
    )


def test_b3_o2_while_the_database_is_read_only_commands_wait_and_the_service_is_not_up(probe):
    read_only(probe, "on")
    try:
        with Wire(probe.amqp) as wire:
            for n in range(12):
                wire.tell(NOTE, id=f"r{n}", mark="later", seconds=0)
        assert {ask(probe.amqp, ADD, mark="now").code for _ in range(3)} <= {
            "database.read_only",
            "database.unreachable",  # the connections that were ended
        }
        wait_for(lambda: ask(probe.amqp, ADD, mark="now").code == "database.read_only")
        # What a look found is kept for a second.
        wait_for(lambda: ask(probe.amqp, HEALTH)["writable"] is False)
    finally:
        read_only(probe, "off")
    wait_for(lambda: probe.marks("later") == 12, 30)
    assert probe.dead() == 0
    wait_for(lambda: ask(probe.amqp, HEALTH)["writable"] is True)


def test_o3_while_a_table_is_locked_all_who_ask_are_told_before_they_give_up(probe):
    answers = []

    def ask_once(number):
        answers.append(ask(probe.amqp, ADD, mark=f"l{number}").code)  # as long as any asker

    connection = psycopg2.connect(probe.db)
    with connection, connection.cursor() as cursor:
        cursor.execute("lock table marks in access exclusive mode")
        with Wire(probe.amqp) as wire:
            wire.tell(NOTE, id="waits", mark="waits", seconds=0)
        askers = [threading.Thread(target=ask_once, args=(n,)) for n in range(30)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert ask(probe.amqp, HEALTH)["trouble"] == "database.busy"
    connection.close()
    # Only the service knows that; who gives up itself says `deadline.passed`.
    assert (set(answers), len(answers)) == ({"database.busy"}, 30)
    wait_for(lambda: probe.marks("waits") == 1, 30)
    assert probe.dead() == 0


def test_b3_connections_in_use_are_closed_too_when_the_store_proves_to_be_read_only(probe):
    store = Store(probe.db, source="leaving", connections=3)
    count = "select count(*) from pg_stat_activity where application_name = 'leaving'"
    refused = 0
    for _ in range(10):
        with store.transaction() as beside:
            beside.conn.execute(text("select 1"))
            try:
                with store.transaction() as tx:
                    tx.conn.execute(text("set transaction read only"))
                    tx.conn.execute(text("delete from marks"))
            except Unavailable as trouble:
                refused += trouble.code == "database.read_only"
    left = execute(probe.db, count)[0][0]
    store.engine.dispose()
    assert (refused, left <= 3) == (10, True)
