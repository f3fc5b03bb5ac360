"""A Command or an Event is kept until each of its receivers has done it."""

import shutil
import time

from bus import topology
from bus.amqp.dead_letters import DeadLetters
from bus.database.store import Store
from bus.health import health_of
from tests.bus.asking import Wire, ask
from tests.probe.contracts import NOTE, NOTED, SPOIL, TELL, Mark, Marked
from tests.stores import execute
from tests.waiting import wait_for

HEALTH = health_of("probe")
COMMANDS = topology.queue_name("probe", "commands")


def send(probe, *commands, mark):
    """Sends through the outbox what a service would send in a transaction."""
    store = Store(probe.db)
    with store.transaction() as tx:
        for command in commands:
            tx.send(command, Mark(mark=mark))
    store.engine.dispose()


def rows(probe, columns, where="true"):
    return execute(probe.db, f"select {columns} from outbox where {where} order by seq")


def awaited(probe):
    return execute(probe.db, "select count(*) from outbox where awaits <> '{}'")[0][0]


def test_b6_a_command_and_an_event_are_awaited_until_their_receiver_has_done_them(relayed):
    ask(relayed.amqp, TELL, mark="awaited")
    wait_for(lambda: rows(relayed, "awaits") == [([],), ([],)])
    assert (relayed.marks("awaited"), relayed.marks("heard awaited")) == (1, 1)
    wait_for(lambda: ask(relayed.amqp, HEALTH)["unacknowledged"] == 0)


def test_a_relay_whose_queue_of_receipts_was_deleted_makes_it_again(relayed):
    with Wire(relayed.amqp) as wire:
        wire.channel.queue_delete(topology.queue_name("probe", "receipts"))
    send(relayed, NOTE, mark="deleted")
    wait_for(lambda: rows(relayed, "awaits") == [([],)], 60)
    assert relayed.marks("deleted") == 1


def test_b6_a_command_that_died_at_its_receiver_is_counted_kept_and_done_by_a_replay(relayed):
    send(relayed, SPOIL, mark="spoilt")
    wait_for(lambda: rows(relayed, "died") == [(["probe"],)])
    assert rows(relayed, "length(body) > 0, awaits") == [(True, ["probe"])]
    wait_for(lambda: ask(relayed.amqp, HEALTH)["died"] == 1)
    execute(relayed.db, "update outbox set resend_at = now()")
    time.sleep(6)  # about time: the relay looks for what it sends again every five seconds
    assert (relayed.dead(), rows(relayed, "resends")) == (1, [(0,)])
    # Its cause is mended: here by another type of the same form.
    with Wire(relayed.amqp) as wire:
        properties, body = wire.take(topology.queue_name("probe", "dead"))
        headers = {**properties.headers, "ce-type": NOTE.name}
        wire.publish("", COMMANDS, body, headers=headers, content_type="application/json")
    wait_for(lambda: rows(relayed, "awaits, died, length(body)") == [([], [], 0)])


def test_b6_what_waits_at_its_receiver_is_not_sent_again_and_what_was_lost_there_is(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    probe.serve()
    probe.relay()
    probe.ready()
    probe.services[0].stop()
    send(probe, NOTE, mark="waits")
    wait_for(lambda: rows(probe, "1", "sent_at is not null"))
    with Wire(vhost) as wire:
        wait_for(lambda: wire.count(COMMANDS) == 1)
        execute(probe.db, "update outbox set resend_at = now()")
        wait_for(lambda: rows(probe, "1", "resend_at > now()"))
        assert (wire.count(COMMANDS), rows(probe, "resends")) == (1, [(0,)])
        wire.channel.queue_purge(COMMANDS)
        execute(probe.db, "update outbox set resend_at = now(), resends = 14")
        time.sleep(6)  # about time: the relay looks every five seconds
        assert wire.count(COMMANDS) == 0  # so often and no more: a person is needed
        execute(probe.db, "update outbox set resend_at = now(), resends = 0")
        wait_for(lambda: wire.count(COMMANDS) == 1)
    probe.serve()
    wait_for(lambda: rows(probe, "awaits, resends") == [([], 1)], 30)
    assert probe.marks("waits") == 1


def test_b6_a_broker_that_lost_all_its_data_loses_no_command_and_no_event(
    probe_parts, own_broker, probe_db
):
    probe = probe_parts(own_broker.url, probe_db)
    probe.serve()
    probe.relay()
    probe.ready()
    send(probe, NOTE, mark="before")
    wait_for(lambda: rows(probe, "awaits") == [([],)])
    probe.services[0].stop()
    send(probe, *[NOTE] * 5, mark="lost")
    store = Store(probe.db)
    with store.transaction() as tx:
        tx.publish(NOTED, Marked(mark="lost", times=1))
    store.engine.dispose()
    wait_for(lambda: len(rows(probe, "1", "sent_at is not null")) == 7)
    own_broker.stop()
    shutil.rmtree(own_broker.home / "mnesia")
    own_broker.start()
    probe.serve()
    wait_for(lambda: probe.marks("lost") == 5, 60)
    wait_for(lambda: probe.marks("heard lost") == 1, 60)
    wait_for(lambda: awaited(probe) == 0)
    assert (probe.marks("before"), probe.marks("lost")) == (1, 5)
    with DeadLetters(own_broker.url) as letters:
        assert letters.count("probe") == 0
