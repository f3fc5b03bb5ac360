"""An agency that serves can read its queue and write to its ingress, and do nothing else.

Each thing that AMQP lets a client do is tried with the agency's own account.
"""

import json

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from bus import topology
from contracts.inquiry.parcels import SOURCES_OF_PARCEL, TAKE_SOURCES
from tests.bus.asking import Wire
from tests.serving.conftest import FOUND, REGISTRY
from tests.waiting import wait_for

OWN_EVENTS = topology.agency_events(REGISTRY).name
OTHER_EVENTS = topology.agency_events("power-co").name
OWN_QUEUE, INGRESS = topology.agency_queue(REGISTRY).name, topology.agency_ingress(REGISTRY)
OTHER_QUEUE, OTHER_INGRESS = "agency.power-co.commands", "agency.power-co.in"
SERVICES = ("inquiry", "billing", "ticketing", "notify")
QUEUES = [
    *(topology.queue_name(s, k) for s in SERVICES for k in ("requests", "commands", "dead")),
    topology.queue_name("inquiry", "answers"),
    OTHER_QUEUE,
    OTHER_EVENTS,
]
EXCHANGES = [
    *topology.EXCHANGES,
    OTHER_INGRESS,
    "",
    "amq.direct",
    "amq.fanout",
    "amq.topic",
    "amq.headers",
    "amq.match",
]


@pytest.fixture
def agency(shared_world):
    """The agency's address, while all of our queues and another agency's stand."""
    with Wire(shared_world.amqp) as wire:
        wire.channel.exchange_declare(OTHER_INGRESS, "topic", durable=True)
        for name in QUEUES:
            try:
                wire.channel.queue_declare(name, passive=True)
            except ChannelClosedByBroker:
                wire.channel = wire.connection.channel()
                wire.channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
    return shared_world.url()


@pytest.mark.parametrize("queue", QUEUES)
def test_b2_an_agency_does_not_see_that_a_queue_of_others_exists(agency, queue):
    """A passive declare needs no right in RabbitMQ: what is in the same vhost can be counted."""
    assert refused(agency, lambda c: c.queue_declare(queue, passive=True), 404)


@pytest.mark.parametrize("exchange", [*topology.EXCHANGES, OTHER_INGRESS])
def test_b2_an_agency_does_not_see_that_an_exchange_of_others_exists(agency, exchange):
    assert refused(agency, lambda c: c.exchange_declare(exchange, passive=True), 404)


def test_b2_an_agency_sees_its_own_queues(agency):
    with Wire(agency) as wire:
        assert (wire.count(OWN_QUEUE), wire.count(OWN_EVENTS)) == (0, 0)


def test_b2_an_agency_s_account_opens_nothing_at_our_own_broker(agency, shared_world):
    password, ours = shared_world.password(), shared_world.amqp
    for vhost in (shared_world.vhost, "%2F", topology.agency_vhost(REGISTRY)):
        host = ours.rsplit("@", 1)[1].split("/")[0]
        with pytest.raises(AMQPError):
            Wire(f"amqp://{topology.agency_user(REGISTRY)}:{password}@{host}/{vhost}")


def refused(url, act, code=403):
    """True if the broker refuses the act with that code."""
    with Wire(url) as wire:
        with pytest.raises(ChannelClosedByBroker) as caught:
            act(wire.channel)
        assert caught.value.reply_code == code, caught.value
    return True


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_67_it_publishes_to_no_exchange_but_its_ingress(agency, exchange):
    assert refused(agency, lambda c: c.basic_publish(exchange, "inquiry.ask.v1", b"{}"))


@pytest.mark.parametrize("exchange", [name for name in EXCHANGES if name])
def test_it_binds_deletes_and_makes_no_exchange(agency, exchange):
    assert refused(agency, lambda c: c.queue_bind(OWN_QUEUE, exchange, "#"))
    assert refused(agency, lambda c: c.queue_bind(OWN_EVENTS, exchange, "#"))
    assert refused(agency, lambda c: c.exchange_bind(INGRESS, exchange, "#"))
    assert refused(agency, lambda c: c.exchange_bind(exchange, INGRESS, "#"))
    assert refused(agency, lambda c: c.exchange_unbind(exchange, INGRESS, TAKE_SOURCES.name))
    assert refused(agency, lambda c: c.exchange_delete(exchange))


@pytest.mark.parametrize("queue", QUEUES)
def test_it_reads_no_other_queue(agency, queue):
    assert refused(agency, lambda c: c.basic_consume(queue, lambda *_: None))
    assert refused(agency, lambda c: c.basic_get(queue))
    assert refused(agency, lambda c: c.queue_purge(queue))


def test_it_reads_what_it_hears_and_can_make_nothing_be_heard(agency):
    with Wire(agency) as wire:
        wire.channel.basic_get(OWN_EVENTS)
    for key in (f"{REGISTRY}.events", "power-co.events"):
        assert refused(agency, lambda c, k=key: c.basic_publish(topology.AGENCY, k, b"{}"))
        with Wire(agency) as wire, pytest.raises(pika.exceptions.UnroutableError):
            wire.channel.basic_publish(INGRESS, key, b"{}", mandatory=True)


@pytest.mark.parametrize("queue", [*QUEUES, OWN_QUEUE, OWN_EVENTS])
def test_it_deletes_binds_and_unbinds_no_queue_also_not_its_own(agency, queue):
    assert refused(agency, lambda c: c.queue_delete(queue))
    assert refused(agency, lambda c: c.queue_bind(queue, INGRESS, "#"))
    assert refused(agency, lambda c: c.queue_unbind(queue, topology.AGENCY, "#"))
    assert refused(agency, lambda c: c.queue_declare(queue, durable=True))


@pytest.mark.parametrize("name", ["mine", "", "agency.land-registry.in.more", "rpc.reply-1"])
def test_the_dead_letter_trick_needs_a_queue_that_it_cannot_make(agency, name):
    tricks = {
        "x-dead-letter-exchange": topology.COMMANDS,
        "x-dead-letter-routing-key": "billing.charge.v1",
        "x-message-ttl": 1,
    }
    assert refused(agency, lambda c: c.queue_declare(name, arguments=tricks))
    assert refused(agency, lambda c: c.queue_declare(name, exclusive=True))
    if name:
        assert refused(agency, lambda c: c.exchange_declare(name, "fanout"))
        trick = {"alternate-exchange": topology.COMMANDS}
        assert refused(agency, lambda c: c.exchange_declare(name, "topic", arguments=trick))


@pytest.mark.parametrize("user_id", ["guest", "agency.power-co", "mirab"])
def test_a_spoofed_user_id_is_refused_by_the_broker(agency, user_id):
    properties = pika.BasicProperties(user_id=user_id)
    act = lambda c: c.basic_publish(INGRESS, TAKE_SOURCES.name, b"{}", properties)  # noqa: E731
    assert refused(agency, act, 406)


@pytest.mark.parametrize("user_id", [None, ""])
def test_an_answer_without_user_id_is_refused_by_us(world, user_id):
    code = world.ask()["code"]
    try:
        world.tell(world.question_of(code), user_id=user_id)
    except AMQPError:
        assert user_id == ""  # the broker was faster
        return
    world.wait_refused("sender_unproven", code="unknown")
    assert world.read(code)["state"] == "AWAITING"


def test_67_an_answer_that_came_in_by_a_service_s_own_account_is_refused(world):
    code = world.ask()["code"]
    fields = {"content_type": "application/json", "user_id": "guest"}
    with Wire(world.amqp) as wire:
        for exchange in (topology.ANSWERS, INGRESS):
            wire.publish(
                exchange,
                TAKE_SOURCES.name,
                json.dumps(FOUND).encode(),
                correlation_id=world.question_of(code),
                message_id=exchange,
                **fields,
            )
    world.wait_refused("sender_unproven", code="unknown", times=2)
    assert world.read(code)["state"] == "AWAITING"


@pytest.mark.parametrize(
    "key",
    [
        SOURCES_OF_PARCEL.name,
        "inquiry.ask.v1",
        "inquiry.answer_batch_part.v1",
        "#",
        "*",
        "",
        TAKE_SOURCES.name + ".x",
        "land-registry." + SOURCES_OF_PARCEL.name,
    ],
)
def test_73_79_by_its_ingress_it_reaches_the_one_contract_that_it_answers(agency, key):
    with Wire(agency) as wire:
        with pytest.raises(pika.exceptions.UnroutableError):
            wire.channel.basic_publish(INGRESS, key, b"{}", mandatory=True)


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_79_further_keys_of_a_message_reach_nothing_else(world, header):
    keys = ["inquiry.answer_batch_part.v1", "billing.charge.v1", "inquiry.ask.v1", "inquiry", "#"]
    with Wire(world.amqp) as wire:
        before = [wire.count(topology.queue_name("inquiry", k)) for k in ("dead", "commands")]
    code = world.ask()["code"]
    world.tell(world.question_of(code), headers={header: keys})
    assert world.settled(code)["state"] == "ANSWERED"
    with Wire(world.amqp) as wire:
        after = [wire.count(topology.queue_name("inquiry", k)) for k in ("dead", "commands")]
    assert after == before


def test_68_a_hostile_reply_to_gets_no_reply(world, agency):
    victim = topology.queue_name("billing", "requests")
    code = world.ask()["code"]
    for reply_to in (victim, "amq.rabbitmq.reply-to", OTHER_QUEUE):
        try:
            world.tell("nobody", reply_to=reply_to)
        except AMQPError:
            assert reply_to.startswith("amq.")  # the broker wants a consumer there first
    world.tell(world.question_of(code), reply_to=victim)
    assert world.settled(code)["state"] == "ANSWERED"
    with Wire(world.amqp) as wire:
        assert (wire.count(victim), wire.count(OTHER_QUEUE)) == (0, 0)


def test_a_question_for_another_agency_does_not_reach_it(world):
    with Wire(world.amqp) as wire:
        with pytest.raises(pika.exceptions.UnroutableError):
            wire.channel.basic_publish(
                topology.AGENCY, f"power-co.{SOURCES_OF_PARCEL.name}", b"{}", mandatory=True
            )


def test_it_reaches_no_other_vhost_and_opens_ten_connections_at_the_most(agency, world):
    for vhost in ("%2F", "agency.power-co"):
        with pytest.raises(AMQPError):
            Wire(agency.rsplit("/", 1)[0] + f"/{vhost}")
    opened = [Wire(agency) for _ in range(10)]
    with pytest.raises(AMQPError):
        Wire(agency)
    for item in opened:
        item.connection.close()
    wait_for(lambda: _opens(agency), 30)


def _opens(url):
    try:
        Wire(url).connection.close()
    except AMQPError:
        return False
    return True
