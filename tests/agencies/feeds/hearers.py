"""Agencies that hear, as rows of the register, and the agencies service in hand or running."""

import datetime as dt
import json
import uuid

import pika
from pika.exceptions import UnroutableError
from psycopg2.extras import Json

from bus import topology
from bus.activator import Call, Fate
from bus.database.store import Store
from bus.envelope import Envelope
from contracts.agencies.hearing import FEED
from contracts.inquiry.questions import REGISTRY_LOADED
from services.agencies.service import Agencies
from tests.bus.asking import Wire, ask
from tests.environments import secrets_in
from tests.stores import execute
from tests.waiting import wait_for

LOADED = {
    "data_version": 7,
    "sources_added": 1,
    "sources_changed": 2,
    "sources_removed": 3,
    "bad_rows": 4,
}


def put(db, code, *hears, queue=False, state="IN_FORCE", ends_at=None):
    """An agency that hears those events."""
    document = {"code": code, "name": code, "events": {"hears": list(hears), "queue": queue}}
    execute(
        db,
        "insert into agencies (code, version, document, jws, state, ends_at) values "
        "(%s, (select coalesce(max(version), 0) + 1 from agencies), %s, '', %s, %s) "
        "on conflict (code) do update set document = excluded.document, state = excluded.state, "
        "ends_at = excluded.ends_at",
        (code, Json(document), state, ends_at),
    )


class Hand:
    """Calls entrypoints as the endpoint would, without a broker; ``moment`` is now."""

    def __init__(self, db):
        self.db, self.moment = db, dt.datetime(2026, 11, 25, 8, 0, tzinfo=dt.UTC)
        self.service = Agencies()
        self.store = self.service.store = Store(db, source="agencies", connections=6)
        self.service.now = lambda: self.moment

    def _worked(self, method, message, contract, data):
        (outcome,) = getattr(Agencies, method)(self.service, [Call.of(contract, message, data)])
        assert outcome.fate is Fate.DONE, outcome
        reply = outcome.reply or {}
        return reply.get("result", reply.get("error"))

    def call(self, contract, *, asker=None, **data):
        """The result of a Request, or the refusal's wire form."""
        caller = {"agency": asker, "key": "k", "grants": []} if asker else {"face": "agency"}
        message = Envelope.new(contract.name, "test", caller=caller)
        return self._worked(contract.operation, message, contract, data)

    def happens(self, event=REGISTRY_LOADED, *, id=None, **data):
        """An event comes from the bus; its envelope."""
        options = {"id": id} if id else {}
        message = Envelope.new(event.name, event.context, subject="7", **options)
        method = f"hear_{event.context}_{event.operation}"
        self._worked(method, message, event, data or LOADED)
        return message

    def feed(self, asker, **request):
        return self.call(FEED, asker=asker, **request)

    def forget(self):
        """The chore that deletes what is too old."""
        self.service.forget_heard.__wrapped__(self.service)

    def outbox(self, exchange):
        return execute(
            self.db,
            "select id, name, headers, convert_from(body, 'UTF8')::json from outbox "
            "where exchange = %s order by seq",
            (exchange,),
        )


class Hearing:
    """Agencies services on one database, whose relay may be missing."""

    def __init__(self, start, folder, amqp, db):
        self.amqp, self.db, self._start = amqp, db, start
        self.environ = {"AMQP_URL": amqp, "DB_URL": db, **secrets_in(folder)}

    def serve(self):
        service = self._start("bus", "serve", "services.agencies", **self.environ)
        for kind in ("requests", "events"):
            wait_for(lambda k=kind: f"mirab.agencies.{k}" in service.log, 60)
        return service

    def relay(self):
        return self._start("bus", "relay", "services.agencies", **self.environ)

    def feed(self, code, **request):
        reply = ask(self.amqp, FEED, caller={"agency": code, "key": "k", "grants": []}, **request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def event_ids(self, code):
        return [id_ for _, id_ in rows(self.db, code)]


def numbers(events):
    """The sequences of events, as numbers."""
    return [int(item["sequence"]) for item in events]


def tell(amqp, ids, event=REGISTRY_LOADED, **data):
    """Events that another context tells, each with its id, once somebody's queue takes them."""
    with Wire(amqp) as wire:
        wire.channel.exchange_declare(topology.EVENTS, "topic", durable=True)
        for id_ in ids:
            properties = pika.BasicProperties(
                content_type="application/json",
                message_id=id_,
                headers=Envelope.new(event.name, event.context, id=id_).headers(),
                delivery_mode=2,
            )
            body = json.dumps(data or LOADED).encode()
            wait_for(lambda b=body, p=properties: _routed(wire, event.name, b, p), 60)


def _routed(wire, key, body, properties):
    try:
        wire.channel.basic_publish(topology.EVENTS, key, body, properties, mandatory=True)
    except UnroutableError:
        return False
    return True


def make_queue(amqp, code):
    """The agency's queue, as the operator's command makes it."""
    queue = topology.agency_events(code)
    with Wire(amqp) as wire:
        wire.channel.exchange_declare(queue.exchange, "topic", durable=True)
        wire.channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
        for key in queue.keys:
            wire.channel.queue_bind(queue.name, queue.exchange, key)
    return queue.name


def take_all(amqp, queue):
    """All messages that wait in a queue, which is empty then."""
    result = []
    with Wire(amqp) as wire:
        while (message := wire.take(queue)) is not None:
            result.append(message)
    return result


def new_ids(count):
    return [str(uuid.uuid4()) for _ in range(count)]


def rows(db, agency):
    """The feed of an agency as it stands in the database: sequence and id of the event."""
    return execute(
        db,
        "select sequence, event ->> 'id' from feed where agency = %s order by sequence",
        (agency,),
    )
