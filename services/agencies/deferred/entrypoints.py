"""The entrypoints of calls that are answered later, for the service to have."""

from typing import Any

from bus.database.store import Store
from bus.endpoint import every, serve
from bus.sealing import Seal
from bus.settings import Settings
from contracts.agencies import deferred as contracts
from services.agencies.callers import agency_of
from services.agencies.deferred import calls as deferring
from services.agencies.deferred import settlement as settling


class DeferredEntries:
    """``service.Agencies`` gives it its store, its settings and its clock."""

    store: Store
    settings: Settings
    now: Any

    @property
    def seal(self) -> Seal:
        return Seal(self.settings.secret("AGENCIES_KEY").reveal(), "mirab.agencies.calls")

    # --- agencies ---

    @serve(contracts.READ_CALL)
    def call(self, tx, *, id):
        return deferring.read(tx.conn, self.seal, agency_of(tx.message)["agency"], id)

    @serve(contracts.READ_CALLS)
    def calls(self, tx, **asked):
        return deferring.listed(tx.conn, agency_of(tx.message)["agency"], asked)

    @serve(contracts.CANCEL_CALL)
    def cancel_call(self, tx, *, id):
        return deferring.cancel(tx.conn, self.now(), agency_of(tx.message)["agency"], id)

    # --- faces ---

    @serve(contracts.DEFER)
    def defer(self, tx, **asked):
        return deferring.accept(tx, self.now(), self.seal, asked)

    @serve(contracts.CLAIM_CALLS)
    def claim_calls(self, tx, *, limit):
        return settling.claim(tx.conn, self.now(), self.seal, limit)

    @serve(contracts.SETTLE_CALL)
    def settle_call(self, tx, **asked):
        return settling.settle(tx, self.now(), self.seal, asked)

    @every(3600)
    def forget_calls(self):
        with self.store.transaction() as tx:
            deferring.forget(tx.conn, self.now())
