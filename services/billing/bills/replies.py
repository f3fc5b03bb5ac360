"""Rows as the contracts of contracts/billing/bills.py tell them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from bus.envelope import instant
from iran.persian import tehran_day
from services.billing.domain import bill, bill_ids, payment
from services.billing.domain.book import Book

ISSUER = ("name_fa", "name_en", "legal_id", "address_fa", "address_en", "phone", "sheba")


def bill_told(row: Any, book: Book, psps: Iterable[str], now: dt.datetime) -> dict[str, Any]:
    """A Bill; ``psps`` are the gateways that are set up."""
    issued = row.state == "ISSUED"
    return {
        "number": row.number,
        "bill_id": row.bill_id,
        "payment_id": row.payment_id,
        "barcode": bill_ids.barcode(row.bill_id, row.payment_id) if row.bill_id else None,
        "state": row.state,
        "overdue": bill.overdue(row.state, row.due_on, tehran_day(now)),
        "agency": row.agency,
        "source_kind": row.source_kind,
        "issued_at": instant(row.issued_at),
        "requested_on": row.requested_on.isoformat(),
        "due_on": row.due_on.isoformat(),
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
        "quote": row.quote,
        "waiver": row.waiver,
        "waived_rials": row.waived,
        "total_rials": row.total,
        "paid_at": instant(row.paid_at),
        "paid_by": row.paid_by,
        "receipt": row.receipt,
        "refunded_rials": row.refunded,
        "replaces": row.replaces,
        "issuer": {name: book.issuer[name] for name in ISSUER},
        "pay_at": [psp_told(book, code) for code in psps] if issued else [],
    }


def psp_told(book: Book, code: str) -> dict[str, str]:
    """A bank's gateway by name."""
    for row in book.told["psps"]:
        if row["code"] == code:
            return {name: row[name] for name in ("code", "fa", "en")}
    return {"code": code, "fa": code, "en": code}


def payment_told(row: Any, bill_row: Mapping[str, Any], book: Book) -> dict[str, Any]:
    """A Payment, with its bill as ``bill_told`` tells it."""
    return {
        "order": row.order_id,
        "state": row.state,
        "settled": row.outcome == "paid",
        "waits": row.state in payment.MONEY_MAY_BE_TAKEN,
        "psp": psp_told(book, row.psp),
        "rrn": row.rrn,
        "card": row.card or None,
        "bill": bill_row,
    }


def bills_told(
    rows: list[Any], limit: int, told: tuple[Book, Iterable[str], dt.datetime]
) -> dict[str, Any]:
    """A page of Bills; ``next`` is after which the following page begins."""
    book, psps, now = told
    codes = list(psps)
    page = rows[:limit]
    return {
        "bills": [bill_told(row, book, codes, now) for row in page],
        "next": page[-1].id if len(rows) > limit else None,
    }
