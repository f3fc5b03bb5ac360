"""Changes of bills: paid, voided, expired, waived."""

from typing import Literal

from sqlalchemy import exists, select

from bus.errors import RuleBroken
from services.billing.bills import events, numbers, repository
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.bill import Waiver
from services.billing.domain.payment import PaymentState
from services.billing.ledger import entries
from services.billing.ledger.entries import Subject, post
from services.billing.rows import BillRow
from services.billing.tables import PAYMENTS

UNDER_WAY: tuple[PaymentState, ...] = ("RETURNED", "VERIFYING", "UNKNOWN", "VERIFIED")


def pay(context: Context, row: BillRow, paid_by: str) -> BillRow:
    """Mark a bill as paid, by a gateway's code, ``bills`` (a bank's counter) or ``applied``.

    The caller posts the entry of the money.
    """
    receipt = numbers.next_number(context.tx, "receipt", context.now)
    row = repository.move(
        context, row, "pay", paid_at=context.now, paid_by=paid_by, receipt=receipt
    )
    events.publish(context, row)
    return row


def void(context: Context, number: str, reason: str) -> BillRow:
    """End a wrong bill; its debt and its earnings are taken back by a credit note of the whole sum,
    which has a number of its own.
    """
    row = repository.by_number(context.conn, number, lock=True)
    refuse_while_paying(context, row)
    return end(context, row, "void", reason)


def end(
    context: Context, row: BillRow, act: Literal["void", "expire"], reason: str = ""
) -> BillRow:
    """End an open bill; its debt and its earnings are taken back."""
    if act == "void":
        note = numbers.next_number(context.tx, "credit", context.now)
        ended = repository.move(context, row, act, reason, credit_note=note)
    else:
        ended = repository.move(context, row, act, reason)
    back = ledger.taken_back(entries.of_bill(context.conn, row.id, "issued", "waived"))
    post(context, "ended", row.number, Subject(row.id, row.agency), back)
    events.publish(context, ended)
    return ended


def waive(context: Context, number: str, reason: str, decree: str) -> BillRow:
    """Let the payer off the whole of an open bill, for a reason of the domain's REASONS."""
    row = repository.by_number(context.conn, number, lock=True)
    refuse_while_paying(context, row)
    waiver = Waiver.of(reason, decree, 100)
    waived = repository.move(
        context, row, "waive", waived=row.waived + row.total, total=0, waiver=waiver
    )
    vat = entries.vat_left(context.conn, row.id)
    subject = Subject(row.id, row.agency)
    post(context, "waived", row.number, subject, ledger.waived(row.total, vat))
    events.publish(context, waived)
    return waived


def hold_reminders(context: Context, number: str, reason: str, *, stop: bool) -> BillRow:
    """Stop the reminders of an open bill, or let them go on."""
    row = repository.by_number(context.conn, number, lock=True)
    held = reason if stop else ""
    return repository.move(context, row, "hold" if stop else "resume", reason, held=held)


def refuse_while_paying(context: Context, row: BillRow) -> None:
    """Raise RuleBroken ``payment.under_way`` while money of a payer may have been taken already."""
    condition = (PAYMENTS.c.bill == row.id) & PAYMENTS.c.state.in_(UNDER_WAY)
    if context.conn.execute(select(exists().where(condition))).scalar_one():
        raise RuleBroken(
            "A payment of this bill is under way; wait until the bank has answered.",
            code="payment.under_way",
        )
