"""The inquiry service without a broker, on a real database."""

import json

import orjson

from bus.activator import Call, Fate
from bus.database.store import Store
from bus.envelope import Envelope
from bus.settings import Settings
from contracts.inquiry import questions as contracts
from services.inquiry.service import Inquiry
from tests.stores import execute

CALLER = {
    "agency": "fuel-co",
    "key": "fuel-co-demo",
    "grants": [
        {"purpose": "fuel_quota", "until": "2099-01-01"},
        {"purpose": "agriculture_aid", "until": "2020-01-01"},
    ],
}
NOBODY = "9900000013"


class InProcessInquiry:
    """Calls entrypoints as the endpoint would, without a broker."""

    def __init__(self, db, folder):
        self.db = db
        self.service = Inquiry()
        self.service.store = Store(db, source="inquiry", connections=4)
        self.service.settings = Settings({"INQUIRY_LOG_KEY": "k", "IMPORT_DIR": str(folder)})

    def call(self, contract, *, id=None, caller=CALLER, **data):
        """The result of one call; the refusal's wire form if it was refused."""
        named = {"id": id} if id else {}
        envelope = Envelope.new(contract.name, "test", caller=caller, **named)
        (outcome,) = getattr(Inquiry, contract.operation)(
            self.service, [Call.of(contract, envelope, data)]
        )
        assert outcome.fate is Fate.DONE, outcome
        reply = orjson.loads(orjson.dumps(outcome.reply or {}))  # as it goes out
        return reply.get("result") or reply.get("error")

    def ask(self, key=NOBODY, purpose="fuel_quota", **more):
        return self.call(contracts.ASK, key_kind="national_id", key=key, purpose=purpose, **more)

    def answer_parts(self):
        """Works on the commands that stand in the outbox, each twice on purpose."""
        for (body,) in execute(self.db, "select body from outbox where name like '%answer_batch%'"):
            data = contracts.ANSWER_BATCH_PART.load_data(json.loads(bytes(body)))
            for _ in range(2):
                message = Envelope.new(
                    contracts.ANSWER_BATCH_PART.name, "test", id=f"{data['batch']}/{data['part']}"
                )
                call = Call.of(contracts.ANSWER_BATCH_PART, message, data)
                Inquiry.answer_batch_part(self.service, [call])


def log_of(inquiry, columns="outcome"):
    return execute(inquiry.db, f"select {columns} from inquiry_log order by seq")


def lines(*keys):
    return [{"key_kind": "national_id", "key": key, "problem": None} for key in keys]


def submit(inquiry, part, content, *, last, batch="b1", caller=CALLER, purpose="fuel_quota"):
    return inquiry.call(
        contracts.SUBMIT_BATCH,
        id=f"{batch}-{part}-{caller['agency']}",
        caller=caller,
        batch=batch,
        part=part,
        lines=content,
        last=last,
        purpose=purpose,
    )
