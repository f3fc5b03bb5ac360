"""aio-pika's service: a consumer that answers (its docs, "RabbitMQ tutorial: RPC").

The tutorial's loop answers one question after the other; with ``consume`` as many are answered at
once as are prefetched. SQLAlchemy's asyncio engine has as many connections.
"""

import asyncio
import os
from datetime import UTC, datetime

import aio_pika
import orjson
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bench.peers.work import answer_on

QUEUE = "peer.aio.ask"
AT_ONCE = int(os.environ.get("AT_ONCE", "20"))


async def main() -> None:
    """Answer until the process is ended."""
    engine = create_async_engine(
        make_url(os.environ["DB_URL"]).set(drivername="postgresql+psycopg"),
        pool_size=AT_ONCE,
        max_overflow=0,
    )
    connection = await aio_pika.connect_robust(os.environ["AMQP_URL"])
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=AT_ONCE)
        queue = await channel.declare_queue(QUEUE, durable=True)

        async def answer(message: AbstractIncomingMessage) -> None:
            async with message.process(requeue=False):
                request = orjson.loads(message.body)
                async with engine.begin() as conn:
                    result = await conn.run_sync(answer_on, request, datetime.now(UTC))
                await channel.default_exchange.publish(
                    aio_pika.Message(
                        orjson.dumps(result),
                        content_type="application/json",
                        correlation_id=message.correlation_id,
                    ),
                    routing_key=message.reply_to or "",
                )

        await queue.consume(answer)
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main())
