"""Every program of `make up` and of production starts by `python -m` from nothing.

Elsewhere the suite forks them from a parent that has imported all of Mirab (tests/preloaded.py):
what a program itself forgot to import, or imported before eventlet had patched it, shows here.
"""

import os
import sys

import pytest

from deploy.local.parts import OUTSIDE, PARTS
from deploy.local.ports import free_port, listening
from tests.environments import secrets_in
from tests.processes import ROOT, Process
from tests.waiting import wait_for

PROGRAMS = {part.name: part for part in (*PARTS, *OUTSIDE)}
# The setting that says on which port a program listens; others say that the broker is away.
PORTS = {
    "ticketing-mail": "MAIL_PORT",
    "mailbox": "MAILBOX_PORT",
    "bank": "BANK_PORT",
    "sms": "SMS_PORT",
    **dict.fromkeys(("public", "agency", "ops", "desk", "notify-api"), "PORT"),
}
AWAY = ("broker_unreachable", "broker_lost", "not brought into line", "Connection refused")

# What a program that starts in a fork alone would stumble over.
FAULTS = ("ModuleNotFoundError", "ImportError", "AttributeError", "NameError")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """All of them, started side by side, without a broker and a database; and their ports."""
    folder = tmp_path_factory.mktemp("programs")
    environ = {
        **os.environ,
        **secrets_in(folder),
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        "AMQP_URL": "amqp://guest:guest@127.0.0.1:1/",
        "DB_URL": "postgresql://127.0.0.1:1/x",
        "AGENCIES_DIR": str(ROOT / "deploy/agencies"),
        "HOST": "127.0.0.1",
        "AGENCY_URL": "http://127.0.0.1:1",
        "AGENCY_BASE_URL": "http://127.0.0.1:1",
        "NOTIFY_API_URL": "http://127.0.0.1:1",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "CLAMD_ADDRESS": "127.0.0.1:1",
        "MAILBOX_DIR": str(folder / "boxes"),
        "BROKER_API_URL": "http://guest:guest@127.0.0.1:1",
        "REPLAY_DIR": str(folder),
        "AGENCY_BROKER_API_URL": "http://guest:guest@127.0.0.1:1",
        "MARKS_DIR": str(folder),
        "AGENCY_PASSWORDS_DIR": str(folder),
        "BROKER_PASSWORDS_DIR": str(folder),
        "MIRAB_URL": "http://127.0.0.1:1",
        "MIRAB_KEY_ID": "mirab-ops-demo",
        "MIRAB_KEY_FILE": str(ROOT / "deploy/local/demo_keys/mirab-ops.pem"),
    }
    started = {}
    for name, part in PROGRAMS.items():
        port = free_port()
        more = {PORTS[name]: str(port)} if name in PORTS else {}
        command = [sys.executable, "-m", *part.module]
        started[name] = Process(command, environ | more, folder / f"{name}.log"), port
    yield started
    for process, _ in started.values():
        process.kill()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_starts_from_nothing(programs, name):
    process, port = programs[name]

    def begun():
        assert process.alive, process.log
        if name in PORTS:
            return listening(port)
        return any(words in process.log for words in AWAY)

    wait_for(begun, 90)
    process.kill()
    assert [fault for fault in FAULTS if fault in process.log] == []
