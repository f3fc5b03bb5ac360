"""The billing service: tariffs, bills, payments, the ledger and what officers do with them."""

import datetime as dt
import functools
from pathlib import Path
from typing import Any

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from bus.errors import RuleBroken
from bus.service import Service
from contracts.billing import treasury
from contracts.billing.bills import (
    CHARGE,
    LIST_BILLS,
    LOOK_UP,
    PAYMENT,
    QUOTE,
    START_PAYMENT,
    STATEMENT,
    TAKE_RETURN,
)
from contracts.inquiry.questions import BATCH_ANSWERED, DAY_COUNTED
from iran.persian import TEHRAN, tehran_day
from services.billing import books, officers
from services.billing.bills import due_dates as last_days
from services.billing.bills import issuance as bills
from services.billing.bills import previews
from services.billing.bills import replies as views
from services.billing.bills import search as bill_search
from services.billing.bills.issuance import Till
from services.billing.domain import ledger as journal
from services.billing.ledger import entries as ledger
from services.billing.ledger import statements
from services.billing.payments import checkout as paying
from services.billing.payments import exceptions, refunds, waiting
from services.billing.payments import verification as verifying
from services.billing.psps import configuration as psps
from services.billing.psps.port import Psp
from services.billing.reconciliation import days
from services.billing.reconciliation import files as reconciling
from services.billing.tariffs import changes as tariffs

WRITERS = {"beancount": journal.beancount, "hledger": journal.hledger}


@functools.lru_cache(maxsize=4)
def gateways(path: str) -> dict[str, Psp]:
    """The banks' gateways of a file of secrets; read once a process."""
    return psps.adapters(Path(path).read_text(encoding="utf-8"))


class Billing(Service):
    name = "billing"

    @property
    def psps(self) -> dict[str, Psp]:
        return gateways(self.settings.text("PSPS_FILE"))

    def paying(self) -> verifying.Desk:
        portal = self.settings.text("PORTAL_URL").rstrip("/")
        key = self.settings.secret("BILLING_KEY").reveal()
        return verifying.Desk(self.store, self.now(), self.psps, portal, key)

    def book_ends(self, tx: Tx) -> dict[str, dt.date | None]:
        """Until when VAT, roundings, payment IDs, units of money and tariffs are on record."""
        book = books.newest(tx.conn)
        codes = [service["code"] for service in book.told["services"]]
        return books.ends(book, tariffs.of_services(tx.conn, codes), tehran_day(self.now()))

    def worries(self, tx: Tx) -> dict[str, int]:
        """What waits longer than it should."""
        return waiting.counts(tx.conn)

    def till(self, tx: Any) -> Till:
        """For what is done by a message of another part."""
        return Till(tx, self.now())

    def officer(self, tx: Any) -> Till:
        """For what any officer may do."""
        return Till(tx, self.now(), officers.caller(tx.conn, tx.envelope)[0])

    def approver(self, tx: Any) -> Till:
        """For what only approvers may do."""
        return Till(tx, self.now(), officers.approver(tx.conn, tx.envelope))

    def told(self, tx: Any, row: Any) -> dict[str, Any]:
        return views.bill_told(row, books.newest(tx.conn), self.psps, self.now())

    def page(self, tx: Any, rows: list[Any], limit: int) -> dict[str, Any]:
        return views.bills_told(rows, limit, (books.newest(tx.conn), self.psps, self.now()))

    # --- payers and agencies ---

    @serve(QUOTE)
    def quote(self, tx, **asked):
        return tariffs.quoted(tx.conn, self.now(), asked)

    @serve(LOOK_UP)
    def look_up(self, tx, *, bill_id, payment_id):
        return self.told(tx, bills.look_up(tx.conn, bill_id, payment_id))

    @serve(LIST_BILLS)
    def list_bills(self, tx, **asked):
        rows = bill_search.found(tx.conn, asked, agency_of(tx.envelope))
        return self.page(tx, rows, asked["limit"])

    @serve(STATEMENT)
    def statement(self, tx, *, month):
        return statements.of_month(tx.conn, agency_of(tx.envelope), month)

    @handle(CHARGE)
    def charge(self, tx, **asked):
        bills.charge(self.till(tx), asked)

    @handle(BATCH_ANSWERED, formerly="charge_batch")
    def charge_batch(self, tx, *, batch, agency, lines, on_behalf_of=None):
        charged, day = on_behalf_of or agency, tehran_day(self.now())
        asked = answers_given(charged, ("batch", batch), lines, day)
        bills.charge(self.till(tx), asked)

    @handle(DAY_COUNTED, formerly="charge_day")
    def charge_day(self, tx, *, day, agency, answers):
        source = ("day", f"{day}:{agency}")
        asked = answers_given(agency, source, answers, dt.date.fromisoformat(day))
        bills.charge(self.till(tx), asked)

    @serve(START_PAYMENT, outside=True)
    def start_payment(self, **asked):
        return paying.start(self.paying(), self.envelope.id, asked)

    @serve(TAKE_RETURN, outside=True)
    def take_return(self, *, order, key, form):
        return paying.take_return(self.paying(), order, key, form)

    @serve(PAYMENT, outside=True)
    def payment(self, *, order, key):
        return paying.told(self.paying(), order, key)

    # --- officers: tariffs ---

    @serve(treasury.WHO_AM_I)
    def who_am_i(self, tx):
        username, role = officers.caller(tx.conn, tx.envelope)
        return {"username": username, "role": role}

    @serve(treasury.TARIFFS)
    def tariffs(self, tx):
        return tariffs.listed(tx.conn, self.officer(tx).now)

    @serve(treasury.DRAFT_TARIFF)
    def draft_tariff(self, tx, **row):
        till = self.officer(tx)
        return {"ids": tariffs.draft(tx.conn, till.now, till.actor, [row])}

    @serve(treasury.IMPORT_TARIFFS)
    def import_tariffs(self, tx, *, text):
        till = self.officer(tx)
        return {"ids": tariffs.draft(tx.conn, till.now, till.actor, tariffs.read_csv(text))}

    @serve(treasury.APPROVE_TARIFF)
    def approve_tariff(self, tx, *, id, replaces):
        till = self.approver(tx)
        tariffs.approve(tx.conn, till.now, till.actor, id, replaces=replaces)
        return tariffs.listed(tx.conn, till.now)

    @serve(treasury.WITHDRAW_TARIFF)
    def withdraw_tariff(self, tx, *, id):
        till = self.officer(tx)
        tariffs.withdraw(tx.conn, till.now, till.actor, id)
        return tariffs.listed(tx.conn, till.now)

    # --- officers: bills ---

    @serve(treasury.FIND_BILLS)
    def find_bills(self, tx, **asked):
        self.officer(tx)
        return self.page(tx, bill_search.found(tx.conn, asked), asked["limit"])

    @serve(treasury.BILLED_AGENCIES)
    def billed_agencies(self, tx):
        self.officer(tx)
        return {"agencies": bill_search.agencies(tx.conn)}

    @serve(treasury.OPEN_BILLS_OF_TICKET)
    def open_bills_of_ticket(self, tx, *, ticket, bill):
        return {"bills": bill_search.open_of_ticket(tx.conn, ticket, bill)}

    @serve(treasury.PREVIEW_BILL)
    def preview_bill(self, tx, **asked):
        till = self.approver(tx) if asked["percent"] else self.officer(tx)
        return previews.bill_preview(till, asked)

    @serve(treasury.ISSUE_BILL)
    def issue_bill(self, tx, **asked):
        till = self.approver(tx) if asked["percent"] else self.officer(tx)
        return self.told(tx, bills.issue(till, asked))

    @serve(treasury.VOID_BILL)
    def void_bill(self, tx, *, number, why):
        return self.told(tx, bills.void(self.approver(tx), number, why))

    @serve(treasury.WAIVE_BILL)
    def waive_bill(self, tx, **asked):
        return self.told(tx, bills.waive(self.approver(tx), asked))

    # --- officers: exceptions and refunds ---

    @serve(treasury.EXCEPTIONS)
    def exceptions(self, tx):
        self.officer(tx)
        return {"exceptions": exceptions.listed(tx.conn)}

    @serve(treasury.RESOLVE)
    def resolve(self, tx, **asked):
        exceptions.resolve(self.officer(tx), asked)
        return {"exceptions": exceptions.listed(tx.conn)}

    @serve(treasury.REFUNDS)
    def refunds(self, tx):
        self.officer(tx)
        return {"refunds": refunds.listed(tx.conn, to_transfer=True)}

    @serve(treasury.ASK_REFUND)
    def ask_refund(self, tx, **asked):
        refunds.ask(self.officer(tx), asked)
        return {"refunds": refunds.listed(tx.conn)}

    @serve(treasury.APPROVE_REFUND)
    def approve_refund(self, tx, *, id):
        refunds.decide(self.approver(tx), id, good=True)
        return {"refunds": refunds.listed(tx.conn)}

    @serve(treasury.REFUSE_REFUND)
    def refuse_refund(self, tx, *, id):
        again = refunds.decide(self.approver(tx), id, good=False)
        if again is not None:
            exceptions.reopen(tx.conn, again)
        return {"refunds": refunds.listed(tx.conn)}

    @serve(treasury.NOTE_REFUND_PAID)
    def note_refund_paid(self, tx, *, id, bank_ref):
        refunds.note_paid(self.officer(tx), id, bank_ref)
        return {"refunds": refunds.listed(tx.conn)}

    # --- officers: files, days, journal ---

    @serve(treasury.TAKE_FILE)
    def take_file(self, tx, **asked):
        return reconciling.take(self.officer(tx), asked, list(self.psps))

    @serve(treasury.LOOK_AT_DAY)
    def look_at_day(self, tx, *, day):
        return days.look(self.officer(tx), dt.date.fromisoformat(day), list(self.psps))

    @serve(treasury.CLOSE_DAY)
    def close_day(self, tx, *, day):
        return days.close(self.approver(tx), dt.date.fromisoformat(day), list(self.psps))

    @serve(treasury.JOURNAL)
    def journal(self, tx, *, format, after):
        self.officer(tx)
        entries, following = ledger.page(tx.conn, after)
        return {"text": WRITERS[format](entries, opening=after == 0), "next": following}

    @serve(treasury.STATEMENT_OF)
    def statement_of(self, tx, *, agency, month):
        self.officer(tx)
        return statements.of_month(tx.conn, agency, month)

    # --- chores ---

    @every(5)
    def sweep(self):
        verifying.sweep(self.paying())

    @every(60)
    def expire(self):
        last_days.expire(self.store, self.now())

    @every(600)
    def remind(self):
        last_days.remind(self.store, self.now())


def answers_given(
    agency: str, source: tuple[str, str], answers: int, day: dt.date
) -> dict[str, Any]:
    """The Charge of answers that an agency was given: zero rials unless a tariff of ``day`` says
    otherwise for its class, which is its code.
    """
    kind, ref = source
    return {
        "source_kind": kind, "source_ref": ref, "service": "inquiry", "quantity": answers,
        "agency_class": agency, "use": "*", "area_class": "*", "agency": agency, "file_no": None,
        "requested_at": dt.datetime.combine(day, dt.time(12), TEHRAN).isoformat(),
    }  # fmt: skip


def agency_of(message: Any) -> str:
    """Who asks, as the gateway's door has proven it. RuleBroken for anybody who is no agency."""
    agency = ((message.caller if message else None) or {}).get("agency")
    if not agency:
        raise RuleBroken("Only an agency has bills of its own here.", code="agency.only")
    return str(agency)
