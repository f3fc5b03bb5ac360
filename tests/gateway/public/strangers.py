"""The citizens' face in this process, before a stand-in for the services that keeps questions."""

import asyncio
import re

import httpx

from bus.errors import Unavailable
from bus.messages.message import to_wire
from bus.settings import Settings
from gateway.public import api
from people import tracking
from tests.processes import ROOT

REGISTERED = {
    "registered_at": "2026-11-23T08:30:00Z",
    "first_response_due": None,
    "solution_due": None,
    "unit": {},
}


class StandIn:
    """Answers as the services would; ``replies`` by name of the contract, or an error to raise."""

    def __init__(self):
        self.questions, self.deadlines = [], {}
        self.replies = {"billing.quote.v1": Unavailable("Nobody is there.")}

    async def start(self):
        pass

    async def stop(self):
        pass

    async def call(self, contract, message, **options):
        return contract.reply_of(await self.call_json(contract, to_wire(message), **options))

    async def call_json(
        self, contract, data, *, id=None, caller=None, traceparent=None, deadline=None
    ):
        self.questions.append((contract.name, data, id, caller))
        self.deadlines[contract.name] = deadline or contract.deadline
        registered = {**REGISTERED, "code": tracking.new(), "token": None}
        reply = self.replies.get(contract.name, registered)
        if callable(reply):
            reply = reply(data)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def secrets(self, contract):
        return [data["secret"] for name, data, _, _ in self.questions if name == contract]

    def ids(self, contract):
        return [id_ for name, _, id_, _ in self.questions if name == contract]


class Portal:
    """The face as its process makes it, and browsers before it."""

    def __init__(self, folder, **environ):
        self.services = StandIn()
        settings = Settings(
            {
                "AMQP_URL": "amqp://nowhere",
                "PORTAL_KEY": "the portal of tests",
                "PORTAL_URL": "http://portal.test",
                "BLOBS_DIR": str(folder / "blobs"),
                "OPEN311_KEYS_FILE": str(ROOT / "deploy/open311/keys.toml"),
                **environ,
            }
        )
        before, api.Client = api.Client, lambda *_, **__: self.services
        try:
            self.face = api.make(settings)
        finally:
            api.Client = before

    def send(self, method, path, *, address="192.0.2.1", **more):
        return self.send_all([(method, path, more)], address=address)[0]

    def send_all(self, requests, *, address="192.0.2.1"):
        """Sends all of them at once, from one address."""

        return asyncio.run(self.gather(requests, address))

    async def gather(self, requests, address):
        transport = httpx.ASGITransport(self.face, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as to:
            return await asyncio.gather(*(to.request(m, p, **more) for m, p, more in requests))

    def form(self, path):
        """The hidden field that makes a form of this page one act."""
        return re.search(r'name="form" value="([^"]+)"', self.send("GET", path).text)[1]
