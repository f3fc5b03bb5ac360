"""The entrypoints of calls that are answered later."""

from collections.abc import Mapping, Sequence

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.agencies import deferred as contracts
from services.agencies.context import Entrypoints, calling_agency
from services.agencies.deferred import calls, settlement

Reply = Mapping[str, object]


class DeferredEntrypoints(Entrypoints):
    # --- for agencies ---

    @serve(contracts.READ_CALL)
    def call(self, tx: Tx, *, id: str) -> Reply:
        call = calls.get_call(tx.conn, calling_agency(tx.envelope).code, id)
        return {**calls.call_reply(call), **calls.answer_of(self.context(tx), call)}

    @serve(contracts.READ_CALLS)
    def calls(self, tx: Tx, *, states: Sequence[str], before: int | None, limit: int) -> Reply:
        agency = calling_agency(tx.envelope).code
        rows, following = calls.calls_of(tx.conn, agency, states, before, limit)
        return {"calls": [calls.call_reply(row) for row in rows], "next": following}

    @serve(contracts.CANCEL_CALL)
    def cancel_call(self, tx: Tx, *, id: str) -> Reply:
        agency = calling_agency(tx.envelope).code
        return calls.call_reply(calls.cancel(self.context(tx), agency, id))

    # --- for the faces ---

    @serve(contracts.DEFER)
    def defer(self, tx: Tx, **call: object) -> Reply:
        agency, message = calling_agency(tx.envelope), tx.envelope
        assert message is not None
        return calls.call_reply(calls.accept(self.context(tx), agency, message, call))

    @serve(contracts.CLAIM_CALLS)
    def claim_calls(self, tx: Tx, *, limit: int) -> Reply:
        context = self.context(tx)
        rows = settlement.claim(context, limit)
        return {"calls": [settlement.claimed_reply(context, row) for row in rows]}

    @serve(contracts.SETTLE_CALL)
    def settle_call(self, tx: Tx, **outcome: object) -> Reply:
        return {"state": settlement.settle(self.context(tx), outcome)}

    @every(3600)
    def forget_calls(self) -> None:
        with self.store.transaction() as tx:
            calls.forget(tx.conn, self.now())
