"""Guaranteed Delivery: what was committed is sent, what was rolled back is not."""

import time

import pytest

from bus.database import outbox
from bus.database.store import Store
from bus.envelope import Envelope
from bus.errors import ContractError
from tests.bus.asking import ask
from tests.databases import make_empty_database
from tests.probe.contracts import NOTE, NOTED, TELL, Mark, Marked
from tests.stores import execute
from tests.waiting import wait_for


def test_a_command_and_an_event_are_carried_and_marked_sent(relayed):
    ask(relayed.amqp, TELL, mark="hello")
    wait_for(lambda: relayed.marks("hello") == 1 and relayed.marks("heard hello") == 1)
    wait_for(
        lambda: execute(relayed.db, "select count(*) from outbox where sent_at is null") == [(0,)]
    )


def test_a_commands_data_is_blanked_once_it_is_done_and_an_events_is_kept(relayed):
    ask(relayed.amqp, TELL, mark="personal")
    wait_for(lambda: relayed.marks("personal") == 1 and relayed.marks("heard personal") == 1)
    done = "select name, length(body) from outbox where sent_at is not null and awaits = '{}'"
    rows = wait_for(lambda: len(result := dict(execute(relayed.db, done))) == 2 and result)
    assert rows["probe.note.v1"] == 0
    assert rows["probe.noted.v1"] > 0


def test_messages_stay_in_the_matter_and_trace_of_what_caused_them(relayed):
    ask(relayed.amqp, TELL, id="the-cause", mark="chain")
    (command,) = execute(relayed.db, "select headers from outbox where name = 'probe.note.v1'")[0]
    assert command["ce-causation"] == "the-cause"
    assert command["ce-correlation"] == "the-cause"
    assert command["traceparent"].split("-")[1] in relayed.services[0].log


def test_a_command_that_nobody_receives_stays_and_holds_up_no_other(relayed):
    ask(relayed.amqp, TELL, mark="lost one")
    wait_for(
        lambda: (
            execute(relayed.db, "select problem from outbox where name = 'nobody.hears.v1'")
            == [("service.absent",)]
        )
    )
    ask(relayed.amqp, TELL, mark="next")
    wait_for(lambda: relayed.marks("next") == 1)
    unsent = execute(relayed.db, "select name from outbox where sent_at is null")
    assert unsent == [("nobody.hears.v1",)]


def test_nothing_is_sent_of_a_transaction_that_was_rolled_back(relayed):
    store = Store(relayed.db)

    def fails():
        with store.transaction() as tx:
            tx.send(NOTE, Mark(mark="never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with store.transaction() as tx:
        tx.publish(NOTED, Marked(mark="ever", times=1))
    store.engine.dispose()
    wait_for(lambda: relayed.marks("heard ever") == 1)
    assert relayed.marks("never") == 0


def test_a_message_written_under_a_clock_that_ran_ahead_is_sent_at_once(relayed):
    store = Store(relayed.db)
    envelope = Envelope.new(NOTE.name, "test")
    with store.transaction() as tx:
        outbox.add(tx, [outbox.row(NOTE, envelope, {"mark": "ahead"})])
        two_hours = "interval '2 hours'"
        tx.conn.exec_driver_sql(
            f"update outbox set created_at = now() + {two_hours}, due_at = now() + {two_hours}"
        )
    store.engine.dispose()
    wait_for(lambda: relayed.marks("ahead") == 1)


def test_a_message_that_breaks_its_contract_is_refused_where_it_is_made(probe_db):
    store = Store(probe_db)
    with pytest.raises(ContractError, match="mark"), store.transaction() as tx:
        tx.publish(NOTED, Marked(mark=None, times=1))
    store.engine.dispose()


def test_killing_the_relay_again_and_again_loses_nothing_and_doubles_nothing(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    probe.serve()
    probe.ready()
    store = Store(probe.db)
    with store.transaction() as tx:
        for n in range(1500):
            tx.send(NOTE, Mark(mark=f"k{n % 3}"))
    store.engine.dispose()
    for _ in range(4):
        relay = probe.relay()
        time.sleep(0.6)
        relay.kill()
    probe.relay()
    wait_for(lambda: sum(probe.marks(f"k{n}") for n in range(3)) >= 1500, 60)
    time.sleep(1)
    assert [probe.marks(f"k{n}") for n in range(3)] == [500, 500, 500]
    assert probe.dead() == 0


def test_the_relay_lives_through_losing_the_database(probe_parts, vhost, own_postgres):
    probe = probe_parts(vhost, make_empty_database(own_postgres, "tests.probe", "probe"))
    probe.serve()
    relay = probe.relay()
    probe.ready()
    own_postgres.kill()
    time.sleep(1)
    own_postgres.start()
    probe.ready()
    ask(vhost, TELL, mark="after")
    wait_for(lambda: probe.marks("after") == 1, 30)
    assert relay.alive
