"""A provider and the broker fail in the middle of things: each question is answered once."""

import errno
import os
import signal
import subprocess
import uuid
from urllib.parse import urlsplit

import pytest

from bus import topology
from bus.errors import BusError
from deploy.local.ports import free_port
from deploy.local.stores import RabbitMQ, start_rabbitmq
from tests.databases import make_database
from tests.processes import Starter
from tests.serving.conftest import World
from tests.stores import tell_node
from tests.waiting import wait_for

CERTIFICATE = (
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
)
TLS = """listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {folder}/cert.pem
ssl_options.keyfile = {folder}/key.pem
"""


@pytest.fixture(scope="module")
def shared_own_world(tmp_path_factory, postgres, demo_template):
    folder = tmp_path_factory.mktemp("own-world")
    tls_port = free_port()
    certificate = ("-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem")
    subprocess.run([*CERTIFICATE, *certificate], check=True, capture_output=True)
    ports = (free_port() for _ in range(4))
    outside = RabbitMQ(folder / "agency-rabbitmq", *ports, for_agencies=True)
    outside.more = TLS.format(port=tls_port, folder=folder)
    outside.start()
    broker = start_rabbitmq(folder / "rabbitmq", api_port=free_port())
    db = make_database(postgres, f"w_{uuid.uuid4().hex[:12]}", demo_template)
    starter = Starter(folder)
    made = World(starter, (broker, outside), broker.url, folder, db)
    made.tls_port = tls_port
    yield made
    starter.end()
    broker.stop()
    outside.stop()


@pytest.fixture
def own_world(shared_own_world):
    """A world whose brokers may be hurt; the agencies' speaks TLS too, at ``tls_port``."""
    return shared_own_world.clear()


@pytest.fixture
def pipe(tmp_path):
    """A book of parcels that can be read only once somebody writes it."""
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    return path


def names_written(broker, queue):
    """Whether the broker has written the name of its newest queue, three seconds after it was made.

    RabbitMQ 3.10 that is killed before begins the queue anew, without a leader; the runbook's
    BrokerDown says what an operator does then.
    """
    return any(queue.encode() in path.read_bytes() for path in broker.home.rglob("names.dets"))


def reading(path):
    """True once a provider waits for the pipe; the file by which it can be written."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "w")
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


def release(writer):
    writer.write("parcel_no,file_no\n990/17,1001/5\n")
    writer.close()


@pytest.mark.parametrize("which", ["broker", "agency_broker"])
def test_74_a_restart_of_the_broker_loses_no_question_and_the_provider_comes_back(own_world, which):
    world, broker = own_world, getattr(own_world, which)
    provider = world.provide()
    world.settled(world.ask()["code"])
    world.relay.stop()
    code = world.ask()["code"]
    wait_for(lambda: names_written(world.broker, topology.queue_name("inquiry", "receipts")))
    broker.kill()
    if which == "agency_broker":
        wait_for(lambda: "broker lost" in provider.log, 60)
    broker.start()
    world.relay = world._start("bus", "relay", "services.inquiry", **world.environ)
    wait_for(lambda: not isinstance(_read(world, code), BusError), 60)
    assert world.settled(code)["state"] == "ANSWERED"
    assert (world.refusals(), provider.alive) == ({}, True)
    provider.stop()


def _read(world, code):
    try:
        return world.read(code)
    except BusError as error:
        return error


def test_a_provider_comes_by_tls_and_to_nobody_whom_it_does_not_know(own_world):
    world = own_world
    there = urlsplit(f"amqps://{world.agency_address()}")
    tls = there._replace(netloc=f"x:y@127.0.0.1:{world.tls_port}")
    ca_file = str(world.folder / "cert.pem")
    provider = world.provide(AMQP_URL=tls.geturl(), AMQP_CA_FILE=ca_file)
    assert world.settled(world.ask()["code"])["state"] == "ANSWERED"
    assert provider.stop() == 0
    stranger = world._start(
        "connector.example.land_registry",
        AMQP_URL=tls.geturl(),
        AMQP_PASSWORD_FILE=str(world.passwords / "land-registry"),
    )
    wait_for(lambda: "broker lost" in stranger.log, 60)
    assert "serving" not in stranger.log


def test_76_a_provider_killed_while_it_works_answers_once_after_its_restart(world, pipe):
    provider = world.provide(PARCELS_FILE=str(pipe))
    code = world.ask()["code"]
    writer = wait_for(lambda: reading(pipe), 60)
    provider.kill()
    writer.close()
    assert world.read(code)["state"] == "AWAITING"
    again = world.provide()
    assert world.settled(code)["state"] == "ANSWERED"
    assert world.refusals() == {}
    again.stop()


def test_a_provider_that_is_told_to_stop_answers_what_it_has_begun(world, pipe):
    provider = world.provide(PARCELS_FILE=str(pipe))
    code = world.ask()["code"]
    writer = wait_for(lambda: reading(pipe), 60)
    provider.popen.send_signal(signal.SIGTERM)
    release(writer)
    assert provider.popen.wait(60) == 0
    assert world.settled(code)["state"] == "ANSWERED"


def test_a_connection_lost_while_a_question_is_worked_on_costs_no_second_work(own_world, pipe):
    world = own_world
    provider = world.provide(PARCELS_FILE=str(pipe))
    code = world.ask()["code"]
    writer = wait_for(lambda: reading(pipe), 60)
    close = 'rabbit_networking:close_all_user_connections(<<"agency.land-registry">>, <<"a test">>)'
    tell_node(world.agency_broker, close)
    wait_for(lambda: provider.log.count("serving land_registry") == 2, 60)
    release(writer)
    assert world.settled(code)["state"] == "ANSWERED"
    assert world.refusals() == {}
    assert reading(pipe) is None
    provider.stop()
