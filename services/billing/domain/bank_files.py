"""Readers of banks' files: the gateway's settlement (CSV) and the file of bills (fixed layout).

A file is taken whole or not at all: its own totals are reckoned again.
"""

import csv
import datetime as dt
import re
from typing import Literal, NamedTuple

from bus.errors import FieldError, RuleBroken
from iran.persian import TEHRAN, Malformed, jalali, parse_jalali
from services.billing.domain.money import Rials

SETTLEMENT = (
    "psp",
    "terminal",
    "order_id",
    "ref",
    "rrn",
    "kind",
    "amount_rials",
    "fee_rials",
    "paid_at",
)
RowKind = Literal["sale", "reversal", "bill"]
KINDS = ("sale", "reversal")
REF = re.compile(r"[!-~]{1,200}\Z")
HEAD, TAIL = 16, 27
# Far above any payment; a whole file of such rows can still be summed in a bigint.
DIGITS_MOST = 13
NAMES_SHOWN = 20


class Row(NamedTuple):
    """One payment as a bank reports it; ``key`` identifies it in its channel."""

    kind: RowKind
    key: str
    rials: Rials
    fee: Rials
    paid_at: dt.datetime
    bill_id: str
    payment_id: str


class Line(NamedTuple):
    """A physical line that is not blank, by its number in the file."""

    number: int
    text: str


class Fault(NamedTuple):
    """What is wrong with a line; ``code`` says what the person who chose the file does."""

    line: int
    reason: str
    code: str = "file.wrong"


class OtherBank(ValueError):
    """A line is of another bank than the one that was chosen."""


def _lines(text: str) -> list[Line]:
    """Split into lines, without blank ones; only line breaks end a line, no other sign does."""
    lines = (line.rstrip("\r") for line in text.lstrip("\ufeff").split("\n"))
    return [Line(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def settlement(text: str, psp: str) -> list[Row]:
    """Read a gateway's settlement. Raises RuleBroken ``file.wrong`` that names each wrong line."""
    lines = _lines(text)
    if len(lines) < 2 or tuple(lines[0].text.split(",")) != SETTLEMENT:  # noqa: PLR2004 - head and tail
        reason = f"The columns are {','.join(SETTLEMENT)}, then rows, then TOTAL."
        raise _wrong([Fault(1, reason, "file.head")])
    rows, faults = [], list[Fault]()
    for number, line in lines[1:-1]:
        try:
            rows.append(_sale(next(csv.reader([line], strict=True)), psp))
        except OtherBank as error:
            faults.append(Fault(number, str(error), "file.other_bank"))
        except (ValueError, csv.Error) as error:
            faults.append(Fault(number, str(error)))
    if not faults:
        faults += _total(lines[-1].text.split(","), rows, lines[-1].number)
    if faults:
        raise _wrong(faults)
    return rows


def _sale(cells: list[str], psp: str) -> Row:
    if len(cells) != len(SETTLEMENT):
        raise ValueError(f"has {len(cells)} cells instead of {len(SETTLEMENT)}")
    row = dict(zip(SETTLEMENT, cells, strict=True))
    if row["psp"] != psp:
        raise OtherBank(f"is of {row['psp']!r}, not of {psp!r}")
    kind: RowKind
    if row["kind"] == "sale":
        kind = "sale"
    elif row["kind"] == "reversal":
        kind = "reversal"
    else:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    amount, fee = _whole(row["amount_rials"]), _whole(row["fee_rials"])
    if not REF.match(row["ref"]) or amount <= 0 or fee > amount:
        raise ValueError("needs a ref, an amount, and a fee that is not larger")
    paid_at = dt.datetime.fromisoformat(row["paid_at"])
    if paid_at.tzinfo is None:
        raise ValueError("paid_at needs its offset")
    return Row(kind, row["ref"], amount, fee, paid_at, "", "")


def _whole(text: str) -> Rials:
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST):
        raise ValueError(f"{text[:20]!r} is no whole number of rials")
    return int(text)


def _total(cells: list[str], rows: list[Row], number: int) -> list[Fault]:
    total = sum(row.rials if row.kind == "sale" else -row.rials for row in rows)
    if cells != ["TOTAL", str(len(rows)), str(total)]:
        reason = f"The last line must be TOTAL,{len(rows)},{total}."
        return [Fault(number, reason, "file.total")]
    return []


def bills(text: str, company: int, day: dt.date) -> list[Row]:
    """Read a bank's file of bills of a day: head H, bodies D, tail T with count and sum.

    Raises RuleBroken ``file.wrong`` if a line has another layout, the head names another company
    or day, or the tail's totals differ.
    """
    lines = _lines(text)
    head, last = (lines[0].text, lines[-1]) if lines else ("", Line(1, ""))
    if len(lines) < 2 or len(head) != HEAD or head[0] != "H" or len(last.text) != TAIL:  # noqa: PLR2004 - head and tail
        reason = f"A head of {HEAD} and a tail of {TAIL} characters are needed."
        raise _wrong([Fault(1, reason, "file.head")])
    if head[1:4] != f"{company:03}":
        reason = f"The file is of company {head[1:4]}, not of {company:03}."
        raise _wrong([Fault(1, reason, "file.other_company")])
    stamp = jalali(day).replace("-", "")
    if head[4:12] != stamp:
        reason = f"The file is of the day {head[4:12]}, not of {stamp}."
        raise _wrong([Fault(1, reason, "file.other_day")])
    rows, faults = [], list[Fault]()
    for number, line in lines[1:-1]:
        try:
            rows.append(_body(line))
        except (ValueError, Malformed) as error:
            faults.append(Fault(number, str(error)))
    tail = f"T{len(rows):08}{sum(row.rials for row in rows):018}"
    if not faults and last.text != tail:
        faults.append(Fault(last.number, f"The tail must be {tail}.", "file.total"))
    if faults:
        raise _wrong(faults)
    return rows


def _body(line: str) -> Row:
    """D, bill ID 13, payment ID 13, rials 15, Jalali day 8, time 6, bank 3, channel 2, trace 12."""
    if len(line) != 1 + 13 + 13 + 15 + 8 + 6 + 3 + 2 + 12 or line[0] != "D":
        raise ValueError("has another layout than D, 13, 13, 15, 8, 6, 3, 2, 12")
    if not (line[1:].isascii() and line[1:].isdigit()):
        raise ValueError("holds more than digits")
    day = parse_jalali(f"{line[42:46]}/{line[46:48]}/{line[48:50]}")
    rials = _whole(line[27:42].lstrip("0"))
    time = dt.time(int(line[50:52]), int(line[52:54]), int(line[54:56]))
    return Row(
        "bill",
        # A trace number may come twice on a day (other channels); with the bill it is one payment.
        f"{line[56:59]}-{line[61:73]}-{line[42:50]}-{line[1:14].lstrip('0')}",
        rials,
        0,
        dt.datetime.combine(day, time, TEHRAN).astimezone(dt.UTC),
        line[1:14].lstrip("0"),
        line[14:27].lstrip("0"),
    )


def _wrong(faults: list[Fault]) -> RuleBroken:
    shown = "; ".join(f"line {fault.line}: {fault.reason}" for fault in faults[:NAMES_SHOWN])
    return RuleBroken(
        f"The file was not taken. {shown}",
        code="file.wrong",
        fields=[
            FieldError(f"text.{fault.line}", fault.code, fault.reason) for fault in faults[:100]
        ],
    )
