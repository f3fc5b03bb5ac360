"""The bank is asked: verify, settle, reverse; and the sweeper that takes up what stands still.

No transaction is open while the bank thinks. Each step is noted before and after, so that a process
may be killed anywhere: the bank is asked again, and what was credited is never twice.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from bus.errors import NotFound, Unavailable
from bus.process import log
from bus.signatures.keys import base64url
from services.billing.bills import issuance as bills
from services.billing.bills import repository as store
from services.billing.bills.issuance import Till
from services.billing.domain import ledger as entries
from services.billing.domain import payment
from services.billing.ledger.entries import Of
from services.billing.payments import attempts, exceptions
from services.billing.psps.port import Attempt, Declined, Psp, Verified

_log = log.get("paying")
LEASE = dt.timedelta(seconds=60)
TROUBLES = ("amount_differs", "paid_twice", "bill_ended")


@dataclass(frozen=True)
class Desk:
    """What paying needs: database, moment, gateways, and the addresses that browsers see."""

    store: Store
    now: dt.datetime
    psps: Mapping[str, Psp]
    portal: str
    key: str

    def key_of(self, order_id: int) -> str:
        """What makes the addresses of an attempt impossible to guess."""
        mac = hmac.new(self.key.encode(), f"order {order_id}".encode(), hashlib.sha256).digest()
        return base64url(mac[:16])

    def opened(self, order_id: int, key: str) -> None:
        """NotFound ``payment.not_found`` unless the key belongs to the order."""
        if not hmac.compare_digest(self.key_of(order_id).encode(), key.encode()):
            raise no_payment()

    def callback(self, order_id: int) -> str:
        return f"{self.portal}/pay/return/{order_id}/{self.key_of(order_id)}"

    def till(self, tx: Tx) -> Till:
        return Till(tx, self.now)


def no_payment() -> NotFound:
    return NotFound("There is no such payment; look the bill up.", code="payment.not_found")


def why(error: Declined) -> str:
    return str(error.details.get("psp_code") or error.code)


def work(desk: Desk, order_id: int) -> None:
    """Takes one attempt as far as it can go now; what is not known yet is swept later."""
    for _ in range(4):
        with desk.store.transaction() as tx:
            row = attempts.claim(tx.conn, order_id, desk.now, LEASE)
        if row is None:
            return
        step = {"VERIFYING": verify, "VERIFIED": settle, "REVERSING": reverse}[row.state]
        if not step(desk, row):
            return


def _attempt(row: Any) -> Attempt:
    return Attempt(row.order_id, row.amount, row.token, row.ref)


def verify(desk: Desk, row: Any) -> bool:
    """Asks the bank whether it was paid, and notes what it said; True if there is more to do."""
    try:
        said = desk.psps[row.psp].verify(_attempt(row))
    except Declined as error:
        with desk.store.transaction() as tx:
            now = attempts.get(tx.conn, row.order_id, lock=True)
            if now is not None and now.state == "VERIFYING":
                attempts.move(tx.conn, row.order_id, "decline", desk.now, psp_code=why(error))
        return False
    except Unavailable as error:
        _log.warning("the bank did not say", order=row.order_id, psp=row.psp, code=error.code)
        with desk.store.transaction() as tx:
            now = attempts.get(tx.conn, row.order_id, lock=True)
            if now is not None and now.state == "VERIFYING":
                attempts.move(
                    tx.conn, row.order_id, "lose", desk.now, next_at=attempts.again(row, desk.now)
                )
        return False
    with desk.store.transaction() as tx:
        return note_verified(desk, tx, row.order_id, said)


def note_verified(desk: Desk, tx: Tx, order_id: int, said: Verified) -> bool:
    """Keeps what the bank said; money in another amount, or for a bill that is not open, goes to
    suspense and is given back. True if there is more to do.
    """
    row = attempts.get(tx.conn, order_id, lock=True)
    if row is None or row.state != "VERIFYING":
        return False
    other = attempts.of_ref(tx.conn, row.psp, said.ref)
    if other is not None and other.order_id != order_id:
        exceptions.open_one(
            desk.till(tx), "ref_reused", f"{row.psp}:{order_id}:{said.ref}", channel=row.psp,
            ref=said.ref, order_id=order_id, bill=row.bill,
            note=f"the bank verified it for order {other.order_id} before",
        )  # fmt: skip
        attempts.move(tx.conn, order_id, "decline", desk.now, psp_code="ref_reused")
        return False
    row = attempts.move(
        tx.conn, order_id, "verified", desk.now, ref=said.ref, rrn=said.rrn, trace=said.trace,
        card=said.card, card_hash=said.card_hash, terminal=said.terminal, verified_at=desk.now,
        amount_verified=row.amount if said.amount is None else said.amount, next_at=desk.now,
    )  # fmt: skip
    bill = store.bill_of(tx.conn, id=row.bill, lock=True)
    differs = payment.mismatch((order_id, row.amount), (said.order_id, said.amount))
    kind = _trouble(differs, bill)
    if kind is not None:
        suspend(desk, tx, row, kind)
        attempts.move(tx.conn, order_id, "reverse", desk.now)
    return True


def _trouble(differs: str | None, bill: Any) -> str | None:
    """One of TROUBLES, or None."""
    if differs is not None:
        return "amount_differs"
    if bill.state == "ISSUED":
        return None
    return "paid_twice" if bill.state == "PAID" else "bill_ended"


def suspend(desk: Desk, tx: Tx, row: Any, kind: str) -> None:
    """The money is noted as taken, but for nothing; somebody has to look."""
    till, rials = desk.till(tx), row.amount_verified
    till.post("suspended", f"{row.psp} {row.ref}", Of(row.bill, None, row.order_id),
              entries.suspended(rials))  # fmt: skip
    attempts.note_outcome(tx.conn, row.order_id, "suspended")
    _find_settled(till, row)
    exceptions.open_one(
        till, kind, f"{row.psp}:{row.ref}", rials=rials, in_suspense=True, channel=row.psp,
        ref=row.ref, order_id=row.order_id, bill=row.bill,
    )  # fmt: skip


def settle(desk: Desk, row: Any) -> bool:
    """Claims the money where that is a step of its own; then the bill is paid."""
    try:
        desk.psps[row.psp].settle(_attempt(row))
    except Unavailable:
        _later(desk, row)
        return False
    except Declined as error:
        # Verified and yet not settled: the bank has given it back, which only it can explain.
        with desk.store.transaction() as tx:
            now = attempts.get(tx.conn, row.order_id, lock=True)
            if now is not None and now.state == "VERIFIED":
                attempts.move(tx.conn, row.order_id, "decline", desk.now, psp_code=why(error))
        return False
    with desk.store.transaction() as tx:
        now = attempts.get(tx.conn, row.order_id, lock=True)
        if now is not None and now.state == "VERIFIED":
            credit(desk, tx, now)
    return False


def credit(desk: Desk, tx: Tx, row: Any) -> None:
    """The one place where a payment at a gateway pays a bill."""
    bill = store.bill_of(tx.conn, id=row.bill, lock=True)
    attempts.move(tx.conn, row.order_id, "settle", desk.now)
    kind = _trouble(None, bill)
    if kind is not None:
        suspend(desk, tx, row, kind)
        return
    till = desk.till(tx)
    till.post("paid", f"{row.psp} {row.ref}", Of(bill.id, bill.agency, row.order_id),
              entries.paid(row.amount))  # fmt: skip
    attempts.note_outcome(tx.conn, row.order_id, "paid")
    _find_settled(till, row)
    bills.pay(till, bill, row.psp)


def _find_settled(till: Till, row: Any) -> None:
    """A bank's file may have brought the money before the bank told us of the payment: then it does
    not lie in suspense for somebody to give back a second time.
    """
    subject = f"{row.psp}:{row.ref}"
    file_row = exceptions.settled_unknown(till.conn, subject, row.amount_verified)
    if file_row is None:
        return
    till.post("settled", subject, Of(row.bill, None, row.order_id, file_row),
              entries.settled_before(row.amount_verified))  # fmt: skip
    attempts.note_file_row(till.conn, row.order_id, file_row)
    exceptions.resolve_by_itself(till, subject, "known now", "not_in_ledger")


def reverse(desk: Desk, row: Any) -> bool:
    """Gives suspended money back through the bank, where it can; else an officer has to."""
    act = "reversed"
    try:
        desk.psps[row.psp].reverse(_attempt(row))
    except Unavailable:
        _later(desk, row)
        return False
    except Declined:
        act = "keep"
    with desk.store.transaction() as tx:
        now = attempts.get(tx.conn, row.order_id, lock=True)
        if now is None or now.state != "REVERSING":
            return False
        attempts.move(tx.conn, row.order_id, act, desk.now)
        if act == "reversed":
            till = desk.till(tx)
            till.post("given_back", f"{row.psp} {row.ref}", Of(row.bill, None, row.order_id),
                      entries.given_back(now.amount_verified, settled=now.file_row is not None),
                      )  # fmt: skip
            attempts.note_outcome(tx.conn, row.order_id, "given_back")
            exceptions.resolve_by_itself(till, f"{row.psp}:{row.ref}", "given_back", *TROUBLES)
    return False


def _later(desk: Desk, row: Any) -> None:
    with desk.store.transaction() as tx:
        attempts.postpone(tx.conn, row.order_id, attempts.again(row, desk.now))


# --- the sweeper ---


def sweep(desk: Desk) -> None:
    """Takes up what stands still: lost answers, killed processes, closed browsers, old attempts.

    One that cannot be worked on (its gateway is set up no more) does not keep the others waiting.
    """
    with desk.store.transaction() as tx:
        due = attempts.due(tx.conn, desk.now)
    of_bank: dict[str, list[Any]] = {}
    for row in due:
        of_bank.setdefault(row.psp, []).append(row)
    chore = Chore(desk.store, "billing.sweep")

    def take_up(rows: list[Any]) -> None:
        chore.each(rows, lambda row: _take_up(desk, row), lambda row: row.order_id)

    if of_bank:
        # A bank that is slow holds up its own payments alone.
        with ThreadPoolExecutor(len(of_bank)) as pool:
            list(pool.map(take_up, of_bank.values()))


def _take_up(desk: Desk, row: Any) -> None:
    if row.state in ("CREATED", "TOKENED", "REDIRECTED", "CANCELLED"):
        _look_for_orphan(desk, row)
    elif row.psp not in desk.psps:
        _log.error("gateway_not_set_up", order=row.order_id, psp=row.psp)
        _later(desk, row)
    else:
        work(desk, row.order_id)


def _look_for_orphan(desk: Desk, row: Any) -> None:
    """A payer who closed the browser may have paid: ask, where the bank can be asked by our token.
    Elsewhere the bank gives back by itself what nobody verifies.
    """
    psp = desk.psps.get(row.psp)
    said = None
    if psp is not None and psp.finds_orphans and row.token is not None:
        try:
            said = psp.verify(_attempt(row))
        except (Declined, Unavailable):
            said = None
    with desk.store.transaction() as tx:
        now = attempts.get(tx.conn, row.order_id, lock=True)
        if now is None or now.state != row.state:
            return
        if said is not None:
            attempts.move(tx.conn, row.order_id, "verify", desk.now)
            note_verified(desk, tx, row.order_id, said)
        elif row.window_until is None or desk.now > row.window_until + attempts.GRACE:
            attempts.let_go(tx.conn, now, desk.now)
        else:
            attempts.postpone(tx.conn, row.order_id, desk.now + attempts.ORPHAN_AFTER)
    if said is not None:
        work(desk, row.order_id)
