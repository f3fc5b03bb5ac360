"""Each of our own parts is a user of the broker that may do what its code needs, and no more."""

import ast
import importlib
import types
import uuid
from urllib.parse import quote

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from bus import topology
from bus.messages.kinds import Command, Contract, Event, Request
from contracts import catalogue
from deploy.broker import rights
from deploy.local.parts import PARTS, SERVICES
from tests.bus.asking import Wire
from tests.processes import ROOT
from tests.serving.conftest import Rights, look
from tests.stores import forget_agencies, own_vhost

REFUSED = 403
TABLE = {part.part: part for part in rights.table()}
FACES = {
    "public": rights.PUBLIC_REQUESTS,
    "agency": rights.agency_face_requests(),
    "notify-api": rights.NOTIFY_API_REQUESTS,
    "desk": rights.desk_requests(),
    "ops": rights.ops_requests(),
}
STAFF = ROOT / "gateway/ops/staff"
# Where the code of each face stands: folders, and single modules that two faces share.
FOLDERS = {
    "public": ("public",),
    "agency": ("agency",),
    "notify-api": ("notify",),
    "desk": (
        "desk",
        *(
            f"ops/{room}"
            for room in ("accounts", "staff", "desk", "treasury", "register", "notices")
        ),
    ),
    "ops": (
        *(f"ops/{p.name}" for p in (ROOT / "gateway/ops").glob("*.py")),
        # Pages with acts, and the names of people and agencies there, are the desk's alone.
        *(f"ops/staff/{p.name}" for p in STAFF.glob("*.py") if p.stem not in {"names", "pages"}),
        "ops/accounts",
        "ops/health",
    ),
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory, ruled_broker, agency_broker):
    """A vhost where the real command has made the users; `url(part)` is how a part gets there."""
    forget_agencies(ruled_broker, agency_broker)
    with own_vhost(ruled_broker) as amqp:
        made = Rights(ruled_broker, agency_broker, amqp, tmp_path_factory.mktemp("parts")).applied()
        with Wire(amqp) as wire:
            for service in SERVICES:
                for kind in ("requests", "commands", "events", "dead"):
                    wire.channel.queue_declare(topology.queue_name(service, kind), durable=True)
        yield made


def url(parts, part):
    password = (parts.own_passwords / part).read_text(encoding="utf-8").strip()
    host = parts.amqp.rsplit("@", 1)[1]
    return f"amqp://mirab.{part}:{quote(password, safe='')}@{host}"


def allowed(parts, part, act):
    """True if the broker lets the part do it; False if it refuses with 403."""
    connection = pika.BlockingConnection(pika.URLParameters(url(parts, part)))
    channel = connection.channel()
    channel.confirm_delivery()
    try:
        act(channel)
    except ChannelClosedByBroker as closed:
        if closed.reply_code != REFUSED:
            raise
        return False
    except pika.exceptions.UnroutableError:
        return True
    finally:
        connection.close()
    return True


def publishes(exchange, key):
    return lambda channel: channel.basic_publish(exchange, key, b"{}", mandatory=True)


def test_there_is_a_row_for_each_part_that_reaches_the_broker():
    at_broker = {part.name for part in PARTS if "AMQP_PASSWORD_FILE" in part.needs}
    assert set(TABLE) == at_broker
    assert set(rights.SERVICES) == set(SERVICES)


# --- faces ---


# What the Notify API names as rights of an agency, and asks by contracts of its own.
AS_RIGHTS = {"notify-api": {"notify.send.v1", "notify.message.v1", "notify.messages.v1"}}


@pytest.mark.parametrize("face", FACES)
def test_a_face_may_ask_what_its_code_names(face):
    named = {c.name for c in contracts_named_in(*FOLDERS[face]) if isinstance(c, Request)}
    missing = named - set(FACES[face]) - AS_RIGHTS.get(face, set())
    assert missing == set(), "name them in deploy/broker/rights.py"


@pytest.mark.parametrize("face", ["public", "notify-api"])
def test_a_face_that_strangers_reach_may_ask_nothing_that_its_code_does_not(face):
    named = {c.name for c in contracts_named_in(*FOLDERS[face]) if isinstance(c, Request)}
    # Those two are asked by gateway/announcements.py and gateway/call_records.py.
    assert set(FACES[face]) - named <= {"notify.current.v1", "agencies.note_calls.v1"}


@pytest.mark.parametrize(
    ("face", "key", "may"),
    [
        ("public", "ticketing.register.v1", True),
        ("public", "inquiry.ask.v1", False),
        ("public", "inquiry.submit_batch.v1", False),
        ("public", "ticketing.sign_in.v1", False),
        ("public", "agencies.approve.v1", False),
        ("public", "billing.approve_refund.v1", False),
        ("agency", "inquiry.ask.v1", True),
        ("agency", "agencies.approve.v1", False),
        ("agency", "ticketing.sign_in.v1", False),
        ("agency", "inquiry.ask_own.v1", False),
        ("notify-api", "notify.api_send.v1", True),
        ("notify-api", "notify.send.v1", False),
        ("notify-api", "inquiry.ask.v1", False),
        ("desk", "agencies.approve.v1", True),
        ("desk", "ticketing.session.v1", True),
        ("desk", "inquiry.load_registry.v1", False),
        ("desk", "ticketing.operator.v1", False),
        ("ops", "agencies.approve.v1", False),
        ("ops", "billing.approve_refund.v1", False),
        ("ops", "inquiry.load_registry.v1", True),
        ("ops", "inquiry.health.v1", True),
        ("ops", "inquiry.ask.v1", False),
        ("ops", "agencies.settle_call.v1", False),
    ],
)
def test_a_face_asks_only_its_own_requests(parts, face, key, may):
    assert allowed(parts, face, publishes(topology.REQUESTS, key)) is may


@pytest.mark.parametrize("face", ["public", "agency", "notify-api", "desk"])
def test_a_face_that_strangers_reach_sends_no_command_no_event_and_to_no_queue(parts, face):
    for exchange, key in (
        (topology.COMMANDS, "billing.charge.v1"),
        (topology.EVENTS, "billing.bill_paid.v1"),
        (topology.AGENCY, "land-registry.land_registry.sources_of_parcel.v1"),
        (topology.ANSWERS, "inquiry.take_sources_of_parcel.v1"),
        (topology.DEAD, "inquiry"),
        ("", "mirab.billing.commands"),
    ):
        assert not allowed(parts, face, publishes(exchange, key)), exchange
    for queue in ("mirab.inquiry.requests", "mirab.inquiry.dead", "mirab.billing.commands"):
        assert not allowed(parts, face, lambda c, q=queue: c.basic_get(q))
        assert not allowed(parts, face, lambda c, q=queue: c.queue_purge(q))
        assert not allowed(parts, face, lambda c, q=queue: c.queue_delete(q))
    assert not allowed(parts, face, lambda c: c.exchange_delete(topology.REQUESTS))
    assert not allowed(parts, face, lambda c: c.queue_declare("mine", durable=True))


def test_the_agency_face_hears_of_the_register_and_of_nothing_else(parts):
    def hear(event):
        def act(channel):
            queue = channel.queue_declare("", exclusive=True).method.queue
            channel.queue_bind(queue, topology.EVENTS, event)

        return act

    assert allowed(parts, "agency", hear("agencies.changed.v1"))
    assert not allowed(parts, "agency", hear("ticketing.ticket_moved.v1"))
    assert not allowed(parts, "agency", hear("#"))
    assert not allowed(parts, "public", hear("agencies.changed.v1"))


def test_ops_reads_dead_letters_puts_them_back_and_reads_nothing_else(parts):
    assert allowed(parts, "ops", lambda c: c.basic_get("mirab.inquiry.dead"))
    assert allowed(parts, "ops", publishes("", f"mirab.nobody.{uuid.uuid4()}"))
    assert not allowed(parts, "ops", lambda c: c.basic_get("mirab.inquiry.requests"))
    assert not allowed(parts, "ops", lambda c: c.queue_purge("mirab.inquiry.commands"))
    assert not allowed(parts, "ops", publishes(topology.COMMANDS, "billing.charge.v1"))


# --- services and relays ---


def test_a_service_makes_and_reads_its_own_queues_alone(parts):
    own, other = "mirab.inquiry.requests", "mirab.billing.requests"
    assert allowed(parts, "inquiry", lambda c: c.basic_get(own))
    assert not allowed(parts, "inquiry", lambda c: c.basic_get(other))
    assert not allowed(parts, "inquiry", lambda c: c.queue_delete(other))
    assert not allowed(parts, "inquiry", lambda c: c.exchange_delete(topology.EVENTS))
    for exchange in (topology.REQUESTS, topology.COMMANDS, topology.EVENTS):
        assert not allowed(parts, "inquiry", publishes(exchange, "billing.charge.v1"))


@pytest.mark.parametrize(
    ("exchange", "key", "may"),
    [
        (topology.REQUESTS, "inquiry.ask.v1", True),
        (topology.REQUESTS, "billing.quote.v1", False),
        (topology.REQUESTS, "#", False),
        (topology.COMMANDS, "billing.charge.v1", False),
        (topology.EVENTS, "billing.bill_paid.v1", True),
        (topology.EVENTS, "ticketing.ticket_moved.v1", False),
        (topology.AGENCY, "land-registry.events", False),
    ],
)
def test_a_service_takes_only_what_is_meant_for_it(parts, exchange, key, may):
    def bind(channel):
        channel.queue_bind("mirab.inquiry.requests", exchange, key)

    assert allowed(parts, "inquiry", bind) is may


@pytest.mark.parametrize(
    ("part", "exchange", "key", "may"),
    [
        ("inquiry-relay", topology.COMMANDS, "billing.charge.v1", True),
        ("inquiry-relay", topology.COMMANDS, "inquiry.answer_batch_part.v1", True),
        ("inquiry-relay", topology.COMMANDS, "notify.call_back.v1", False),
        ("inquiry-relay", topology.EVENTS, "inquiry.day_counted.v1", True),
        ("inquiry-relay", topology.EVENTS, "billing.bill_paid.v1", False),
        ("inquiry-relay", topology.REQUESTS, "inquiry.ask.v1", False),
        ("inquiry-relay", topology.ANSWERS, "inquiry.take_sources_of_parcel.v1", False),
        (
            "inquiry-relay",
            topology.AGENCY,
            "land-registry.land_registry.sources_of_parcel.v1",
            True,
        ),
        ("inquiry-relay", topology.AGENCY, "land-registry.events", False),
        ("agencies-relay", topology.AGENCY, "land-registry.events", True),
        ("agencies-relay", topology.COMMANDS, "billing.charge.v1", False),
        ("ticketing-relay", topology.COMMANDS, "notify.send_message.v1", True),
        ("ticketing-relay", topology.COMMANDS, "billing.charge.v1", False),
        ("ticketing-relay", topology.AGENCY, "land-registry.events", False),
        ("billing-relay", "", "mirab.notify.commands", False),
    ],
)
def test_a_relay_sends_what_its_service_may(parts, part, exchange, key, may):
    assert allowed(parts, part, publishes(exchange, key)) is may


def test_every_command_is_sent_by_somebody_and_every_event_by_its_own_context():
    sent = {
        name
        for service in SERVICES
        for name in (*rights.COMMANDS[service], *rights.own_commands(service))
    }
    commands = {n for n, c in catalogue().items() if isinstance(c, Command) and not c.answer}
    answers = {c.answer.name for c in catalogue().values() if isinstance(c, Command) and c.answer}
    assert sent == commands - answers
    for service in SERVICES:
        named = contracts_named_in(f"../services/{service}")
        theirs = {c.name for c in named if isinstance(c, Command | Event) and c.context != service}
        existing = {*rights.COMMANDS[service], *rights.EVENTS_HEARD[service]}
        assert {name for name in theirs if not name.startswith("land_registry.")} <= existing


# --- accounts ---


def test_a_part_has_no_management_api_but_ops_may_look(parts):
    users = {user["name"]: user["tags"] for user in look(parts.broker, "users")}
    tags = {name: value for name, value in users.items() if name.startswith("mirab.")}
    assert {name for name, value in tags.items() if "administrator" in value} == set()
    assert {name for name, value in tags.items() if "monitoring" in value} == {"mirab.ops"}
    assert not any("management" in value or "policymaker" in value for value in tags.values())


def test_a_part_with_a_wrong_or_an_empty_password_does_not_come_in(parts):
    host = parts.amqp.rsplit("@", 1)[1]
    for account in ("mirab.public:", "mirab.public:x", "mirab.bridge:"):
        with pytest.raises(AMQPError):
            Wire(f"amqp://{account}@{host}")
    with pytest.raises(AMQPError):
        Wire(f"amqp://mirab.bridge:@{parts.agency_address()}")


def test_the_broker_bounds_what_waits_in_each_queue_of_ours(parts):
    policies = look(parts.broker, f"policies/{parts.vhost}")
    assert any("max-length-bytes" in policy["definition"] for policy in policies)


def modules_of(folders):
    for folder in folders:
        path = ROOT / "gateway" / folder
        assert path.exists(), path
        yield from [path] if path.is_file() else path.rglob("*.py")


def contracts_named_in(*folders):
    """The contracts that the modules of a face, or of a service, name."""
    result = set()
    for path in modules_of(folders):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("contracts"):
                for alias in node.names:
                    thing = _imported(node.module, alias.name)
                    if isinstance(thing, types.ModuleType):
                        modules[alias.asname or alias.name] = thing
                    else:
                        result |= set(_contracts(thing))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = modules.get(node.value.id)
                result |= set(_contracts(getattr(module, node.attr, None)))
    return result


def _imported(module, name):
    result = getattr(importlib.import_module(module), name, None)
    return result if result is not None else importlib.import_module(f"{module}.{name}")


def _contracts(thing):
    if isinstance(thing, Contract):
        yield thing
    elif isinstance(thing, dict):
        yield from _contracts(tuple(thing.values()))
    elif isinstance(thing, tuple | list | set | frozenset):
        for inner in thing:
            yield from _contracts(inner)
