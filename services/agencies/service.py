"""The agencies service: the register, calls that are answered later, what agencies hear."""

from bus.database.store import Tx
from bus.service import Service
from services.agencies.deferred import overdue as waiting
from services.agencies.deferred.entrypoints import DeferredEntries
from services.agencies.feeds.entrypoints import HearingEntries
from services.agencies.register.entrypoints import RegisterEntries


class Agencies(DeferredEntries, HearingEntries, RegisterEntries, Service):
    name = "agencies"

    def worries(self, tx: Tx) -> dict[str, int]:
        """What waits longer than it should."""
        return waiting.counts(tx.conn)
