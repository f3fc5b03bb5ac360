"""An agency's account in a Jalali month: what was owed, billed, paid, let off, and is owed."""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import RuleBroken
from iran.persian import Malformed, parse_jalali
from services.billing.ledger import entries as ledger

# kind of entry → (kind of row, Persian, English)
KINDS = {
    "issued": ("billed", "صدور قبض", "bill issued"),
    "paid": ("paid", "پرداخت قبض", "bill paid"),
    "waived": ("waived", "معافیت", "waived"),
    "ended": ("ended", "ابطال یا انقضای قبض", "bill voided or expired"),
}


def of_month(conn: Connection, agency: str, month: str) -> dict[str, Any]:
    """A Statement of contracts.billing; it balances by how it is made, and is compared with
    the agency's open bills. RuleBroken ``field.wrong`` for a month that is none.
    """
    first, last = days_of(month)
    rows = [_row(row) for row in ledger.of_agency(conn, agency, (first, last))]
    sums = {kind: 0 for kind, _, _ in KINDS.values()}
    for row in rows:
        sums[row["kind"]] += row["rials"]
    opening = ledger.owed_before(conn, agency, first)
    closing = opening + sum(sums.values())
    return {
        "agency": agency,
        "month": month,
        "from_day": first.isoformat(),
        "to_day": last.isoformat(),
        "opening_rials": opening,
        "billed_rials": sums["billed"],
        "paid_rials": -sums["paid"],
        "waived_rials": -sums["waived"],
        "ended_rials": -sums["ended"],
        "closing_rials": closing,
        "difference_rials": ledger.owed_before(conn, agency, dt.date.max) - _open(conn, agency),
        "rows": rows,
    }


def days_of(month: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of a Jalali month such as 1405-09."""
    year, number = (int(part) for part in month.split("-"))
    try:
        first = parse_jalali(f"{year}/{number}/1")
        after = parse_jalali(f"{year + number // 12}/{number % 12 + 1}/1")
    except Malformed as error:
        raise RuleBroken(str(error), code="field.wrong") from None
    return first, after - dt.timedelta(days=1)


def _row(row: Any) -> dict[str, Any]:
    kind, fa, en = KINDS[row.kind]
    return {
        "day": row.day.isoformat(),
        "number": row.number,
        "kind": kind,
        "text_fa": fa,
        "text_en": en,
        "rials": int(row.rials),
    }


def _open(conn: Connection, agency: str) -> int:
    return int(
        conn.execute(
            text(
                "select coalesce(sum(total), 0) from bills "
                "where agency = :agency and state = 'ISSUED'"
            ),
            {"agency": agency},
        ).scalar_one()
    )
