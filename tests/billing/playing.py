"""The played bank, running, and a payer at it."""

import re
from html import unescape

import requests

from deploy.local.ports import free_port, listening
from tests.conftest import wait_for

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
ACTION = re.compile(r'<form method="post" action="([^"]*)"')


class PlayedBank:
    """Addresses of a running bank; ``play`` makes its next answer another one."""

    def __init__(self, start, **environ):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = start("deploy.local.bank", BANK_PORT=str(self.port), **environ)
        wait_for(lambda: listening(self.port))

    def play(self, next, do, **more):
        requests.post(f"{self.url}/play", json={"next": next, "do": do, **more}, timeout=10)

    def payments(self):
        return requests.get(f"{self.url}/play", timeout=10).json()["payments"]

    def config(self, folder, **more):
        """The file of gateways for billing, with this bank behind all of them."""
        text = "\n".join(
            f'[{code}]\nbase = "{self.url}"\n' + "\n".join(f"{n} = {v!r}" for n, v in told.items())
            for code, told in {
                "sep": {"terminal": "13400001"},
                "behpardakht": {"terminal": "4610001", "user": "mirab", "password": "played"},
                "sadad": {
                    "terminal": "24000461",
                    "merchant": "000000140212149",
                    "key": "bWlyYWItcGxheWVkLWtleS0yNGJ5dGVz",
                },
            }.items()
            for told in [{**told, **more}]
        )
        path = folder / "psps.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def decide(self, token, act="pay"):
        """What a payer does at the bank: (address to go back to, fields of the form)."""
        page = requests.post(
            f"{self.url}/decide", data={"token": token, "act": act}, timeout=10
        ).text
        return unescape(ACTION.search(page)[1]), {n: unescape(v) for n, v in HIDDEN.findall(page)}
