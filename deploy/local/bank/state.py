"""What the played bank remembers, and the tricks that a test asks of it."""

import datetime as dt
import itertools
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import anyio
from starlette.responses import PlainTextResponse, Response

from iran.persian import tehran_day

TERMINALS = {"sep": "13400001", "behpardakht": "4610001", "sadad": "24000461"}
TRICKS = ("delay", "error", "drop", "amount", "garbage")
CALLS = ("token", "verify", "settle", "reverse")
Trick = dict[str, Any]  # JSON of a test; `wrong_trick` judges it


class PaidBill(NamedTuple):
    """A bill that was paid at the counter, by its two IDs without leading zeros."""

    bill_id: str
    payment_id: str
    rials: int
    company: int
    at: dt.datetime
    trace: int


@dataclass
class Payment:
    """An attempt as the bank sees it; it has a ``ref`` as soon as, and only if, it was paid."""

    psp: str
    order: str
    amount: int
    callback: str
    terminal: str
    token: str
    state: str = "WAITING"
    expired: bool = False
    ref: str = ""
    verifies: int = 0
    opened_at: float = field(default_factory=time.time)
    paid_at: float = 0.0
    settled_on: str = ""
    reversed_at: float = 0.0


@dataclass
class Bank:
    """All that the bank remembers, as long as its process lives.

    Within ``window`` seconds a payment is verified, within ``token_life`` a token is used.
    """

    window: float
    token_life: float
    payments: dict[str, Payment] = field(default_factory=dict)
    bills: list[PaidBill] = field(default_factory=list)
    tricks: deque[Trick] = field(default_factory=deque)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(int(time.time())))

    def open(self, psp: str, *, order: str, amount: int, callback: str, terminal: str) -> Payment:
        """A payment that waits for its payer."""
        token = f"{psp}-{next(self.numbers)}"
        payment = Payment(
            token=token, psp=psp, order=order, amount=amount, callback=callback, terminal=terminal
        )
        self.payments[token] = payment
        return payment

    def by_ref(self, psp: str, ref: str) -> Payment | None:
        return next(
            (p for p in self.payments.values() if ref and (p.psp, p.ref) == (psp, ref)), None
        )

    def known_order(self, psp: str, order: str) -> bool:
        return any(p.psp == psp and p.order == order for p in self.payments.values())

    def pay(self, payment: Payment) -> None:
        payment.state, payment.paid_at = "PAID", time.time()
        payment.ref = f"{payment.psp[:3].upper()}{next(self.numbers)}"

    def reverse(self, payment: Payment) -> None:
        payment.state, payment.reversed_at = "REVERSED", time.time()

    def let_expire(self, payment: Payment) -> None:
        """A token that nobody used in time pays nothing any more."""
        if payment.state == "WAITING" and time.time() > payment.opened_at + self.token_life:
            payment.state, payment.expired = "FAILED", True

    def late(self, payment: Payment) -> bool:
        """What nobody verified in time is given back by the bank itself."""
        if payment.state == "PAID" and time.time() > payment.paid_at + self.window:
            payment.state = "RETURNED"
        return payment.state == "RETURNED"

    def note_verified(self, payment: Payment) -> None:
        payment.verifies += 1
        if payment.state == "PAID":
            payment.state = "VERIFIED"
            payment.settled_on = tehran_day(dt.datetime.now(dt.UTC)).isoformat()

    def payment_rows(self) -> list[dict[str, object]]:
        """All payments as they are at this moment."""
        for payment in self.payments.values():
            self.let_expire(payment)
            self.late(payment)
        return [dict(vars(payment)) for payment in self.payments.values()]

    async def trick(self, call: str) -> Trick:
        """What a test wants of the next call of this kind; it is used up by that."""
        for trick in list(self.tricks):
            if trick["next"] == call:
                self.tricks.remove(trick)
                if trick["do"] == "delay":
                    await anyio.sleep(float(trick["seconds"]))
                return trick
        return {"do": ""}


def wrong_trick(trick: Trick) -> str | None:
    """What is wrong with a trick; nobody shall wait for one that never comes."""
    if trick.get("next") not in CALLS or trick.get("do") not in TRICKS:
        return f"next is one of {', '.join(CALLS)}; do is one of {', '.join(TRICKS)}"
    needs = {"delay": "seconds", "amount": "rials"}.get(trick["do"])
    return f"{trick['do']} needs {needs}" if needs and needs not in trick else None


def instead(trick: Trick) -> Response | None:
    """The answer in place of the act, where a trick wants that nothing is done."""
    if trick["do"] == "error":
        return PlainTextResponse("played failure", 500)
    if trick["do"] == "garbage":
        return PlainTextResponse("<!DOCTYPE x [<!ENTITY a 'b'>]><return>&a;</return>")
    return None


def lost(trick: Trick, answer: Response) -> Response:
    """The answer to an act that was done, or its loss, if a trick wants that."""
    return PlainTextResponse("played failure", 500) if trick["do"] == "drop" else answer
