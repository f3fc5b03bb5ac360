"""Rows of the billing tables, one frozen dataclass for each table that is read whole."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from services.billing.domain.bank_files import RowKind
from services.billing.domain.bill import BillState, Reminded, Waiver
from services.billing.domain.money import Rials
from services.billing.domain.payment import ExceptionKind, Outcome, PayerRedirect, PaymentState
from services.billing.domain.quote import Quote
from services.billing.domain.tariff import Tariff, TariffState

ExceptionState = Literal["OPEN", "RESOLVED"]
RefundState = Literal["REQUESTED", "APPROVED", "PAID", "REFUSED"]
BookingAct = Literal["match", "fee", "claim"]
BookingState = Literal["REQUESTED", "APPROVED", "REFUSED"]
# The result of comparing a row of a bank's file: matched, or the kind of its exception.
RowResult = Literal["", "matched"] | ExceptionKind


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill; ``waived``, ``total`` and ``refunded`` in rials."""

    id: int
    number: str
    bill_id: str | None
    payment_id: str | None
    state: BillState
    version: int
    source_kind: str
    source_ref: str
    service: str
    agency: str | None
    file_no: str | None
    requested_on: dt.date
    issued_at: dt.datetime
    due_on: dt.date
    expires_on: dt.date | None
    quote: Quote
    waiver: Waiver | None
    waived: Rials
    total: Rials
    paid_at: dt.datetime | None
    paid_by: str | None
    receipt: str | None
    refunded: Rials
    replaces: str | None
    of_register: bool
    reminded: Reminded
    reminders: int
    reminded_on: dt.date | None
    held: str
    credit_note: str | None


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """An attempt to pay a bill; ``amount`` and ``amount_verified`` in rials."""

    order_id: int
    request: str
    bill: int
    psp: str
    state: PaymentState
    version: int
    amount: Rials
    token: str | None
    redirect: PayerRedirect | None
    ref: str | None
    rrn: str | None
    trace: str | None
    card: str | None
    card_hash: str | None
    terminal: str | None
    amount_verified: Rials | None
    outcome: Outcome | None
    started_at: dt.datetime
    verified_at: dt.datetime | None
    window_until: dt.datetime | None
    next_at: dt.datetime
    tries: int
    file_row: int | None


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A difference between our records and a bank's that an officer has to end; in rials."""

    id: int
    kind: ExceptionKind
    subject: str
    rials: Rials
    in_suspense: bool
    channel: str | None
    ref: str | None
    order_id: int | None
    bill: int | None
    state: ExceptionState
    opened_at: dt.datetime
    note: str
    resolution: str | None
    resolved_by: str | None
    resolved_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class NumberedException(ExceptionRow):
    """An exception with the number of its bill."""

    number: str | None


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund of a bill or of an exception's money; exactly one of the two is named.

    One that was taken back is REFUSED, and decided by nobody.
    """

    id: int
    bill: int | None
    exception: int | None
    rials: Rials
    sheba: str
    reason: str
    state: RefundState
    requested_by: str
    requested_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision: str
    bank_ref: str | None
    paid_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class NumberedRefund(RefundRow):
    """A refund with the number of its bill."""

    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffRow(Tariff):
    """A row of the tariff with its history: who drafted, approved and withdrew it."""

    state: TariffState
    drafted_by: str
    drafted_at: dt.datetime
    approved_by: str | None
    withdrawn_by: str | None


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A proposed booking of what is unclear about the account; ``rials`` in rials.

    One that was taken back is REFUSED, and decided by nobody.
    """

    id: int
    exception: int
    act: BookingAct
    batch: str | None
    rials: Rials
    note: str
    state: BookingState
    requested_by: str
    requested_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of a bank's file; ``rials`` and ``fee`` in rials."""

    id: int
    file: int
    channel: str
    kind: RowKind
    key: str
    rials: Rials
    fee: Rials
    paid_at: dt.datetime
    result: RowResult
