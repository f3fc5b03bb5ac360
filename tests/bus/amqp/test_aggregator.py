"""Which calls of a face travel in one message, and which wait for nobody."""

import asyncio
import json
import time

import pika
import pytest

from bus import topology
from bus.amqp import aggregator
from bus.amqp.aggregator import Aggregator
from bus.envelope import Envelope
from bus.errors import Conflict, ContractError, Internal, Unavailable

ASK = "probe.add_many.v1"
SLOW = "probe.add.v1"
TAKES = {topology.BATCH: 50}


class RecordedLink:
    """A connection that only notes what is written to it."""

    def __init__(self):
        self.messages = []
        self.trouble = None

    def write(self, exchange, key, body, **properties):
        if self.trouble:
            raise self.trouble
        assert exchange == topology.REQUESTS
        self.messages.append((key, body, properties))


class Face:
    """An aggregator of a face, and the service's side of its connection.

    Its lanes are narrow: two messages of a contract may be on their way.
    """

    def __init__(self):
        self.link = RecordedLink()
        self.aggregator = Aggregator(self.link, "test", most=2)

    def ask(self, mark="x", contract=ASK, deadline=10.0, caller=None):
        envelope = Envelope.new(contract, "test", deadline=time.time() + deadline, caller=caller)
        return self.aggregator.ask(envelope, json.dumps({"mark": mark}).encode())

    async def ask_each(self, *marks, **options):
        """Asks each in a turn of the loop of its own."""
        calls = []
        for mark in marks:
            calls.append(self.ask(mark, **options))
            await asyncio.sleep(0)
        return calls

    @property
    def sizes(self):
        """How many calls stand in each message that was written so far."""
        return [len(self.calls(n)) for n in range(len(self.link.messages))]

    def calls(self, index):
        """The numbers of the calls in one of the messages."""
        _, body, properties = self.link.messages[index]
        if properties["content_type"] == topology.JSON:
            return [properties["correlation_id"]]
        assert properties["content_type"] == topology.CALLS
        return [event["call"] for event in json.loads(body)]

    def reply(self, index, headers=TAKES, wire=None):
        """Answers all calls of one of the messages."""
        _, _, properties = self.link.messages[index]
        replies = {number: wire or {"result": {"of": number}} for number in self.calls(index)}
        alone = properties["content_type"] == topology.JSON
        (only, *_) = replies.values()
        self.take(
            properties["correlation_id"],
            json.dumps(only if alone else replies).encode(),
            content_type=topology.JSON if alone else topology.REPLIES,
            headers=headers,
        )

    def take(self, number, body, *, content_type=topology.JSON, headers=TAKES):
        properties = pika.BasicProperties(
            correlation_id=number, content_type=content_type, headers=headers
        )
        self.aggregator.take_reply(properties, body)


async def knowing_face():
    """A face that has learned already what the service of ``ASK`` takes at once."""
    face = Face()
    first = face.ask("first")
    await asyncio.sleep(0)
    face.reply(0)
    assert await first.reply
    face.aggregator.forget(first)
    face.link.messages.clear()
    return face


def of_loop(test):
    """Runs a test with such a face, in a loop of its own."""

    def run():
        async def whole():
            await test(await knowing_face())

        asyncio.run(whole())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@of_loop
async def test_a_call_alone_is_sent_at_once_as_a_message_of_its_own(face):
    (call,) = await face.ask_each("alone")
    ((key, body, properties),) = face.link.messages
    assert (key, json.loads(body)) == (ASK, {"mark": "alone"})
    assert properties["content_type"] == "application/json"
    assert properties["headers"] == call.envelope.headers()
    assert properties["message_id"] == call.envelope.id
    face.reply(0)
    assert await call.reply == {"of": call.number}


@of_loop
async def test_calls_of_one_turn_of_the_loop_go_together(face):
    for mark in "abc":
        face.ask(mark)
    await face.ask_each("d")
    assert face.sizes == [4]


@of_loop
async def test_sixteen_that_are_asked_at_once_go_at_once_so_that_all_work_at_the_same_time(face):
    face.aggregator = Aggregator(face.link, "test")
    first = face.ask("first")
    await asyncio.sleep(0)
    face.reply(0)
    assert await first.reply
    for mark in range(aggregator.ENOUGH * 2 + 3):
        face.ask(mark)
    assert face.sizes == [1, 16, 16]  # before the turn of the loop is over
    await asyncio.sleep(0)
    assert face.sizes == [1, 16, 16, 3]


@of_loop
async def test_two_messages_are_on_their_way_and_what_waits_goes_with_the_next(face):
    calls = await face.ask_each(*range(10), caller={"agency": "fuel-co"})
    assert face.sizes == [1, 1]
    face.reply(0)
    assert face.sizes == [1, 1, 8]
    events = json.loads(face.link.messages[2][1])
    assert [event["data"]["mark"] for event in events] == list(range(2, 10))
    assert [event["id"] for event in events] == [call.envelope.id for call in calls[2:]]
    assert all(json.loads(event["caller"]) == {"agency": "fuel-co"} for event in events)
    assert [event["deadline"] for event in events] == [
        str(call.envelope.deadline) for call in calls[2:]
    ]
    face.reply(2)
    face.reply(1)
    assert [(await call.reply)["of"] for call in calls] == [call.number for call in calls]


@of_loop
async def test_an_aggregate_has_the_latest_deadline_and_an_id_of_its_own(face):
    for seconds in (5, 5, 7, 30, 9):
        await face.ask_each("x", deadline=seconds)
    face.reply(0)
    properties = face.link.messages[2][2]
    envelope = Envelope.from_headers(properties["headers"])
    assert (envelope.type, envelope.source) == (ASK, "test")
    assert envelope.deadline == pytest.approx(time.time() + 30, abs=2)
    assert properties["message_id"] == envelope.id


@of_loop
async def test_a_call_that_the_service_refuses_fails_alone(face):
    calls = await face.ask_each(*range(4))
    face.reply(0)
    _, two, three = calls[1], calls[2], calls[3]
    replies = {
        two.number: {"error": Conflict("No.", code="state").to_wire()},
        three.number: {"result": {}},
    }
    number = face.link.messages[2][2]["correlation_id"]
    face.take(number, json.dumps(replies).encode(), content_type=topology.REPLIES)
    with pytest.raises(Conflict):
        await two.reply
    assert await three.reply == {}


@of_loop
async def test_a_message_holds_no_more_calls_than_the_service_takes(face):
    await face.ask_each(*range(130))
    face.reply(0, {topology.BATCH: 50})
    face.reply(1, {topology.BATCH: 1_000_000})
    face.reply(2, {topology.BATCH: 0})
    assert face.sizes[:4] == [1, 1, 50, 78]
    await face.ask_each(*range(3))
    assert face.sizes[4:] == [1, 1, 1]


@of_loop
async def test_a_message_stays_within_its_bytes(face):
    mark = "x" * (topology.LONGEST_AGGREGATE // 3)
    await face.ask_each(*[mark] * 9)
    index = 0
    while index < len(face.link.messages):
        face.reply(index)
        index += 1
    assert face.sizes == [1, 1, 2, 2, 2, 1]
    assert all(len(body) <= topology.LONGEST_AGGREGATE for _, body, _ in face.link.messages)


@of_loop
async def test_one_call_that_is_larger_than_an_aggregate_travels_alone(face):
    await face.ask_each("a", "b", "x" * topology.LONGEST_AGGREGATE, "c", "d")
    face.reply(0)
    face.reply(1)
    assert face.sizes == [1, 1, 1, 2]


@of_loop
async def test_who_gave_up_while_it_waited_is_not_sent(face):
    calls = await face.ask_each(*range(5))
    for call in calls[2:4]:
        call.reply.cancel()
        face.aggregator.forget(call)
    face.reply(0)
    assert [face.calls(n) for n in range(3)] == [[calls[n].number] for n in (0, 1, 4)]


@of_loop
async def test_a_message_that_takes_long_keeps_nobody_waiting(face):
    calls = await face.ask_each(*range(4))
    while len(face.link.messages) < 3:  # though none was answered yet
        await asyncio.sleep(0.01)
    assert face.sizes == [1, 1, 2]
    for index in (2, 0, 1):
        face.reply(index)
    assert [(await call.reply)["of"] for call in calls] == [call.number for call in calls]


@of_loop
async def test_calls_of_one_contract_do_not_wait_for_those_of_another(face):
    await face.ask_each(*range(3))
    await face.ask_each("x", contract=SLOW)
    assert [key for key, _, _ in face.link.messages] == [ASK, ASK, SLOW]


@of_loop
async def test_what_was_told_of_one_contract_is_not_believed_of_another(face):
    await face.ask_each(*range(5), contract=SLOW)
    assert face.sizes == [1] * 5


@of_loop
async def test_a_service_that_works_on_each_call_alone_gets_each_alone(face):
    await face.ask_each(*range(3), contract=SLOW)
    face.reply(0, {topology.BATCH: 1})
    await face.ask_each(*range(5), contract=SLOW)
    assert face.sizes == [1] * 8


@of_loop
async def test_a_process_of_an_older_release_gets_each_call_alone_for_a_minute(face):
    calls = await face.ask_each(*range(4))
    face.reply(0, headers=None)
    assert face.sizes == [1] * 4
    face.reply(1)  # of one of the new release, which does not yet open the lane again
    await face.ask_each(*range(4))
    assert face.sizes == [1] * 8
    assert calls[0].lane.batch == 1
    calls[0].lane._alone_until -= aggregator.ALONE_SECONDS
    face.reply(2)
    await face.ask_each(*range(4))
    assert face.sizes == [1] * 10  # two on their way, two wait


@of_loop
async def test_an_aggregate_that_an_older_process_cannot_read_is_sent_call_by_call(face):
    calls = await face.ask_each(*range(6))
    face.reply(0)
    assert face.sizes == [1, 1, 4]
    refusal = ContractError("The content_type is not JSON.", code="message.unreadable")
    number = face.link.messages[2][2]["correlation_id"]
    face.take(number, json.dumps({"error": refusal.to_wire()}).encode(), headers=None)
    assert face.sizes == [1, 1, 4, 1, 1, 1, 1]
    assert [face.calls(n)[0] for n in range(3, 7)] == [call.number for call in calls[2:]]
    ids = [face.link.messages[n][2]["message_id"] for n in range(3, 7)]
    assert ids == [call.envelope.id for call in calls[2:]]
    for index in (1, 3, 4, 5, 6):
        face.reply(index, headers=None)
    assert [(await call.reply)["of"] for call in calls] == [call.number for call in calls]


@of_loop
async def test_replies_that_come_in_parts_reach_their_callers(face):
    calls = await face.ask_each(*range(6))
    face.reply(0)
    number = face.link.messages[2][2]["correlation_id"]
    for part in (calls[2:3], calls[3:5]):
        body = {call.number: {"result": {"of": call.number}} for call in part}
        face.take(number, json.dumps(body).encode(), content_type=topology.REPLIES)
    alone = {"result": {"of": calls[5].number}}
    face.take(calls[5].number, json.dumps(alone).encode())
    assert [(await call.reply)["of"] for call in calls[2:]] == [call.number for call in calls[2:]]


@of_loop
async def test_a_message_that_reached_no_queue_fails_all_its_calls_and_no_other(face):
    calls = await face.ask_each(*range(5))
    face.reply(0)
    absent = Unavailable("No such service.", code="service.absent")
    face.aggregator.fail(face.link.messages[2][2]["correlation_id"], absent)
    for call in calls[2:]:
        with pytest.raises(Unavailable):
            await call.reply
    assert not calls[1].reply.done()


@of_loop
async def test_a_lost_connection_fails_what_is_on_its_way_and_what_waits(face):
    calls = await face.ask_each(*range(5))
    face.aggregator.fail_all(Unavailable("Lost.", code="broker.unreachable"))
    for call in calls:
        with pytest.raises(Unavailable):
            await call.reply
        face.aggregator.forget(call)
    before = len(face.link.messages)
    await face.ask_each("a", "b")
    assert len(face.link.messages) == before + 2


@of_loop
async def test_a_broker_that_takes_nothing_any_more_fails_what_waited(face):
    calls = await face.ask_each(*range(5))
    face.link.trouble = Unavailable("Blocked.", code="broker.blocked")
    face.reply(0)
    for call in calls[2:]:
        with pytest.raises(Unavailable):
            await call.reply


@pytest.mark.parametrize("body", [b"{", b"[[]]", b"7", b"null", b'["2"]', b'{"1": 5}'])
def test_a_reply_that_cannot_be_read_fails_its_calls(body):
    @of_loop
    async def run(face):
        calls = await face.ask_each(*range(4))
        face.reply(0)
        mine = json.dumps(calls[2].number).encode()
        number = face.link.messages[2][2]["correlation_id"]
        wrong = body.replace(b'"1"', mine).replace(b'"2"', mine)
        face.take(number, wrong, content_type=topology.REPLIES)
        with pytest.raises(Internal):
            await calls[2].reply

    run()
