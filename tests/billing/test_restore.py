"""A database that was restored from a backup gives out no number a second time."""

import contextlib

import pytest

from bus.activator import Call, Fate, Outcome
from bus.database.marks import Marks
from bus.database.store import Store
from bus.envelope import Envelope
from contracts.billing.bills import CHARGE
from services.billing.bills.numbers import next_number
from services.billing.service import Billing
from tests.billing.conftest import InProcessBilling
from tests.stores import execute


@pytest.fixture
def kept(tmp_path, new_database, billing_template, postgres):
    """A billing service with marks, whose database can be backed up and restored."""
    return KeptHand(new_database(billing_template), tmp_path, postgres)


class KeptHand(InProcessBilling):
    def __init__(self, db, folder, server):
        super().__init__(db)
        self._name, self._server, self._folder = db.rsplit("/", 1)[1], server, folder
        self.connect()

    def connect(self):
        self.store.engine.dispose()
        marks = Marks(self._folder)
        self.store = self.service.store = Store(self.db, source="billing", marks=marks)

    def _sql(self, statement):
        execute(self._server.url("postgres"), statement)

    def back_up(self):
        self.store.engine.dispose()
        self._sql(f"create database {self._name}_backup template {self._name}")

    def restore(self):
        self.store.engine.dispose()
        self._sql(f"drop database {self._name} with (force)")
        self._sql(f"alter database {self._name}_backup rename to {self._name}")
        self.connect()


def issue_and_pay(billing, count):
    """What the payers and the banks know of bills that are issued and paid, one tuple a bill."""
    rows = []
    for _ in range(count):
        bill = billing.charge()
        started = billing.start(bill)
        assert billing.back(started, billing.bank.pay(started["order"]))["settled"]
        bill = billing.bill(bill)
        rows.append((bill.bill_id, bill.number, bill.receipt, started["order"]))
    return rows


def test_o6_a_restored_database_gives_no_bill_receipt_or_order_a_number_that_is_taken(kept):
    issue_and_pay(kept, 2)
    kept.back_up()
    before = issue_and_pay(kept, 5)
    kept.restore()
    after = issue_and_pay(kept, 6)
    for old, new in zip(zip(*before, strict=True), zip(*after, strict=True), strict=True):
        assert not set(old) & set(new)
    gaps = execute(kept.db, "select kind, first, last from number_gaps order by kind")
    assert gaps == [("bill", 3, 7), ("receipt", 3, 7)]
    assert [row[1] for row in after] == [f"1405-{n:06}" for n in range(8, 14)]


def test_a_number_whose_act_failed_is_given_again_and_leaves_no_gap(kept):
    issue_and_pay(kept, 1)
    with contextlib.suppress(RuntimeError), kept.store.transaction() as tx:
        next_number(tx, "bill", kept.moment)
        raise RuntimeError
    with kept.store.transaction() as tx, contextlib.suppress(RuntimeError), tx.savepoint():
        next_number(tx, "bill", kept.moment)
        raise RuntimeError
    assert kept.charge().number == "1405-000002"
    assert execute(kept.db, "select * from number_gaps") == []


def test_numbers_go_on_without_a_gap_after_a_restart(kept):
    issue_and_pay(kept, 1)
    kept.connect()
    assert kept.charge().number == "1405-000002"


def test_b3_while_the_folder_of_the_marks_is_away_charges_wait_and_payers_are_informed(
    kept, tmp_path
):
    bill = kept.charge()
    (tmp_path / "full").touch()
    kept.store.marks = Marks(tmp_path / "full" / "marks")
    charge = {"source_kind": "inquiry", "service": "own_inquiry"}
    charge["requested_at"] = kept.moment.isoformat()
    calls = [
        Call.of(CHARGE, Envelope.new(CHARGE.name, "test"), {**charge, "source_ref": f"w{n}"})
        for n in range(2)
    ]
    held = Outcome(Fate.HOLD, trouble="numbers.unavailable")
    assert [Billing.charge(kept.service, [call])[0] for call in calls] == [held, held]
    assert kept.start(bill)["code"] == "numbers.unavailable"

    kept.store.marks = Marks(tmp_path)
    for call in calls:
        assert Billing.charge(kept.service, [call])[0].fate is Fate.DONE
    assert kept.pay(bill)["settled"]
    assert execute(kept.db, "select count(*) from bills") == [(3,)]
