"""The billing service in the process of a test, on a real database and by the test's own clock.

Its bank does what a test tells it to; tests/billing/test_psp.py has the real protocols.
"""

import datetime as dt
import itertools

import pytest

from bus.activator import Call, Fate
from bus.database.store import Store
from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.settings import Settings
from contracts.billing import bills as contracts
from contracts.billing import treasury
from iran.persian import TEHRAN, parse_jalali
from services.billing.bills import due_dates
from services.billing.payments import sweeper
from services.billing.psps.port import Attempt, Declined, Order, Redirect, Returned, Verified
from services.billing.service import Billing
from tests.stores import execute

PORTAL = "https://portal.example"
LOST = Unavailable("It did not answer.", code="psp.unreachable")


def tehran(text):
    """A moment such as "1405-09-02 09:00" by the clocks of Tehran, in UTC."""
    day, time = text.split()
    moment = dt.datetime.combine(parse_jalali(day), dt.time.fromisoformat(time), TEHRAN)
    return moment.astimezone(dt.UTC)


class Bank:
    """A gateway that remembers what was paid; ``lose`` names calls that get no answer next."""

    window = dt.timedelta(minutes=15)

    def __init__(self, code="sep", finds_orphans=False):
        self.code, self.finds_orphans = code, finds_orphans
        self.orders, self.payments, self.calls, self.lose = {}, {}, [], []
        self.verified_amount = None
        self._numbers = itertools.count(1)

    def _say(self, call):
        self.calls.append(call)
        if call in self.lose:
            self.lose.remove(call)
            raise LOST

    def start(self, order: Order):
        self._say("start")
        self.orders[order.order_id] = order
        return Redirect(f"t{order.order_id}", "POST", "https://bank.example/pay", {"Token": "t"})

    def pay(self, order_id):
        """The payer pays; what the browser brings back."""
        ref = f"R{next(self._numbers)}"
        self.payments[ref] = {"order": order_id, "state": "PAID"}
        return {"order": str(order_id), "ref": ref, "ok": "1"}

    def returned(self, form):
        order = form.get("order", "")
        return Returned(
            int(order) if order.isdigit() else None,
            None,
            form.get("ref"),
            form.get("ok") == "1",
            form.get("code", ""),
        )

    def _payment(self, attempt: Attempt):
        if attempt.ref is None:
            refs = [r for r, p in self.payments.items() if p["order"] == attempt.order_id]
            attempt = Attempt(
                attempt.order_id, attempt.amount, attempt.token, next(iter(refs), None)
            )
        row = self.payments.get(attempt.ref)
        if row is None or row["state"] == "GIVEN_BACK":
            raise Declined("No such payment.", psp_code="-2")
        return attempt.ref, row

    def verify(self, attempt):
        ref, row = self._payment(attempt)
        if row["state"] == "PAID":
            row["state"] = "VERIFIED"
        self._say("verify")
        amount = self.verified_amount or attempt.amount
        return Verified(None, amount, ref, f"rrn{ref}", "7", "603799******1234", "h", "T1")

    def settle(self, attempt):
        self._payment(attempt)[1]["state"] = "SETTLED"
        self._say("settle")

    def reverse(self, attempt):
        self._say("reverse")
        self._payment(attempt)[1]["state"] = "GIVEN_BACK"


class Treasury(Billing):
    """The service with the banks of the test."""

    banks = None

    @property
    def psps(self):
        return self.banks


class InProcessBilling:
    """Calls entrypoints as the endpoint would, without a broker; ``moment`` is now."""

    def __init__(self, db):
        self.db, self.moment = db, tehran("1405-09-02 09:00")
        self.service = Treasury()
        self.bank, self.sadad = Bank(), Bank("sadad", finds_orphans=True)
        self.service.banks = {"sep": self.bank, "sadad": self.sadad}
        self.store = self.service.store = Store(db, source="billing", connections=6)
        self.service.settings = Settings({"BILLING_KEY": "pepper", "PORTAL_URL": PORTAL})
        self.service.now = lambda: self.moment
        self._refs = itertools.count(1)

    def at(self, text):
        """It is now this moment of Tehran."""
        self.moment = tehran(text)
        return self

    def later(self, **span):
        self.moment += dt.timedelta(**span)
        return self

    def call(self, contract, *, message=None, as_=None, asker=None, **data):
        """The result of one call; the refusal's wire form if it was refused."""
        named = {"id": message} if message else {}
        caller = {"staff": as_} if as_ else {"agency": asker} if asker else {"face": "public"}
        envelope = Envelope.new(contract.name, "test", caller=caller, **named)
        method = getattr(Billing, contract.operation)
        (outcome,) = method(self.service, [Call.of(contract, envelope, data)])
        assert outcome.fate is Fate.DONE, outcome
        reply = outcome.reply or {}
        return reply.get("result", reply.get("error"))

    def charge(self, service="own_inquiry", *, ref=None, **more):
        """The row of the bill of a new chargeable event."""
        ref = ref or f"i{next(self._refs)}"
        data = {
            "source_kind": "inquiry",
            "source_ref": ref,
            "service": service,
            "requested_at": self.moment.isoformat(),
            **more,
        }
        self.call(contracts.CHARGE, **data)
        return self.row("select * from bills where source_ref = %s order by id desc", ref)

    def row(self, sql, *values):
        """The first row as an object, or None."""
        from types import SimpleNamespace

        with self.store.transaction() as tx:
            row = tx.conn.exec_driver_sql(sql, values).mappings().first()
        return SimpleNamespace(**row) if row else None

    def start(self, bill, psp="sep", id=None):
        return self.call(
            contracts.START_PAYMENT,
            message=id,
            bill_id=bill.bill_id,
            payment_id=bill.payment_id,
            psp=psp,
        )

    def back(self, started, form):
        return self.call(
            contracts.TAKE_RETURN, order=started["order"], key=started["key"], form=form
        )

    def pay(self, bill):
        """Pays a bill at the bank: how the payment stands after the browser is back."""
        started = self.start(bill)
        return self.back(started, self.bank.pay(started["order"]))

    def sweep(self):
        sweeper.sweep(self.service.payment_context())

    def expire(self):
        due_dates.expire(self.store, self.moment)

    def bill(self, bill):
        return self.row("select * from bills where id = %s", bill.id)

    def sums(self):
        """The balance of each account that is not zero."""
        rows = execute(self.db, "select account, sum(rials) from postings group by account")
        return {account: int(rials) for account, rials in rows if rials}

    def day(self, day=None):
        day = day or self.moment.astimezone(TEHRAN).date().isoformat()
        return self.call(treasury.LOOK_AT_DAY, as_="karim", day=day)

    def exceptions(self):
        reply = self.call(treasury.EXCEPTIONS, as_="karim")
        return [(e["kind"], e["rials"], e["state"]) for e in reply["exceptions"]]

    def events(self):
        """The names of the events that were told, with their bills' states."""
        rows = execute(
            self.db,
            "select name, convert_from(body, 'UTF8')::json->>'state' from outbox order by seq",
        )
        return [(name.split(".")[1], state) for name, state in rows]


@pytest.fixture
def billing(billing_db):
    made = InProcessBilling(billing_db)
    yield made
    made.store.engine.dispose()
