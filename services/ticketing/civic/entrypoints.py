"""Entrypoints for civic apps; the face has proven which app asks."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.ticketing.civic import updates as contracts
from services.ticketing.civic import updates, writing
from services.ticketing.context import ContextSource


class CivicEntries(ContextSource):
    """What civic apps ask about reports."""

    @serve(contracts.LIST_UPDATES)
    def list_updates(self, tx: Tx, message: contracts.ListUpdates) -> contracts.ReportUpdates:
        return updates.list_updates(self.context(tx), _app(tx), message)

    @serve(contracts.REPORT_HISTORY)
    def report_history(self, tx: Tx, message: contracts.AskHistory) -> contracts.ReportUpdates:
        return updates.history(self.context(tx), message)

    @serve(contracts.WRITE_UPDATE)
    def write_update(self, tx: Tx, message: contracts.WriteUpdate) -> contracts.UpdateWritten:
        return writing.write_update(self.context(tx), _app(tx), message)


def _app(tx: Tx) -> str:
    return str(((tx.envelope and tx.envelope.caller) or {}).get("app", ""))
