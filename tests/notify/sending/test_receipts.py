"""A provider's receipt comes in at the portal and makes us ask; the account is seen by ops."""

import asyncio
import re
import subprocess
import sys

import httpx
import pytest
import requests

from bus.database import books
from bus.settings import Settings
from contracts.notify import messages as contracts
from deploy.local.ports import free_port, listening
from gateway.limits.guesses import Guesses
from gateway.public import sms_receipts
from gateway.web import Face
from services.notify.providers.registry import PROVIDERS
from tests.bus.asking import ask
from tests.environments import secrets_in
from tests.notify.conftest import MOBILE, Hand
from tests.notify.providers.played import PlayedSms
from tests.processes import ROOT, run_module
from tests.stores import execute
from tests.waiting import wait_for

HOUR = 3600


class House:
    """Notify, portal and ops before a played Kavenegar that calls back; nobody asks it for an hour
    unless a receipt comes.
    """

    def __init__(self, start, folder, amqp, hand):
        self.amqp, self.db = amqp, hand.db
        self.ports = {"public": free_port(), "ops": free_port()}
        self.environ = {
            **secrets_in(folder),
            "AMQP_URL": amqp,
            "DB_URL": hand.db,
            "HOST": "127.0.0.1",
            "PORTAL_URL": self.url("public"),
            "AGENCY_URL": "http://127.0.0.1:1",
            "NOTIFY_KEY": hand.keys.secret,
            "NOTIFY_PROVIDERS_FILE": str(folder / "providers.toml"),
        }
        self.address = sms_receipts.address_of(Settings(self.environ), "kavenegar")
        self.sms = PlayedSms(start, SMS_DELAY="4", SMS_CALLBACK_URL=self.address)
        tables = self.sms.config().split("\n[")
        (kavenegar,) = (table for table in tables if table.startswith("kavenegar]"))
        (folder / "providers.toml").write_text(f"[{kavenegar}", encoding="utf-8")
        service = start("bus", "serve", "services.notify", **self.environ)
        for face, port in self.ports.items():
            start(f"gateway.{face}", **self.environ, PORT=str(port))
            wait_for(lambda port=port: listening(port), 60)
        wait_for(lambda: "notify.requests" in service.log, 60)

    def url(self, face):
        return f"http://127.0.0.1:{self.ports[face]}"

    def send(self):
        data = {"template": "free", "to": {"mobile": MOBILE}, "personalisation": {"text": "سلام"}}
        return ask(self.amqp, contracts.SEND, caller={"agency": "power-co"}, **data)["id"]

    def state(self):
        return execute(self.db, "select state from messages")[0][0]

    def metrics(self):
        return requests.get(f"{self.url('ops')}/metrics", timeout=60).text


@pytest.fixture
def house(start, tmp_path, vhost, notify_db):
    hand = Hand(notify_db)
    hand.template()
    with hand.store.transaction() as tx:
        _, document = books.newest(tx.conn)
        patience = {**document["patience"], "poll": HOUR}
        books.keep(tx.conn, {**document, "patience": patience})
    hand.store.engine.dispose()
    return House(start, tmp_path, vhost, hand)


def metric(reply, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", reply, re.MULTILINE)[1])


def test_a_receipt_at_the_portal_makes_us_ask_and_ops_sees_the_account(house):
    house.send()
    wait_for(lambda: house.state() == "DELIVERED", 60)
    # The face's figures may be of a moment before.
    wait_for(lambda: metric(house.metrics(), "mirab_messages_in_flight") == 0, 60)
    reply = house.metrics()
    for name, value in (
        ("mirab_messages_accepted", 1),
        ("mirab_messages_in_flight", 0),
        ("mirab_messages_difference", 0),
        ("mirab_messages_unclear", 0),
        ("mirab_messages_oldest_due_seconds", 0),
        ('mirab_messages{channel="sms",state="DELIVERED"}', 1),
        ('mirab_provider_open{provider="kavenegar"}', 0),
        ('mirab_provider_weight{provider="kavenegar"}', 30),
        ('mirab_provider_weight_set{provider="kavenegar"}', 30),
    ):
        assert metric(reply, name) == value, name
    assert MOBILE[1:] not in reply

    # Whatever a receipt says of numbers that we know or not, the answer is the same.
    ref = execute(house.db, "select provider_ref from handovers")[0][0]
    for values in (
        {"data": {"messageid": ref, "status": "11"}},
        {"data": {"messageid": "1"}},
        {"data": {"status": "10"}},
        {"data": {"messageid": "'; drop table messages"}},
        {"json": {"messageId": 7, "deliveryState": 1}},
        {"json": {"recId": "12345678"}},
    ):
        answer = requests.post(house.address, timeout=30, **values)
        assert (answer.status_code, answer.text) == (200, "OK")
    assert requests.get(house.address, params={"mid": ref}, timeout=30).status_code == 200
    for wrong in (house.address[:-1], house.address.replace("kavenegar", "magfa")):
        assert requests.post(wrong, data={"messageid": ref}, timeout=30).status_code == 404
    bad = {"data": b"{", "headers": {"Content-Type": "application/json"}}
    assert requests.post(house.address, timeout=30, **bad).status_code == 400
    assert house.state() == "DELIVERED"


class RecordingClient:
    """Takes the calls of the route of receipts."""

    def __init__(self):
        self.receipts = []

    async def call(self, _contract, receipt, **_):
        self.receipts.append((receipt.provider, receipt.provider_ref))


@pytest.fixture
def receipts():
    """Sends a receipt of a provider; what the service was asked for then."""
    settings = Settings({"PORTAL_URL": "http://portal", "PORTAL_KEY": "a secret of the portal"})
    client = RecordingClient()
    face = Face("public", sms_receipts.routes(client, settings, Guesses()))

    async def deliver(address, members):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(face)) as to:
            answers = [
                await to.post(address, json=members),
                await to.get(address, params=members),
            ]
        assert [answer.text for answer in answers] == ["OK", "OK"]

    def send(provider, **members):
        client.receipts.clear()
        asyncio.run(deliver(sms_receipts.address_of(settings, provider), members))
        return list(client.receipts)

    return send


# As each provider names its number of a message, and as another one does.
NAMES = {"kavenegar": "messageid", "magfa": "mid", "melipayamak": "recId", "smsir": "messageId"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_receipt_names_a_message_as_its_own_provider_does(receipts, provider):
    own = NAMES[provider]
    others = {name for name in NAMES.values() if name.lower() != own.lower()}
    assert receipts(provider, **{own: "70012", "status": "1"}) == [(provider, "70012")] * 2
    assert receipts(provider, **dict.fromkeys(others, "70012")) == []
    assert receipts(provider, **{**dict.fromkeys(others, "1"), own: "2"}) == [(provider, "2")] * 2


def test_only_a_known_provider_has_an_address_of_receipts():
    assert set(sms_receipts.NUMBER_NAMES) <= set(PROVIDERS)
    command = [sys.executable, "-m", "gateway.public.sms_receipts", "nobody"]
    reply = subprocess.run(command, check=False, cwd=ROOT, env={}, capture_output=True, text=True)
    assert (reply.returncode, "kavenegar" in reply.stderr) == (2, True)


def test_the_address_for_a_provider_is_told_by_a_command_or_what_it_needs():
    command = ("gateway.public.sms_receipts", "magfa")
    environ = {"PORTAL_URL": "https://portal.example/", "PORTAL_KEY": "secret"}
    reply = run_module(*command, **environ)
    assert reply.stdout.strip() == sms_receipts.address_of(Settings(environ), "magfa")
    assert reply.stdout.startswith("https://portal.example/callbacks/sms/magfa/")
    reply = run_module(*command)
    assert (reply.returncode, "PORTAL_URL" in reply.stderr) == (1, True)
