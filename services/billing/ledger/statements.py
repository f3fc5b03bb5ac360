"""An agency's account in a Jalali month: opening debt, bills, payments, waivers, closing debt."""

import datetime as dt

from sqlalchemy import Connection, func, select

from bus.errors import RuleBroken
from contracts.billing.statements import Statement, StatementRow
from iran.persian import Malformed, parse_jalali
from services.billing.domain.money import Rials
from services.billing.ledger import entries
from services.billing.tables import BILLS

# kind of entry → (kind of row, Persian, English)
KINDS = {
    "issued": ("billed", "صدور قبض", "bill issued"),
    "paid": ("paid", "پرداخت قبض", "bill paid"),
    "waived": ("waived", "معافیت", "waived"),
    "ended": ("ended", "ابطال یا انقضای قبض", "bill voided or expired"),
}


def of_month(conn: Connection, agency: str, month: str) -> Statement:
    """The statement of an agency and a Jalali month such as 1405-09. It balances by how it is
    made, and is compared with the agency's open bills. Raises RuleBroken ``field.wrong`` for a
    month that does not exist.
    """
    first, last = days_of(month)
    rows = [_row(entry) for entry in entries.of_agency(conn, agency, first, last)]
    sums = {kind: 0 for kind, _, _ in KINDS.values()}
    for row in rows:
        sums[row.kind] += row.rials
    opening = entries.owed_before(conn, agency, first)
    now = entries.owed_before(conn, agency, dt.date.max)
    return Statement(
        agency=agency,
        month=month,
        from_day=first.isoformat(),
        to_day=last.isoformat(),
        opening_rials=opening,
        billed_rials=sums["billed"],
        paid_rials=-sums["paid"],
        waived_rials=-sums["waived"],
        ended_rials=-sums["ended"],
        closing_rials=opening + sum(sums.values()),
        difference_rials=now - _open_bills(conn, agency),
        rows=tuple(rows),
    )


def days_of(month: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of a Jalali month such as 1405-09."""
    year, number = (int(part) for part in month.split("-"))
    try:
        first = parse_jalali(f"{year}/{number}/1")
        after = parse_jalali(f"{year + number // 12}/{number % 12 + 1}/1")
    except Malformed as error:
        raise RuleBroken(str(error), code="field.wrong") from None
    return first, after - dt.timedelta(days=1)


def _row(entry: entries.AgencyEntry) -> StatementRow:
    kind, fa, en = KINDS[entry.kind]
    return StatementRow(
        day=entry.day.isoformat(),
        number=entry.number,
        kind=kind,
        text_fa=fa,
        text_en=en,
        rials=int(entry.rials),
    )


def _open_bills(conn: Connection, agency: str) -> Rials:
    statement = select(func.coalesce(func.sum(BILLS.c.total), 0)).where(
        BILLS.c.agency == agency, BILLS.c.state == "ISSUED"
    )
    return int(conn.execute(statement).scalar_one())
