"""Paying at a bank's gateway, as a payer meets it: begun, returned, read."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bus.database.store import Tx
from bus.errors import Conflict, RuleBroken, TooMany, Unavailable
from bus.process import log
from services.billing import books
from services.billing.bills import issuance as bills
from services.billing.bills import replies as views
from services.billing.bills import repository as store
from services.billing.domain import payment
from services.billing.payments import attempts, exceptions
from services.billing.payments.verification import Desk, no_payment, why, work
from services.billing.psps.port import Declined, Order, Psp, Redirect

_log = log.get("paying")
ATTEMPTS_A_DAY = 20


# --- begin ---


def start(desk: Desk, request: str, asked: Mapping[str, Any]) -> dict[str, Any] | Unavailable:
    """Reserves an attempt, asks the bank for a token, notes it; a repeat gets the same address.

    RuleBroken if the bill cannot be paid or the bank refuses, Conflict ``payment.under_way`` while
    money may be on its way. A bank that does not answer is told at once, not tried for long: a
    payer is waiting, and the same form may be sent again.
    """
    psp = desk.psps.get(asked["psp"])
    if psp is None:
        known = ", ".join(desk.psps)
        raise RuleBroken(f"There is no such gateway; use one of: {known}.", code="psp.unknown")
    with desk.store.transaction() as tx:
        row = _reserve(desk, tx, request, asked, psp)
    if row.redirect is None:
        try:
            row = _ask_for_token(desk, row, psp)
        except Unavailable as error:
            return error
    with desk.store.transaction() as tx:
        book = books.newest(tx.conn)
    return {
        "order": row.order_id,
        "key": desk.key_of(row.order_id),
        **row.redirect,
        "total_rials": row.amount,
        "psp": views.psp_told(book, row.psp),
    }


def _ask_for_token(desk: Desk, row: Any, psp: Psp) -> Any:
    """The attempt with the bank's token. A repeat may have been faster: then its token counts."""
    said: Redirect | Declined
    try:
        said = psp.start(Order(row.order_id, row.amount, desk.callback(row.order_id), desk.now))
    except Declined as error:
        said = error
    with desk.store.transaction() as tx:
        now = attempts.get(tx.conn, row.order_id, lock=True)
        if now is not None and now.state != "CREATED" and now.redirect is not None:
            return now
        if isinstance(said, Redirect):
            return _note_token(desk, tx.conn, row.order_id, said, psp)
        if now is not None and now.state == "CREATED":
            attempts.move(tx.conn, row.order_id, "decline", desk.now, psp_code=why(said))
    raise RuleBroken(
        "The bank's gateway refuses to begin; choose another one, or pay by bill ID at any bank.",
        code="psp.declined",
        psp_code=why(said),
    )


def _reserve(desk: Desk, tx: Tx, request: str, asked: Mapping[str, Any], psp: Psp) -> Any:
    conn = tx.conn
    found = bills.look_up(conn, asked["bill_id"], asked["payment_id"])
    row = store.bill_of(conn, id=found.id, lock=True)
    known = attempts.of_request(conn, request)
    if known is not None:
        if (known.bill, known.psp) != (row.id, psp.code):
            raise Conflict(
                "This form or Idempotency-Key began another payment; use a new one.",
                code="idempotency_key.reused",
            )
        if known.redirect is None and known.state != "CREATED":
            raise Conflict(
                "This attempt ended before it began; begin a new one.", code="payment.ended"
            )
        return known
    if row.state != "ISSUED":
        raise RuleBroken(
            "This bill is not open (any more); read it again.", code="bill.not_open",
            state=row.state,
        )  # fmt: skip
    others = attempts.of_bill(conn, row.id)
    if any(each.state in payment.MONEY_MAY_BE_TAKEN for each in others):
        raise Conflict(
            "A payment of this bill is being checked with the bank; wait a minute and read the "
            "bill again. Nothing is taken twice.",
            code="payment.under_way",
        )
    day_ago = desk.now - dt.timedelta(days=1)
    if sum(each.started_at > day_ago for each in others) >= ATTEMPTS_A_DAY:
        raise TooMany(
            "This bill was tried too often; pay it by its bill ID at any bank, or try tomorrow.",
            retry_after=86400,
        )
    return attempts.add(tx, request, row, psp.code, desk.now)


def _note_token(desk: Desk, conn: Connection, order_id: int, redirect: Redirect, psp: Psp) -> Any:
    told = {"method": redirect.method, "url": redirect.url, "fields": dict(redirect.fields)}
    attempts.move(
        conn, order_id, "token", desk.now, token=redirect.token, redirect=told,
        window_until=desk.now + psp.window, next_at=desk.now + attempts.ORPHAN_AFTER,
    )  # fmt: skip
    return attempts.move(conn, order_id, "redirect", desk.now)


# --- return ---


def take_return(desk: Desk, order_id: int, key: str, form: Mapping[str, str]) -> dict[str, Any]:
    """The browser is back: notes it, asks the bank, tells how it stands. Safe to repeat."""
    desk.opened(order_id, key)
    with desk.store.transaction() as tx:
        row = attempts.get(tx.conn, order_id, lock=True)
        if row is None:
            raise no_payment()
        _note_return(desk, tx, row, form)
    work(desk, order_id)
    return told(desk, order_id, key)


def _note_return(desk: Desk, tx: Tx, row: Any, form: Mapping[str, str]) -> None:
    psp = desk.psps[row.psp]
    back = psp.returned(form)
    if not payment.TRANSITIONS.allows(row.state, "return") or row.token is None:
        return
    if back.order_id not in (None, row.order_id) or back.token not in (None, row.token):
        # Somebody brings the return of another order here; nothing is believed of it.
        _log.warning("a return of another order", order=row.order_id, psp=row.psp)
        return
    # A return that says nothing (a browser that lost the form) cancels nothing: the bank is asked.
    if not back.ok and back.code:
        if row.state == "REDIRECTED":
            attempts.move(tx.conn, row.order_id, "cancel", desk.now, psp_code=back.code)
        return
    if not back.ref and not psp.finds_orphans:
        return
    other = attempts.of_ref(tx.conn, row.psp, back.ref) if back.ref else None
    if other is not None:
        # The classic fraud: the number of a payment for another order, brought once more.
        exceptions.open_one(
            desk.till(tx), "ref_reused", f"{row.psp}:{row.order_id}:{back.ref}",
            channel=row.psp, ref=back.ref, order_id=row.order_id, bill=row.bill,
            note=f"also brought for order {other.order_id}",
        )  # fmt: skip
        return
    attempts.move(tx.conn, row.order_id, "return", desk.now, ref=back.ref, next_at=desk.now)


def told(desk: Desk, order_id: int, key: str) -> dict[str, Any]:
    """A Payment of contracts/billing/bills.py. NotFound ``payment.not_found``."""
    desk.opened(order_id, key)
    with desk.store.transaction() as tx:
        row = attempts.get(tx.conn, order_id)
        if row is None:
            raise no_payment()
        book = books.newest(tx.conn)
        bill = views.bill_told(store.bill_of(tx.conn, id=row.bill), book, desk.psps, desk.now)
        return views.payment_told(row, bill, book)
