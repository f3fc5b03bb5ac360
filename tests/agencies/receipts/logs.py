"""Leaves for the log, and what its entrypoints say of them."""

import os
import shutil
from hashlib import sha256
from pathlib import Path
from unittest import mock

import pytest

from bus.activator import Call
from bus.call_leaves import Evidence, Matter, refusal_digest, state
from bus.envelope import Envelope
from bus.errors import BusError
from bus.evidence.notes import TrustedKeys
from bus.evidence.receipts import Receipt
from bus.settings import Settings
from contracts.agencies import receipts as contracts
from services.agencies.receipts import journal
from services.agencies.receipts.__main__ import main
from services.agencies.service import Agencies
from tests.agencies.register.registrars import Hand
from tests.stores import execute

TABLES = ("receipt_log", "receipt_bundles", "receipt_places", "receipt_nodes", "receipt_heads")
ORIGIN = "mirab.test/receipts"
QUESTION, ANSWER = b'{"key":"1"}', b'{"outcome":"ANSWERED"}'


def statement(call="call-1", *, agency="a-co", code="", origin=ORIGIN):
    """The leaf of a call, with what opens it."""
    outcome = "refused" if code else "answered"
    answer = refusal_digest(code) if code else sha256(ANSWER).digest()
    evidence = Evidence(origin, "signature", sha256(QUESTION).digest(), 3)
    caller = {"agency": agency, "key": f"{agency}-1", "grants": []}
    return state(caller, evidence, Matter("inquiry.ask.v1", call, None, outcome, code, answer))


class LogHand(Hand):
    """Calls the log's entrypoints as the endpoint would; ``tree`` is what SQL reads of it."""

    def add(self, *messages):
        """Bring messages, each of several leaves, in one turn; the outcomes."""
        calls = [
            Call.of(
                contracts.ADD_LEAVES,
                Envelope.new(contracts.ADD_LEAVES.name, "test"),
                {"leaves": [leaf.to_wire() for leaf in message]},
            )
            for message in messages
        ]
        return Agencies.add_leaves(self.service, calls)

    def sign(self):
        """One turn of the signer."""
        self.service.sign_head()

    def head(self):
        """The newest head, verified by the key that the log names."""
        reply = self.call(contracts.LOG_HEAD)
        return TrustedKeys.parse(reply["key"]).open(reply["note"])

    def trusted(self):
        return TrustedKeys.parse(self.call(contracts.LOG_HEAD)["key"])

    def receipt(self, id_, asker="a-co"):
        """The reply to an agency that asks for a receipt."""
        return self.call(contracts.READ_RECEIPT, asker=asker, id=id_)

    def proven(self, id_, asker="a-co"):
        """What the receipt of a call proves."""
        receipt = Receipt.parse(self.receipt(id_, asker)["receipt"].encode())
        digests = {"request": sha256(QUESTION).digest()}
        return receipt.verify(self.trusted(), digests)

    @property
    def marks(self):
        """The folder of the last head."""
        return Path(self.service.settings.text("MARKS_DIR"))

    def sign_refused(self):
        """The code with which a turn of the signer ends that signs nothing."""
        with pytest.raises(BusError) as refused:
            self.service._signed()
        return refused.value.code

    def back_up(self):
        """Keep the database as it is now."""
        for table in TABLES:
            self.sql(f"drop table if exists kept_{table}")
            self.sql(f"create table kept_{table} as table {table}")

    def restore(self, *, journal_too=False):
        """Bring the database back to where it was kept, or begin with none; ``journal_too`` if what
        was noted beside it is lost too, or does not reach back so far.
        """
        self.empty()
        for table in TABLES:
            self.sql(f"insert into {table} table kept_{table}")
        if journal_too:
            self.forget_journal()

    def empty(self):
        self.sql(f"truncate {', '.join(TABLES)}")

    def forget_journal(self):
        shutil.rmtree(self.marks / journal.FOLDER, ignore_errors=True)

    def journal(self):
        """The files of what was noted beside the database, the oldest first."""
        return sorted((self.marks / journal.FOLDER).iterdir())

    def size(self):
        """How many leaves the tree has."""
        return self.sql("select size from receipt_log")[0][0]

    def put_back(self, file):
        """The exit code of the command that puts lost leaves back."""
        names = ("RECEIPTS_ORIGIN", "MARKS_DIR")
        environ = {name: self.service.settings.text(name) for name in names}
        with mock.patch.dict(os.environ, {**environ, "DB_URL": self.db}):
            return main([str(file)])

    def named(self, origin, **more):
        """The same settings with another name of the log, or with others in their places."""
        names = ("REGISTER_KEY_FILE", "RECEIPTS_KEY_FILE", "MARKS_DIR")
        same = {name: self.service.settings.text(name, "") for name in names}
        return Settings({**same, "RECEIPTS_ORIGIN": origin, **more})

    def sql(self, statement, **values):
        return execute(self.db, statement, **values)
