"""The sweeper takes up attempts that stand still: lost answers, killed processes, old attempts."""

from concurrent.futures import ThreadPoolExecutor

from bus.database.chores import Chore
from bus.errors import Unavailable
from bus.process import log
from services.billing.payments import attempts
from services.billing.payments.context import PaymentContext
from services.billing.payments.verification import attempt_of, note_verified, retry_later, work
from services.billing.psps.port import Declined, Verified
from services.billing.rows import PaymentRow

_log = log.get("payments")
BEFORE_RETURN = ("CREATED", "TOKENED", "REDIRECTED", "CANCELLED")


def sweep(context: PaymentContext) -> None:
    """Take up all attempts that are due.

    One that cannot be worked on (its gateway is set up no more) does not keep the others waiting.
    """
    with context.transaction() as inner:
        due = attempts.due(inner.conn, context.now)
    by_bank: dict[str, list[PaymentRow]] = {}
    for row in due:
        by_bank.setdefault(row.psp, []).append(row)
    chore = Chore(context.store, "billing.sweep")

    def take_up(rows: list[PaymentRow]) -> None:
        chore.work_on(rows, lambda row: _take_up(context, row), lambda row: row.order_id)

    if by_bank:
        # A bank that is slow holds up its own payments alone.
        with ThreadPoolExecutor(len(by_bank)) as pool:
            list(pool.map(take_up, by_bank.values()))


def _take_up(context: PaymentContext, row: PaymentRow) -> None:
    if row.state in BEFORE_RETURN:
        _look_for_orphan(context, row)
    elif row.psp not in context.psps:
        _log.error("gateway_not_set_up", order=row.order_id, psp=row.psp)
        retry_later(context, row)
    else:
        work(context, row.order_id)


def _look_for_orphan(context: PaymentContext, row: PaymentRow) -> None:
    """Ask the bank about a payer who closed the browser, where it can be asked by our token.
    Elsewhere the bank gives back by itself what nobody verifies.
    """
    verified = _orphan(context, row)
    with context.transaction() as inner:
        current = attempts.lock_in_state(inner.conn, row.order_id, row.state)
        if current is None:
            return
        if verified is not None:
            attempts.move(inner, row.order_id, "verify")
            note_verified(inner, row.order_id, verified)
        elif row.window_until is None or context.now > row.window_until + attempts.GRACE:
            attempts.expire(inner, current)
        else:
            attempts.postpone(inner.conn, row.order_id, context.now + attempts.ORPHAN_AFTER)
    if verified is not None:
        work(context, row.order_id)


def _orphan(context: PaymentContext, row: PaymentRow) -> Verified | None:
    """The bank's answer about an attempt whose browser did not return; None if it was not paid."""
    psp = context.psps.get(row.psp)
    if psp is None or not psp.finds_orphans or row.token is None:
        return None
    try:
        return psp.verify(attempt_of(row))
    except (Declined, Unavailable):
        return None
