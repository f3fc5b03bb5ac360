"""aiohttp at the door, asking over RabbitMQ by aio-pika (its docs, "RabbitMQ tutorial: RPC").

The connection is robust, requests are confirmed, replies come on an exclusive queue.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator

import aio_pika
import orjson
import uvloop
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aiohttp import web

from bench.peers.work import PATH, Door

QUEUE = "peer.aio.ask"


class RpcClient:
    """The client of the tutorial: one queue for all replies, told apart by correlation_id."""

    def __init__(self, channel: AbstractChannel, replies: AbstractQueue) -> None:
        self._channel, self._replies = channel, replies
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    @classmethod
    async def of(cls, channel: AbstractChannel) -> "RpcClient":
        client = cls(channel, await channel.declare_queue(exclusive=True))
        await client._replies.consume(client._take, no_ack=True)
        return client

    async def _take(self, message: AbstractIncomingMessage) -> None:
        future = self._waiting.pop(message.correlation_id or "", None)
        if future is not None:
            future.set_result(message.body)

    async def call(self, request: bytes) -> bytes:
        """Ask the service; its reply comes within 10 seconds."""
        number = str(uuid.uuid4())
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._channel.default_exchange.publish(
            aio_pika.Message(
                request,
                content_type="application/json",
                correlation_id=number,
                reply_to=self._replies.name,
            ),
            routing_key=QUEUE,
        )
        return await asyncio.wait_for(self._waiting[number], 10)


CLIENT = web.AppKey("client", RpcClient)
door = Door()


async def connected(app: web.Application) -> AsyncIterator[None]:
    connection = await aio_pika.connect_robust(os.environ["AMQP_URL"])
    async with connection:
        channel = await connection.channel()
        app[CLIENT] = await RpcClient.of(channel)
        yield


async def ask(request: web.Request) -> web.Response:
    message, question = door.admit(str(request.url), request.headers, await request.read())
    reply = await request.app[CLIENT].call(orjson.dumps(question))
    headers, body = door.sign(message, orjson.loads(reply))
    return web.Response(body=body, headers=headers)


if __name__ == "__main__":
    app = web.Application()
    app.cleanup_ctx.append(connected)
    app.router.add_post(PATH, ask)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )
