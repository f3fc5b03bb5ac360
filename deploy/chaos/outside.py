"""Faults of the network, of small disks, of clocks and of others' servers."""

import contextlib
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import requests

from deploy.chaos.installation import Installation
from deploy.local.parts import BANK_PORT, SMS_PORT

Made = Callable[[Installation], AbstractContextManager[None]]
CHUNK = b"\0" * (1 << 16)
BANK_TRICKS = ({"do": "error"}, {"do": "drop"}, {"do": "garbage"}, {"do": "delay", "seconds": 4})
BANK_CALLS = ("token", "verify", "verify", "settle")
# More would keep one payer for minutes: the bank is asked again at growing pauses.
BANK_LIES, SMS_LIES = 6, 16
SMS_TRICKS = (
    {"do": "drop"},
    {"do": "garbage"},
    {"do": "error"},
    {"do": "busy"},
    {"do": "no_credit"},
    {"do": "take_and_hang", "seconds": 4},
    {"do": "delay", "seconds": 1},
)
SMS_SERVERS = ("magfa", "kavenegar")


def cut(port: int) -> Made:
    """Packets to and from a port are dropped without a word."""
    return _filtered(port, ["DROP"])


def reset(port: int) -> Made:
    """Connections to a port are reset, old and new ones."""
    return _filtered(port, ["REJECT", "--reject-with", "tcp-reset"])


def _filtered(port: int, target: list[str]) -> Made:
    rules = [["-p", "tcp", side, str(port), "-j", *target] for side in ("--dport", "--sport")]

    @contextlib.contextmanager
    def make(_: Installation) -> Iterator[None]:
        for rule in rules:
            _iptables("-A", rule)
        try:
            yield
        finally:
            for rule in rules:
                _iptables("-D", rule)

    return make


def _iptables(act: str, rule: list[str]) -> None:
    subprocess.run(["iptables", "-w", act, "INPUT", *rule], check=True, capture_output=True)


def stopped(name: str) -> Made:
    """Somebody else's server is down for a while."""

    @contextlib.contextmanager
    def make(installation: Installation) -> Iterator[None]:
        installation.stop_part(name)
        yield
        installation.start_part(name)

    return make


def full(folder: str) -> Made:
    """Nothing more fits on the small disk of a folder."""

    @contextlib.contextmanager
    def make(installation: Installation) -> Iterator[None]:
        ballast = installation.state.folder(folder) / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(CHUNK):
                pass
        try:
            yield
        finally:
            ballast.unlink()

    return make


def clock(seconds: float) -> Made:
    """The clocks of all our parts and of the database jump, and jump back."""

    @contextlib.contextmanager
    def make(installation: Installation) -> Iterator[None]:
        installation.clock.move(seconds)
        yield
        installation.clock.move(0)

    return make


@contextlib.contextmanager
def bank_lies(_: Installation) -> Iterator[None]:
    """The next answers of the gateways are errors, nonsense, late, or lost after the act."""
    chance = random.Random("bank")  # noqa: S311 - a play
    for number in range(BANK_LIES):
        trick = {"next": BANK_CALLS[number % len(BANK_CALLS)], **chance.choice(BANK_TRICKS)}
        _play(BANK_PORT, trick)
    yield


@contextlib.contextmanager
def sms_lies(_: Installation) -> Iterator[None]:
    """The next answers of providers are errors, nonsense, late, or lost after the act."""
    chance = random.Random("sms")  # noqa: S311 - a play
    for _number in range(SMS_LIES):
        _play(SMS_PORT, {"provider": chance.choice(SMS_SERVERS), **chance.choice(SMS_TRICKS)})
    yield
    _play(SMS_PORT, {"do": "normal", "provider": "all"})


def _play(port: int, trick: dict[str, object]) -> None:
    requests.post(f"http://127.0.0.1:{port}/play", json=trick, timeout=10).raise_for_status()
