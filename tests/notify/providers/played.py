"""The played providers of SMS, running."""

import requests

from deploy.local.ports import free_port, listening
from services.notify.providers import registry
from tests.processes import ROOT
from tests.waiting import wait_for

DEMO = ROOT / "deploy/notify/providers.toml"


class PlayedSms:
    """Addresses of the running player; ``play`` makes its next answers other ones."""

    def __init__(self, start, **environ):
        self._start, self.environ = start, {"SMS_DELAY": "0", **environ}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.begin()

    def begin(self):
        """Starts the process, for the first time or after its end."""
        self.process = self._start("deploy.local.sms", SMS_PORT=str(self.port), **self.environ)
        wait_for(lambda: listening(self.port))

    def play(self, do=None, provider="all", **more):
        reply = {"do": do, "provider": provider, **more} if do else more
        requests.post(f"{self.url}/play", json=reply, timeout=10).raise_for_status()

    def record(self, provider=None, **fields):
        """Counts, doubles and each message, in the order in which they were taken; of all, or of
        one provider or telephone (``to``).
        """
        fields = {"provider": provider, **fields} if provider else fields
        return requests.get(f"{self.url}/taken", params=fields, timeout=30).json()

    def messages(self, provider=None, **fields):
        return self.record(provider, **fields)["taken"]

    def page(self, path="/phone"):
        return requests.get(f"{self.url}{path}", timeout=10).text

    def config(self, timeout=5):
        """The file of providers of the demo, with this player behind all of them."""
        text = DEMO.read_text(encoding="utf-8").replace("http://127.0.0.1:8028", self.url)
        return text.replace("\nweight", f"\ntimeout = {timeout}\nweight")

    def providers(self, timeout=5):
        return {
            code: reply.provider
            for code, reply in registry.configured_providers(self.config(timeout)).items()
        }
