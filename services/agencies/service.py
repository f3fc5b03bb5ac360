"""The agencies service: the register, calls answered later, feeds of events, receipts."""

from bus.database.store import Tx
from bus.service import Service
from iran.persian import tehran_day
from services.agencies.console.entrypoints import ConsoleEntrypoints
from services.agencies.deferred import overdue
from services.agencies.deferred.entrypoints import DeferredEntrypoints
from services.agencies.feeds.entrypoints import FeedEntrypoints
from services.agencies.proofs.entrypoints import ProofEntrypoints
from services.agencies.receipts import lags
from services.agencies.receipts.entrypoints import ReceiptEntrypoints
from services.agencies.records.entrypoints import RecordEntrypoints
from services.agencies.register import key_sets, views
from services.agencies.register.entrypoints import RegisterEntrypoints


class Agencies(
    ConsoleEntrypoints,
    DeferredEntrypoints,
    FeedEntrypoints,
    ProofEntrypoints,
    ReceiptEntrypoints,
    RecordEntrypoints,
    RegisterEntrypoints,
    Service,
):
    name = "agencies"
    own_keys = ("AGENCIES_KEY",)
    signing_keys = ("RECEIPTS_KEY", "REGISTER_KEY")

    def worries(self, tx: Tx) -> dict[str, int]:
        """The counts of what waits longer than it should, and of what nobody should forget."""
        today = tehran_day(self.now())
        return {
            **overdue.counts(tx.conn),
            **lags.counts(tx.conn),
            "client_exceptions": views.client_exceptions(tx.conn, today),
            "key_sets_failing": key_sets.failing(tx.conn),
        }
