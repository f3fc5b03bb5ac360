"""A face hears events on a queue of its own, and is told whenever it may have missed some."""

import asyncio

from bus import topology
from bus.client import Client
from tests.bus.asking import Wire
from tests.probe.contracts import NOTED
from tests.stores import tell_node

CLOSE_ALL = 'rabbit_networking:close_connections(rabbit_networking:connections(), <<"a test">>)'


def heard_by(url, tell, most=1):
    """What a client hears while ``tell`` is done in a thread; None stands for an opening."""

    async def run():
        client, result, more = Client(url, name="test"), [], asyncio.Event()

        def take(data):
            result.append(data)
            more.set()

        client.hear(NOTED, take)
        await client.start()
        try:
            await asyncio.wait_for(more.wait(), 20)
            await asyncio.to_thread(tell)
            while len(result) <= most:
                more.clear()
                await asyncio.wait_for(more.wait(), 20)
        finally:
            await client.stop()
        return result

    return asyncio.run(run())


def test_an_event_reaches_each_who_hears_it_and_the_queue_goes_with_him(vhost):
    def tell():
        with Wire(vhost) as wire:
            wire.tell(NOTED, mark="a", times=1)
            wire.publish(topology.EVENTS, NOTED.name, b"{", content_type="application/json")
            wire.tell(NOTED, mark="b", times=2)

    assert heard_by(vhost, tell, most=2) == [
        None,
        {"mark": "a", "times": 1},
        {"mark": "b", "times": 2},
    ]


def test_who_lost_the_broker_is_told_that_it_is_there_again(own_broker):
    def tell():
        tell_node(own_broker, CLOSE_ALL)

    assert heard_by(own_broker.url, tell) == [None, None]
