"""FastAPI at the door, asking over RabbitMQ by FastStream.

FastStream's own ``request`` serves one question at a time, so the door has a queue for replies, as
FastStream's guide "Create RPC" shows for brokers without direct replies.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

from bench.peers.work import PATH, Door

REPLIES = RabbitQueue(f"peer.replies.{uuid.uuid4()}", exclusive=True, auto_delete=True)
broker = RabbitBroker(
    os.environ["AMQP_URL"], logger=None, default_channel=Channel(prefetch_count=200)
)
waiting: dict[str, asyncio.Future[bytes]] = {}


@broker.subscriber(REPLIES)
async def take(message: RabbitMessage) -> None:
    future = waiting.pop(message.correlation_id or "", None)
    if future is not None:
        future.set_result(message.body)


async def inquire(request: bytes) -> bytes:
    """Ask the service; its reply comes within 10 seconds."""
    number = str(uuid.uuid4())
    waiting[number] = asyncio.get_running_loop().create_future()
    await broker.publish(
        request,
        queue="peer.inquiry.ask",
        reply_to=REPLIES.name,
        correlation_id=number,
        content_type="application/json",
    )
    return await asyncio.wait_for(waiting[number], 10)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await broker.start()
    yield
    await broker.stop()


app = FastAPI(lifespan=lifespan)
door = Door()


@app.post(PATH)
async def ask(request: Request) -> Response:
    message, question = door.admit(str(request.url), dict(request.headers), await request.body())
    reply = await inquire(orjson.dumps(question))
    headers, body = door.sign(message, orjson.loads(reply))
    return Response(body, 200, headers)


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
