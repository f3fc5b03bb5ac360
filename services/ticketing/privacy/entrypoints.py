"""Entrypoints for officers who place holds."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.ticketing import privacy as contracts
from contracts.ticketing.desk import Nothing
from services.ticketing.context import ContextSource
from services.ticketing.privacy import holds


class PrivacyEntries(ContextSource):
    """What colleagues ask; the desk has proven the name of each."""

    @serve(contracts.PLACE_HOLD)
    def place_hold(self, tx: Tx, message: contracts.PlaceHold) -> contracts.Hold:
        return holds.place(self.staff_context(tx), message)

    @serve(contracts.END_HOLD)
    def end_hold(self, tx: Tx, message: contracts.EndHold) -> contracts.Hold:
        return holds.end(self.staff_context(tx), message)

    @serve(contracts.HOLDS)
    def holds(self, tx: Tx, message: Nothing) -> contracts.Holds:
        return holds.listed(self.staff_context(tx))
