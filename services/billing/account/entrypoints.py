"""The entrypoints of the treasury's account."""

import datetime as dt
from collections.abc import Callable

from bus.database.store import Tx
from bus.endpoint import serve
from bus.envelope import instant
from contracts.billing import account as contracts
from contracts.billing.tariffs import OneRow
from contracts.billing.treasury import Nothing
from services.billing import officers
from services.billing.account import bookings, sides, statements
from services.billing.context import Context
from services.billing.rows import BookingRow


class AccountEntrypoints:
    """Statements, the three sides, and bookings by two officers."""

    now: Callable[[], dt.datetime]

    def _officer(self, tx: Tx) -> Context:
        return Context(tx, self.now(), officers.caller(tx.conn, tx.envelope)[0])

    def _approver(self, tx: Tx) -> Context:
        return Context(tx, self.now(), officers.approver(tx.conn, tx.envelope))

    @serve(contracts.TAKE_STATEMENT)
    def take_statement(self, tx: Tx, message: contracts.TakeStatement) -> contracts.StatementTaken:
        return statements.take(self._officer(tx), message)

    @serve(contracts.THREE_SIDES)
    def three_sides(self, tx: Tx, message: contracts.LastDaysOfSides) -> contracts.ThreeSides:
        return sides.look(self._officer(tx), message.days)

    @serve(contracts.UNCLEAR_ENTRY)
    def unclear_entry(self, tx: Tx, message: OneRow) -> contracts.UnclearEntry:
        return sides.unclear_entry(self._officer(tx).conn, message.id)

    @serve(contracts.BOOKINGS)
    def bookings(self, tx: Tx, message: Nothing) -> contracts.Bookings:
        return _reply(self._officer(tx))

    @serve(contracts.PROPOSE_BOOKING)
    def propose_booking(self, tx: Tx, message: contracts.ProposeBooking) -> contracts.Bookings:
        context = self._officer(tx)
        bookings.propose(context, message)
        return _reply(context)

    @serve(contracts.APPROVE_BOOKING)
    def approve_booking(self, tx: Tx, message: OneRow) -> contracts.Bookings:
        context = self._approver(tx)
        bookings.approve(context, message.id)
        return _reply(context)

    @serve(contracts.REFUSE_BOOKING)
    def refuse_booking(self, tx: Tx, message: contracts.RefuseBooking) -> contracts.Bookings:
        context = self._approver(tx)
        bookings.refuse(context, message.id, message.why)
        return _reply(context)

    @serve(contracts.TAKE_BOOKING_BACK)
    def take_booking_back(self, tx: Tx, message: OneRow) -> contracts.Bookings:
        context = self._officer(tx)
        bookings.take_back(context, message.id)
        return _reply(context)


def _reply(context: Context) -> contracts.Bookings:
    return contracts.Bookings(bookings=tuple(map(_view, bookings.list_bookings(context.conn))))


def _view(row: BookingRow) -> contracts.BookingView:
    return contracts.BookingView(
        id=row.id,
        exception=row.exception,
        act=row.act,
        batch=row.batch,
        rials=row.rials,
        note=row.note,
        state=row.state,
        requested_by=row.requested_by,
        requested_at=instant(row.requested_at),
        decided_by=row.decided_by,
        decision=row.decision,
    )
