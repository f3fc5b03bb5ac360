"""The bank's own answers: verify, settle, reverse.

No transaction is open while the bank thinks. Each step is noted before and after, so that a process
may be killed anywhere: the bank is asked again, and a credit is never made twice.
"""

import datetime as dt

from bus.errors import Unavailable
from bus.process import log
from services.billing.bills import changes, repository
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.payment import ExceptionKind, PaymentAct, Sum, agrees
from services.billing.ledger.entries import Subject, post
from services.billing.payments import attempts, exceptions
from services.billing.payments.context import PaymentContext
from services.billing.payments.exceptions import NewException
from services.billing.psps.port import Attempt, Declined, Verified
from services.billing.rows import BillRow, PaymentRow

_log = log.get("payments")
LEASE = dt.timedelta(seconds=60)
SUSPENDING: tuple[ExceptionKind, ...] = ("amount_differs", "paid_twice", "bill_ended")
STEPS = 4


def code_of(error: Declined) -> str:
    """The bank's own code of a refusal, or ours."""
    return str(error.details.get("psp_code") or error.code)


def work(context: PaymentContext, order_id: int) -> None:
    """Take one attempt as far as it can go now; the sweeper takes up the rest later."""
    steps = {"VERIFYING": verify, "VERIFIED": settle, "REVERSING": reverse}
    for _ in range(STEPS):
        with context.transaction() as inner:
            row = attempts.claim(inner, order_id, LEASE)
        if row is None or not steps[row.state](context, row):
            return


def attempt_of(row: PaymentRow) -> Attempt:
    """An attempt that has its token, as the gateways take it."""
    assert row.token is not None
    return Attempt(row.order_id, row.amount, row.token, row.ref)


def verify(context: PaymentContext, row: PaymentRow) -> bool:
    """Ask the bank whether it was paid, and note its answer; True if there is more to do."""
    try:
        verified = context.psps[row.psp].verify(attempt_of(row))
    except Declined as error:
        with context.transaction() as inner:
            if attempts.lock_in_state(inner.conn, row.order_id, "VERIFYING"):
                attempts.move(inner, row.order_id, "decline", psp_code=code_of(error))
        return False
    except Unavailable as error:
        _log.warning("bank_without_answer", order=row.order_id, psp=row.psp, code=error.code)
        with context.transaction() as inner:
            if attempts.lock_in_state(inner.conn, row.order_id, "VERIFYING"):
                retry_at = attempts.retry_at(row, context.now)
                attempts.move(inner, row.order_id, "lose", next_at=retry_at)
        return False
    with context.transaction() as inner:
        return note_verified(inner, row.order_id, verified)


def note_verified(context: Context, order_id: int, verified: Verified) -> bool:
    """Keep the bank's answer; money in another amount, or for a bill that is not open, goes to
    suspense and is given back. True if there is more to do.
    """
    row = attempts.lock_in_state(context.conn, order_id, "VERIFYING")
    if row is None or _ref_reused(context, row, verified):
        return False
    row = attempts.move(
        context,
        order_id,
        "verified",
        ref=verified.ref,
        rrn=verified.rrn,
        trace=verified.trace,
        card=verified.card,
        card_hash=verified.card_hash,
        terminal=verified.terminal,
        verified_at=context.now,
        amount_verified=row.amount if verified.amount is None else verified.amount,
        next_at=context.now,
    )
    bill = repository.get(context.conn, row.bill, lock=True)
    same = agrees(Sum(order_id, row.amount), Sum(verified.order_id, verified.amount))
    kind = "amount_differs" if not same else _kind_of_closed(bill)
    if kind is not None:
        suspend(context, row, kind)
        attempts.move(context, order_id, "reverse")
    return True


def _ref_reused(context: Context, row: PaymentRow, verified: Verified) -> bool:
    """Decline an attempt whose number the bank verified for another order before."""
    other = attempts.of_ref(context.conn, row.psp, verified.ref)
    if other is None or other.order_id == row.order_id:
        return False
    exceptions.open_exception(
        context,
        NewException(
            "ref_reused",
            f"{row.psp}:{row.order_id}:{verified.ref}",
            channel=row.psp,
            ref=verified.ref,
            order_id=row.order_id,
            bill=row.bill,
            note=f"the bank verified it for order {other.order_id} before",
        ),
    )
    attempts.move(context, row.order_id, "decline", psp_code="ref_reused")
    return True


def _kind_of_closed(bill: BillRow) -> ExceptionKind | None:
    """The kind of exception that money for a bill in this state is; None for an open bill."""
    if bill.state == "ISSUED":
        return None
    return "paid_twice" if bill.state == "PAID" else "bill_ended"


def suspend(context: Context, row: PaymentRow, kind: ExceptionKind) -> None:
    """Note money that was taken for nothing, and open an exception for an officer."""
    rials = row.amount_verified
    assert rials is not None
    subject = Subject(row.bill, None, row.order_id)
    post(context, "suspended", f"{row.psp} {row.ref}", subject, ledger.suspended(rials))
    attempts.set_outcome(context.conn, row.order_id, "suspended")
    _match_settled(context, row)
    exceptions.open_exception(
        context,
        NewException(
            kind,
            f"{row.psp}:{row.ref}",
            rials=rials,
            in_suspense=True,
            channel=row.psp,
            ref=row.ref,
            order_id=row.order_id,
            bill=row.bill,
        ),
    )


def settle(context: PaymentContext, row: PaymentRow) -> bool:
    """Claim the money where that is a step of its own; then the bill is paid."""
    try:
        context.psps[row.psp].settle(attempt_of(row))
    except Unavailable:
        retry_later(context, row)
        return False
    except Declined as error:
        # Verified and yet not settled: the bank has given it back, which only it can explain.
        with context.transaction() as inner:
            if attempts.lock_in_state(inner.conn, row.order_id, "VERIFIED"):
                attempts.move(inner, row.order_id, "decline", psp_code=code_of(error))
        return False
    with context.transaction() as inner:
        current = attempts.lock_in_state(inner.conn, row.order_id, "VERIFIED")
        if current is not None:
            credit(inner, current)
    return False


def credit(context: Context, row: PaymentRow) -> None:
    """Pay a bill by a payment at a gateway: the only place that does."""
    bill = repository.get(context.conn, row.bill, lock=True)
    attempts.move(context, row.order_id, "settle")
    kind = _kind_of_closed(bill)
    if kind is not None:
        suspend(context, row, kind)
        return
    subject = Subject(bill.id, bill.agency, row.order_id)
    post(context, "paid", f"{row.psp} {row.ref}", subject, ledger.paid(row.amount))
    attempts.set_outcome(context.conn, row.order_id, "paid")
    _match_settled(context, row)
    changes.pay(context, bill, row.psp)


def _match_settled(context: Context, row: PaymentRow) -> None:
    """Match money that a bank's file brought before the bank verified the payment, so that it does
    not lie in suspense, where an officer could give it back a second time.
    """
    key, rials = f"{row.psp}:{row.ref}", row.amount_verified
    assert rials is not None
    file_row = exceptions.settled_unknown(context.conn, key, rials)
    if file_row is None:
        return
    subject = Subject(row.bill, None, row.order_id, file_row)
    post(context, "settled", key, subject, ledger.settled_before(rials))
    attempts.set_file_row(context.conn, row.order_id, file_row)
    exceptions.resolve_by_system(context, key, "known now", "not_in_ledger")


def reverse(context: PaymentContext, row: PaymentRow) -> bool:
    """Give suspended money back through the bank, where it can; else an officer has to."""
    act: PaymentAct = "reversed"
    try:
        context.psps[row.psp].reverse(attempt_of(row))
    except Unavailable:
        retry_later(context, row)
        return False
    except Declined:
        act = "keep"
    with context.transaction() as inner:
        current = attempts.lock_in_state(inner.conn, row.order_id, "REVERSING")
        if current is None:
            return False
        attempts.move(inner, row.order_id, act)
        if act == "reversed":
            _note_given_back(inner, current)
    return False


def _note_given_back(context: Context, row: PaymentRow) -> None:
    assert row.amount_verified is not None
    subject = Subject(row.bill, None, row.order_id)
    back = ledger.given_back(row.amount_verified, settled=row.file_row is not None)
    post(context, "given_back", f"{row.psp} {row.ref}", subject, back)
    attempts.set_outcome(context.conn, row.order_id, "given_back")
    exceptions.resolve_by_system(context, f"{row.psp}:{row.ref}", "given_back", *SUSPENDING)


def retry_later(context: PaymentContext, row: PaymentRow) -> None:
    """Leave an attempt alone for a while, longer each time."""
    with context.transaction() as inner:
        attempts.postpone(inner.conn, row.order_id, attempts.retry_at(row, context.now))
