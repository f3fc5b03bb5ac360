"""What the played bank remembers, and the tricks that a test asks of it."""

import datetime as dt
import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.responses import PlainTextResponse, Response

from bus.persian import tehran_day


@dataclass
class Payment:
    """An attempt as the bank sees it."""

    psp: str
    order: str
    amount: int
    callback: str
    terminal: str
    token: str
    state: str = "WAITING"
    ref: str = ""
    verifies: int = 0
    paid_at: float = 0.0
    settled_on: str = ""


@dataclass
class Bank:
    """All that the bank remembers, as long as its process lives."""

    window: float
    payments: dict[str, Payment] = field(default_factory=dict)
    bills: list[dict[str, Any]] = field(default_factory=list)
    tricks: deque[dict[str, Any]] = field(default_factory=deque)
    numbers: Any = field(default_factory=lambda: itertools.count(int(time.time())))

    def open(self, **told: Any) -> Payment:
        token = f"{told['psp']}-{next(self.numbers)}"
        payment = self.payments[token] = Payment(token=token, **told)
        return payment

    def by_ref(self, ref: str) -> Payment | None:
        return next((p for p in self.payments.values() if ref and p.ref == ref), None)

    def known_order(self, psp: str, order: str) -> bool:
        return any(p.psp == psp and p.order == order for p in self.payments.values())

    def pay(self, payment: Payment) -> None:
        payment.state, payment.paid_at = "PAID", time.time()
        payment.ref = f"{payment.psp[:3].upper()}{next(self.numbers)}"

    def late(self, payment: Payment) -> bool:
        """What nobody verified in time is given back by the bank itself."""
        if payment.state == "PAID" and time.time() > payment.paid_at + self.window:
            payment.state = "RETURNED"
        return payment.state == "RETURNED"

    def note_verified(self, payment: Payment, state: str = "VERIFIED") -> None:
        payment.verifies += 1
        if payment.state == "PAID":
            payment.state = state
            payment.settled_on = tehran_day(dt.datetime.now(dt.UTC)).isoformat()

    async def trick(self, what: str) -> dict[str, Any]:
        """What a test wants of the next call of this kind."""
        for told in list(self.tricks):
            if told["next"] == what:
                self.tricks.remove(told)
                if told["do"] == "delay":
                    await anyio.sleep(float(told["seconds"]))
                return told
        return {"do": ""}


def spoilt(trick: dict[str, Any]) -> Response | None:
    """The answer that a trick puts in place of the true one."""
    if trick["do"] in ("error", "drop"):
        return PlainTextResponse("played failure", 500)
    if trick["do"] == "garbage":
        return PlainTextResponse("<!DOCTYPE x [<!ENTITY a 'b'>]><return>&a;</return>")
    return None
