"""Three ways compared: our ledger, the gateways' settlements, the banks' file of bills."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import RuleBroken
from services.billing import books
from services.billing.bills import issuance as bills
from services.billing.bills import repository as store
from services.billing.bills.issuance import Till
from services.billing.domain import bank_files
from services.billing.domain import ledger as entries
from services.billing.domain.bank_files import Row
from services.billing.ledger.entries import Of
from services.billing.payments import attempts, exceptions

BILLS = "bills"


def take(till: Till, asked: Mapping[str, Any], psps: list[str]) -> dict[str, Any]:
    """Takes a bank's file whole: each row is matched once, however often it is sent.

    RuleBroken ``file.wrong`` if it cannot be read, ``psp.unknown`` for a gateway we have not.
    """
    channel = BILLS if asked["kind"] == "bills" else asked["psp"]
    if asked["kind"] == "settlement" and channel not in psps:
        raise RuleBroken(f"Say whose it is: one of {', '.join(psps)}.", code="psp.unknown")
    sha = hashlib.sha256(f"{channel} {asked['day']}\n{asked['text']}".encode()).hexdigest()
    day = dt.date.fromisoformat(asked["day"])
    rows = _read(till.conn, channel, day, asked["text"])
    file = till.conn.execute(
        text(
            "insert into bank_files (channel, day, sha256, rows, total, taken_at, taken_by) values "
            "(:channel, :day, :sha, :rows, :total, :now, :who) "
            "on conflict (sha256) do nothing returning id"
        ),
        {
            "channel": channel, "day": day, "sha": sha,
            "rows": len(rows), "total": sum(row.rials for row in rows), "now": till.now,
            "who": till.actor,
        },
    ).scalar()  # fmt: skip
    if file is None:
        return {"rows": len(rows), "matched": 0, "exceptions": 0, "known": True}
    found = [_take_row(till, file, channel, row) for row in rows]
    return {
        "rows": len(rows),
        "matched": found.count("matched"),
        "exceptions": sum(each not in ("matched", "known") for each in found),
        "known": False,
    }


def _read(conn: Connection, channel: str, day: dt.date, told: str) -> list[Row]:
    if channel == BILLS:
        return bank_files.bills(told, books.newest(conn).issuer["company"], day)
    return bank_files.settlement(told, channel)


def _take_row(till: Till, file: int, channel: str, row: Row) -> str:
    """What a row turned out to be; ``known`` if another file has brought it before."""
    id_ = till.conn.execute(
        text(
            "insert into file_rows (file, channel, kind, key, rials, fee, paid_at, found) values "
            "(:file, :channel, :kind, :key, :rials, :fee, :paid_at, '') "
            "on conflict (channel, kind, key) do nothing returning id"
        ),
        {
            "file": file, "channel": channel, "kind": row.kind, "key": row.key, "rials": row.rials,
            "fee": row.fee, "paid_at": row.paid_at,
        },
    ).scalar()  # fmt: skip
    if id_ is None:
        return _known(till, channel, row)
    bills_row = channel == BILLS
    found = _bill_row(till, id_, row) if bills_row else _gateway_row(till, channel, id_, row)
    till.conn.execute(
        text("update file_rows set found = :found where id = :id"), {"found": found, "id": id_}
    )
    return found


def _known(till: Till, channel: str, row: Row) -> str:
    """A row that came before is nothing new, unless the bank says something else now."""
    before = till.conn.execute(
        text("select * from file_rows where channel = :channel and kind = :kind and key = :key"),
        {"channel": channel, "kind": row.kind, "key": row.key},
    ).one()
    if (before.rials, before.fee) == (row.rials, row.fee):
        return "known"
    exceptions.open_one(
        till, "amount_differs", f"{channel}:{row.key}:{row.kind}:{row.rials}:{row.fee}",
        rials=row.rials, channel=channel, ref=row.key,
        note=f"the bank said {before.rials} with a fee of {before.fee} before, now {row.fee}",
    )  # fmt: skip
    return "amount_differs"


def _gateway_row(till: Till, channel: str, id_: int, row: Row) -> str:
    payment, subject = attempts.of_ref(till.conn, channel, row.key), f"{channel}:{row.key}"
    if row.kind == "reversal":
        return _reversal(till, channel, id_, row)
    if payment is None or payment.outcome is None:
        _open(till, "not_in_ledger", subject, payment, row, in_suspense=True)
        came = entries.unknown_into_account(row.rials, row.fee)
        till.post("settled_unknown", subject, Of(file_row=id_), came)
        return "not_in_ledger"
    of = Of(payment.bill, None, payment.order_id, id_)
    if payment.outcome == "given_back":
        # Its reversal takes back what its sale brings.
        till.post("settled", subject, of, entries.settled(row.rials, row.fee, 0))
        return "matched"
    expected = payment.amount_verified
    attempts.note_file_row(till.conn, payment.order_id, id_)
    till.post("settled", subject, of, entries.settled(row.rials, row.fee, expected))
    exceptions.resolve_by_itself(till, f"{subject}:late", "came later", "not_in_file")
    if expected == row.rials:
        return "matched"
    note = f"verified {expected}, settled {row.rials}"
    _open(till, "amount_differs", f"{subject}:settlement", payment, row, note=note)
    return "amount_differs"


def _reversal(till: Till, channel: str, id_: int, row: Row) -> str:
    """The bank says that it gave a payment back: as we asked, or by itself."""
    payment, subject = attempts.of_ref(till.conn, channel, row.key), f"{channel}:{row.key}"
    of = Of(file_row=id_)
    if payment is not None and payment.state == "REVERSING":
        return "matched"
    if payment is not None and payment.outcome == "given_back":
        if payment.file_row is None:
            till.post("reversed", subject, of, entries.taken_by_bank(row.rials))
        return "matched"
    if exceptions.settled_unknown(till.conn, subject, row.rials) is not None:
        till.post("given_back", subject, of, entries.given_back(row.rials, settled=True))
        exceptions.resolve_by_itself(till, subject, "given_back", "not_in_ledger")
        return "matched"
    if payment is not None and payment.outcome is not None:
        till.post("reversed", subject, of, entries.taken_by_bank(row.rials))
    _open(till, "reversed_by_bank", subject, payment, row)
    return "reversed_by_bank"


def _open(  # noqa: PLR0913 - what an exception tells
    till: Till, kind: str, subject: str, payment: Any, row: Row, *, in_suspense: bool = False,
    note: str = "",
) -> None:  # fmt: skip
    exceptions.open_one(
        till, kind, subject, rials=row.rials, in_suspense=in_suspense,
        channel=subject.partition(":")[0], ref=row.key, note=note,
        order_id=payment.order_id if payment else None, bill=payment.bill if payment else None,
    )  # fmt: skip


def _bill_row(till: Till, id_: int, row: Row) -> str:
    """A bill paid at a bank's counter, machine or telephone: the file is the first we hear."""
    bill = store.bill_of(till.conn, lock=True, bill_id=row.bill_id)
    kind = None
    if bill is None or bill.payment_id != row.payment_id:
        kind = "bill_unknown"
    elif bill.total != row.rials:
        kind = "amount_differs"
    elif bill.state != "ISSUED":
        kind = "paid_twice" if bill.state == "PAID" else "bill_ended"
    if kind is None:
        of = Of(bill.id, bill.agency, None, id_)
        till.post("paid", f"{BILLS} {row.key}", of, entries.paid_into_account(row.rials))
        bills.pay(till, bill, BILLS)
        return "matched"
    of = Of(bill.id if bill else None, None, None, id_)
    till.post("suspended", f"{BILLS} {row.key}", of, entries.unknown_into_account(row.rials))
    exceptions.open_one(
        till, kind, f"{BILLS}:{row.key}", rials=row.rials, in_suspense=True, channel=BILLS,
        ref=row.key, bill=bill.id if bill else None, note=f"{row.bill_id} / {row.payment_id}",
    )  # fmt: skip
    return kind
