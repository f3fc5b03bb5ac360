"""Several nodes of a broker and several servers of a database: who is away is passed over."""

import uuid
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2 import extensions

from bus.amqp.hosts import Hosts
from bus.database import hosts
from deploy.local.ports import free_port
from tests.bus.asking import ask
from tests.probe.contracts import TELL
from tests.stores import execute
from tests.waiting import wait_for


def with_hosts(url, *names):
    parts = urlsplit(url)
    account = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{account}@{','.join(names)}").geturl()


def test_a_service_its_relay_and_who_asks_find_the_node_and_the_server_that_live(
    probe_parts, vhost, probe_db
):
    dead = f"127.0.0.1:{free_port()}"
    amqp = with_hosts(vhost, dead, urlsplit(vhost).netloc.rpartition("@")[2], dead)
    db = with_hosts(probe_db, dead, urlsplit(probe_db).netloc.rpartition("@")[2])
    probe = probe_parts(amqp, db)
    probe.serve()
    probe.relay()
    probe.ready()
    # Asked again by the same id while no living node was tried yet; it is told once.
    reply, question = {"mark": "told m", "times": 1}, str(uuid.uuid4())
    wait_for(lambda: ask(amqp, TELL, id=question, mark="m") == reply)
    rows = "select count(*) from marks where mark in ('m', 'heard m')"
    wait_for(lambda: execute(probe_db, rows)[0][0] == 2, 60)


def test_nodes_take_turns_and_each_process_begins_where_chance_says(monkeypatch):
    monkeypatch.setattr("random.randrange", lambda _: 1)
    hosts_of = Hosts("amqp://a:b@one:1,two,three/v")
    first, second, third = "amqp://a:b@one:1/v", "amqp://a:b@two/v", "amqp://a:b@three/v"
    assert [hosts_of.in_turn() for _ in range(3)] == [
        [second, third, first],
        [third, first, second],
        [first, second, third],
    ]


def test_a_server_that_takes_no_changes_is_passed_over_and_the_last_that_did_is_tried_first(
    monkeypatch,
):
    attempts, standbys = [], {"one"}

    def connect(dsn, **options):
        parts = extensions.parse_dsn(dsn)
        attempts.append((parts["host"], parts["port"]))
        assert parts["target_session_attrs"] == "read-write"
        assert options["tcp_user_timeout"]
        if parts["host"] in standbys:
            raise psycopg2.OperationalError("session is read-only")
        return parts["host"]

    monkeypatch.setattr(psycopg2, "connect", connect)
    servers = hosts.Hosts("postgresql://u@one,two:5433/db")
    assert (servers.connect(), servers.connect()) == ("two", "two")
    standbys.add("two")
    with pytest.raises(psycopg2.OperationalError, match="read-only"):
        servers.connect()
    standbys.discard("one")
    assert servers.connect() == "one"
    assert [name for name, _ in attempts] == ["one", "two", "two", "two", "one", "two", "one"]
    assert set(attempts) == {("one", "5432"), ("two", "5433")}
