"""What an officer's bill would be, before it is issued; nothing is kept."""

from collections.abc import Mapping
from typing import Any

from iran.persian import tehran_day
from services.billing.bills import issuance as bills
from services.billing.bills.issuance import Till
from services.billing.domain import bill


def bill_preview(till: Till, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A BillPreview of contracts/billing/treasury.py; refused as the bill itself would be."""
    waiver = bills.issuable(till, asked)
    book, quoted = bills.quoted_of(till, asked)
    today, service = tehran_day(till.now), book.service(asked["service"])
    total, waived = bills.after_waiver(book, quoted["total_rials"], waiver, today)
    due = bill.due(today, service["due_days"], service["expire_days"])
    return {
        "quote": quoted,
        "total_rials": total,
        "waived_rials": waived,
        "due_on": due.due_on.isoformat(),
        "expires_on": due.expires_on.isoformat() if due.expires_on else None,
    }
