"""Banks' files: each row is compared once with our ledger and our bills."""

import datetime as dt
import hashlib

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import fetch_only
from bus.errors import RuleBroken
from contracts.billing.treasury import FileTaken, TakeFile
from services.billing import books
from services.billing.bills import changes, repository
from services.billing.context import Context
from services.billing.domain import bank_files, ledger
from services.billing.domain.bank_files import Row
from services.billing.domain.payment import ExceptionKind
from services.billing.ledger.entries import Subject, post
from services.billing.payments import attempts, exceptions
from services.billing.payments.exceptions import NewException, open_exception
from services.billing.rows import BillRow, FileRow, PaymentRow, RowResult
from services.billing.tables import BANK_FILES, FILE_ROWS

BILLS = "bills"


def take(context: Context, message: TakeFile, psps: list[str]) -> FileTaken:
    """Take a bank's file whole: each row is matched once, however often it is sent.

    Raises RuleBroken ``file.wrong`` if it cannot be read, ``psp.unknown`` for a gateway that is not
    set up.
    """
    channel = BILLS if message.kind == "bills" else message.psp
    if channel is None or (message.kind == "settlement" and channel not in psps):
        raise RuleBroken(f"Name its bank: one of {', '.join(psps)}.", code="psp.unknown")
    day = dt.date.fromisoformat(message.day)
    rows = _read(context.conn, channel, day, message.text)
    file = _add_file(context, channel, day, message.text, rows)
    if file is None:
        return FileTaken(rows=len(rows), matched=0, exceptions=0, known=True)
    results = [_take_row(context, file, channel, row) for row in rows]
    return FileTaken(
        rows=len(rows),
        matched=results.count("matched"),
        exceptions=sum(result not in ("matched", None) for result in results),
        known=False,
    )


def _read(conn: Connection, channel: str, day: dt.date, text: str) -> list[Row]:
    if channel == BILLS:
        return bank_files.bills(text, books.newest(conn).issuer.company, day)
    return bank_files.settlement(text, channel)


def _add_file(
    context: Context, channel: str, day: dt.date, text: str, rows: list[Row]
) -> int | None:
    """Add a file; its id, or None if this very file was taken before."""
    statement = insert(BANK_FILES).values(
        channel=channel,
        day=day,
        sha256=hashlib.sha256(f"{channel} {day}\n{text}".encode()).hexdigest(),
        rows=len(rows),
        total=sum(row.rials for row in rows),
        taken_at=context.now,
        taken_by=context.actor,
    )
    added = statement.on_conflict_do_nothing(index_elements=["sha256"]).returning(BANK_FILES.c.id)
    file: int | None = context.conn.execute(added).scalar()
    return file


def _take_row(context: Context, file: int, channel: str, row: Row) -> RowResult | None:
    """Compare a row, and keep the result; None if another file has brought it before."""
    statement = insert(FILE_ROWS).values(
        file=file,
        channel=channel,
        kind=row.kind,
        key=row.key,
        rials=row.rials,
        fee=row.fee,
        paid_at=row.paid_at,
        result="",
    )
    added = statement.on_conflict_do_nothing(index_elements=["channel", "kind", "key"])
    id_: int | None = context.conn.execute(added.returning(FILE_ROWS.c.id)).scalar()
    if id_ is None:
        return _repeated(context, channel, row)
    result = (
        _bill_row(context, id_, row)
        if channel == BILLS
        else _gateway_row(context, channel, id_, row)
    )
    context.conn.execute(update(FILE_ROWS).where(FILE_ROWS.c.id == id_).values(result=result))
    return result


def _repeated(context: Context, channel: str, row: Row) -> RowResult | None:
    """A row that came before is nothing new, unless the bank reports another sum now."""
    statement = select(FILE_ROWS).where(
        FILE_ROWS.c.channel == channel, FILE_ROWS.c.kind == row.kind, FILE_ROWS.c.key == row.key
    )
    before = fetch_only(context.conn, FileRow, statement)
    if (before.rials, before.fee) == (row.rials, row.fee):
        return None
    open_exception(
        context,
        NewException(
            "amount_differs",
            f"{channel}:{row.key}:{row.kind}:{row.rials}:{row.fee}",
            rials=row.rials,
            channel=channel,
            ref=row.key,
            note=f"the bank said {before.rials} with a fee of {before.fee} before, now {row.fee}",
        ),
    )
    return "amount_differs"


def _gateway_row(context: Context, channel: str, id_: int, row: Row) -> RowResult:
    """Compare a row of a gateway's settlement."""
    payment, key = attempts.of_ref(context.conn, channel, row.key), f"{channel}:{row.key}"
    if row.kind == "reversal":
        return _reversal(context, payment, key, id_, row)
    if payment is None or payment.outcome is None:
        _open(context, "not_in_ledger", key, payment, row, in_suspense=True)
        postings = ledger.unknown_into_account(row.rials, row.fee)
        post(context, "settled_unknown", key, Subject(file_row=id_), postings)
        return "not_in_ledger"
    subject = Subject(payment.bill, None, payment.order_id, id_)
    if payment.outcome == "given_back":
        # Its reversal takes back what its sale brings.
        post(context, "settled", key, subject, ledger.settled(row.rials, row.fee, 0))
        return "matched"
    expected = payment.amount_verified
    assert expected is not None
    attempts.set_file_row(context.conn, payment.order_id, id_)
    post(context, "settled", key, subject, ledger.settled(row.rials, row.fee, expected))
    exceptions.resolve_by_system(context, f"{key}:late", "came later", "not_in_file")
    if expected == row.rials:
        return "matched"
    note = f"verified {expected}, settled {row.rials}"
    _open(context, "amount_differs", f"{key}:settlement", payment, row, note=note)
    return "amount_differs"


def _reversal(
    context: Context, payment: PaymentRow | None, key: str, id_: int, row: Row
) -> RowResult:
    """Compare a row of a payment that the bank gave back: at our request, or by itself."""
    subject = Subject(file_row=id_)
    if payment is not None and payment.state == "REVERSING":
        return "matched"
    if payment is not None and payment.outcome == "given_back":
        if payment.file_row is None:
            post(context, "reversed", key, subject, ledger.taken_by_bank(row.rials))
        return "matched"
    if exceptions.settled_unknown(context.conn, key, row.rials) is not None:
        back = ledger.given_back(row.rials, settled=True)
        post(context, "given_back", key, subject, back)
        exceptions.resolve_by_system(context, key, "given_back", "not_in_ledger")
        return "matched"
    if payment is not None and payment.outcome is not None:
        post(context, "reversed", key, subject, ledger.taken_by_bank(row.rials))
    _open(context, "reversed_by_bank", key, payment, row)
    return "reversed_by_bank"


def _open(  # noqa: PLR0913 - the fields of an exception
    context: Context,
    kind: ExceptionKind,
    key: str,
    payment: PaymentRow | None,
    row: Row,
    *,
    in_suspense: bool = False,
    note: str = "",
) -> None:
    open_exception(
        context,
        NewException(
            kind,
            key,
            rials=row.rials,
            in_suspense=in_suspense,
            channel=key.partition(":")[0],
            ref=row.key,
            order_id=payment.order_id if payment else None,
            bill=payment.bill if payment else None,
            note=note,
        ),
    )


def _bill_row(context: Context, id_: int, row: Row) -> RowResult:
    """Compare a row of a bill that was paid at a bank's counter, machine or telephone: nothing is
    known of such a payment before its file comes.
    """
    bill = repository.by_bill_id(context.conn, row.bill_id, lock=True)
    kind = _kind_of_bill_row(bill, row)
    if kind is None and bill is not None:
        subject = Subject(bill.id, bill.agency, None, id_)
        post(context, "paid", f"{BILLS} {row.key}", subject, ledger.paid_into_account(row.rials))
        changes.pay(context, bill, BILLS)
        return "matched"
    assert kind is not None
    bill_id = bill.id if bill else None
    postings = ledger.unknown_into_account(row.rials)
    post(context, "suspended", f"{BILLS} {row.key}", Subject(bill_id, file_row=id_), postings)
    open_exception(
        context,
        NewException(
            kind,
            f"{BILLS}:{row.key}",
            rials=row.rials,
            in_suspense=True,
            channel=BILLS,
            ref=row.key,
            bill=bill_id,
            note=f"{row.bill_id} / {row.payment_id}",
        ),
    )
    return kind


def _kind_of_bill_row(bill: BillRow | None, row: Row) -> ExceptionKind | None:
    """The kind of exception that a row is; None for the whole sum of an open bill."""
    if bill is None or bill.payment_id != row.payment_id:
        return "bill_unknown"
    if bill.total != row.rials:
        return "amount_differs"
    if bill.state == "ISSUED":
        return None
    return "paid_twice" if bill.state == "PAID" else "bill_ended"
