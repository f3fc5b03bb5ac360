"""The signal hub in the process, on a register that a test changes and a clock that it moves."""

import datetime as dt
import json

import pytest

from bus.activator import Call, Fate
from bus.database.store import Store
from bus.envelope import Envelope
from contracts.billing.bills import BILL_ISSUED
from contracts.inquiry import signals as contracts
from contracts.inquiry.signals import pseudonym_of
from services.inquiry.registry_import.run import load
from services.inquiry.service import Inquiry
from tests.databases import make_database, make_once
from tests.inquiry.in_process import InProcessInquiry
from tests.inquiry.registry_import.exports import IDS, Export
from tests.stores import execute

PERSON, OTHER = IDS[0], IDS[1]
STRANGER = "9900000064"
NOON = dt.datetime(2026, 11, 23, 12, 1, tzinfo=dt.UTC)
WINDOW = dt.timedelta(minutes=15)
TONIGHT = dt.datetime(2026, 11, 23, 12, 15, tzinfo=dt.UTC)


def caller(agency="fuel-co", purpose="fuel_quota", **grant):
    grants = [{"purpose": purpose, "until": "2099-01-01", **grant}]
    return {"agency": agency, "key": f"{agency}-demo", "grants": grants}


FUEL, COURT = caller(), caller("justice", "court_case")


@pytest.fixture(scope="session")
def exported_template(postgres, inquiry_template, tmp_path_factory):
    """The inquiry database with an export in it."""

    def make(unfinished):
        store = Store(make_database(postgres, unfinished, inquiry_template), source="inquiry")
        load(store, Export(tmp_path_factory.mktemp("exported") / "export").write())
        store.engine.dispose()

    return make_once(postgres, "exported_template", make)


class SignalHub(InProcessInquiry):
    """Asks, watches, imports and reads; nothing happens by itself. In its database stands the
    export as it is before the first change.
    """

    def __init__(self, db, folder, export):
        super().__init__(db, folder)
        self.export = export
        self.moment = NOON
        self.service.now = lambda: self.moment
        self.compare()

    def load(self):
        return load(self.service.store, self.export.write())

    def change(self, row=0, **cells):
        """Import the export again with other cells; the hub compares it with the watches."""
        self.export.sources[row].update(cells)
        self.load()
        self.compare()

    def compare(self):
        Inquiry.compare_changes(self.service)

    def send(self, after=WINDOW):
        self.moment += after
        Inquiry.send_signals(self.service)

    def seeds(self, asker=FUEL):
        return self.call(contracts.WATCH_SEEDS, caller=asker)["seeds"]

    def pseudonym(self, key=PERSON, kind="national_id", asker=FUEL, seed=0):
        return pseudonym_of(self.seeds(asker)[seed]["seed"], kind, key)

    def watch(self, *keys, asker=FUEL, kind="national_id", seed=0, by_seed=None, **more):
        seed = self.seeds(asker)[seed]
        purpose = asker["grants"][0]["purpose"]
        return self.call(
            contracts.WATCH,
            caller=asker,
            **{
                "purpose": purpose,
                "key_kind": kind,
                "seed": by_seed or seed["id"],
                "pseudonyms": [pseudonym_of(seed["seed"], kind, key) for key in keys],
                **more,
            },
        )

    def ask_and_watch(self, key=PERSON, asker=FUEL, **more):
        self.ask(key, purpose=asker["grants"][0]["purpose"], caller=asker)
        return self.watch(key, asker=asker, **more)

    def signals(self, asker=FUEL, **more):
        return self.call(contracts.SIGNALS, caller=asker, **more)

    def received(self, asker=FUEL):
        """The pseudonyms of all that was signalled."""
        return [signal.get("pseudonym") for signal in self.signals(asker)["signals"]]

    def published(self):
        """The data of the events that stand in the outbox."""
        rows = execute(self.db, "select body from outbox where name = 'inquiry.signals_sent.v1'")
        return [json.loads(bytes(body)) for (body,) in rows]

    def bill(self, file_no="0/1"):
        """Billing announces a debt of a source."""
        data = {
            "number": "B-1",
            "bill_id": None,
            "payment_id": None,
            "source_kind": "office",
            "source_ref": "1",
            "service": "water_levy",
            "agency": None,
            "file_no": file_no,
            "of_register": False,
            "laws": ["FDW-33"],
            "state": "ISSUED",
            "total_rials": 1000,
            "due_on": "2026-12-30",
            "version": 1,
            "at": "2026-11-23T12:00:00Z",
        }
        call = Call.of(BILL_ISSUED, Envelope.new(BILL_ISSUED.name, "billing"), data)
        (outcome,) = Inquiry.bill_issued(self.service, [call])
        assert outcome.fate is Fate.DONE, outcome
        self.compare()
