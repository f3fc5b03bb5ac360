"""Asking and telling the probe over the real broker, from a test that knows no asyncio."""

import asyncio
import json

import pika

from bus.activator import EXCHANGES
from bus.client import Client
from bus.envelope import Envelope
from bus.errors import BusError
from bus.messages.codec import is_message


def ask(url, contract, *, id=None, deadline=10.0, caller=None, **data):
    """The reply, or the BusError that came instead."""
    return ask_all(
        url, [(contract, id, contract.load_data(data))], deadline=deadline, caller=caller
    )[0]


def ask_all(url, questions, *, deadline=10.0, caller=None, first=()):
    """Asks all at the same time; a list of replies and errors in their order. A message
    gets a typed reply, a dict a dict.

    ``first`` is asked before, so that the client knows what its service takes at once.
    """

    async def run():
        client = Client(url, name="test")
        ways = {True: client.call, False: client.call_json}
        await client.start()
        try:
            for contract, data in first:
                await client.call_json(contract, data)
            return await asyncio.gather(
                *(
                    ways[is_message(data)](contract, data, id=id_, deadline=deadline, caller=caller)
                    for contract, id_, data in questions
                ),
                return_exceptions=True,
            )
        finally:
            await client.stop()

    answers = asyncio.run(run())
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, BusError):
            raise answer
    return answers


class Wire:
    """A plain AMQP connection for saying what no client of ours would say."""

    def __init__(self, url):
        parameters = pika.URLParameters(url)
        parameters.blocked_connection_timeout = 30
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        # A quorum queue may lose what was not confirmed before its channel is closed.
        self.channel.confirm_delivery()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.connection.is_open:
            self.connection.close()

    def publish(self, exchange, key, body, **properties):
        self.channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))

    def tell(self, contract, *, id=None, **data):
        """A message of any kind, well formed; its id. Nobody gets the reply of a Request."""
        arguments = {"id": id} if id else {}
        envelope = Envelope.new(contract.name, "test", **arguments)
        self.publish(
            EXCHANGES[type(contract)],
            contract.name,
            json.dumps(data).encode(),
            content_type="application/json",
            message_id=envelope.id,
            headers=envelope.headers(),
            delivery_mode=2,
        )
        return envelope.id

    def count(self, queue):
        return self.channel.queue_declare(queue, passive=True).method.message_count

    def consumers(self, queue):
        return self.channel.queue_declare(queue, passive=True).method.consumer_count

    def take(self, queue):
        """One message of the queue with its headers, or None."""
        method, properties, body = self.channel.basic_get(queue, auto_ack=True)
        return None if method is None else (properties, body)
