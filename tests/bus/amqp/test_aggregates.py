"""The fates of calls that came in one message: each has its own, on the real broker."""

import itertools
import json
import time

import psycopg2
import pytest

from bus import topology
from bus.amqp.aggregate import join_calls, join_replies, split_calls
from bus.amqp.dead_letters import DeadLetters
from bus.amqp.incoming import Incoming, Parts
from bus.amqp.rabbit import Link
from bus.envelope import Envelope
from bus.errors import Conflict, Internal
from tests.bus.asking import Wire, ask, ask_all
from tests.databases import make_empty_database
from tests.probe.contracts import ADD, ADD_MANY, BUSY, LOOK, REFUSE
from tests.stores import execute
from tests.waiting import wait_for

REQUESTS = topology.queue_name("probe", "requests")
SUSPECTS = topology.queue_name("probe", "suspects")
DEAD = topology.queue_name("probe", "dead")


class Asker:
    """Asks in aggregates of its own making, and keeps every reply as it came."""

    def __init__(self, url):
        self.wire = Wire(url)
        self.messages = []
        self._numbers = itertools.count()
        self.wire.channel.basic_consume(topology.DIRECT_REPLY, self._took, auto_ack=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.wire.__exit__(*error)

    def _took(self, _channel, _method, properties, body):
        self.messages.append((properties, json.loads(body)))

    def ask(self, contract, *marks, deadline=30.0, ids=None, late=(), **data):
        """Sends one aggregate; a call's id is made of its mark, and those ``late`` have expired."""
        calls = []
        for place, mark in enumerate(marks):
            envelope = Envelope.new(
                contract.name,
                "test",
                id=ids[place] if ids else f"id-{mark}",
                deadline=time.time() + (-1 if mark in late else deadline),
            )
            body = json.dumps({"mark": mark, **data}).encode()
            calls.append((str(next(self._numbers)), envelope.headers(), body))
        self.publish(contract, join_calls(calls))

    def publish(self, contract, body, **headers):
        envelope = Envelope.new(contract.name, "test", id="whole", deadline=time.time() + 60)
        self.wire.publish(
            topology.REQUESTS,
            contract.name,
            body,
            content_type=topology.CALLS,
            headers={**envelope.headers(), **headers},
            message_id=envelope.id,
            reply_to=topology.DIRECT_REPLY,
            correlation_id="whole",
            delivery_mode=2,
        )

    @property
    def replies(self):
        """The replies so far, by the number of the call."""
        replies = {}
        for properties, body in self.messages:
            several = properties.content_type == topology.REPLIES
            replies |= body if several else {properties.correlation_id: body}
        return replies

    def wait(self, count, seconds=30):
        """The replies, when there are so many."""

        def enough():
            self.wire.connection.process_data_events(0.05)
            return len(self.replies) >= count

        wait_for(enough, seconds)
        return [self.replies[key] for key in sorted(self.replies, key=lambda key: (len(key), key))]


def results(*marks):
    return [{"result": {"mark": mark, "times": 1}} for mark in marks]


def code(reply):
    return reply["error"]["code"]


def waiting(url, queue):
    with Wire(url) as wire:
        return wire.count(queue)


def lock_marks(db):
    """A connection that holds the table of marks locked until it is closed."""
    connection = psycopg2.connect(db)
    connection.cursor().execute("lock table marks in access exclusive mode")
    return connection


def test_an_envelope_is_the_same_after_it_was_joined_and_split():
    envelope = Envelope.new(
        "probe.add.v1",
        "test",
        subject="موضوع",
        caller={"agency": "fuel-co", "grants": [{"purpose": "fuel_quota"}]},
        deadline=1893456000.25,
        cause=Envelope.new("a.b.v1", "cause"),
    )
    body = '{"mark":"نشان"}'.encode()
    properties = {
        "content_type": topology.CALLS,
        "reply_to": "asker",
        "application_headers": {"ce-deadline": "1"},
    }
    whole = join_calls([("7", envelope.headers(), body)])
    (call,) = split_calls(Incoming(Parts(1, {"routing_key": "probe.add.v1"}, properties, whole)))
    assert Envelope.from_headers(call.headers) == envelope
    assert (call.body, call.content_type, call.id) == (body, "application/json", envelope.id)
    assert call.properties["correlation_id"] == "7"
    assert call.properties["reply_to"] == "asker"
    assert json.loads(join_replies({"7": b'{"result":{}}'})) == {"7": {"result": {}}}


def test_calls_that_came_together_are_done_and_answered_together(probe):
    with Asker(probe.amqp) as asker:
        asker.ask(ADD_MANY, *"abcdefgh")
        assert asker.wait(8) == results(*"abcdefgh")
        ((properties, _),) = asker.messages
    assert properties.correlation_id == "whole"
    assert properties.headers[topology.BATCH] == 50
    assert execute(probe.db, "select size from batches") == [(8,)]
    assert [probe.marks(mark) for mark in "abcdefgh"] == [1] * 8
    wait_for(lambda: waiting(probe.amqp, REQUESTS) == 0)
    assert probe.dead() == 0
    log = probe.services[-1].log
    assert all(f'"message_id":"id-{mark}"' in log.replace(" ", "") for mark in "abcdefgh")


def test_many_that_ask_at_once_are_answered_by_few_messages(probe, monkeypatch):
    messages = []
    write = Link.write

    def count(link, exchange, key, body, **properties):
        messages.append(properties["content_type"])
        return write(link, exchange, key, body, **properties)

    monkeypatch.setattr(Link, "write", count)
    questions = [(ADD_MANY, f"id-{n}", {"mark": f"m{n}", "seconds": 0}) for n in range(120)]
    first = [(ADD_MANY, {"mark": "first", "seconds": 0})]
    answers = ask_all(probe.amqp, questions, first=first, deadline=30)
    assert answers == [{"mark": f"m{n}", "times": 1} for n in range(120)]
    assert topology.CALLS in messages
    assert len(messages) < 20


def test_each_call_is_refused_repeated_or_buried_alone(probe):
    ask(probe.amqp, ADD_MANY, id="id-before", mark="before")
    marks = ["a", "no", "bad", "b", "before", "c", "c"]
    with Asker(probe.amqp) as asker:
        asker.ask(ADD_MANY, *marks)
        a, no, bad, b, before, first, again = asker.wait(7)
    assert [a, b, before, first, again] == results("a", "b", "before", "c", "c")
    assert no["error"]["kind"] == Conflict("").kind
    assert bad["error"]["kind"] == Internal("").kind
    assert [probe.marks(mark) for mark in ("a", "b", "before", "c", "bad")] == [1, 1, 1, 1, 0]
    wait_for(lambda: probe.dead() == 1)
    with Wire(probe.amqp) as wire:
        properties, body = wire.take(DEAD)
        wait_for(lambda: wire.count(REQUESTS) == 0)
    assert (properties.message_id, properties.content_type) == ("id-bad", "application/json")
    assert json.loads(body) == {"mark": "bad"}
    assert properties.headers[topology.DIED_OF] == "internal"


def test_the_same_id_with_another_body_is_a_conflict_for_that_call_alone(probe):
    with Asker(probe.amqp) as asker:
        asker.ask(ADD_MANY, "this", "that", "other", ids=["same", "same", "else"])
        this, that, other = asker.wait(3)
    assert [this, other] == results("this", "other")
    assert code(that) == "idempotency_key.reused"
    assert probe.marks("that") == 0


def test_a_call_that_does_not_follow_its_contract_is_refused_alone(probe):
    good = Envelope.new(ADD.name, "test", id="good").headers()
    wrong = Envelope.new(ADD.name, "test", id="wrong").headers()
    other = Envelope.new(LOOK.name, "test", id="other").headers()
    nobody = {name: value for name, value in good.items() if name != "ce-id"}
    calls = [
        ("0", good, b'{"mark":"good"}'),
        ("1", wrong, b'{"mark":7}'),
        ("2", other, b'{"mark":"other"}'),
        ("3", nobody, b'{"mark":"nobody"}'),
        ("4", good, b"[]"),
    ]
    with Asker(probe.amqp) as asker:
        asker.publish(ADD, join_calls(calls))
        replies = asker.wait(5)
        assert replies[0] == results("good")[0]
        assert [code(reply) for reply in replies[1:]] == [
            "contract.broken",
            "message.unreadable",
            "contract.broken",
            "message.unreadable",
        ]
        wait_for(lambda: probe.dead() == 4)
        ids = [asker.wire.take(DEAD)[0].message_id for _ in range(4)]
    assert ids == ["wrong", "other", None, "good"]


def test_a_refusal_is_rolled_back_for_its_call_alone(probe):
    with Asker(probe.amqp) as asker:
        asker.ask(REFUSE, "raised", seconds=0)
        assert [code(reply) for reply in asker.wait(1)] == ["probe.refused"]
    assert (probe.marks("raised"), probe.dead()) == (0, 0)


def test_a_dead_call_can_be_put_back_and_only_that_one_is_done_again(probe):
    with Asker(probe.amqp) as asker:
        asker.ask(ADD_MANY, "a", "bad", "b")
        asker.wait(3)
    wait_for(lambda: probe.dead() == 1)
    with DeadLetters(probe.amqp) as letters:
        (letter,) = letters.look("probe")
        assert (letter["id"], letter["queue"], letter["code"]) == ("id-bad", REQUESTS, "internal")
        before = execute(probe.db, "select count(*) from batches")[0][0]
        assert letters.replay("probe") == 1
    wait_for(lambda: execute(probe.db, "select count(*) from batches")[0][0] == before + 1)
    wait_for(lambda: probe.dead() == 1)
    assert execute(probe.db, "select size from batches order by 1 desc limit 1") == [(3,)]


def test_a_call_whose_deadline_passed_is_dropped_and_the_others_are_answered(probe):
    with Asker(probe.amqp) as asker:
        asker.ask(ADD, "late", "a", "b", late=["late"])
        assert asker.wait(2) == results("a", "b")
        assert "0" not in asker.replies
    assert (probe.begun("late"), probe.dead()) == (0, 0)
    wait_for(lambda: waiting(probe.amqp, REQUESTS) == 0)


def test_an_aggregate_of_which_all_deadlines_passed_is_acknowledged(probe):
    with Asker(probe.amqp) as asker:
        asker.ask(ADD, "x", "y", late=["x", "y"])
        asker.ask(ADD, "after", ids=["after"])
        assert asker.wait(1) == results("after")
    assert (probe.begun("x"), probe.begun("y"), probe.dead()) == (0, 0, 0)


def test_a_quick_call_is_answered_before_a_slow_one_of_the_same_message(probe):
    headers = [Envelope.new(ADD.name, "test", id=f"id-{n}").headers() for n in range(3)]
    bodies = [b'{"mark":"slow","seconds":2}', b'{"mark":"a"}', b'{"mark":"b"}']
    with Asker(probe.amqp) as asker:
        asker.publish(ADD, join_calls(zip("012", headers, bodies, strict=True)))
        asker.wait(2)
        assert sorted(asker.replies) == ["1", "2"]
        assert asker.wait(3) == results("slow", "a", "b")


def test_replies_that_are_too_large_for_one_message_come_in_several(probe):
    long = topology.LONGEST_AGGREGATE
    marks = ["a" * (long // 2), "b" * (long // 2), "c" * (long + 1), "d"]
    with Asker(probe.amqp) as asker:
        asker.ask(ADD_MANY, *marks, ids=["a", "b", "c", "d"])
        assert asker.wait(4) == results(*marks)
        assert len(asker.messages) == 3


def test_a_worker_that_is_killed_leaves_to_the_next_only_what_was_not_done(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    first = probe.serve(MAX_WORKERS="1")
    probe.ready()
    with Asker(vhost) as asker:
        asker.ask(ADD, *"abcdefgh", seconds=0.4)
        wait_for(lambda: probe.begun("c") == 1)
        first.kill()
        done = [mark for mark in "abcdefgh" if probe.marks(mark)]
        assert 0 < len(done) < 8
        probe.serve()
        assert asker.wait(8) == results(*"abcdefgh")
    assert [probe.marks(mark) for mark in "abcdefgh"] == [1] * 8
    assert [probe.begun(mark) for mark in done] == [1] * len(done)
    assert probe.dead() == 0


def test_a_poison_call_is_found_and_ends_with_the_dead_while_the_others_are_answered(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    probe.serve()
    probe.ready()
    marks = ["a", "b", "poison", "c", "d", "e"]
    with Asker(vhost) as asker:
        asker.ask(ADD_MANY, *marks)

        def over():
            asker.wire.connection.process_data_events(0)
            if not probe.services[-1].alive:
                probe.serve()
            return probe.dead() == 1 and len(asker.replies) == 5

        wait_for(over, 90, pause=0.2)
        assert [asker.replies[str(place)] for place in (0, 1, 3, 4, 5)] == results(*"abcde")
    if not probe.services[-1].alive:
        probe.serve()
    probe.ready()
    with Wire(vhost) as wire:
        properties, body = wire.take(DEAD)
        assert (wire.count(REQUESTS), wire.count(SUSPECTS)) == (0, 0)
    assert properties.message_id == "id-poison"
    assert json.loads(body) == {"mark": "poison"}
    assert [probe.marks(mark) for mark in marks] == [1, 1, 0, 1, 1, 1]
    assert ask(vhost, ADD, mark="after")["times"] == 1


def test_what_waits_in_a_process_that_is_stopped_goes_to_the_next_uncharged(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    first = probe.serve(MAX_WORKERS="2")
    probe.ready()
    marks = [f"m{n}" for n in range(30)]
    with Asker(vhost) as asker:
        asker.ask(ADD, *marks, seconds=0.2)
        wait_for(lambda: probe.begun("m3") == 1)
        assert first.stop() == 0
        assert len([mark for mark in marks if probe.begun(mark)]) < 30
        probe.serve()
        replies = asker.wait(30)
    assert replies == results(*marks)
    assert [probe.begun(mark) for mark in marks] == [1] * 30
    assert probe.dead() == 0


def test_a_call_that_stays_busy_ends_alone_with_the_dead(probe):
    with Asker(probe.amqp) as asker:
        asker.ask(BUSY, "busy", deadline=30)
        asker.ask(ADD, "a", "b")
        assert sorted(reply["result"]["mark"] for reply in asker.wait(2)) == ["a", "b"]
        wait_for(lambda: probe.dead() == 1)
        properties, _ = asker.wire.take(DEAD)
    assert (properties.message_id, properties.content_type) == ("id-busy", "application/json")
    assert probe.begun("busy") == topology.DELIVERY_LIMIT + 2
    wait_for(lambda: waiting(probe.amqp, REQUESTS) == 0)


def test_while_the_database_is_away_each_call_is_told_so(probe_parts, vhost, own_postgres):
    probe = probe_parts(vhost, make_empty_database(own_postgres, "tests.probe", "probe"))
    probe.serve()
    probe.ready()
    own_postgres.stop()
    with Asker(vhost) as asker:
        asker.ask(ADD_MANY, *"abc", deadline=8)
        asker.ask(ADD, *"def", deadline=8)
        codes = [code(reply) for reply in asker.wait(6)]
    assert codes == ["database.unreachable"] * 6
    own_postgres.start()
    wait_for(lambda: isinstance(ask(vhost, ADD_MANY, id="id-a", mark="a", deadline=3), dict), 30)
    assert (probe.marks("a"), probe.dead()) == (1, 0)


def test_while_a_table_is_locked_each_call_is_told_before_its_deadline(probe):
    with Wire(probe.amqp) as wire, Asker(probe.amqp) as asker:
        connection = lock_marks(probe.db)
        started = time.monotonic()
        asker.ask(ADD, *(f"l{n}" for n in range(20)), deadline=8)
        codes = {code(reply) for reply in asker.wait(20)}
        seconds = time.monotonic() - started
        connection.close()
        assert codes == {"database.busy"}
        assert seconds < 8
        wait_for(lambda: wire.count(REQUESTS) == 0)
    assert probe.dead() == 0


def test_a_restart_of_the_broker_repeats_nothing_and_loses_no_call(
    probe_parts, own_broker, probe_db
):
    probe = probe_parts(own_broker.url, probe_db)
    probe.serve(MAX_WORKERS="1")
    probe.ready()
    with Asker(own_broker.url) as asker:
        asker.ask(ADD, *"abcdef", seconds=0.5)
        wait_for(lambda: probe.begun("b") == 1)
    own_broker.stop()
    own_broker.start()
    wait_for(lambda: all(probe.marks(mark) == 1 for mark in "abcdef"), 60)
    questions = [(ADD, f"id-{mark}", {"mark": mark, "seconds": 0.5}) for mark in "abcdef"]
    answers = ask_all(own_broker.url, questions, deadline=20)
    assert answers == [{"mark": mark, "times": 1} for mark in "abcdef"]
    assert [probe.marks(mark) for mark in "abcdef"] == [1] * 6
    assert probe.dead() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"7",
        b"[7]",
        b"[null]",
        b"[[]]",
        b'[{"id": "x"}]',
        b'[{"call": 5, "data": {}}]',
        b'[{"call": "", "data": {}}]',
        b'[{"call": "1\\u0000"}]',
        b"[" * 100_000,
        json.dumps([{"call": str(n)} for n in range(topology.MOST_CALLS + 1)]).encode(),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_an_aggregate_that_cannot_be_read_is_kept_with_the_dead_and_stops_nobody(probe, body):
    with Asker(probe.amqp) as asker:
        asker.publish(ADD, body)
        wait_for(lambda: probe.dead() == 1)
        assert asker.wire.take(DEAD)[1] == body
        wait_for(lambda: asker.wire.connection.process_data_events(0.05) or asker.messages)
        assert code(asker.replies["whole"]) == "message.unreadable"
    assert ask(probe.amqp, ADD, mark="after")["times"] == 1


def test_hostile_attributes_of_a_call_cost_no_other_its_answer(probe):
    hostile = [
        {"id": "h\u0000"},
        {"id": ["h"]},
        {"caller": "[" * 50_000},
        {"deadline": "nan"},
        {"traceparent": {"a": 1}},
        {"correlation": "x" * 60_000},
        {"type": "probe.note.v1"},
        {"data": None},
        {"data": "[" * 1000},
        {"CC": ["mirab.probe.commands"], "x-death": 7},
    ]
    events = []
    for place, attributes in enumerate(hostile):
        envelope = Envelope.new(ADD.name, "hostile", id=f"h{place}")
        (event,) = json.loads(join_calls([(f"h{place}", envelope.headers(), b'{"mark":"h"}')]))
        events.append({**event, **attributes})
    envelope = Envelope.new(ADD.name, "test", id="innocent")
    events += json.loads(join_calls([("i", envelope.headers(), b'{"mark":"i"}')]))
    with Asker(probe.amqp) as asker:
        asker.publish(ADD, json.dumps(events).encode())
        wait_for(lambda: asker.wire.connection.process_data_events(0.05) or "i" in asker.replies)
        assert asker.replies["i"] == results("i")[0]
        wait_for(lambda: waiting(probe.amqp, REQUESTS) == 0)
        while result := asker.wire.take(DEAD):
            assert result[0].headers["ce-source"] == "hostile"
        assert asker.wire.count("mirab.probe.commands") == 0
    assert probe.services[-1].alive


def test_an_aggregate_of_a_command_is_kept_with_the_dead(probe):
    """Only Requests travel together; a Command has its receipt, a message each."""
    envelope = Envelope.new("probe.note.v1", "test", id="n1")
    with Wire(probe.amqp) as wire:
        wire.publish(
            topology.COMMANDS,
            "probe.note.v1",
            join_calls([("1", envelope.headers(), b'{"mark":"noted"}')]),
            content_type=topology.CALLS,
            headers=envelope.headers(),
        )
        wait_for(lambda: probe.dead() == 1)
    assert probe.marks("noted") == 0


def test_a_dead_aggregate_is_replayed_without_the_deadlines_of_its_calls(probe):
    """It lies there only if its calls could be put nowhere each alone."""
    past = Envelope.new(ADD.name, "test", id="again", deadline=time.time() - 3600).headers()
    with Asker(probe.amqp) as asker:
        asker.wire.publish(
            "",
            DEAD,
            join_calls([("1", past, b'{"mark":"again"}')]),
            content_type=topology.CALLS,
            message_id="whole",
            headers={**past, topology.DIED_IN: REQUESTS, topology.DIED_OF: "internal"},
        )
        wait_for(lambda: probe.dead() == 1)
        with DeadLetters(probe.amqp) as letters:
            assert letters.replay("probe") == 1
    wait_for(lambda: probe.marks("again") == 1)
