"""Entrypoints of forwarding, for colleagues at the desk."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.ticketing.civic import forwarding as contracts
from contracts.ticketing.desk import Acted, Nothing, OneTicket
from services.ticketing.context import ContextSource
from services.ticketing.forwarding import acts


class ForwardingEntries(ContextSource):
    """What colleagues ask about tickets of other cities."""

    @serve(contracts.FORWARD)
    def forward(self, tx: Tx, message: contracts.Forward) -> Acted:
        return acts.forward(self.staff_context(tx), self.settings, message)

    @serve(contracts.FORWARDINGS_OF_TICKET)
    def forwardings_of_ticket(self, tx: Tx, message: OneTicket) -> contracts.TicketForwardings:
        return acts.of_ticket(self.staff_context(tx), self.settings, message)

    @serve(contracts.LIST_FORWARDINGS)
    def list_forwardings(self, tx: Tx, message: Nothing) -> contracts.Forwardings:
        return acts.waiting(self.staff_context(tx), self.settings)

    @serve(contracts.RESOLVE_FORWARDING)
    def resolve_forwarding(self, tx: Tx, message: contracts.ResolveForwarding) -> Acted:
        return acts.resolve(self.staff_context(tx), self.settings, message)
