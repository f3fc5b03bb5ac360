"""FastStream's service: an asynchronous subscriber that answers, on SQLAlchemy's asyncio engine."""

import asyncio
import os
from datetime import UTC, datetime

import orjson
import uvloop
from faststream import FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue, RabbitResponse
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bench.peers.work import answer_on
from bus.messages.values import Json

AT_ONCE = int(os.environ.get("AT_ONCE", "20"))
broker = RabbitBroker(os.environ["AMQP_URL"], default_channel=Channel(prefetch_count=AT_ONCE))
app = FastStream(broker)
engine = create_async_engine(
    make_url(os.environ["DB_URL"]).set(drivername="postgresql+psycopg"),
    pool_size=AT_ONCE,
    max_overflow=0,
)


@broker.subscriber(RabbitQueue("peer.inquiry.ask", durable=True))
async def ask(request: Json) -> RabbitResponse:
    async with engine.begin() as conn:
        result = await conn.run_sync(answer_on, request, datetime.now(UTC))
    return RabbitResponse(orjson.dumps(result), content_type="application/json")


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(app.run())
