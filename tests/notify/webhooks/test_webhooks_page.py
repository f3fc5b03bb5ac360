"""What docs/webhooks.md tells agencies is run as it stands there."""

import base64
import datetime as dt
import json
import os
import re
import subprocess
from pathlib import Path

import playwright
import pytest
from standardwebhooks import Webhook

from contracts.notify.callbacks import CALLBACK_TYPES, TEST
from services.notify.domain import webhook
from tests.processes import ROOT

PAGE = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)
SECRETS, (PUBLIC,), HEADERS, (BODY,) = (text.splitlines() for form, text in BLOCKS if not form)
HEADERS = dict(line.split(": ") for line in HEADERS)
MOMENT = int(HEADERS["webhook-timestamp"])
NODE = Path(playwright.__file__).parent / "driver/node"


def code(form):
    return [text for name, text in BLOCKS if name == form]


def test_the_worked_example_is_what_we_sign():
    private, public = webhook.key_pair(bytes(range(32)))
    made = webhook.signature(
        HEADERS["webhook-id"],
        dt.datetime.fromtimestamp(MOMENT, dt.UTC),
        BODY.encode(),
        secrets=SECRETS,
        private=private,
    )
    assert (made, public) == (HEADERS["webhook-signature"], PUBLIC)
    assert json.loads(BODY)["type"] in CALLBACK_TYPES


@pytest.mark.parametrize("secret", SECRETS)
def test_the_library_of_the_standard_makes_the_same_mark(secret):
    at = dt.datetime.fromtimestamp(MOMENT, dt.UTC)
    assert Webhook(secret).sign(HEADERS["webhook-id"], at, BODY) in HEADERS["webhook-signature"]


@pytest.mark.parametrize("secret", SECRETS)
def test_python_verifies_it_and_refuses_what_differs(secret):
    made = {}
    exec(code("python")[0], made)  # the page's own text
    genuine = made["genuine"]
    assert genuine(secret, HEADERS, BODY.encode(), MOMENT)
    assert not genuine(secret, HEADERS, BODY.encode() + b" ", MOMENT)
    assert not genuine(secret, HEADERS, BODY.encode(), MOMENT + 301)
    assert not genuine("whsec_" + base64.b64encode(b"x" * 32).decode(), HEADERS, b"{}", MOMENT)


def test_node_verifies_it_and_refuses_what_differs():
    values = json.dumps([SECRETS, HEADERS, BODY, MOMENT])
    script = code("js")[0] + (
        f"\nconst [secrets, headers, body, now] = {values};"
        "console.log(JSON.stringify([...secrets.map((s) => genuine(s, headers, body, now)),"
        "genuine(secrets[0], headers, body + ' ', now), genuine(secrets[0], headers, body)]));"
    )
    reply = subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(reply.stdout) == [True, True, False, False]


def shell(script, folder, **environ):
    (folder / "body.json").write_text(BODY)
    values = {"ID": HEADERS["webhook-id"], "TIMESTAMP": str(MOMENT), **environ}
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **values},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("secret", SECRETS)
def test_openssl_makes_the_mark_with_the_secret(tmp_path, secret):
    reply = shell(code("sh")[0], tmp_path, SECRET=secret)
    assert reply.stdout.strip() in HEADERS["webhook-signature"].split()


def test_openssl_verifies_the_mark_with_the_public_key(tmp_path):
    mark = HEADERS["webhook-signature"].split("v1a,")[1]
    reply = shell(code("sh")[1], tmp_path, PUBLIC_KEY=PUBLIC, MARK=mark)
    assert "Verified Successfully" in reply.stdout, reply.stderr
    other = base64.b64encode(b"x" * 64).decode()
    assert shell(code("sh")[1], tmp_path, PUBLIC_KEY=PUBLIC, MARK=other).returncode == 1


@pytest.mark.parametrize("type_", CALLBACK_TYPES)
def test_every_type_is_told(type_):
    assert f"| `{type_}` |" in PAGE


def test_the_type_of_a_trial_is_told_as_what_cannot_be_named():
    assert f"| `{TEST}` |" not in PAGE
    assert f"`{TEST}` comes only when you ask for it" in PAGE


def test_the_pauses_are_told_as_they_are():
    reply = re.search(r"delivered again after ([^;]*);", PAGE)[1].replace(" and ", ", ")
    units = {"s": 1, "min": 60, "h": 3600}
    pauses = [
        int(number) * units[unit] for number, unit in re.findall(r"(\d+)\s+(s|min|h)\b", reply)
    ]
    assert [p.total_seconds() for p in webhook.PAUSES] == pauses
