"""TLS to the broker: by the authority that was named, for the name in the address, or none."""

import asyncio
import subprocess
import sys

import pytest

from bus.amqp.dead_letters import DeadLetters
from bus.amqp.rabbit import Link
from bus.amqp.tls import authority, for_kombu
from bus.settings import MissingSettings, Settings
from deploy.certificates import certificate
from tests.processes import ROOT

# As in pyproject.toml: pika leaves the socket of an attempt that was given up, such as that which a
# link begins while it is stopped, to the garbage collector. Here alone it is one of TLS.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)

# What a service does first, with green threads as there.
GREEN = """
import eventlet; eventlet.monkey_patch()
import sys
from bus.amqp import tls
from bus.amqp.confirming import LOST, connect
from bus.amqp.hosts import Hosts
try:
    connect(Hosts(sys.argv[1]), "test").release()
    print("connected")
except LOST as error:
    print(tls.distrust(error))
"""


@pytest.fixture
def url(broker):
    return f"amqps://guest:guest@localhost:{broker.tls_port}/%2F"


@pytest.fixture(params=["right", "of another", "for another name"])
def trust(request, broker, url, tmp_path, monkeypatch):
    """Address, and what is said of a broker that is not believed."""
    ca_file = broker.ca_file
    if request.param == "of another":
        certificate("another ca", ca=True).write(tmp_path / "other")
        ca_file = tmp_path / "other.crt"
    if request.param == "for another name":
        url = url.replace("localhost", "127.0.0.1")
    monkeypatch.setenv("AMQP_CA_FILE", str(ca_file))
    answer = {"right": None, "of another": "certificate", "for another name": "127.0.0.1"}
    return url, answer[request.param]


def test_a_relay_or_a_face_connects_or_says_why_not(trust):
    url, problem = trust

    async def connection():
        link = Link(url, "test")
        await link.start()
        try:
            async with asyncio.timeout(30):
                while not link.up and "not believed" not in str(link.finding().sentence):
                    await asyncio.sleep(0.05)
            return link.up, link.finding()
        finally:
            await link.stop()

    up, finding = asyncio.run(connection())
    assert up is (problem is None)
    if problem:
        assert finding.code == "broker.unreachable"
        assert "The broker's certificate is not believed" in finding.sentence
        assert problem in finding.sentence
        assert "AMQP_CA_FILE" in finding.sentence


def test_a_service_connects_or_says_why_not(trust):
    url, problem = trust
    done = subprocess.run(
        [sys.executable, "-c", GREEN, url], cwd=ROOT, capture_output=True, text=True, check=True
    )
    answer = done.stdout.strip()
    assert (answer == "connected") is (problem is None)
    if problem:
        assert answer.startswith("The broker's certificate is not believed")
        assert problem in answer


def test_dead_letters_are_read_by_tls(broker, url, monkeypatch):
    monkeypatch.setenv("AMQP_CA_FILE", str(broker.ca_file))
    with DeadLetters(url) as letters:
        assert letters is not None


def test_an_address_without_tls_has_none(broker):
    assert for_kombu(broker.url) is False


def test_an_authority_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "empty.pem").touch()
    for path in (tmp_path / "empty.pem", tmp_path / "away.pem"):
        with pytest.raises(MissingSettings, match=str(path)):
            authority(Settings({"AMQP_CA_FILE": str(path)}))
