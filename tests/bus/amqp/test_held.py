"""What is held, fetched or in the hands of a process that dies is not charged for it."""

import time

import pytest

from bus import topology
from tests.bus.asking import Wire, ask
from tests.probe.contracts import ADD, DIE, NOTE
from tests.stores import execute
from tests.waiting import wait_for

COMMANDS = topology.queue_name("probe", "commands")
LOCKED = """
create function locked() returns trigger language plpgsql as $$
begin raise exception 'locked' using errcode = '55P03'; end $$;
create trigger locked before insert on marks for each row execute function locked()"""
TIMES = topology.DELIVERY_LIMIT + 2


@pytest.fixture
def outage(probe_parts, own_broker, own_postgres):
    """A probe on stores of its own, with Commands in hand and its database gone."""
    execute(own_postgres.url("postgres"), "create database probe")
    probe = probe_parts(own_broker.url, own_postgres.url("probe"))
    probe._start("bus", "migrate", "tests.probe", **probe.environ).popen.wait(30)
    probe.serve()
    probe.ready()
    own_postgres.kill()
    with Wire(own_broker.url) as wire:
        for n in range(12):
            wire.tell(NOTE, id=f"h{n}", mark="held", seconds=0)
        wait_for(lambda: wire.count(COMMANDS) < 12)  # some are in hand
    time.sleep(0.5)
    probe.broker, probe.postgres = own_broker, own_postgres
    return probe


def begin_again(probe):
    """The probe's process, running, and waiting for the database."""
    process = probe.serve()
    wait_for(lambda: "consumer_paused_by_database" in process.log)
    return process


def test_b4_what_is_held_survives_stops_kills_and_restarts_of_the_broker_in_an_outage(outage):
    assert outage.services[-1].stop() == 0
    for _ in range(TIMES):
        assert begin_again(outage).stop() == 0
    for _ in range(TIMES):
        begin_again(outage).kill()
    begin_again(outage)
    outage.broker.kill()
    outage.broker.start()
    assert outage.dead() == 0
    outage.postgres.start()
    wait_for(lambda: outage.marks("held") == 12, 40)
    assert outage.dead() == 0


def test_b4_a_message_that_meets_a_lock_is_given_back_uncharged_at_each_stop(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    probe.serve()
    probe.ready()
    execute(probe.db, LOCKED)
    with Wire(vhost) as wire:
        wire.tell(NOTE, id="lock", mark="lock", seconds=0)
    for turn in range(TIMES):
        wait_for(lambda t=turn: probe.begun("lock") > t)
        assert probe.services[-1].stop() == 0
        process = probe.serve()
        wait_for(lambda p=process: COMMANDS in p.log)
    execute(probe.db, "drop trigger locked on marks")
    wait_for(lambda: probe.marks("lock") == 1)
    assert probe.dead() == 0


def test_b5_a_message_that_kills_the_process_costs_no_other_its_delivery(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    probe.serve()
    probe.ready()
    probe.services[0].stop()
    with Wire(vhost) as wire:
        # Two slow ones are in work and five more in hand whenever the first of them kills.
        wire.tell(DIE, id="poison", mark="poison", seconds=0)
        for n in range(7):
            wire.tell(NOTE, id=f"i{n}", mark="innocent", seconds=1)

    def over():
        if not probe.services[-1].alive:
            probe.serve()
        return probe.dead() == 1 and probe.marks("innocent") == 7

    wait_for(over, 90, pause=0.2)
    with Wire(vhost) as wire:
        assert wire.take(topology.queue_name("probe", "dead"))[0].message_id == "poison"
    assert ask(vhost, ADD, mark="after")["times"] == 1
