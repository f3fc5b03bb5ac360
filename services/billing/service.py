"""The billing service: tariffs, bills, payments, the ledger and the acts of officers."""

import datetime as dt

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from bus.envelope import Envelope
from bus.errors import BusError
from bus.service import Service
from contracts.billing import bills as contracts
from contracts.billing import tariffs as messages
from contracts.billing import treasury, treasury_figures
from contracts.billing.statements import Statement
from contracts.billing.treasury_views import Close, Exceptions, Refunds
from contracts.inquiry import questions
from contracts.ticketing.citizens import TICKET_MOVED, TicketMoved
from iran.persian import tehran_day
from members.rights import calling_agency
from services.billing import books, officers
from services.billing.account import matching
from services.billing.account.entrypoints import AccountEntrypoints
from services.billing.bills import changes, due_dates, issuance, objections, search
from services.billing.bills.replies import Replies, quoted
from services.billing.context import Context
from services.billing.domain import journal as journals
from services.billing.ledger import entries, entry_list, figures, statements
from services.billing.payments import checkout, delays, exceptions, refunds, sweeper
from services.billing.payments.context import PaymentContext
from services.billing.payments.replies import exceptions_reply, refunds_reply
from services.billing.psps import configuration
from services.billing.psps.port import Psp
from services.billing.reconciliation import days, files
from services.billing.rehearsals import RehearsalEntrypoints
from services.billing.tariffs import changes as tariff_changes
from services.billing.tariffs import csv_file, listing, quotes

WRITERS = {"beancount": journals.beancount, "hledger": journals.hledger}


class Billing(RehearsalEntrypoints, AccountEntrypoints, Service):
    """Entrypoints and chores of the billing context."""

    name = "billing"
    own_keys = ("BILLING_KEY",)

    @property
    def psps(self) -> dict[str, Psp]:
        """The gateways that are set up, by code."""
        return configuration.gateways(self.settings.text("PSPS_FILE"))

    def payment_context(self) -> PaymentContext:
        """The context of work at the banks' gateways."""
        portal = self.settings.text("PORTAL_URL").rstrip("/")
        key = self.own_key("BILLING_KEY")
        return PaymentContext(self.store, self.now(), self.psps, portal, key)

    def book_ends(self, tx: Tx) -> dict[str, dt.date | None]:
        """Until when VAT, roundings, payment IDs, units of money and tariffs are on record."""
        book = books.newest(tx.conn)
        codes = [service.code for service in book.services]
        return books.ends(book, quotes.of_services(tx.conn, codes), tehran_day(self.now()))

    def worries(self, tx: Tx) -> dict[str, int]:
        """Payments that wait longer than they should."""
        return delays.counts(tx.conn)

    def system(self, tx: Tx) -> Context:
        """The context of an act that another part of Mirab caused."""
        return Context(tx, self.now())

    def officer(self, tx: Tx) -> Context:
        """The context of an act that any officer may do."""
        return Context(tx, self.now(), officers.caller(tx.conn, tx.envelope)[0])

    def approver(self, tx: Tx) -> Context:
        """The context of an act that only an approver may do."""
        return Context(tx, self.now(), officers.approver(tx.conn, tx.envelope))

    def replies(self, tx: Tx) -> Replies:
        """The writer of bills as replies."""
        return Replies(books.newest(tx.conn), list(self.psps), self.now(), tx.conn)

    # --- payers and agencies ---

    @serve(contracts.QUOTE)
    def quote(self, tx: Tx, message: contracts.Quote) -> contracts.Quoted:
        return quoted(quotes.quote_items(tx.conn, self.now(), message))

    @serve(contracts.LOOK_UP)
    def look_up(self, tx: Tx, message: contracts.Pair) -> contracts.Bill:
        row = search.look_up(tx.conn, message.bill_id, message.payment_id)
        return checkout.with_attempt(tx.conn, self.replies(tx), row)

    @serve(contracts.BILLS_OF)
    def bills_of(self, tx: Tx, message: contracts.BillsOf) -> contracts.OwnBills:
        replies = self.replies(tx)
        bills = (replies.bill(row) for row in search.of_person(tx.conn, message))
        return contracts.OwnBills(bills=tuple(bills))

    @serve(contracts.LIST_BILLS)
    def list_bills(self, tx: Tx, message: contracts.ListBills) -> contracts.Bills:
        page = search.Page(message.after, message.limit, message.state)
        rows = search.search(tx.conn, page, agency=agency_of(tx.envelope))
        return self.replies(tx).page(rows, page.limit)

    @serve(contracts.STATEMENT)
    def statement(self, tx: Tx, message: contracts.Month) -> Statement:
        return statements.of_month(tx.conn, agency_of(tx.envelope), message.month)

    @handle(contracts.CHARGE)
    def charge(self, tx: Tx, message: contracts.Charge) -> None:
        issuance.charge(self.system(tx), message)

    @handle(questions.BATCH_ANSWERED, formerly="charge_batch")
    def charge_batch(self, tx: Tx, message: questions.BatchAnswered) -> None:
        payer, day = message.on_behalf_of or message.agency, tehran_day(self.now())
        charge = issuance.charge_of_answers(payer, ("batch", message.batch), message.lines, day)
        issuance.charge(self.system(tx), charge)

    @handle(questions.DAY_COUNTED, formerly="charge_day")
    def charge_day(self, tx: Tx, message: questions.DayCounted) -> None:
        day, source = dt.date.fromisoformat(message.day), f"{message.day}:{message.agency}"
        charge = issuance.charge_of_answers(message.agency, ("day", source), message.answers, day)
        issuance.charge(self.system(tx), charge)

    @handle(TICKET_MOVED)
    def ticket_moved(self, tx: Tx, message: TicketMoved) -> None:
        objections.note(self.system(tx), message)

    @serve(contracts.START_PAYMENT, outside=True)
    def start_payment(self, message: contracts.Start) -> contracts.Redirect | BusError:
        return checkout.start(self.payment_context(), self.envelope.id, message)

    @serve(contracts.TAKE_RETURN, outside=True)
    def take_return(self, message: contracts.Return) -> contracts.Payment:
        return checkout.take_return(
            self.payment_context(), message.order, message.key, message.form
        )

    @serve(contracts.PAYMENT, outside=True)
    def payment(self, message: contracts.Order) -> contracts.Payment:
        return checkout.read(self.payment_context(), message.order, message.key)

    # --- officers: tariffs ---

    @serve(treasury.WHO_AM_I)
    def who_am_i(self, tx: Tx, message: treasury.Nothing) -> treasury.Officer:
        username, role = officers.caller(tx.conn, tx.envelope)
        return treasury.Officer(username=username, role=role)

    @serve(treasury.TARIFFS)
    def tariffs(self, tx: Tx, message: treasury.Nothing) -> messages.TariffRows:
        return listing.tariff_rows(tx.conn, self.officer(tx).now)

    @serve(treasury.DRAFT_TARIFF)
    def draft_tariff(self, tx: Tx, message: messages.Tariff) -> messages.DraftIds:
        ids = tariff_changes.add_drafts(self.officer(tx), [tariff_changes.Draft(message)])
        return messages.DraftIds(ids=tuple(ids))

    @serve(treasury.IMPORT_TARIFFS)
    def import_tariffs(self, tx: Tx, message: messages.Csv) -> messages.DraftIds:
        context = self.officer(tx)
        ids = tariff_changes.add_drafts(context, csv_file.read_csv(message.text))
        return messages.DraftIds(ids=tuple(ids))

    @serve(treasury.APPROVE_TARIFF)
    def approve_tariff(self, tx: Tx, message: messages.ApproveTariff) -> messages.TariffRows:
        context = self.approver(tx)
        tariff_changes.approve(context, message.id, replaces=message.replaces)
        return listing.tariff_rows(tx.conn, context.now)

    @serve(treasury.WITHDRAW_TARIFF)
    def withdraw_tariff(self, tx: Tx, message: messages.WithdrawTariff) -> messages.TariffRows:
        context = self.officer(tx)
        tariff_changes.withdraw(context, message.id, message.why)
        return listing.tariff_rows(tx.conn, context.now)

    # --- officers: bills ---

    @serve(treasury.FIND_BILLS)
    def find_bills(self, tx: Tx, message: treasury.Find) -> contracts.Bills:
        context = self.officer(tx)
        page = search.Page(message.after, message.limit, message.state, message.order)
        rows = search.search(
            tx.conn,
            page,
            text=message.search,
            agency=message.agency,
            overdue_on=context.today if message.overdue else None,
        )
        passed = page.after if page.order else None
        return self.replies(tx).page(rows, page.limit, passed, to_officers=True)

    @serve(treasury.BILLED_AGENCIES)
    def billed_agencies(self, tx: Tx, message: treasury.Nothing) -> treasury.Agencies:
        self.officer(tx)
        counts = search.bills_by_agency(tx.conn)
        return treasury.Agencies(
            agencies=tuple(
                treasury.BilledAgency(agency=code, bills=bills) for code, bills in counts.items()
            )
        )

    @serve(treasury.OPEN_BILLS_OF_TICKET)
    def open_bills_of_ticket(self, tx: Tx, message: treasury.OfTicket) -> treasury.TicketBills:
        rows = search.open_of_ticket(tx.conn, message.ticket, message.bill)
        return treasury.TicketBills(
            bills=tuple(
                treasury.OpenBill(
                    number=row.number,
                    state=row.state,
                    total_rials=row.total,
                    due_on=row.due_on.isoformat(),
                )
                for row in rows
            )
        )

    def _issuer(self, tx: Tx, message: treasury.Issue) -> Context:
        """The context of an officer's bill; only an approver waives."""
        return self.approver(tx) if message.percent else self.officer(tx)

    @serve(treasury.PREVIEW_BILL)
    def preview_bill(self, tx: Tx, message: treasury.Issue) -> treasury.BillPreview:
        return issuance.preview(self._issuer(tx, message), message)

    @serve(treasury.ISSUE_BILL)
    def issue_bill(self, tx: Tx, message: treasury.Issue) -> contracts.Bill:
        return self.replies(tx).bill(issuance.issue(self._issuer(tx, message), message))

    @serve(treasury.VOID_BILL)
    def void_bill(self, tx: Tx, message: treasury.Void) -> contracts.Bill:
        row = changes.void(self.approver(tx), message.number, message.why)
        return self.replies(tx).bill(row)

    @serve(treasury.WAIVE_BILL)
    def waive_bill(self, tx: Tx, message: treasury.Waive) -> contracts.Bill:
        row = changes.waive(self.approver(tx), message.number, message.reason, message.decree)
        return self.replies(tx).bill(row)

    @serve(treasury.HOLD_REMINDERS)
    def hold_reminders(self, tx: Tx, message: treasury.HoldReminders) -> contracts.Bill:
        context = self.officer(tx)
        row = changes.hold_reminders(context, message.number, message.why, stop=message.stop)
        return self.replies(tx).bill(row, to_officers=True)

    # --- officers: exceptions and refunds ---

    @serve(treasury.EXCEPTIONS)
    def exceptions(self, tx: Tx, message: treasury.Nothing) -> Exceptions:
        self.officer(tx)
        return exceptions_reply(exceptions.list_exceptions(tx.conn))

    @serve(treasury.RESOLVE)
    def resolve(self, tx: Tx, message: treasury.Resolve) -> Exceptions:
        exceptions.resolve(self.officer(tx), message)
        return exceptions_reply(exceptions.list_exceptions(tx.conn))

    @serve(treasury.REFUNDS)
    def refunds(self, tx: Tx, message: treasury.Nothing) -> Refunds:
        self.officer(tx)
        return refunds_reply(refunds.list_refunds(tx.conn), to_transfer=True)

    @serve(treasury.ASK_REFUND)
    def ask_refund(self, tx: Tx, message: treasury.AskRefund) -> Refunds:
        refunds.request(self.officer(tx), message)
        return refunds_reply(refunds.list_refunds(tx.conn))

    @serve(treasury.APPROVE_REFUND)
    def approve_refund(self, tx: Tx, message: messages.OneRow) -> Refunds:
        refunds.approve(self.approver(tx), message.id)
        return refunds_reply(refunds.list_refunds(tx.conn))

    @serve(treasury.REFUSE_REFUND)
    def refuse_refund(self, tx: Tx, message: treasury.RefuseRefund) -> Refunds:
        exceptions.reopen(tx.conn, refunds.refuse(self.approver(tx), message.id, message.why))
        return refunds_reply(refunds.list_refunds(tx.conn))

    @serve(treasury.TAKE_REFUND_BACK)
    def take_refund_back(self, tx: Tx, message: messages.OneRow) -> Refunds:
        exceptions.reopen(tx.conn, refunds.take_back(self.officer(tx), message.id))
        return refunds_reply(refunds.list_refunds(tx.conn))

    @serve(treasury.NOTE_REFUND_PAID)
    def note_refund_paid(self, tx: Tx, message: treasury.RefundPaid) -> Refunds:
        context = self.officer(tx)
        refunds.note_paid(context, message.id, message.bank_ref)
        matching.match_again(context)
        return refunds_reply(refunds.list_refunds(tx.conn))

    # --- officers: files, days, journal ---

    @serve(treasury.TAKE_FILE)
    def take_file(self, tx: Tx, message: treasury.TakeFile) -> treasury.FileTaken:
        context = self.officer(tx)
        reply = files.take(context, message, list(self.psps))
        matching.match_again(context)
        return reply

    @serve(treasury.LOOK_AT_DAY)
    def look_at_day(self, tx: Tx, message: treasury.OfDay) -> Close:
        return days.look(self.officer(tx), dt.date.fromisoformat(message.day), list(self.psps))

    @serve(treasury.CLOSE_DAY)
    def close_day(self, tx: Tx, message: treasury.OfDay) -> Close:
        return days.close(self.approver(tx), dt.date.fromisoformat(message.day), list(self.psps))

    @serve(treasury.JOURNAL)
    def journal(self, tx: Tx, message: treasury.Journal) -> treasury.JournalText:
        self.officer(tx)
        page = entries.page(tx.conn, message.after)
        text = WRITERS[message.format](page.entries, opening=message.after == 0)
        return treasury.JournalText(text=text, next=page.next)

    @serve(treasury_figures.JOURNAL_ENTRIES)
    def journal_entries(
        self, tx: Tx, message: treasury_figures.AskEntries
    ) -> treasury_figures.Entries:
        self.officer(tx)
        return entry_list.entries(tx.conn, message)

    @serve(treasury_figures.TREASURY_FIGURES)
    def treasury_figures(
        self, tx: Tx, message: treasury_figures.LastDays
    ) -> treasury_figures.TreasuryFigures:
        return figures.of_last_days(self.officer(tx), message.days)

    @serve(treasury.STATEMENT_OF)
    def statement_of(self, tx: Tx, message: treasury.AgencyMonth) -> Statement:
        self.officer(tx)
        return statements.of_month(tx.conn, message.agency, message.month)

    # --- chores ---

    @every(5)
    def sweep(self) -> None:
        sweeper.sweep(self.payment_context())

    @every(60)
    def expire(self) -> None:
        due_dates.expire(self.store, self.now())

    @every(600)
    def remind(self) -> None:
        due_dates.remind(self.store, self.now())


def agency_of(envelope: Envelope | None) -> str:
    """The asking agency, as the gateway's door has proven it. Raises RuleBroken ``agency.only``."""
    return calling_agency(envelope, "Only an agency has bills of its own here.").agency
