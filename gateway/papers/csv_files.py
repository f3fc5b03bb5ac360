"""Tables as CSV for spreadsheets (RFC 4180): no cell is ever taken for a formula."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from typing import Any

from iran.persian import jalali

RISKY = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"
STATEMENT = ("day", "number", "kind", "text_fa", "text_en", "rials", "owed_rials")

STATEMENT_FA = ("روز", "شماره قبض", "شرح", "مبلغ به ریال", "مانده به ریال")


def line(cells: Iterable[Any]) -> str:
    """One line, its end with it; numbers stay numbers, None is empty."""
    out = io.StringIO()
    csv.writer(out).writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(RISKY) else cell


def with_balance(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a Statement, each with ``owed_rials``: what was owed after it."""
    owed, rows = told["opening_rials"], []
    for row in told["rows"]:
        owed += row["rials"]
        rows.append({**row, "owed_rials": owed})
    return rows


def statement(told: Mapping[str, Any]) -> bytes:
    """A Statement as CSV in UTF-8 with the mark that spreadsheets need; rials, Gregorian days.

    The first row is what was owed at the beginning, the last one what is owed at the end.
    """
    lines = [
        line(STATEMENT),
        line([told["from_day"], "", "opening", "مانده از پیش", "Brought forward", "",
              told["opening_rials"]]),
        *(line(row[name] for name in STATEMENT) for row in with_balance(told)),
        line([told["to_day"], "", "closing", "مانده پایان ماه", "Owed at the end", "",
              told["closing_rials"]]),
    ]  # fmt: skip
    return (BOM + "".join(lines)).encode()


def _day(told: str) -> str:
    return jalali(dt.date.fromisoformat(told)).replace("-", "/")


def statement_fa(told: Mapping[str, Any]) -> bytes:
    """The same as CSV for colleagues: heads and days as they read them."""
    first, last = _day(told["from_day"]), _day(told["to_day"])
    lines = [
        line(STATEMENT_FA),
        line([first, "", "مانده از پیش", "", told["opening_rials"]]),
        *(
            line([_day(row["day"]), row["number"], row["text_fa"], row["rials"], row["owed_rials"]])
            for row in with_balance(told)
        ),
        line([last, "", "مانده پایان ماه", "", told["closing_rials"]]),
    ]
    return (BOM + "".join(lines)).encode()
