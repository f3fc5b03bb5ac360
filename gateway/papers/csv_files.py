"""Tables as CSV for spreadsheets (RFC 4180): no cell is ever taken for a formula."""

import datetime as dt
from dataclasses import dataclass

from contracts.billing.statements import Statement, StatementRow
from gateway.html.csv_tables import csv_text
from iran.persian import jalali

STATEMENT = ("day", "number", "kind", "text_fa", "text_en", "rials", "owed_rials")

STATEMENT_FA = ("روز", "شماره قبض", "شرح", "مبلغ به ریال", "مانده به ریال")


@dataclass(frozen=True, kw_only=True)
class BalancedRow(StatementRow):
    """A row of a statement, and what was owed after it."""

    owed_rials: int


def with_balance(statement: Statement) -> list[BalancedRow]:
    """Return the rows of a Statement, each with what was owed after it."""
    owed, rows = statement.opening_rials, list[BalancedRow]()
    for row in statement.rows:
        owed += row.rials
        rows.append(BalancedRow(**vars(row), owed_rials=owed))
    return rows


def statement(account: Statement) -> bytes:
    """Return a Statement as CSV in UTF-8 with a byte order mark; rials, Gregorian days.

    Spreadsheets need the mark. The first row is what was owed at the beginning, the last row what
    is owed at the end.
    """
    opening = ("", "opening", "مانده از پیش", "Brought forward", "", account.opening_rials)
    closing = ("", "closing", "مانده پایان ماه", "Owed at the end", "", account.closing_rials)
    rows = [
        (account.from_day, *opening),
        *([getattr(row, name) for name in STATEMENT] for row in with_balance(account)),
        (account.to_day, *closing),
    ]
    return csv_text(STATEMENT, rows).encode()


def _day(day: str) -> str:
    return jalali(dt.date.fromisoformat(day)).replace("-", "/")


def statement_fa(account: Statement) -> bytes:
    """Return a Statement as CSV for colleagues: Persian heads and Jalali days."""
    first, last = _day(account.from_day), _day(account.to_day)
    rows = [
        (first, "", "مانده از پیش", "", account.opening_rials),
        *(
            (_day(row.day), row.number, row.text_fa, row.rials, row.owed_rials)
            for row in with_balance(account)
        ),
        (last, "", "مانده پایان ماه", "", account.closing_rials),
    ]
    return csv_text(STATEMENT_FA, rows).encode()
