"""Paying at a bank's gateway, as a payer meets it: the beginning, the return, the reading."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, replace

from sqlalchemy import Connection

from bus.envelope import instant
from bus.errors import Conflict, RuleBroken, TooMany, Unavailable
from bus.messages.values import Json
from bus.process import log
from contracts.billing import bills as contracts
from services.billing import books
from services.billing.bills import repository, search
from services.billing.bills.replies import Replies
from services.billing.context import Context
from services.billing.domain import payment
from services.billing.payments import attempts, exceptions
from services.billing.payments.context import PaymentContext, no_payment
from services.billing.payments.exceptions import NewException
from services.billing.payments.verification import code_of, work
from services.billing.psps.port import Declined, Order, Psp, Redirect, Returned
from services.billing.rows import BillRow, PaymentRow

_log = log.get("payments")
ATTEMPTS_A_DAY = 20


# --- the beginning ---


def start(
    context: PaymentContext, request: str, message: contracts.Start
) -> contracts.Redirect | Unavailable:
    """Reserve an attempt, ask the bank for a token, note it; a repeat gets the same address, and
    that of the result once the payer was at the bank: nobody is led there with a token of before.

    ``request`` is the id of the message. Raises RuleBroken if the bill cannot be paid or the bank
    refuses, Conflict ``payment.under_way`` while money may be on its way. A bank that does not
    answer is reported at once, not tried for long: a payer is waiting, and the same form may be
    sent again.
    """
    psp = context.psps.get(message.psp)
    if psp is None:
        codes = ", ".join(context.psps)
        raise RuleBroken(f"There is no such gateway; use one of: {codes}.", code="psp.unknown")
    with context.transaction() as inner:
        row = _reserve(inner, request, message, psp)
    if row.redirect is None:
        try:
            row = _ask_for_token(context, row, psp)
        except Unavailable as error:
            return error
    assert row.redirect is not None
    where = row.redirect
    if row.state not in payment.AT_THE_BANK:
        where = payment.PayerRedirect("GET", context.result(row.order_id), {})
    with context.transaction() as inner:
        book = books.newest(inner.conn)
    return contracts.Redirect(
        order=row.order_id,
        key=context.key_of(row.order_id),
        method=where.method,
        url=where.url,
        fields_=dict(where.fields),
        total_rials=row.amount,
        psp=asdict(book.psp_name(row.psp)),
    )


def _ask_for_token(context: PaymentContext, row: PaymentRow, psp: Psp) -> PaymentRow:
    """The attempt with the bank's token. A repeat may have been faster: then its token counts."""
    order = Order(row.order_id, row.amount, context.callback(row.order_id), context.now)
    answer: Redirect | Declined
    try:
        answer = psp.start(order)
    except Declined as error:
        answer = error
    with context.transaction() as inner:
        current = attempts.get(inner.conn, row.order_id, lock=True)
        assert current is not None
        if current.state != "CREATED" and current.redirect is not None:
            return current
        if isinstance(answer, Redirect):
            return _note_token(inner, row.order_id, answer, psp)
        if current.state == "CREATED":
            attempts.move(inner, row.order_id, "decline", psp_code=code_of(answer))
    raise RuleBroken(
        "The bank's gateway refuses to begin; choose another one, or pay by bill ID at any bank.",
        code="psp.declined",
        psp_code=code_of(answer),
    )


def _reserve(context: Context, request: str, message: contracts.Start, psp: Psp) -> PaymentRow:
    """The attempt of this message: the one that it began before, or a new one."""
    bill_id = search.look_up(context.conn, message.bill_id, message.payment_id).id
    bill = repository.get(context.conn, bill_id, lock=True)
    attempt = attempts.of_request(context.conn, request)
    if attempt is not None:
        return _repeated(attempt, bill, psp)
    if bill.state != "ISSUED":
        raise RuleBroken(
            "This bill is not open (any more); read it again.",
            code="bill.not_open",
            state=bill.state,
        )
    _refuse_beside_others(context, bill)
    return attempts.add(context, request, bill, psp.code)


def _repeated(attempt: PaymentRow, bill: BillRow, psp: Psp) -> PaymentRow:
    if (attempt.bill, attempt.psp) != (bill.id, psp.code):
        raise Conflict(
            "This form or Idempotency-Key began another payment; use a new one.",
            code="idempotency_key.reused",
        )
    if attempt.redirect is None and attempt.state != "CREATED":
        raise Conflict("This attempt ended before it began; begin a new one.", code="payment.ended")
    return attempt


def _refuse_beside_others(context: Context, bill: BillRow) -> None:
    """Refuse while another attempt may have taken money, and after too many attempts in a day."""
    others = attempts.of_bill(context.conn, bill.id)
    if any(other.state in payment.MONEY_MAY_BE_TAKEN for other in others):
        raise Conflict(
            "A payment of this bill is being checked with the bank; wait a minute and read the "
            "bill again. Nothing is taken twice.",
            code="payment.under_way",
        )
    day_ago = context.now - dt.timedelta(days=1)
    if sum(other.started_at > day_ago for other in others) >= ATTEMPTS_A_DAY:
        raise TooMany(
            "This bill was tried too often; pay it by its bill ID at any bank, or try tomorrow.",
            retry_after=86400,
        )


def _note_token(context: Context, order_id: int, redirect: Redirect, psp: Psp) -> PaymentRow:
    attempts.move(
        context,
        order_id,
        "token",
        token=redirect.token,
        redirect=payment.PayerRedirect(redirect.method, redirect.url, dict(redirect.fields)),
        window_until=context.now + psp.window,
        next_at=context.now + attempts.ORPHAN_AFTER,
    )
    return attempts.move(context, order_id, "redirect")


# --- the return ---


def take_return(
    context: PaymentContext, order_id: int, key: str, form: Mapping[str, str]
) -> contracts.Payment:
    """Note the browser's return, ask the bank, reply how the payment stands. Safe to repeat.

    Raises NotFound ``payment.not_found``.
    """
    context.require_key(order_id, key)
    with context.transaction() as inner:
        row = attempts.get(inner.conn, order_id, lock=True)
        if row is None:
            raise no_payment()
        psp = context.psps[row.psp]
        _note_return(inner, row, psp.returned(form), finds_orphans=psp.finds_orphans)
    work(context, order_id)
    return read(context, order_id, key)


def _note_return(
    context: Context, row: PaymentRow, returned: Returned, *, finds_orphans: bool
) -> None:
    if not payment.TRANSITIONS.allows(row.state, "return") or row.token is None:
        return
    if returned.order_id not in (None, row.order_id) or returned.token not in (None, row.token):
        # Somebody brings the return of another order here; nothing is believed of it.
        _log.warning("return_of_another_order", order=row.order_id, psp=row.psp)
        return
    # A return without a code (a browser that lost the form) cancels nothing: the bank is asked.
    if not returned.ok and returned.code:
        if row.state == "REDIRECTED":
            attempts.move(context, row.order_id, "cancel", psp_code=returned.code)
        return
    if not returned.ref and not finds_orphans:
        return
    other = attempts.of_ref(context.conn, row.psp, returned.ref) if returned.ref else None
    if other is not None:
        # The classic fraud: the number of a payment for another order, brought once more.
        exceptions.open_exception(
            context,
            NewException(
                "ref_reused",
                f"{row.psp}:{row.order_id}:{returned.ref}",
                channel=row.psp,
                ref=returned.ref,
                order_id=row.order_id,
                bill=row.bill,
                note=f"also brought for order {other.order_id}",
            ),
        )
        return
    attempts.move(context, row.order_id, "return", ref=returned.ref, next_at=context.now)


def read(context: PaymentContext, order_id: int, key: str) -> contracts.Payment:
    """How an attempt stands, with its bill. Raises NotFound ``payment.not_found``."""
    context.require_key(order_id, key)
    with context.transaction() as inner:
        row = attempts.get(inner.conn, order_id)
        if row is None:
            raise no_payment()
        book = books.newest(inner.conn)
        bill_row = repository.get(inner.conn, row.bill)
        bill = Replies(book, list(context.psps), context.now, inner.conn).bill(bill_row)
    return contracts.Payment(
        order=row.order_id,
        state=row.state,
        settled=row.outcome == "paid",
        waits=row.state in payment.MONEY_MAY_BE_TAKEN,
        psp=asdict(book.psp_name(row.psp)),
        rrn=row.rrn,
        card=row.card or None,
        bill=bill,
    )


def with_attempt(conn: Connection, replies: Replies, row: BillRow) -> contracts.Bill:
    """A bill, with the attempt to pay it of which the bank may still report."""
    bill = replies.bill(row)
    if row.state != "ISSUED":
        return bill
    for attempt in reversed(attempts.of_bill(conn, row.id)):
        checked = attempt.state in payment.MONEY_MAY_BE_TAKEN
        over = attempt.window_until is None or attempt.window_until < replies.now
        if checked or (attempt.state == "REDIRECTED" and not over):
            paying: Json = {
                "checked": checked,
                "since": instant(attempt.started_at),
                "psp": asdict(replies.book.psp_name(attempt.psp)),
            }
            return replace(bill, paying=paying)
    return bill
