"""The files that the played bank gives out: a gateway's settlement, and the bills of a day."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator

from deploy.local.bank.state import PaidBill, Payment
from iran.persian import jalali, tehran_day

HEAD = (
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
BANK, CHANNEL = "012", "02"


def settlement(payments: Iterable[Payment], psp: str, day: dt.date) -> str:
    """The sales of a Gregorian day of Tehran and what was given back on it, as CSV with a total."""
    out, count, total = io.StringIO(), 0, 0
    write = csv.writer(out, lineterminator="\n").writerow
    write(HEAD)
    for p in payments:
        for kind, at in _moves(p, psp, day):
            moment = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="seconds")
            write([psp, p.terminal, p.order, p.ref, p.ref[3:], kind, p.amount, 0, moment])
            total += p.amount if kind == "sale" else -p.amount
            count += 1
    write(["TOTAL", count, total])
    return out.getvalue()


def _moves(p: Payment, psp: str, day: dt.date) -> Iterator[tuple[str, float]]:
    """What moved on that day, and when: for Behpardakht only what was settled has moved at all."""
    moved = ("SETTLED",) if psp == "behpardakht" else ("VERIFIED", "REVERSED")
    if p.psp != psp or p.state not in moved or not p.settled_on:
        return
    if p.settled_on == day.isoformat():
        yield "sale", p.paid_at
    back = dt.datetime.fromtimestamp(p.reversed_at, dt.UTC)
    if p.state == "REVERSED" and tehran_day(back) == day:
        yield "reversal", p.reversed_at


def bills(paid: Iterable[PaidBill], company: int, day: dt.date) -> str:
    """A company's bills that were paid on a day of Tehran: head, bodies, tail; CRLF."""
    rows = [bill for bill in paid if bill.company == company and bill.at.date() == day]
    stamp = jalali(day).replace("-", "")
    lines = [
        f"H{company:03}{stamp}0001",
        *(
            f"D{r.bill_id:0>13}{r.payment_id:0>13}{r.rials:015}{stamp}"
            f"{r.at:%H%M%S}{BANK}{CHANNEL}{r.trace:012}"
            for r in rows
        ),
        f"T{len(rows):08}{sum(r.rials for r in rows):018}",
    ]
    return "\r\n".join(lines) + "\r\n"
