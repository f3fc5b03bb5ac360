"""The floor under a call: what the parts cost when nothing of ours stands between them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pika
import psycopg2

from bench.ask import agency_key
from bench.stack import Stores
from bench.tables import table
from bus.signatures.digest import check_digest, content_digest
from bus.signatures.signing import HttpMessage, sign_request, sign_response, verify_request
from contracts.inquiry.questions import ASK
from gateway.http.bodies import parse_object
from services.inquiry.questions import inquiry_log
from services.inquiry.registry import lookup

CALLS = 2000
BODY = b'{"key_kind":"national_id","key":"9905251782","purpose":"fuel_quota"}'
URL = "http://127.0.0.1:8001/v1/inquiry/ask"


def measure(stores: Stores) -> str:
    """Microseconds of one call each; the table, as Markdown."""
    rows = [
        *_door(),
        ("raw pika: request and reply over a quorum queue, one at a time", _pika(stores)),
        ("PostgreSQL: one transaction with the statements of one answer", _database(stores)),
        ("bare Starlette on uvicorn, its share of the CPU", _starlette()),
    ]
    return table(["floor", "µs a call"], [(name, f"{us:.0f}") for name, us in rows])


def _timed(
    work: Callable[[], object],
    calls: int = CALLS,
    clock: Callable[[], float] = time.process_time,
) -> float:
    work()
    started = clock()
    for _ in range(calls):
        work()
    return (clock() - started) / calls * 1e6


def _door() -> list[tuple[str, float]]:
    """The stages of the door, in CPU time."""
    key = agency_key()
    headers = {"Content-Type": "application/json"}
    signed = {**headers, **sign_request(key, "POST", URL, headers, BODY)}
    message = HttpMessage({name.lower(): value for name, value in signed.items()}, "POST", URL)
    answer = {"content-type": "application/json", "content-digest": content_digest(BODY * 30)}
    base = b"x" * 400
    signature = key.sign(base)
    return [
        ("Ed25519: verify", _timed(lambda: key.public.verify(signature, base))),
        ("Ed25519: sign", _timed(lambda: key.sign(base))),
        (
            "door: verify a request's signature",
            _timed(lambda: verify_request(message, lambda _: key.public)),
        ),
        ("door: digest, JSON, contract", _timed(lambda: _load(message))),
        ("door: sign an answer", _timed(lambda: sign_response(key, 200, answer, message))),
    ]


def _load(message: HttpMessage) -> None:
    check_digest(message.headers, BODY)
    ASK.load_data(parse_object(BODY))


def _pika(stores: Stores) -> float:
    """One caller and one answerer in this process, over the broker, in wall time."""
    connection = pika.BlockingConnection(pika.URLParameters(stores.rabbitmq.url))
    asks, answers = connection.channel(), connection.channel()
    asks.queue_declare("bench.floor", durable=True, arguments={"x-queue-type": "quorum"})
    got: list[bytes] = []

    # Any: pika has no types.
    def answer(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        channel.basic_publish("", properties.reply_to, body)
        channel.basic_ack(method.delivery_tag)

    answers.basic_consume("bench.floor", answer)
    asks.basic_consume(
        "amq.rabbitmq.reply-to", lambda *delivery: got.append(delivery[3]), auto_ack=True
    )

    def ask() -> None:
        got.clear()
        asks.basic_publish(
            "",
            "bench.floor",
            BODY,
            pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", delivery_mode=2),
        )
        while not got:
            connection.process_data_events(time_limit=1)

    micros = _timed(ask, CALLS // 4, time.perf_counter)
    asks.queue_delete("bench.floor")
    connection.close()
    return micros


def _database(stores: Stores) -> float:
    """The very statements of an answer, by psycopg2 alone, in wall time, waiting for the disk."""
    connection = psycopg2.connect(stores.database("floor", "loaded"))
    cursor = connection.cursor()
    row = (
        '[{"seq": %d, "at": "2026-11-25T00:00:00Z", "agency": "a", "contract": "c", '
        '"outcome": "FOUND", "message_id": "m", "hash": "00"}]'
    )
    numbers = iter(range(1, 10**9))

    def transaction() -> None:
        n = next(numbers)
        cursor.execute(lookup.FIND.statement, (["national_id"], ["9905251782"], [None]))
        cursor.fetchall()
        cursor.execute(inquiry_log.LOCKED_HEAD.statement)
        cursor.execute(inquiry_log.ADD_LOG.statement, (row % n, n, b"\x00"))
        connection.commit()

    micros = _timed(transaction, CALLS // 2, time.perf_counter)
    connection.close()
    return micros


def _starlette() -> float:
    """A route that answers 2 kB of JSON, called as uvicorn calls an app, in CPU time."""
    from starlette import types as asgi
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def echo(request: Request) -> Response:
        return Response(await request.body() * 30, media_type="application/json")

    app = Starlette(routes=[Route("/v1/inquiry/ask", echo, methods=["POST"])])
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/inquiry/ask",
        "headers": [],
        "raw_path": b"/v1/inquiry/ask",
        "query_string": b"",
        "app": app,
        "server": ("a", 1),
    }

    async def receive() -> asgi.Message:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(_: asgi.Message) -> None:
        return None

    async def many() -> float:
        call: Callable[..., Awaitable[None]] = app
        started = time.process_time()
        for _ in range(CALLS):
            await call(dict(scope), receive, send)
        return (time.process_time() - started) / CALLS * 1e6

    return asyncio.run(many())
