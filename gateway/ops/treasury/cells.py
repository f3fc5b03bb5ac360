"""The rows of the treasury's lists as cells of a CSV file: Persian heads, Jalali days, rials."""

from collections.abc import Mapping

from contracts.billing.account import Side
from contracts.billing.bills import Bill
from contracts.billing.treasury_figures import EntryView
from contracts.billing.treasury_views import ExceptionView, RefundView
from gateway.html import formats
from gateway.ops.staff.names import NameOf, Person
from gateway.ops.treasury import texts
from gateway.ops.treasury.ledger_words import Describe, describer

BILL_HEADS = (
    "شماره",
    "خدمت",
    "وضعیت",
    "مبلغ به ریال",
    "پرداخت‌کننده",
    "صدور",
    "مهلت",
    "پرداخت",
    "مسترد به ریال",
)
EXCEPTION_HEADS = (
    "شماره",
    "مغایرت",
    "وضعیت",
    "مبلغ به ریال",
    "در حساب معلق",
    "قبض",
    "بانک",
    "شماره مرجع",
    "از",
    "پایان",
    "چه کسی",
    "یادداشت",
)
REFUND_HEADS = (
    "شماره",
    "وضعیت",
    "مبلغ به ریال",
    "قبض",
    "مغایرت",
    "دلیل",
    "درخواست‌کننده",
    "روز درخواست",
    "تصمیم‌گیرنده",
    "دلیل تصمیم",
    "شماره پیگیری بانک",
)
ENTRY_HEADS = ("سند", "روز", "نوع", "شرح", "قبض", "دستگاه", "حساب", "بدهکار", "بستانکار")

SIDE_HEADS = (
    "بانک",
    "روز",
    "مهلت",
    "پرداخت‌های ما",
    "فایل بانک",
    "باید برسد",
    "رسیده",
    "وضعیت",
)

Cells = list[object]


def bill_cells(bill: Bill, agency: NameOf) -> Cells:
    """A bill as one row."""
    return [
        bill.number,
        "، ".join(line.title_fa for line in bill.quote.lines),
        "دیرشده" if bill.overdue else texts.BILL_STATES[bill.state],
        bill.total_rials,
        agency(bill.agency) if bill.agency else texts.PAYERS["applicant"],
        formats.day(bill.issued_at),
        formats.day(bill.due_on),
        formats.day(bill.paid_at) if bill.paid_at else "",
        bill.refunded_rials,
    ]


def exception_cells(row: ExceptionView, banks: Mapping[str, str], person: Person) -> Cells:
    """An exception as one row."""
    describe = describer(banks, for_file=True)
    return [
        row.id,
        texts.EXCEPTIONS[row.kind][0],
        texts.EXCEPTION_STATES[row.state],
        row.rials,
        "بله" if row.in_suspense else "خیر",
        row.bill or "",
        banks.get(row.psp or "", row.psp or ""),
        describe(row.ref or ""),
        formats.day(row.opened_at),
        texts.WAYS.get(row.resolution or "", ""),
        person(row.resolved_by),
        describe(row.note),
    ]


def refund_cells(row: RefundView, person: Person) -> Cells:
    """A refund as one row, without the account that it goes to."""
    return [
        row.id,
        texts.refund_state(row),
        row.rials,
        row.bill or "",
        row.exception or "",
        row.why,
        person(row.requested_by),
        formats.day(row.requested_at),
        person(row.approved_by),
        row.decision or "",
        row.bank_ref or "",
    ]


def side_cells(side: Side) -> Cells:
    """A bank's day on its three sides as one row."""
    return [
        side.fa,
        formats.day(side.day),
        formats.day(side.until),
        "" if side.captured_rials is None else side.captured_rials,
        side.file_rials,
        side.expected_rials,
        side.shown_rials,
        texts.SIDES[side.state],
    ]


def entry_cells(entry: EntryView, agency: NameOf, describe: Describe) -> list[Cells]:
    """An entry of the journal as one row for each of its postings."""
    return [
        [
            entry.id,
            formats.day(entry.day),
            texts.ENTRY_KINDS[entry.kind],
            describe(entry.text),
            entry.bill or "",
            agency(entry.agency),
            posting.fa,
            max(posting.rials, 0),
            max(-posting.rials, 0),
        ]
        for posting in entry.postings
    ]
