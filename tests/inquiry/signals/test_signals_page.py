"""What docs/signals.md tells agencies is run as it stands there."""

import json
import os
import re
import subprocess
from pathlib import Path

import playwright

from connector.commands.words import parser
from contracts.inquiry.signals import SIGNALS, pseudonym_of
from tests.processes import ROOT

PAGE = (ROOT / "docs/signals.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)
(PSEUDONYM,) = (text for form, text in BLOCKS if not form)
SEED, KEY = re.search(
    r"With the seed `(\S+)` the pseudonym of the national ID (\d+)", PAGE
).groups()
NODE = Path(playwright.__file__).parent / "driver/node"


def code(form):
    return next(text for name, text in BLOCKS if name == form)


def test_the_worked_example_is_what_we_compute():
    assert pseudonym_of(SEED, "national_id", KEY) == PSEUDONYM
    assert pseudonym_of(SEED, "national_id", "۹۹۰۰۰۰۰۰۱۳") == PSEUDONYM


def test_python_makes_it():
    made = {}
    exec(code("python"), made)  # the page's own text
    assert made["pseudonym"](SEED, "national_id", KEY) == PSEUDONYM


def test_node_makes_it():
    script = f"{code('js')}\nconsole.log(pseudonym('{SEED}', 'national_id', '{KEY}'));"
    reply = subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True)
    assert reply.stdout.strip() == PSEUDONYM


def test_openssl_makes_it():
    environ = {"PATH": os.environ["PATH"], "SEED": SEED, "KIND": "national_id", "KEY": KEY}
    reply = subprocess.run(
        ["bash", "-c", code("sh")], env=environ, capture_output=True, text=True, check=True
    )
    assert reply.stdout.strip() == PSEUDONYM


def test_the_commands_of_the_connector_are_understood():
    lines = [line.split("#")[0].split() for line in code("bash").splitlines()]
    commands = parser()
    names = [commands.parse_args(words[3:]).command for words in lines]
    assert names == ["watch", "signals", "unwatch"]


def test_the_example_of_a_page_of_signals_has_the_members_of_the_contract():
    page = json.loads(code("json"))
    assert set(page) == set(SIGNALS.reply_schema.fields)
    (signal,) = page["signals"]
    assert set(signal) == set(SIGNALS.reply_schema.fields["signals"].inner.schema.fields)
