"""The entrypoints of calls that are answered later."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.agencies import deferred as contracts
from services.agencies.context import Entrypoints, calling_agency
from services.agencies.deferred import calls, settlement


class DeferredEntrypoints(Entrypoints):
    # --- for agencies ---

    @serve(contracts.READ_CALL)
    def call(self, tx: Tx, message: contracts.CallOf) -> contracts.CallWithAnswer:
        call = calls.get_call(tx.conn, calling_agency(tx.envelope).code, message.id)
        return calls.call_with_answer(self.context(tx), call)

    @serve(contracts.READ_CALLS)
    def calls(self, tx: Tx, message: contracts.ReadCalls) -> contracts.Calls:
        page = calls.calls_of(tx.conn, calling_agency(tx.envelope).code, message)
        return contracts.Calls(
            calls=tuple(calls.call_reply(row) for row in page.rows),
            next=page.next(lambda row: row.seq),
        )

    @serve(contracts.CANCEL_CALL)
    def cancel_call(self, tx: Tx, message: contracts.CallOf) -> contracts.Call:
        agency = calling_agency(tx.envelope).code
        return calls.call_reply(calls.cancel(self.context(tx), agency, message.id))

    # --- for the faces ---

    @serve(contracts.DEFER)
    def defer(self, tx: Tx, message: contracts.Defer) -> contracts.Call:
        agency = calling_agency(tx.envelope)
        return calls.call_reply(calls.accept(self.context(tx), agency, message))

    @serve(contracts.CLAIM_CALLS)
    def claim_calls(self, tx: Tx, message: contracts.ClaimCalls) -> contracts.ClaimedCalls:
        context = self.context(tx)
        rows = settlement.claim(context, message.limit)
        return contracts.ClaimedCalls(
            calls=tuple(settlement.claimed_reply(context, row) for row in rows)
        )

    @serve(contracts.SETTLE_CALL)
    def settle_call(self, tx: Tx, message: contracts.SettleCall) -> contracts.Settled:
        return contracts.Settled(state=settlement.settle(self.context(tx), message))

    @every(3600)
    def forget_calls(self) -> None:
        with self.store.transaction() as tx:
            calls.forget(tx.conn, self.now())
